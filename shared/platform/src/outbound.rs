//! Requests to servers that are not AWS's: the voice provider, and those that the canary asks.

use std::error::Error;
use std::sync::OnceLock;

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::{AggregatedBytes, ByteStream};
use http::{Request, StatusCode};
use thiserror::Error as ThisError;

use crate::aws::{Roots, TlsError, connector};

/// A connector with Mozilla's roots, created on first use.
#[derive(Debug, Default)]
pub struct PublicConnector(OnceLock<SharedHttpConnector>);

#[derive(Debug, ThisError)]
#[error("no answer came")]
pub struct ExchangeError(#[source] Box<dyn Error + Send + Sync>);

impl PublicConnector {
    pub fn get(&self) -> Result<&SharedHttpConnector, TlsError> {
        if let Some(connector) = self.0.get() {
            return Ok(connector);
        }
        let connector = connector(Roots::Public)?;
        Ok(self.0.get_or_init(|| connector))
    }

    /// Makes a request once, and reads the answer to its end. Whoever asks limits the time.
    pub async fn exchange(&self, request: Request<String>) -> Result<(StatusCode, Vec<u8>), ExchangeError> {
        let failed = |error: Box<dyn Error + Send + Sync>| ExchangeError(error);
        let request = HttpRequest::try_from(request.map(SdkBody::from)).map_err(|error| failed(error.into()))?;
        let connector = self.get().map_err(|error| failed(error.into()))?;
        let response = connector.call(request).await.map_err(|error| failed(error.into()))?;
        let status = StatusCode::from_u16(response.status().as_u16()).map_err(|error| failed(error.into()))?;
        let body = read(response.into_body()).await.ok_or_else(|| failed("the answer broke off".into()))?;
        Ok((status, body))
    }
}

/// A body, if all of it comes.
pub async fn read(body: SdkBody) -> Option<Vec<u8>> {
    ByteStream::new(body).collect().await.ok().map(AggregatedBytes::to_vec)
}
