//! Events in the form in which API Gateway creates them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use lambda_http::Request;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest as Event;
use lambda_http::request::LambdaRequest;
use serde_json::json;
use url::Url;

/// Parses a complete event, if API Gateway could have created it. It never creates a body that is not in the
/// stated encoding, or an invalid address: on these `lambda_http` panics, and the runtime answers with an error.
#[must_use]
pub fn read(text: &str) -> Option<Request> {
    let LambdaRequest::ApiGatewayV2(event) = serde_json::from_str(text).ok()? else { return None };
    let possible = is_decodable(&event) && is_addressed(&event);
    possible.then(|| LambdaRequest::ApiGatewayV2(event).into())
}

fn is_decodable(event: &Event) -> bool {
    !event.is_base64_encoded || event.body.as_ref().is_none_or(|body| STANDARD.decode(body).is_ok())
}

fn is_addressed(event: &Event) -> bool {
    let header = |name| event.headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = header("x-forwarded-proto").unwrap_or("https");
    let host = header("host").or(event.request_context.domain_name.as_deref()).unwrap_or("localhost");
    let path = event.raw_path.as_deref().unwrap_or_default();
    let query = event.raw_query_string.as_deref().unwrap_or_default();
    let stage = event.request_context.stage.as_deref().is_none_or(|stage| stage == "$default");
    let url = Url::parse(&format!("{scheme}://{host}{path}"));
    stage && url.is_ok_and(|url| Uri::try_from(format!("{url}?{query}")).is_ok())
}

/// A webhook in plain text, so that seeds can be read and written by hand: a line with path and query, one line
/// per header, then an empty line and the body.
#[derive(Clone, Debug)]
pub struct Message {
    /// The path, as it is signed.
    pub path: String,
    /// The query, as it is signed.
    pub query: String,
    /// By lower-case name. API Gateway joins the values of a repeated header.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Message {
    #[must_use]
    pub fn read(input: &[u8]) -> Option<Self> {
        let end = input.windows(2).position(|pair| pair == b"\n\n").unwrap_or(input.len());
        let mut head = str::from_utf8(&input[..end]).ok()?.lines();
        let (path, query) = head.next().map(|target| target.split_once('?').unwrap_or((target, "")))?;
        let mut headers = BTreeMap::new();
        for (name, value) in head.filter_map(|line| line.split_once(": ")) {
            let join = |values: &mut String| *values = format!("{values},{value}");
            headers.entry(name.to_ascii_lowercase()).and_modify(join).or_insert_with(|| value.to_owned());
        }
        let body = input.get(end + 2..).unwrap_or_default().to_vec();
        Some(Self { path: path.to_owned(), query: query.to_owned(), headers, body })
    }

    /// The request that a function receives for it.
    #[must_use]
    pub fn request(&self) -> Option<Request> {
        let mut segments = self.path.strip_prefix("/v1/calls/")?.splitn(3, '/');
        let event = json!({
            "version": "2.0",
            "rawPath": self.path,
            "rawQueryString": self.query,
            "headers": self.headers,
            "requestContext": {
                "domainName": "attacker.example",
                "http": { "method": "POST", "path": self.path },
                "stage": "$default",
            },
            "pathParameters": { "challenge": segments.next(), "token": segments.next(), "event": segments.next() },
            "body": STANDARD.encode(&self.body),
            "isBase64Encoded": true,
        });
        read(&event.to_string())
    }
}
