//! Requests that are not as they should be: bodies that say two things, and events that are not HTTP.

use http::header::CONTENT_ENCODING;
use platform::run::answered;
use serde_json::{Value, json};

use crate::api::{Answer, Api, Login, request, webhook};

#[tokio::test]
async fn a_field_that_is_given_twice_is_refused_and_costs_nothing() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "sms" })).await;
    let code = api.phone.last_code();
    for (path, body, field) in [
        ("/code", format!(r#"{{"code":"{code}","code":"{code}"}}"#), "code"),
        ("/code", format!(r#"{{"code":"000000","code":"{code}"}}"#), "code"),
        ("/code", format!(r#"{{"c\u006fde":"000000","code":"{code}"}}"#), "code"),
        ("/code", format!(r#"{{"code":"{code}","purpose":"change","purpose":"login"}}"#), "purpose"),
        ("/code", format!(r#"{{"code":"{code}","purpose":null,"purpose":null}}"#), "purpose"),
        ("/code", format!(r#"{{"x":1,"code":"{code}","x":1}}"#), "x"),
        ("", r#"{"channel":"sms","channel":"call"}"#.to_owned(), "channel"),
        (
            "",
            r#"{"channel":"sms","phoneNumber":"+14155552671","phoneNumber":"+14155552672"}"#.to_owned(),
            "phoneNumber",
        ),
    ] {
        let refused = api.send(login.request("POST", &format!("/v1/challenge{path}"), Some(&body))).await;
        let told = (refused.status, refused.problem(), refused.json["field"].as_str());
        assert_eq!(told, (400, "invalid-field", Some(field)), "{body}");
    }
    let nested = format!(r#"{{"code":{{"a":"{code}","a":"{code}"}}}}"#);
    assert_eq!(api.send(login.request("POST", "/v1/challenge/code", Some(&nested))).await.status, 400);
    assert_eq!(api.status(&login).await.json["attemptsLeft"], 5);
    assert_eq!(api.guess(&login, &code).await.status, 200);
}

#[tokio::test]
async fn a_compressed_body_is_refused_and_costs_nothing() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "sms" })).await;
    let right = json!({ "code": api.phone.last_code() }).to_string();
    for coding in ["gzip", "GZIP", "br", "deflate", "gzip, identity", "identity, gzip", ""] {
        for (path, body) in [("/v1/challenge", r#"{"channel":"call"}"#), ("/v1/challenge/code", &right)] {
            let mut coded = login.request("POST", path, Some(body));
            coded.headers_mut().insert(CONTENT_ENCODING, coding.parse().expect("a header"));
            let refused = api.send(coded).await;
            assert_eq!((refused.status, refused.problem()), (415, "unsupported-media-type"), "{path} {coding:?}");
        }
    }
    let mut plain = login.request("POST", "/v1/challenge/code", Some(&right));
    plain.headers_mut().insert(CONTENT_ENCODING, "identity".parse().expect("a header"));
    assert_eq!(api.send(plain).await.status, 200);
}

#[tokio::test]
async fn a_compressed_webhook_is_refused_even_if_it_is_signed() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "call" })).await;
    let (challenge, token) = api.phone.last_call();
    let answered = [("AnsweredBy", "human")];
    let coded = webhook(&challenge, &token, "answer", &answered, |event, signature| {
        event["headers"]["x-twilio-signature"] = json!(signature);
        event["headers"]["content-encoding"] = json!("gzip");
    });
    let refused = api.send(coded).await;
    assert_eq!((refused.status, refused.problem()), (415, "unsupported-media-type"));
    assert_eq!(api.status(&login).await.json["call"], "calling");
}

#[tokio::test]
async fn a_request_that_says_twice_what_it_is_for_is_refused() {
    let (api, login) = (Api::new().await, Login::known());
    for query in ["purpose=login&purpose=change", "purpose=login&purpose=login"] {
        let mut twice = login.event("GET", "/v1/challenge", None);
        twice["rawQueryString"] = json!(query);
        let refused = api.send(request(&twice)).await;
        assert_eq!((refused.status, refused.problem()), (400, "invalid-field"), "{query}");
    }
}

/// The answer to an event, as the runtime gives it to a function.
async fn answer_to(api: &Api, event: &str) -> Answer {
    Answer::of(answered(|request, _| api.get.handle(request, api.now), event).await)
}

fn changed(event: &Value, pointer: &str, to: Value) -> String {
    let mut event = event.clone();
    *event.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = to;
    event.to_string()
}

#[tokio::test]
async fn what_is_not_http_is_refused_and_the_environment_goes_on() {
    let (api, login) = (Api::new().await, Login::known());
    let good = login.event("GET", "/v1/challenge", None);
    let hosts = ["a:99999", "a:b", "a b", "a/b", "[::1", "user@a", "<a>", "\"a\"", "%", "a:1:2", "", " "];
    let queries = ["a b", " ", "a=\"", "a=<b>", "a=\0", "a=\n", "a=\u{7f}", "a#b", "a=1 HTTP/1.1"];
    let paths = ["", "a", "a:99999", "/a b", "/a\"", "/a<b>", "/\0", "/a?b", "/a#b", "/\n", "https://a:99999/"];
    let values = ["\0", "a\nb", "a\r\nx: y", "\u{7f}"];
    let hostile = [("/headers/host", &hosts[..]), ("/rawQueryString", &queries), ("/rawPath", &paths)]
        .into_iter()
        .chain([("/headers/content-type", &values[..]), ("/requestContext/http/method", &["GE T", "\0"])]);
    for (pointer, value) in hostile.flat_map(|(pointer, values)| values.iter().map(move |value| (pointer, *value))) {
        let refused = answer_to(&api, &changed(&good, pointer, json!(value))).await;
        assert_eq!((refused.status, refused.problem()), (400, "invalid-field"), "{pointer} {value:?}");
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    }
    let mut odd_names = good.clone();
    odd_names["headers"]["a b"] = json!("c");
    let many: serde_json::Map<_, _> = (0..40_000).map(|index| (format!("x{index}"), json!(""))).collect();
    for event in [
        odd_names.to_string(),
        changed(&good, "/headers", json!(many)),
        changed(&good, "/rawQueryString", json!("a".repeat(70_000))),
        changed(&good, "/isBase64Encoded", json!(true)).replace(r#""body":null"#, r#""body":"not base64!""#),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#""\ud800""#.to_owned(),
        good.to_string().replace("attacker.example", r"\ud800"),
    ] {
        assert_eq!(answer_to(&api, &event).await.status, 400, "{}", &event[..event.len().min(200)]);
    }
    let ports = ["a", "a:", "a:0", "a:65535", "127.0.0.1:8080", "[::1]:443", "A.example.", "xn--a"];
    for host in ports {
        assert_eq!(answer_to(&api, &changed(&good, "/headers/host", json!(host))).await.status, 200, "{host}");
    }
}
