//! One HTTP client for all outgoing requests: one connection pool, one TLS stack, pinned roots.
//!
//! Scanning the machine's certificate store would take up most of a cold start. AWS endpoints need only
//! five roots; Mozilla's are loaded on the first request to another server, since loading them at init
//! would triple the cold start. As in AWS's other SDKs, `AWS_CA_BUNDLE` names a file of roots to trust
//! instead: for networks that inspect outgoing traffic, and for tests over TLS.
//!
//! `ring` rather than `aws-lc`: verify-code uses 5 ms of CPU time up to its first poll over TLS instead
//! of 43, and its zip is 2.6 MB instead of 2.9. `aws-lc` collects its own entropy from CPU timing before
//! the first handshake; `ring` takes it from the operating system, as the code generator does.

use std::borrow::Cow;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{
    HttpConnector as _, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use thiserror::Error as ThisError;

const AMAZON: &[u8] = include_bytes!("../roots/amazon.pem");
/// Shorter than the servers keep idle connections, so that no message is lost on one that they have closed.
const IDLE: Duration = Duration::from_secs(20);
/// Short enough for two retries within `OPERATION_TIMEOUT`.
const BACKOFF: Duration = Duration::from_millis(100);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roots {
    /// Amazon's, for AWS endpoints.
    Amazon,
    /// Mozilla's, for all other servers.
    #[cfg(feature = "outbound")]
    Public,
}

#[derive(Debug, ThisError)]
#[error("TLS cannot be set up")]
pub struct TlsError(#[source] Box<dyn Error + Send + Sync>);

/// The connector that all clients in the process share.
pub fn connector(roots: Roots) -> Result<SharedHttpConnector, TlsError> {
    trusting(&match std::env::var_os("AWS_CA_BUNDLE").filter(|bundle| !bundle.is_empty()) {
        Some(bundle) => Cow::Owned(bundled(Path::new(&bundle))?),
        None => match roots {
            Roots::Amazon => Cow::Borrowed(AMAZON),
            #[cfg(feature = "outbound")]
            Roots::Public => Cow::Owned(public_roots()),
        },
    })
}

fn bundled(file: &Path) -> Result<Vec<u8>, TlsError> {
    let named = |error| io::Error::other(format!("AWS_CA_BUNDLE {}: {error}", file.display()));
    std::fs::read(file).map_err(|error| TlsError(Box::new(named(error))))
}

fn trusting(roots: &[u8]) -> Result<SharedHttpConnector, TlsError> {
    let store = TrustStore::empty().with_pem_certificate(roots);
    let context = TlsContext::builder().with_trust_store(store).build().map_err(|error| TlsError(Box::new(error)))?;
    let connector = Connector::builder()
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build())
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .enable_tcp_nodelay(true)
        .pool_idle_timeout(IDLE)
        .tls_provider(Provider::rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_with_resolver(Resolver);
    Ok(SharedHttpConnector::new(connector))
}

/// Opens a connection to the service at `url` for the first request to reuse. Init gets a whole CPU for
/// the handshake, requests only a share of one. If this fails, the first request opens its own connection.
pub async fn connect(connector: &SharedHttpConnector, url: &str) {
    let ask = async {
        let request = HttpRequest::try_from(http::Request::get(url).body(SdkBody::empty())?)?;
        ByteStream::new(connector.call(request).await?.into_body()).collect().await?; // the connection is only reused if the body was read to its end
        Ok::<_, Box<dyn Error + Send + Sync>>(())
    };
    match tokio::time::timeout(ATTEMPT_TIMEOUT, ask).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(url, error = &*error as &(dyn Error + 'static), "no connection yet"),
        Err(_) => tracing::warn!(url, "no connection yet: no answer"),
    }
}

/// The AWS SDK's client over the shared connector.
#[must_use]
pub fn http_client(connector: &SharedHttpConnector) -> SharedHttpClient {
    let connector = connector.clone();
    http_client_fn(move |_, _| connector.clone())
}

/// What every AWS client is built from.
#[derive(Debug)]
pub struct Aws {
    pub connector: SharedHttpConnector,
    pub config: SdkConfig,
}

impl Aws {
    /// With credentials and region from Lambda's environment variables.
    pub async fn from_environment() -> Result<Self, TlsError> {
        let connector = connector(Roots::Amazon)?;
        let config = defaults(&connector)
            .credentials_provider(EnvironmentVariableCredentialsProvider::new())
            .region(EnvironmentVariableRegionProvider::new())
            .load()
            .await;
        Ok(Self { connector, config })
    }
}

/// The shared connector, and timeouts well below the functions' own. A client that must not retry
/// overrides the retry setting.
#[must_use]
pub fn defaults(connector: &SharedHttpConnector) -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client(connector))
        .retry_config(RetryConfig::standard().with_initial_backoff(BACKOFF))
        .timeout_config(timeouts)
}

/// The system's resolver, with an error type of its own. Errors of the connector's default resolver look
/// like any other I/O error, so they could just as well have occurred after the request was sent.
#[derive(Clone, Copy, Debug)]
struct Resolver;

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = tokio::net::lookup_host((name, 0)).await.map_err(ResolveDnsError::new)?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Whether a request that failed with `error` certainly never reached the server: its name did not
/// resolve, or no connection was made. The connector's only timeout is the one for connecting (timeouts
/// for whole requests are set elsewhere), so a timeout from the connector also counts.
#[must_use]
pub fn never_sent(error: &(dyn Error + 'static)) -> bool {
    let unreachable = |error: &io::Error| {
        use ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
        matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable)
    };
    error.is::<ResolveDnsError>()
        || error.downcast_ref().is_some_and(ConnectorError::is_timeout)
        || error.downcast_ref().is_some_and(unreachable)
        || error.source().is_some_and(never_sent)
}

/// Mozilla's roots as PEM, the only form that the connector accepts.
#[cfg(feature = "outbound")]
fn public_roots() -> Vec<u8> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    let mut pem = String::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in STANDARD.encode(certificate).as_bytes().chunks(64) {
            pem.extend(line.iter().copied().map(char::from));
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
    }
    pem.into_bytes()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn the_pinned_roots_are_usable() {
        for roots in [Roots::Amazon, Roots::Public] {
            assert!(connector(roots).is_ok(), "{roots:?}");
        }
    }

    #[test]
    fn a_bundle_that_cannot_be_read_is_named() {
        let error = bundled(Path::new("/nowhere/roots.pem")).expect_err("no such file");
        assert!(error.0.to_string().starts_with("AWS_CA_BUNDLE /nowhere/roots.pem: "), "{error:?}");
        assert!(trusting(b"no certificate").is_ok(), "an empty bundle trusts nobody, which shows only in a handshake");
    }

    async fn failure(url: &str) -> ConnectorError {
        let request = http::Request::post(url).body(SdkBody::from("a")).expect("a request");
        let request = HttpRequest::try_from(request).expect("a request");
        connector(Roots::Amazon).expect("usable roots").call(request).await.expect_err("nobody answers")
    }

    #[tokio::test]
    async fn a_request_without_a_connection_was_never_sent() {
        let mute = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let closed = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let [mute_at, closed_at] = [&mute, &closed].map(|listener| listener.local_addr().expect("bound"));
        drop(closed);
        for url in ["http://name.invalid", &format!("http://{closed_at}"), &format!("https://{mute_at}")] {
            let error = failure(url).await;
            assert!(never_sent(&error), "{url}: {error:?}");
        }
    }

    #[tokio::test]
    async fn a_request_whose_connection_broke_may_have_been_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (error, ()) = tokio::join!(failure(&url), async {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.readable().await.expect("a request");
        });
        assert!(!never_sent(&error), "{error:?}");
    }
}
