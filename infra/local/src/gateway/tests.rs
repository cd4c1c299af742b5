//! The gateway in front of a stub function that answers with the event it receives.

use std::future;
use std::sync::Arc;

use axum::extract::Path;
use axum::routing::post;
use axum::{Json, Router};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::Gateway;
use crate::compiler::{Compiler, LOCKED};
use crate::timeline::Timeline;
use crate::{clock, issuer, keys::SigningKey, net};

struct Stack {
    http: reqwest::Client,
    issuer: String,
    gateway: String,
    compiler: Compiler,
    timeline: Timeline,
}

async fn stack() -> Stack {
    let http = reqwest::Client::new();
    let echo = Router::new().route("/2015-03-31/functions/{name}/invocations", post(echo));
    let functions = net::serve(echo, 0).await.unwrap();
    let issuer = issuer::start(Arc::new(SigningKey::draw().await.unwrap()), 0).await.unwrap();
    let (listener, address) = net::listen(0).await.unwrap();
    let (compiler, timeline) = (Compiler::default(), Timeline::default());
    let gateway = Gateway::new(http.clone(), issuer.clone(), functions)
        .allow_origins(vec!["https://login.example.com".to_owned()])
        .observe(compiler.clone(), timeline.clone())
        .serve_on(listener, address);
    Stack { http, issuer, gateway, compiler, timeline }
}

async fn echo(Path(name): Path<String>, Json(event): Json<Value>) -> Json<Value> {
    if event["body"] == "wait" {
        return future::pending().await;
    }
    if event["body"] == "fail" {
        return Json(json!({ "statusCode": "none" }));
    }
    if event["pathParameters"]["file"] == "compressed" {
        return Json(json!({
            "statusCode": 200,
            "headers": { "content-encoding": "gzip", "content-type": "text/css", "vary": "accept-encoding" },
            "body": STANDARD.encode(COMPRESSED),
            "isBase64Encoded": true,
        }));
    }
    Json(json!({
        "statusCode": 207,
        "headers": { "x-function": name, "content-type": "application/json" },
        "cookies": ["a=1", "b=2"],
        "body": event.to_string(),
    }))
}

/// The start of a gzip file, which is not valid UTF-8.
const COMPRESSED: [u8; 4] = [0x1f, 0x8b, 0x08, 0x00];

impl Stack {
    async fn token(&self, claims: Value) -> String {
        let login = json!({ "account": "alice", "claims": claims });
        let answer = self.http.post(format!("{}/login", self.issuer)).json(&login).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.gateway)
    }
}

#[tokio::test]
async fn a_valid_token_reaches_the_function_with_its_claims_as_strings() {
    let stack = stack().await;
    let token = stack.token(json!({})).await;
    let request = stack.http.post(stack.url("/v1/challenge?a=1&a=2")).bearer_auth(&token);
    let answer = request.header("cookie", "c=3; d=4").json(&json!({ "channel": "sms" })).send().await.unwrap();

    assert_eq!(answer.status(), 207);
    assert_eq!(answer.headers()["x-function"], "start-challenge");
    assert_eq!(answer.headers().get_all("set-cookie").iter().count(), 2);
    let event: Value = answer.json().await.unwrap();
    assert_eq!(event["routeKey"], "POST /v1/challenge");
    assert_eq!(event["rawQueryString"], "a=1&a=2");
    assert_eq!(event["queryStringParameters"]["a"], "1,2");
    assert_eq!(event["cookies"], json!(["c=3", "d=4"]));
    assert_eq!(event["body"], r#"{"channel":"sms"}"#);
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "127.0.0.1");
    let claims = &event["requestContext"]["authorizer"]["jwt"]["claims"];
    assert_eq!(claims["sub"], "alice");
    assert_eq!(claims["amr"], "[pwd]");
    assert_eq!(claims["phone_number_verified"], "true");
    assert!(claims["auth_time"].is_string());
}

#[tokio::test]
async fn a_token_that_is_missing_expired_foreign_or_broken_reaches_no_function() {
    let stack = stack().await;
    let good = stack.token(json!({})).await;
    let bad = [
        "none".to_owned(),
        good[..good.len() - 8].to_owned(),
        stack.token(json!({ "exp": 1_700_000_000 })).await,
        stack.token(json!({ "aud": "other" })).await,
        stack.token(json!({ "iss": "https://other.example.com" })).await,
        stack.token(json!({ "nbf": 4_000_000_000_u64 })).await,
        stack.token(json!({ "iat": clock::epoch_seconds() + 30 })).await,
    ];
    for token in bad {
        let answer = stack.http.get(stack.url("/v1/challenge")).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{token}");
        assert_eq!(answer.text().await.unwrap(), r#"{"message":"Unauthorized"}"#);
    }
    let answer = stack.http.get(stack.url("/v1/challenge")).send().await.unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn a_first_factor_given_ahead_of_our_clock_reaches_the_function_if_the_token_was_not_issued_ahead() {
    let stack = stack().await;
    let ahead = clock::epoch_seconds() + 30;
    for claims in
        [json!({ "auth_time": ahead }), json!({ "auth_time": ahead, "iat": null }), json!({ "iat": 1.7e9 + 0.5 })]
    {
        let token = stack.token(claims.clone()).await;
        let answer = stack.http.get(stack.url("/v1/challenge")).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), 207, "{claims}");
    }
}

#[tokio::test]
async fn a_webhook_needs_no_token_and_its_form_arrives_as_base64() {
    let stack = stack().await;
    let request = stack.http.post(stack.url("/v1/calls/challenge/token/digits")).form(&[("Digits", "#")]);
    let event: Value = request.send().await.unwrap().json().await.unwrap();

    assert_eq!(event["pathParameters"]["event"], "digits");
    assert_eq!(event["isBase64Encoded"], true);
    assert_eq!(event["body"], "RGlnaXRzPSUyMw==");
    assert!(event["requestContext"].get("authorizer").is_none());
}

#[tokio::test]
async fn the_login_page_and_its_files_are_public() {
    let stack = stack().await;
    for (path, key) in [
        ("/?ui_locales=fr", "GET /"),
        ("/assets/v1/page.en.js", "GET /assets/{version}/{file}"),
        ("/mfa-client.js", "GET /mfa-client.js"),
    ] {
        let answer = stack.http.get(stack.url(path)).send().await.unwrap();
        assert_eq!(answer.headers()["x-function"], "login-page", "{path}");
        let event: Value = answer.json().await.unwrap();
        assert_eq!(event["routeKey"], key);
        assert!(event["requestContext"].get("authorizer").is_none());
    }
    let head = stack.http.head(stack.url("/")).send().await.unwrap();
    assert_eq!(head.status(), 404, "no route has this method");
}

#[tokio::test]
async fn a_compressed_file_reaches_the_browser_unchanged() {
    let stack = stack().await;
    let url = stack.url("/assets/v1/compressed");
    let answer = stack.http.get(url).header("origin", "https://login.example.com").send().await.unwrap();

    assert_eq!(answer.headers()["content-encoding"], "gzip");
    assert_eq!(answer.headers()["content-type"], "text/css");
    let vary: Vec<_> = answer.headers().get_all("vary").iter().collect();
    assert_eq!(vary, ["accept-encoding", "origin"], "the gateway's value is added to the function's");
    assert_eq!(answer.bytes().await.unwrap()[..], COMPRESSED);
}

#[tokio::test]
async fn the_gateway_answers_unknown_routes_failures_and_large_bodies_as_aws_does() {
    let stack = stack().await;
    let unknown = stack.http.get(stack.url("/v2/challenge")).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    assert_eq!(unknown.text().await.unwrap(), r#"{"message":"Not Found"}"#);

    let webhook = stack.url("/v1/calls/challenge/token/digits");
    let failed = stack.http.post(&webhook).header("content-type", "text/plain").body("fail").send().await.unwrap();
    assert_eq!(failed.status(), 500);
    assert_eq!(failed.text().await.unwrap(), r#"{"message":"Internal Server Error"}"#);

    let large = stack.http.post(&webhook).body(vec![0_u8; super::BODY_LIMIT + 1]).send().await.unwrap();
    assert_eq!(large.status(), 413);
}

#[tokio::test]
async fn only_pages_of_allowed_origins_may_call_the_api() {
    let stack = stack().await;
    for (origin, allowed) in [("https://login.example.com", true), ("https://evil.example.com", false)] {
        let preflight = stack
            .http
            .request(reqwest::Method::OPTIONS, stack.url("/v1/challenge"))
            .header("origin", origin)
            .header("access-control-request-method", "POST");
        let answer = preflight.send().await.unwrap();
        assert_eq!(answer.status(), 204);
        assert_eq!(answer.headers().contains_key("access-control-allow-origin"), allowed, "{origin}");
    }
}

#[tokio::test]
async fn neither_a_users_token_nor_an_unsigned_request_reaches_the_administrators_routes() {
    let stack = stack().await;
    let token = stack.token(json!({})).await;
    let actions = ["/unlock", "/unblock", "/reset-phone", "/open-enrolment"];
    for (method, path) in [("GET", "")].into_iter().chain(actions.map(|action| ("POST", action))) {
        let url = stack.url(&format!("/v1/admin/subjects/YWxpY2U{path}"));
        let request = || stack.http.request(method.parse().unwrap(), &url);
        for request in [request(), request().bearer_auth(&token)] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 403, "{path}");
            assert_eq!(answer.text().await.unwrap(), r#"{"message":"Forbidden"}"#);
        }
    }
}

#[tokio::test]
async fn a_signed_request_reaches_the_administrators_routes_with_its_caller_and_no_claims() {
    let stack = stack().await;
    let path = "/v1/admin/subjects/YWxpY2U/unlock";
    let host = stack.gateway.strip_prefix("http://").unwrap();
    let date = clock::amz_date();
    let unsigned = axum::http::Request::builder().method("POST").uri(path).header("host", host);
    let (parts, ()) = unsigned.header("x-amz-date", &date).body(()).unwrap().into_parts();
    let authorization = super::iam::authorization(&parts, &date).unwrap();
    let request = stack.http.post(stack.url(path)).header("x-amz-date", &date).header("authorization", authorization);
    let answer = request.send().await.unwrap();

    assert_eq!(answer.headers()["x-function"], "admin");
    let event: Value = answer.json().await.unwrap();
    assert_eq!(event["pathParameters"]["subject"], "YWxpY2U");
    let authorizer = &event["requestContext"]["authorizer"];
    assert_eq!(authorizer["iam"]["userArn"], "arn:aws:iam::123456789012:user/local");
    assert_eq!(authorizer["iam"]["accountId"], "123456789012");
    assert!(authorizer.get("jwt").is_none());
}

#[tokio::test]
async fn while_another_build_holds_cargos_lock_a_request_is_refused_with_the_reason() {
    let stack = stack().await;
    let token = stack.token(json!({})).await;
    let post = |body: &'static str| stack.http.post(stack.url("/v1/challenge")).bearer_auth(&token).body(body).send();
    stack.compiler.hear("    Blocking waiting for file lock on build directory");

    let refused = post("wait").await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"5".parse().unwrap()));
    assert_eq!(refused.json::<Value>().await.unwrap(), json!({ "message": LOCKED }));
    assert_eq!(post("{}").await.unwrap().status(), 207, "a function that still runs answers");
}

#[tokio::test]
async fn a_recorded_request_has_all_that_it_takes_to_send_it_again() {
    let stack = stack().await;
    let token = stack.token(json!({})).await;
    let answer = stack.http.post(stack.url("/v1/challenge?a=1")).bearer_auth(&token).json(&json!({})).send();
    let answer = answer.await.unwrap().text().await.unwrap();
    stack.http.get(stack.url("/assets/1/page.js")).send().await.unwrap();

    let entries = json!(stack.timeline.after(0));
    assert_eq!(entries.as_array().unwrap().len(), 1, "the page's files are not listed");
    let headers = json!([["authorization", format!("Bearer {token}")], ["content-type", "application/json"]]);
    for (member, value) in [
        ("route", json!("POST /v1/challenge")),
        ("method", json!("POST")),
        ("url", json!(stack.url("/v1/challenge?a=1"))),
        ("headers", headers),
        ("body", json!("{}")),
        ("status", json!(207)),
        ("answer", json!(answer)),
        ("times", json!(1)),
    ] {
        assert_eq!(entries[0][member], value, "{member}");
    }
}
