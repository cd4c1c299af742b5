//! A login through a trusted edge.

use std::time::Duration;

use platform::edge::{SECRET_HEADER, VIEWER_HEADER};
use serde_json::{Value, json};

use crate::api::{Answer, Api, EdgeSecrets, Login, request, sample};

const OLD: &str = "the-secret-until-it-was-rotated-away";
const NEW: &str = "the-secret-that-the-edge-sends-now-on";
const VIEWER: &str = "198.51.100.7:46532";

fn known(document: Value) -> EdgeSecrets {
    let secrets = EdgeSecrets::default();
    secrets.put(Some(document));
    secrets
}

async fn api() -> Api {
    Api::new().await.behind_edge(&known(json!({ "current": NEW })))
}

/// What the edge forwards of a login's request.
async fn forwarded(api: &Api, login: &Login, ask: (&str, &str, Option<Value>), secret: &str, viewer: &str) -> Answer {
    let (method, path, body) = ask;
    let mut event = login.event(method, path, body.map(|body| body.to_string()).as_deref());
    event["headers"][SECRET_HEADER] = json!(secret);
    event["headers"][VIEWER_HEADER] = json!(viewer);
    api.send(request(&event)).await
}

fn start() -> (&'static str, &'static str, Option<Value>) {
    ("POST", "/v1/challenge", Some(json!({ "channel": "sms" })))
}

const STATUS: (&str, &str, Option<Value>) = ("GET", "/v1/challenge", None);

#[tokio::test]
async fn a_login_through_the_edge_is_approved() {
    let (api, login) = (api().await, Login::known());
    assert_eq!(forwarded(&api, &login, start(), NEW, VIEWER).await.status, 201);
    assert_eq!(forwarded(&api, &login, STATUS, NEW, VIEWER).await.json["state"], "pending");
    let code = ("POST", "/v1/challenge/code", Some(json!({ "code": api.phone.last_code() })));
    assert_eq!(forwarded(&api, &login, code, NEW, VIEWER).await.json["state"], "approved");
}

#[tokio::test]
async fn the_samples_of_a_login_are_answered_through_the_edge_only() {
    let api = api().await;
    for (name, status) in [("start-sms", 201), ("status", 200), ("wrong-code", 422)] {
        let refused = api.send(sample(name)).await;
        assert_eq!((refused.status, refused.problem()), (403, "edge-required"), "{name}");
        let mut through = sample(name);
        for (header, value) in [(SECRET_HEADER, NEW), (VIEWER_HEADER, VIEWER)] {
            through.headers_mut().insert(header, value.parse().expect("a value"));
        }
        assert_eq!(api.send(through).await.status, status, "{name}");
    }
}

#[tokio::test]
async fn a_call_is_answered_and_approved_without_the_edges_secret() {
    let (api, login) = (api().await, Login::known());
    let call = ("POST", "/v1/challenge", Some(json!({ "channel": "call" })));
    assert_eq!(forwarded(&api, &login, call, NEW, VIEWER).await.status, 201);
    for (event, form) in [("answer", [("AnsweredBy", "human")]), ("digits", [("Digits", "#")])] {
        assert_eq!(api.webhook(event, &form).await.status, 200, "{event}");
    }
    assert_eq!(forwarded(&api, &login, STATUS, NEW, VIEWER).await.json["state"], "approved");
}

#[tokio::test]
async fn sends_count_for_the_viewers_network() {
    for (viewer, network) in [
        (VIEWER, "network#198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6:443", "network#2001:db8:1:2::"),
        ("::ffff:198.51.100.7:443", "network#198.51.100.7"),
    ] {
        let api = api().await;
        assert_eq!(forwarded(&api, &Login::known(), start(), NEW, viewer).await.status, 201, "{viewer}");
        let [counter] = &api.backend.items("network#").await[..] else { panic!("one network: {viewer}") };
        assert_eq!(counter["pk"], network, "{viewer}");
    }
}

#[tokio::test]
async fn an_edge_of_another_secret_is_refused_whatever_the_case_of_the_headers_name() {
    let (api, login) = (api().await, Login::known());
    for (name, secret, status) in [("X-Origin-Verify", NEW, 200), ("X-ORIGIN-VERIFY", OLD, 403)] {
        let mut event = login.event("GET", "/v1/challenge", None);
        event["headers"][name] = json!(secret);
        assert_eq!(api.send(request(&event)).await.status, status, "{name}");
    }
}

#[tokio::test]
async fn the_secret_is_rotated_without_refusing_anybody() {
    let secrets = known(json!({ "current": OLD }));
    let (mut api, login) = (Api::new().await.behind_edge(&secrets), Login::known());
    assert_eq!(forwarded(&api, &login, STATUS, OLD, VIEWER).await.status, 200);

    // Both values are published, and the edge goes on with the old one until every environment has read them.
    secrets.put(Some(json!({ "current": NEW, "previous": OLD })));
    for seconds in [0, 299, 1] {
        api.pass(seconds);
        assert_eq!(forwarded(&api, &login, STATUS, OLD, VIEWER).await.status, 200, "after {seconds}");
    }
    assert_eq!(forwarded(&api, &login, STATUS, NEW, VIEWER).await.status, 200);

    secrets.put(Some(json!({ "current": NEW })));
    api.pass(300);
    assert_eq!(forwarded(&api, &login, STATUS, NEW, VIEWER).await.status, 200);
    assert_eq!(forwarded(&api, &login, STATUS, OLD, VIEWER).await.status, 403);
}

#[tokio::test]
async fn an_outage_of_secrets_manager_refuses_nobody_for_a_day() {
    let secrets = known(json!({ "current": NEW }));
    let (mut api, login) = (Api::new().await.behind_edge(&secrets), Login::known());
    assert_eq!(forwarded(&api, &login, STATUS, NEW, VIEWER).await.status, 200);
    secrets.put(None);
    api.now = api.now + Duration::from_hours(23);
    let later = login.at(api.now);
    assert_eq!(forwarded(&api, &later, STATUS, NEW, VIEWER).await.status, 200);
    assert_eq!(forwarded(&api, &later, STATUS, OLD, VIEWER).await.status, 403);
}
