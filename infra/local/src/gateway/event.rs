//! A complete event in payload format 2.0: decoded path, lower-case header names, repeated values joined
//! by commas, cookies in a list of their own, and bodies that are not text in base64.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use uuid::Uuid;

use super::routes::{Matched, decode};
use crate::clock;
use crate::development::ACCOUNT;

pub(crate) fn build(
    matched: &Matched,
    authorizer: Option<Value>,
    peer: SocketAddr,
    parts: &Parts,
    body: &[u8],
) -> Value {
    let path = decode(parts.uri.path());
    let query = parts.uri.query().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": matched.route.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(&parts.headers, peer),
        "requestContext": context(matched, authorizer, peer, parts, &path),
        "isBase64Encoded": false,
    });
    let cookies: Vec<String> = parts
        .headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| lossy(value.as_bytes()).split("; ").map(str::to_owned).collect::<Vec<_>>())
        .collect();
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = json!(join(form_urlencoded::parse(query.as_bytes()).into_owned()));
    }
    if !matched.parameters.is_empty() {
        event["pathParameters"] = json!(matched.parameters);
    }
    add_body(&mut event, &parts.headers, body);
    event
}

fn context(matched: &Matched, authorizer: Option<Value>, peer: SocketAddr, parts: &Parts, path: &str) -> Value {
    let header =
        |name: header::HeaderName| parts.headers.get(name).map(|value| lossy(value.as_bytes())).unwrap_or_default();
    let host = header(header::HOST);
    let mut context = json!({
        "accountId": ACCOUNT,
        "apiId": "local",
        // Without the port, as in the cloud.
        "domainName": host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name),
        "domainPrefix": "local",
        "http": {
            "method": parts.method.as_str(),
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": peer.ip(),
            "userAgent": header(header::USER_AGENT),
        },
        "requestId": Uuid::new_v4(),
        "routeKey": matched.route.key,
        "stage": "$default",
        "time": clock::common_log(),
        "timeEpoch": clock::epoch_millis(),
    });
    if let Some(authorizer) = authorizer {
        context["authorizer"] = authorizer;
    }
    context
}

/// The request's headers, with those that the gateway adds.
fn headers(given: &HeaderMap, peer: SocketAddr) -> BTreeMap<String, String> {
    let mut headers = join(
        given
            .iter()
            .filter(|(name, _)| *name != header::COOKIE)
            .map(|(name, value)| (name.as_str().to_owned(), lossy(value.as_bytes()))),
    );
    let forwarded = match headers.get("x-forwarded-for") {
        Some(claimed) => format!("{claimed}, {}", peer.ip()),
        None => peer.ip().to_string(),
    };
    headers.insert("x-forwarded-for".to_owned(), forwarded);
    headers.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    headers.insert("x-amzn-trace-id".to_owned(), format!("Root={}", Uuid::new_v4()));
    headers
}

fn add_body(event: &mut Value, headers: &HeaderMap, body: &[u8]) {
    if body.is_empty() {
        return;
    }
    let kind = headers.get(header::CONTENT_TYPE).map(|kind| lossy(kind.as_bytes())).unwrap_or_default();
    match std::str::from_utf8(body) {
        Ok(text) if is_text(&kind) => event["body"] = json!(text),
        _ => {
            event["body"] = json!(STANDARD.encode(body));
            event["isBase64Encoded"] = json!(true);
        }
    }
}

/// Whether the gateway passes on a body of this content type as it is.
fn is_text(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.is_empty()
        || kind.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&kind.as_str())
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
}

fn join(pairs: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in pairs {
        joined
            .entry(name)
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    joined
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
