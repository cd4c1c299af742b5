//! The table, and the client to reach it with.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_smithy_runtime_api::client::http::SharedHttpConnector;

use crate::aws::connect;

#[derive(Clone, Debug)]
pub struct DynamoStore {
    pub(super) client: Client,
    pub(super) table: String,
}

impl DynamoStore {
    #[must_use]
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Self::over(Client::new(config), table)
    }

    /// Opens a connection with DynamoDB's unauthenticated health check.
    pub async fn connect(config: &SdkConfig, connector: &SharedHttpConnector) {
        if let Some(url) = endpoint(config).await {
            connect(connector, &url).await;
        }
    }

    #[must_use]
    pub const fn over(client: Client, table: String) -> Self {
        Self { client, table }
    }
}

/// DynamoDB's URL: the configured one, or that of the region.
async fn endpoint(config: &SdkConfig) -> Option<String> {
    let configured = std::env::var_os("AWS_ENDPOINT_URL_DYNAMODB").and_then(|url| url.into_string().ok());
    let configured = configured.or_else(|| config.endpoint_url().map(str::to_owned));
    if configured.is_some() {
        return configured;
    }
    let region = config.region()?.to_string();
    let place = Params::builder().region(region).build().ok()?;
    let found = DefaultResolver::new().resolve_endpoint(&place).await.ok()?;
    Some(found.url().to_owned())
}
