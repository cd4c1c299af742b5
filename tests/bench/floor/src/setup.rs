//! Init: one connector with pinned roots, clients with the functions' timeouts, the secrets that the function
//! reads, the connection that it opens, and the template.

use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use lambda_http::Error;
use serde_json::Value;
use tokio::task::JoinSet;

const AMAZON: &[u8] = include_bytes!("../../../../shared/platform/roots/amazon.pem");

/// One recorded request.
pub struct Recorded {
    pub operation: String,
    /// With blanks.
    pub body: Value,
}

/// A setting from the benchmark.
#[expect(clippy::disallowed_methods, reason = "a floor has no configuration to check")]
pub fn variable(name: &str) -> Result<String, Error> {
    std::env::var(name).map_err(|error| format!("{name}: {error}").into())
}

pub fn connector() -> Result<SharedHttpConnector, Error> {
    let roots = match variable("AWS_CA_BUNDLE") {
        Ok(bundle) => TrustStore::empty().with_pem_certificate(std::fs::read(bundle)?),
        Err(_) => TrustStore::empty().with_pem_certificate(AMAZON),
    };
    let connector = Connector::builder()
        .tls_provider(Provider::rustls(CryptoMode::Ring))
        .tls_context(TlsContext::builder().with_trust_store(roots).build()?);
    Ok(SharedHttpConnector::new(connector.build()))
}

const ATTEMPT: Duration = Duration::from_secs(1);
const OPERATION: Duration = Duration::from_secs(3);

/// What every client is built from.
pub async fn sdk_config(connector: &SharedHttpConnector) -> SdkConfig {
    let connector = connector.clone();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .region(EnvironmentVariableRegionProvider::new())
        .timeout_config(
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build(),
        )
        .load()
        .await
}

/// Reads the secrets listed in `SECRETS` and, at the same time, connects to the endpoint in the variable that
/// `CONNECTS` names; each only if the function does so.
pub async fn prepare(config: &SdkConfig, connector: &SharedHttpConnector) -> Result<(), Error> {
    tokio::try_join!(secrets(config), connect(connector))?;
    Ok(())
}

async fn secrets(config: &SdkConfig) -> Result<(), Error> {
    let Ok(secrets) = variable("SECRETS") else { return Ok(()) };
    let client = aws_sdk_secretsmanager::Client::new(config);
    let mut reads = JoinSet::new();
    for secret in secrets.split(',').filter(|secret| !secret.is_empty()) {
        reads.spawn(client.get_secret_value().secret_id(secret).send());
    }
    while let Some(read) = reads.join_next().await {
        read??;
    }
    Ok(())
}

async fn connect(connector: &SharedHttpConnector) -> Result<(), Error> {
    let Ok(endpoint) = variable("CONNECTS") else { return Ok(()) };
    let request = http::Request::get(variable(&endpoint)?).body(SdkBody::empty())?;
    let response = connector.call(HttpRequest::try_from(request)?).await?;
    ByteStream::new(response.into_body()).collect().await?;
    Ok(())
}

/// The requests from the file named by `REQUESTS`; none if that is not set.
pub fn requests() -> Result<Vec<Recorded>, Error> {
    let Ok(file) = variable("REQUESTS") else { return Ok(Vec::new()) };
    let requests: Vec<Value> = serde_json::from_slice(&std::fs::read(file)?)?;
    requests.into_iter().map(recorded).collect()
}

fn recorded(mut request: Value) -> Result<Recorded, Error> {
    let operation = request["operation"].as_str().ok_or("no operation")?.to_owned();
    Ok(Recorded { operation, body: request["body"].take() })
}
