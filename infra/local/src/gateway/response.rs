//! Turns a function's answer into an HTTP response, and builds the gateway's own responses.

use anyhow::{Context, Result, bail};
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The result of an invocation; an error if the function failed or crashed.
pub(crate) async fn of_function(answer: reqwest::Response) -> Result<Value> {
    let status = answer.status();
    let failed = answer.headers().contains_key("x-amz-function-error");
    let body = answer.text().await?;
    if failed || !status.is_success() {
        bail!("the function answered {status}: {body}");
    }
    serde_json::from_str(&body).with_context(|| format!("the function's answer is not JSON: {body}"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    status_code: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The function's result as a response. One without a `statusCode` becomes the body of a 200.
pub(crate) fn render(result: Value) -> Result<Response> {
    if result.get("statusCode").is_none() {
        return Ok(([(header::CONTENT_TYPE, "application/json")], result.to_string()).into_response());
    }
    let reply: Reply = serde_json::from_value(result).context("the function's answer is malformed")?;
    let body = match reply.body {
        Some(body) if reply.is_base64_encoded => STANDARD.decode(body)?,
        Some(body) => body.into_bytes(),
        None => Vec::new(),
    };
    let mut response = Response::builder().status(reply.status_code).body(Body::from(body))?;
    let headers = response.headers_mut();
    for (name, value) in reply.headers {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        headers.insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    for cookie in reply.cookies {
        headers.append(header::SET_COOKIE, HeaderValue::try_from(cookie)?);
    }
    if !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    }
    Ok(response)
}

pub(crate) fn empty(status: StatusCode) -> Response {
    status.into_response()
}

/// An error in the gateway's own form.
pub(crate) fn message(status: StatusCode, message: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], json!({ "message": message }).to_string()).into_response()
}

/// The answer to a request that no function will answer for now, and why.
pub(crate) fn unavailable(obstacle: &str) -> Response {
    let mut response = message(StatusCode::SERVICE_UNAVAILABLE, obstacle);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// The authorizer's response, whatever is wrong with the token.
pub(crate) fn unauthorized() -> Response {
    let mut response = message(StatusCode::UNAUTHORIZED, "Unauthorized");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// Adds the API's CORS headers to a response for a page of an allowed origin.
pub(crate) fn add_cors(allowed: &[String], parts: &Parts, response: &mut Response) {
    let Some(origin) = parts.headers.get(header::ORIGIN) else { return };
    if !allowed.iter().any(|allowed| *origin == **allowed) {
        return;
    }
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.append(header::VARY, HeaderValue::from_static("origin")); // besides what the function sets
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET,POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization,content-type"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "date,retry-after,ratelimit,ratelimit-policy"),
        (header::ACCESS_CONTROL_MAX_AGE, "300"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
