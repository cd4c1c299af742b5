//! Every sample event with every one of its parts replaced by something strange: what the fuzz target `event` looks
//! for, in seconds and the same each time.

#![allow(clippy::expect_used, reason = "a test stops where its samples cannot be read")]

use std::fs;

use fuzz::functions::Functions;
use http::Response;
use lambda_http::{Body, Request};
use platform::event;
use serde_json::{Value, json};

#[test]
fn whatever_one_part_of_an_event_is_there_is_an_answer() {
    let (functions, strange) = (Functions::new(), strange());
    for sample in samples() {
        let mut pointers = Vec::new();
        pointers_to(&sample, "", &mut pointers);
        for (pointer, value) in pointers.iter().flat_map(|pointer| strange.iter().map(move |value| (pointer, value))) {
            let mut event = sample.clone();
            *event.pointer_mut(pointer).expect("it is there") = value.clone();
            let status = match event::read(&event.to_string()) {
                Ok(request) => answer(&functions, request).status(),
                Err(problem) => problem.status(),
            };
            // Only the gateway says from where a request came, so a bad address is a fault on our side.
            let of_the_gateway = pointer.starts_with("/requestContext") && status == 500;
            let shown = value.to_string().chars().take(40).collect::<String>();
            assert!(status.as_u16() < 500 || status == 503 || of_the_gateway, "{status} to {pointer} = {shown}");
        }
    }
}

fn answer(functions: &Functions, request: Request) -> Response<Body> {
    match request.uri().path() {
        "/v1/challenge" if request.method() == "GET" => functions.get(request),
        "/v1/challenge" => functions.start(request),
        "/v1/challenge/code" => functions.verify(request),
        path if path.starts_with("/v1/calls/") => functions.callback(request),
        _ => functions.page(&request),
    }
}

fn strange() -> Vec<Value> {
    let texts =
        ["", " ", "\0", "\"<>", "a b", "a:99999", "[::1", "#", "?", "%00%ff%", "é\u{202e}\u{10ffff}", "a\r\nb: c"];
    let long = json!("x".repeat(70_000));
    let others = [json!(null), json!(true), json!(-1), json!(1e300), json!([]), json!([{}]), json!({}), long];
    texts.iter().map(|text| json!(text)).chain(others).collect()
}

/// The pointers to a value and to every value in it.
fn pointers_to(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                pointers_to(value, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                pointers_to(value, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
    found.push(pointer.to_owned());
}

/// The sample events of the functions here.
fn samples() -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
    let files = fs::read_dir(folder).expect("the samples").map(|file| file.expect("a file").path());
    let events: Vec<Value> = files
        .map(|file| serde_json::from_str(&fs::read_to_string(file).expect("a sample")).expect("JSON"))
        .filter(|event: &Value| event["rawPath"].as_str().is_some_and(|path| !path.starts_with("/v1/admin")))
        .collect();
    assert!(events.len() > 15, "{} samples", events.len());
    events
}
