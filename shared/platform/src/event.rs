//! Reads the HTTP API's event as a request, whatever it holds, and writes the function's answer.
//!
//! Own code, since the conversion of `lambda_http` panics on a Host, path, query or body that it cannot parse, and our
//! build aborts on a panic: anybody could end environments and raise the alarm on errors with `Host: a:99999`. Here a
//! part that is not HTTP refuses the request.

use std::borrow::Cow;
use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{COOKIE, HOST, SET_COOKIE};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderName, HeaderValue, Response, Uri};
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequestContext, ApiGatewayV2httpResponse};
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _};
use serde::Deserialize;

use crate::problem::Problem;

/// The parts of the event that a function reads.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    raw_path: String,
    #[serde(borrow, default)]
    raw_query_string: Cow<'a, str>,
    #[serde(borrow)]
    headers: Option<HashMap<Cow<'a, str>, Cow<'a, str>>>,
    /// The gateway takes these out of the headers, each as `name=value`.
    #[serde(borrow)]
    cookies: Option<Vec<Cow<'a, str>>>,
    request_context: ApiGatewayV2httpRequestContext,
    path_parameters: Option<HashMap<String, String>>,
    #[serde(borrow)]
    body: Option<Cow<'a, str>>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The request in `event`, a JSON document.
pub fn read(event: &str) -> Result<Request, Problem> {
    let event: Event<'_> = serde_json::from_str(event).map_err(|_| not_http("request"))?;
    let mut request = Request::new(body(event.body, event.is_base64_encoded)?);
    *request.method_mut() = event.request_context.http.method.clone();
    *request.uri_mut() = uri(&event.raw_path, &event.raw_query_string)?;
    *request.headers_mut() = headers(event.headers.unwrap_or_default())?;
    if let Some(cookies) = event.cookies {
        let cookies = HeaderValue::try_from(cookies.join("; ")).map_err(|_| not_http("headers"))?;
        request.headers_mut().insert(COOKIE, cookies);
    }
    let query: QueryMap = event.raw_query_string.parse().unwrap_or_default(); // cannot fail
    Ok(request
        .with_raw_http_path(event.raw_path)
        .with_query_string_parameters(query)
        .with_path_parameters(event.path_parameters.unwrap_or_default())
        .with_request_context(RequestContext::ApiGatewayV2(event.request_context)))
}

fn not_http(part: &str) -> Problem {
    Problem::invalid_field(part, "is not valid HTTP")
}

fn body(text: Option<Cow<'_, str>>, is_base64_encoded: bool) -> Result<Body, Problem> {
    match text {
        None => Ok(Body::Empty),
        Some(text) if is_base64_encoded => {
            STANDARD.decode(text.as_bytes()).map(Body::Binary).map_err(|_| not_http("body"))
        }
        Some(text) => Ok(Body::Text(text.into_owned())),
    }
}

/// The gateway has decoded the path, so that a `?` or `#` in it is part of a segment; none of ours has one. A fragment
/// is never sent.
fn uri(path: &str, query: &str) -> Result<Uri, Problem> {
    if !path.starts_with('/') || path.contains(['?', '#', '"']) {
        return Err(not_http("path"));
    }
    PathAndQuery::try_from(path).map_err(|_| not_http("path"))?;
    let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let target = PathAndQuery::try_from(target).ok().filter(|_| !query.contains('#'));
    target.map(Uri::from).ok_or_else(|| not_http("query"))
}

fn headers(given: HashMap<Cow<'_, str>, Cow<'_, str>>) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let field = HeaderName::try_from(&*name).ok().zip(HeaderValue::try_from(&*value).ok());
        let added = field.and_then(|(name, value)| headers.try_append(name, value).ok());
        added.ok_or_else(|| not_http("headers"))?;
    }
    if headers.get(HOST).is_some_and(|host| !names_a_host(host)) { Err(not_http("host")) } else { Ok(headers) }
}

/// A name or address, and a port if there is a colon. Nothing here uses it, but what is not valid must be refused
/// (RFC 9112, 3.2).
fn names_a_host(host: &HeaderValue) -> bool {
    let authority: Option<Authority> = host.to_str().ok().and_then(|host| host.parse().ok());
    authority.is_some_and(|authority| {
        let port = authority.as_str().strip_prefix(authority.host());
        port.is_some_and(|port| ["", ":"].contains(&port) || authority.port_u16().is_some())
    })
}

/// The answer as the gateway takes it.
#[must_use]
pub fn answer(response: Response<Body>) -> ApiGatewayV2httpResponse {
    let (mut parts, body) = response.into_parts();
    let mut answer = ApiGatewayV2httpResponse::default();
    if let Some(cookie) = parts.headers.remove(SET_COOKIE) {
        // The functions only ever set one, and what is no text they never set.
        answer.cookies.extend(cookie.to_str().map(str::to_owned));
    }
    answer.status_code = parts.status.as_u16().into();
    answer.headers = parts.headers;
    answer.is_base64_encoded = matches!(body, Body::Binary(_));
    answer.body = Some(body).filter(|body| !matches!(body, Body::Empty));
    answer
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn cookie_of(changes: &Value) -> Option<String> {
        let mut event: Value =
            serde_json::from_str(include_str!("../../../events/login-page.json")).expect("a sample event");
        for (name, value) in changes.as_object().expect("an object") {
            event[name] = value.clone();
        }
        let request = read(&event.to_string()).expect("a request");
        let mut cookies = request.headers().get_all(COOKIE).iter();
        let only = cookies.next().map(|cookie| cookie.to_str().expect("text").to_owned());
        assert_eq!(cookies.next(), None);
        only
    }

    #[test]
    fn cookies_come_in_a_list_of_their_own() {
        assert_eq!(cookie_of(&json!({ "cookies": ["a=1", "b=2"] })).as_deref(), Some("a=1; b=2"));
        assert_eq!(cookie_of(&json!({ "cookies": ["a=1"], "headers": { "cookie": "a=2" } })).as_deref(), Some("a=1"));
        assert_eq!(cookie_of(&json!({ "headers": { "cookie": "a=2" } })).as_deref(), Some("a=2"));
        assert_eq!(cookie_of(&json!({})), None);
    }

    #[test]
    fn a_cookie_is_set_in_a_list_of_its_own() {
        let mut response = Response::new(Body::Empty);
        response.headers_mut().insert(SET_COOKIE, HeaderValue::from_static("a=1; Secure"));
        let answer = answer(response);
        assert_eq!((&*answer.cookies, answer.headers.get(SET_COOKIE)), (&["a=1; Secure".to_owned()][..], None));
    }
}
