//! Running a handler as a Lambda function.

use std::convert::Infallible;

use domain::time::Timestamp;
use http::Response;
use lambda_http::{Body, Error, Request, service_fn};

use crate::clock;

/// Serves requests until the environment ends. Everything that can be prepared was prepared before,
/// during init, which Lambda does not bill as a request's time.
pub async fn serve<H, F>(handle: H) -> Result<(), Error>
where
    H: Fn(Request, Timestamp) -> F + Sync,
    F: Future<Output = Response<Body>> + Send,
{
    let handle = &handle;
    lambda_http::run(service_fn(move |request| async move { Ok::<_, Infallible>(handle(request, clock::now()).await) }))
        .await
}
