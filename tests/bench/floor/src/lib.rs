//! The least that an operation can cost: the requests that the product's function makes, built and sent
//! through the same SDK clients, and nothing else.
//!
//! The benchmark records a function's requests for many people, and gives the floor one set of them as
//! a template (`REQUESTS`), in which each string that differs between people is `{"$": n}`. A person's
//! strings come with the event, in the header or the member `x-values`. So a floor makes the same requests
//! as its function by construction, for the same items and with the same conditions.

pub mod dynamodb;
pub mod events;
pub mod kms;
pub mod messaging;
pub mod post;
pub mod setup;
pub mod sns;
pub mod template;

use std::convert::Infallible;

use lambda_http::{Body, Error, Request, Response, service_fn};
use lambda_runtime::LambdaEvent;
use serde::{Deserialize, Serialize};

/// A person's strings.
pub type Values = Vec<String>;

/// Handles each event with the values that came with it.
pub async fn serve<F: Future<Output = Result<(), Error>> + Send>(
    replay: impl Fn(Values) -> F + Sync,
) -> Result<(), Error> {
    let replay = &replay;
    lambda_http::run(service_fn(move |request: Request| async move {
        let outcome = match values(&request) {
            Ok(values) => replay(values).await,
            Err(error) => Err(error),
        };
        let response = match outcome {
            Ok(()) => Response::new(Body::Text("{}".to_owned())),
            Err(error) => failed(&*error),
        };
        Ok::<_, Infallible>(response)
    }))
    .await
}

/// An event without headers, of which a floor reads only the values.
#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "x-values")]
    values: Values,
}

/// The records that the stream has to deliver again.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    batch_item_failures: [(); 0],
}

/// Handles each batch from a stream, or another event without headers, with the values that came with it.
pub async fn serve_batches<F: Future<Output = Result<(), Error>> + Send>(
    replay: impl Fn(Values) -> F + Sync,
) -> Result<(), Error> {
    let replay = &replay;
    lambda_runtime::run(service_fn(move |batch: LambdaEvent<Batch>| async move {
        replay(batch.payload.values).await?;
        Ok::<_, Error>(Report::default())
    }))
    .await
}

fn values(request: &Request) -> Result<Values, Error> {
    let values = request.headers().get("x-values").ok_or("no values")?;
    Ok(serde_json::from_slice(values.as_bytes())?)
}

fn failed(error: &(dyn std::error::Error + 'static)) -> Response<Body> {
    let mut response = Response::new(Body::Text(format!("{error:?}")));
    *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
    response
}
