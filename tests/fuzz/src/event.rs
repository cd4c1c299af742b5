//! Events in the form in which API Gateway creates them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_http::Request;
use platform::event;
use serde_json::json;

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
        event::read(&event.to_string()).ok()
    }
}
