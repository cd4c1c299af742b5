//! Runs every sample in `events/` through its function, as `make invoke` does.

use std::time::Duration;

use aws_sdk_dynamodb::config::{Credentials, Region};
use domain::phone::{Line, NumberingPlan as _};
use domain::policy::CallMode;
use platform::aws::{Roots, connector, defaults};
use platform::door::{Issuer, ResultKeys};
use platform::numbering::WorldPlan;
use platform::secrets::SecretsManager;
use platform::settings::Environment;
use serde_json::json;

use crate::api::{Answer, Api, ISSUER, Keys, LOGIN, sample};

/// Writes to the table what the sample needs to find there, and sends it.
async fn run(api: &Api, name: &str) -> Answer {
    seed(api, name).await;
    api.send(sample(name)).await
}

async fn seed(api: &Api, name: &str) {
    let fixture = seed::fixture(name, &sample(name), ISSUER, api.now).expect("a sample that can be seeded");
    if let Some(fixture) = fixture {
        fixture.write(&api.backend.store(), &Keys::all(), api.now).await.expect("a fresh table");
    }
}

#[tokio::test]
async fn every_sample_gets_the_answer_that_its_name_promises() {
    let cases = [
        ("start-sms", 201, "/state", json!("pending")),
        ("start-call", 201, "/call", json!("calling")),
        ("start-enrolment", 201, "/canChangeNumber", json!(true)),
        ("resend", 201, "/channels/sms/sendsLeft", json!(1)),
        ("status", 200, "/attemptsLeft", json!(5)),
        ("no-first-factor", 401, "/claim", json!("authorizer")),
        ("right-code", 200, "/state", json!("approved")),
        ("wrong-code", 422, "/attemptsLeft", json!(4)),
        ("start-change", 201, "/change", json!("current-number")),
        ("status-change", 200, "/change", json!("current-number")),
        ("change-code", 200, "/change", json!("new-number")),
        ("no-answer", 204, "", json!(null)),
        ("forged-signature", 403, "/type", json!("urn:alliance-mfa:problem:signature-invalid")),
    ];
    for (name, status, pointer, expected) in cases {
        let answer = run(&Api::new().await, name).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        assert_eq!(answer.json.pointer(pointer).unwrap_or(&json!(null)), &expected, "{name}: {}", answer.text);
    }
    let spoken = [
        ("answer", CallMode::PressPound, "press the pound key"),
        ("answer-machine", CallMode::PressPound, "enter the digits on your screen"),
        ("press-pound", CallMode::PressPound, "Look at your screen"),
        ("fraud-key", CallMode::PressPound, "stopped this sign-in"),
        ("fraud-key-again", CallMode::PressPound, "All sign-ins are blocked"),
        ("match-digits", CallMode::MatchDigits, "Look at your screen"),
        ("match-digits-wrong", CallMode::MatchDigits, "not the digits"),
        ("four-digits", CallMode::PressPound, "Look at your screen"),
        ("four-digits-wrong", CallMode::PressPound, "not the digits"),
        ("speak-code", CallMode::SpeakCode, "Your code is:"),
    ];
    for (name, mode, words) in spoken {
        let answer = run(&Api::new().await.with_calls(mode), name).await;
        assert!(answer.status == 200 && answer.text.contains(words), "{name}: {} {}", answer.status, answer.text);
    }
}

#[tokio::test]
async fn every_administrators_sample_gets_the_answer_that_its_name_promises() {
    let forbidden = json!("urn:alliance-mfa:problem:caller-unknown");
    let cases = [
        ("admin-show", 200, "/challenges/0/state", json!("pending")),
        ("admin-unlock", 200, "/failures", json!(0)),
        ("admin-unblock", 200, "/blockedUntil", json!(null)),
        ("admin-open-enrolment", 200, "/enrolmentOpenUntil", json!("2026-11-26T09:46:50Z")),
        ("admin-reset-phone", 200, "/phoneNumber", json!(null)),
        ("admin-no-caller", 403, "/type", forbidden),
    ];
    for (name, status, pointer, expected) in cases {
        let api = Api::new().await;
        seed(&api, name).await;
        let shown = api.send(sample("admin-show")).await;
        assert_eq!(shown.status, 200, "{name}: {}", shown.text);
        let acts = name != "admin-show";
        assert_eq!(shown.json.pointer(pointer) != Some(&expected), acts, "{name}: {}", shown.text);
        let answer = api.send(sample(name)).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        assert_eq!(answer.json.pointer(pointer), Some(&expected), "{name}: {}", answer.text);
    }
}

#[tokio::test]
async fn every_operators_sample_gets_the_answer_that_its_name_promises() {
    let api = Api::new().await;
    for (name, set) in [("admin-switches", None), ("admin-switch-set", Some("call-GB")), ("admin-switch-clear", None)] {
        let answer = api.send(sample(name)).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text);
        let shown = answer.json.pointer("/switches/0/switch").and_then(serde_json::Value::as_str);
        assert_eq!(shown, set, "{name}: {}", answer.text);
    }
}

#[test]
fn the_samples_for_the_public_documents_are_answered() {
    let documents = jwks::App {
        key_set: json!({ "keys": [] }).to_string(),
        discovery: platform::jwks::discovery("https://mfa.example.com").to_string(),
        openid: Some(jwks::OpenId {
            key_set: json!({ "keys": [] }).to_string(),
            discovery: platform::openid::discovery("https://mfa.example.com").to_string(),
        }),
    };
    for (name, expected) in [
        ("jwks", "keys"),
        ("discovery", "jwks_uri"),
        ("entra-jwks", "keys"),
        ("entra-discovery", "https://mfa.example.com/authorize"),
    ] {
        let response = documents.handle(&sample(name), LOGIN);
        assert_eq!(response.status(), 200, "{name}");
        assert_eq!(response.headers()["cache-control"], "public, max-age=300");
        let lambda_http::Body::Text(text) = response.body() else { panic!("{name} has no text") };
        assert!(text.contains(expected), "{name}: {text}");
    }
}

/// The stand-in of KMS has no key that signed them, and Entra is never asked.
#[tokio::test]
async fn the_samples_for_the_door_of_entra_are_answered() {
    let arn = |key: &str| format!("arn:aws:kms:us-east-1:1:key/{key}");
    let [logins, results, answers] = ["logins", "results", "answers"].map(arn);
    let variables = [
        ("PUBLIC_BASE_URL", "https://mfa.example.com"),
        ("BRAND", "Example"),
        ("FIRST_FACTOR_ISSUER", "https://first-factor.example.com"),
        ("FIRST_FACTOR_KEY_ARN", &logins),
        ("SIGNING_KEY_ARN", &results),
        ("ANSWER_KEY_ARN", &answers),
        ("ENTRA_TENANT_IDS", "7a1f0c9e-5d0e-4a4b-9a53-2f6b8d3c1e70"),
        ("ENTRA_APP_ID", "1c5d1e0e-6f53-4b25-9d3c-0f4f2b1f7a11"),
        ("ENTRA_CLIENT_ID", "alliance-mfa-client"),
    ];
    let config = variables.into_iter().collect::<Environment>().read(authorize::config::Config::read);
    let config = config.expect("a configuration");
    let kms = signing::kms([("arn:aws:kms:us-east-1:1:key/logins", signing::Key::of(0))]);
    let aws = defaults(&connector(Roots::Amazon).expect("usable roots"))
        .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
        .region(Region::new("us-east-1"))
        .endpoint_url(kms);
    let tokens = authorize::tokens::Tokens::new(&aws.load().await, &config);
    let keys = authorize::keys::EntraKeys::new(config.registration.cloud.clone());
    let door = authorize::App::<SecretsManager> { config, keys, tokens, edge: None };
    for (name, status, expected) in [
        ("entra-hint-too-old", 200, r#"<input type="hidden" name="error" value="access_denied">"#),
        ("entra-answer-forged", 400, "beginnen Sie von vorn"),
    ] {
        let response = door.handle(sample(name), LOGIN + Duration::from_hours(1)).await;
        let text = String::from_utf8_lossy(response.body()).into_owned();
        assert!(response.status() == status && text.contains(expected), "{name}: {} {text}", response.status());
    }
}

#[test]
fn without_a_door_to_entra_there_is_nothing_for_it_to_read() {
    let documents = jwks::App { key_set: String::new(), discovery: String::new(), openid: None };
    for name in ["entra-jwks", "entra-discovery"] {
        let response = documents.handle(&sample(name), LOGIN);
        assert_eq!(response.status(), 404, "{name}");
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
}

#[test]
fn the_samples_for_the_login_page_are_answered() {
    let variables = [("BRAND", "Example"), ("ALLOWED_COUNTRIES", "US")];
    let config = variables.into_iter().collect::<Environment>().read(login_page::config::Config::read);
    let page = login_page::App::new(config.expect("a configuration")).expect("plain headers");
    let kept = "public, max-age=300";
    for (name, kind, cache, encoding, expected) in [
        ("login-page", "text/html; charset=utf-8", "no-store", None, r#"<html lang="es" dir="ltr">"#),
        ("login-page-asset", "text/javascript; charset=utf-8", "no-store", Some("br"), ""),
        ("mfa-client", "text/javascript; charset=utf-8", kept, None, "export"),
    ] {
        let response = page.handle(&sample(name), LOGIN);
        assert_eq!(response.status(), 200, "{name}");
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().expect("ASCII"));
        assert_eq!((header("content-type"), header("cache-control")), (Some(kind), Some(cache)), "{name}");
        assert_eq!(header("content-encoding"), encoding, "{name}");
        assert!(String::from_utf8_lossy(response.body()).contains(expected), "{name}");
    }
}

/// Any event makes the canary sign in: the sample is what the deployed schedule sends, and shows that it is told apart.
#[test]
fn the_sample_of_the_schedule_is_of_no_route_and_no_message() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
    let (name, kind, source) = ("canary", "Scheduled Event", "aws.events");
    let text = std::fs::read_to_string(format!("{folder}/{name}.json")).expect("the sample");
    let event: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!([&event["detail-type"], &event["source"]], [kind, source]);
    assert!(event.get("routeKey").is_none() && seed::of_message(&event).is_err());
}

#[tokio::test]
async fn the_samples_of_a_cognito_user_pool_are_answered() {
    let (login, result) = ("arn:login", "arn:result");
    let kms = signing::kms([(login, signing::Key::of(0)), (result, signing::Key::of(1))]);
    let config = defaults(&connector(Roots::Amazon).expect("usable roots"))
        .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
        .region(Region::new("us-east-1"))
        .endpoint_url(kms)
        .load()
        .await;
    let app = cognito::App {
        pool: "us-east-1_Local0000".to_owned(),
        issuer: Issuer::new(&config, login.to_owned(), ISSUER.to_owned(), "urn:alliance-mfa:first-factor".to_owned()),
        results: cognito::Results {
            keys: ResultKeys::read(&config, result.to_owned(), None).await.expect("a key"),
            base_url: "https://mfa.example.com".to_owned(),
            audience: "urn:alliance-mfa:result".to_owned(),
        },
    };
    for (name, pointer, expected) in [
        ("cognito-define", "/response/challengeName", json!("CUSTOM_CHALLENGE")),
        ("cognito-create", "/response/publicChallengeParameters/page", json!("https://mfa.example.com/")),
        ("cognito-verify", "/response/answerCorrect", json!(false)),
        ("cognito-token", "/response/claimsOverrideDetails", json!(null)),
    ] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
        let text = std::fs::read_to_string(format!("{folder}/{name}.json")).expect("the sample");
        let answer = app.handle(&text, LOGIN).await.expect("an answer");
        assert_eq!(answer.pointer(pointer), Some(&expected), "{name}: {answer}");
    }
}

#[test]
fn every_sample_is_tested() {
    let here = concat!(include_str!("samples.rs"), include_str!("receipts.rs"));
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
    for entry in std::fs::read_dir(folder).expect("the samples") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        let name = name.trim_end_matches(".json");
        assert!(here.contains(&format!("(\"{name}\"")), "no test runs {name}");
    }
}

#[test]
fn the_samples_phone_number_can_be_sent_to() {
    let dialled = domain::phone::Dialled::parse("+14155552671").expect("dialled");
    assert_eq!(WorldPlan.find(&dialled, None).map(|found| found.line), Some(Line::Mobile));
}
