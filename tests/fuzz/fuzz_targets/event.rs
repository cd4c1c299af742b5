//! Any text as an event, to every function: there is always an answer, never a success without the first factor or
//! signature that it needs, and never an internal error.
#![no_main]
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is how a target reports a fault")]

use std::sync::LazyLock;

use fuzz::functions::Functions;
use http::Response;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _};
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target, fuzzer_mutate};
use platform::event;
use platform::request::network;
use serde_json::{Value, json};

static FUNCTIONS: LazyLock<Functions> = LazyLock::new(Functions::new);

fuzz_target!(|text: &str| -> Corpus {
    let request = match event::read(text) {
        Ok(request) => request,
        Err(problem) => {
            assert_eq!(problem.status(), 400);
            return Corpus::Keep;
        }
    };
    let identified = is_identified(&request);
    if identified && network(&request).is_err() {
        return Corpus::Reject; // the source address comes from the gateway, not from the caller
    }
    let answers = [FUNCTIONS.start(request.clone()), FUNCTIONS.get(request.clone()), FUNCTIONS.verify(request.clone())];
    for answer in answers {
        let (status, body) = read(&answer);
        assert!(identified || status == 401, "{status} without a first factor");
        assert!(is_masked(&body["phoneNumber"]), "{body}");
    }
    let page = FUNCTIONS.page(&request);
    assert!([200, 404].contains(&page.status().as_u16()), "{} for a public page", page.status());
    assert!(page.headers().contains_key("cache-control"));
    let (status, _) = read(&FUNCTIONS.callback(request));
    assert!([403, 413, 415].contains(&status), "{status} without a signature");
    Corpus::Keep
});

fn is_identified(request: &Request) -> bool {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else { return false };
    context.authorizer.as_ref().is_some_and(|authorizer| authorizer.jwt.is_some())
}

fn is_masked(number: &Value) -> bool {
    number.as_str().is_none_or(|number| number.chars().filter(char::is_ascii_digit).count() == 2)
}

/// An answer's status and document: the challenge, or a problem with the same status.
fn read(answer: &Response<Body>) -> (u16, Value) {
    let status = answer.status().as_u16();
    let Body::Text(text) = answer.body() else { panic!("{status} without a text body") };
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

// Three times out of four, change just one value, so that the rest stays a valid event. Left to itself, libFuzzer
// spends its time on text that is not an event at all.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let event = serde_json::from_slice(&data[..size]).ok().filter(|_| !seed.is_multiple_of(4));
    let changed = event.map(|event| changed(event, seed as usize / 4).to_string().into_bytes());
    let Some(changed) = changed.filter(|changed| changed.len() <= max_size) else {
        return fuzzer_mutate(data, size, max_size);
    };
    data[..changed.len()].copy_from_slice(&changed);
    changed.len()
});

fn changed(mut event: Value, draw: usize) -> Value {
    let mut leaves = Vec::new();
    collect_leaves(&mut event, &mut leaves);
    let Some(count) = (!leaves.is_empty()).then_some(leaves.len()) else { return event };
    let (leaf, draw) = (&mut *leaves[draw % count], draw / count);
    let others = [json!(null), json!(true), json!(-1), json!(""), json!([]), json!({})];
    let text = leaf.as_str().map(str::to_owned);
    *leaf = match (text, draw % 8) {
        (None, _) | (_, 0) => others[draw / 8 % others.len()].clone(),
        (Some(text), 1..=4) if text.starts_with('{') => match serde_json::from_str(&text) {
            Ok(inner) => json!(changed(inner, draw / 8).to_string()),
            Err(_) => json!(mutated(text)),
        },
        (Some(text), _) => json!(mutated(text)),
    };
    event
}

fn collect_leaves<'a>(value: &'a mut Value, leaves: &mut Vec<&'a mut Value>) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|value| collect_leaves(value, leaves)),
        Value::Array(values) => values.iter_mut().for_each(|value| collect_leaves(value, leaves)),
        leaf => leaves.push(leaf),
    }
}

fn mutated(text: String) -> String {
    let mut bytes = text.into_bytes();
    let (size, max_size) = (bytes.len(), bytes.len() + 32);
    bytes.resize(max_size, 0);
    let size = fuzzer_mutate(&mut bytes, size, max_size);
    String::from_utf8_lossy(&bytes[..size]).into_owned()
}
