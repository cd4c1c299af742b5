//! The awsJson1.1 protocol: the operation named in `X-Amz-Target`, JSON in, JSON or a typed fault out.

use axum::http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub(crate) type Outcome = Result<Value, Fault>;

/// A fault, named as the service names it. All of these are the caller's mistake, so the status is 400.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) kind: &'static str,
    message: String,
}

impl Fault {
    pub(crate) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(crate) fn unknown_operation(operation: &str) -> Self {
        Self::new("UnknownOperationException", format!("{operation} is not emulated here"))
    }
}

/// The requested operation, without the service's prefix.
pub(crate) fn operation(headers: &HeaderMap) -> &str {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or("");
    target.rsplit_once('.').map_or(target, |(_, operation)| operation)
}

/// A member of the input that must be a string.
pub(crate) fn text<'a>(input: &'a Value, member: &str) -> Result<&'a str, Fault> {
    input[member].as_str().ok_or_else(|| Fault::new("ValidationException", format!("{member} must be a string")))
}

pub(crate) fn respond(outcome: Outcome) -> Response {
    let (status, body) = match outcome {
        Ok(output) => (StatusCode::OK, output),
        Err(fault) => (StatusCode::BAD_REQUEST, json!({ "__type": fault.kind, "message": fault.message })),
    };
    (status, [(CONTENT_TYPE, "application/x-amz-json-1.1")], body.to_string()).into_response()
}
