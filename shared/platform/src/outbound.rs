//! Requests to servers that are not AWS's: the voice provider, and those that the canary asks.

use std::error::Error;
use std::sync::OnceLock;

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
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
        let body = read(response.into_body()).await;
        let body = body.ok_or_else(|| failed("the answer broke off, or is too long".into()))?;
        Ok((status, body))
    }
}

/// No server that we ask needs more, and one that sends more must not fill the function's memory.
pub const LONGEST: usize = 256 * 1024;

/// A body, if all of it comes and is not too long. What is too long is not read to its end.
pub async fn read(body: SdkBody) -> Option<Vec<u8>> {
    let (mut stream, mut whole) = (ByteStream::new(body), Vec::new());
    while let Some(piece) = stream.try_next().await.ok()? {
        if whole.len() + piece.len() > LONGEST {
            return None;
        }
        whole.extend_from_slice(&piece);
    }
    Some(whole)
}
