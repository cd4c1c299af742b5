//! Takes down an exchange for the desk's timeline: all that it takes to send the request again, and the answer.

use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::routes::Route;
use crate::clock;
use crate::timeline::{Exchange, Timeline};

/// The headers that a function or the gateway looks at.
const HEADERS: [&str; 7] = [
    "authorization",
    "content-type",
    "accept-language",
    "x-twilio-signature",
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-security-token",
];

/// Records the exchange, and returns the answer as it was.
pub(super) async fn add(
    timeline: &Timeline,
    route: &Route,
    parts: &Parts,
    body: &[u8],
    started: Instant,
    answer: Response,
) -> Response {
    let (head, answered) = answer.into_parts();
    let Ok(answered) = to_bytes(answered, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    timeline.record(Exchange {
        route: route.key,
        method: parts.method.to_string(),
        url: format!("http://{}{}", text(&parts.headers, "host").unwrap_or_default(), parts.uri),
        headers: HEADERS.iter().filter_map(|name| Some(((*name).to_owned(), text(&parts.headers, name)?))).collect(),
        body: String::from_utf8_lossy(body).into_owned(),
        status: head.status.as_u16(),
        answer: String::from_utf8_lossy(&answered).into_owned(),
        at_millis: clock::epoch_millis(),
        elapsed_millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    Response::from_parts(head, Body::from(answered))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
