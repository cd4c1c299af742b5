//! Any event at all, to every function: always an answer, never one that needs a first factor or a
//! signature without it, and never a fault of ours.
#![no_main]

use std::sync::LazyLock;

use fuzz::event;
use fuzz::functions::Functions;
use http::Response;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::Value;

static FUNCTIONS: LazyLock<Functions> = LazyLock::new(Functions::new);

fuzz_target!(|text: &str| -> Corpus {
    let Some(request) = event::read(text) else { return Corpus::Reject };
    let identified = is_identified(&request);
    let answers = [FUNCTIONS.start(request.clone()), FUNCTIONS.get(request.clone()), FUNCTIONS.verify(request.clone())];
    for answer in answers {
        let (status, body) = read(&answer);
        assert!(identified || status == 401, "{status} without a first factor");
        assert!(is_masked(&body["phoneNumber"]), "{body}");
    }
    let (status, _) = read(&FUNCTIONS.callback(request));
    assert!([403, 413].contains(&status), "{status} without a signature");
    Corpus::Keep
});

fn is_identified(request: &Request) -> bool {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else { return false };
    context.authorizer.as_ref().is_some_and(|authorizer| authorizer.jwt.is_some())
}

fn is_masked(number: &Value) -> bool {
    number.as_str().is_none_or(|number| number.chars().filter(char::is_ascii_digit).count() == 2)
}

/// An answer's status and document: the challenge, or a problem that says the same as the status.
fn read(answer: &Response<Body>) -> (u16, Value) {
    let status = answer.status().as_u16();
    let Body::Text(text) = answer.body() else { panic!("{status} without a text") };
    let document: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    if status == 200 {
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert_eq!(document["state"], "none");
    } else {
        assert!((400..500).contains(&status) || status == 503, "{status} {text}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert_eq!(document["status"], status);
        assert!(document["type"].as_str().is_some_and(|name| name.starts_with("urn:alliance-mfa:problem:")), "{text}");
    }
    (status, document)
}
