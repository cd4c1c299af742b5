//! Runs every sample in `events/` through its function, as `make invoke` does.

use std::net::IpAddr;

use domain::call::{AnsweredBy, Call, CallEvent, CallToken};
use domain::challenge::Method;
use domain::channel::Channel;
use domain::identity::{ChallengeKey, Network, SessionId, SubjectId};
use domain::locale::Locale;
use domain::phone::{Line, NumberingPlan as _, PhoneNumber};
use domain::policy::{CallMode, Policy};
use domain::ports::{ChallengeStore as _, Settlement, Started};
use domain::purpose::Purpose;
use domain::request::Request;
use domain::start::{Decision, Start};
use domain::start_transaction::StartTransaction;
use platform::numbering::WorldPlan;
use platform::settings::Environment;
use serde_json::json;

use crate::api::{Api, Keys, LOGIN, sample};

/// What a sample needs to find in the table.
enum Given {
    Nothing,
    ANumber,
    ACode,
    ACodeToChange,
    ACall { answered: bool },
}

async fn seed(api: &Api, given: &Given) {
    if matches!(given, Given::ANumber | Given::ACodeToChange) {
        enrol(api).await;
    }
    let (purpose, channel) = match given {
        Given::Nothing | Given::ANumber => return,
        Given::ACode => (Purpose::Login, Channel::Sms),
        Given::ACodeToChange => (Purpose::Change, Channel::Sms),
        Given::ACall { .. } => (Purpose::Login, Channel::Call),
    };
    let store = api.backend.store();
    let mut transaction = transaction(api, "sample-login", purpose, channel).await;
    let token = CallToken::from_bytes(std::array::from_fn(|index| index.to_le_bytes()[0]));
    if channel == Channel::Sms {
        transaction.add_code(&Keys::all(), &mut crate::fixed::Draws(123_456));
    } else {
        transaction.challenge.call = Some(Call::place(&token, LOGIN));
    }
    assert_eq!(store.start(&transaction).await.expect("an answer"), Started::Applied);
    if let Given::ACall { answered: true } = given {
        let answered = CallEvent::Answered(AnsweredBy::Human);
        let id = &transaction.challenge.id;
        store.advance_call(id, &token, answered, &Policy::default(), LOGIN).await.expect("answered");
    }
}

/// Enrols the number in a login before the sample's.
async fn enrol(api: &Api) {
    let store = api.backend.store();
    let mut transaction = transaction(api, "former-login", Purpose::Login, Channel::Sms).await;
    transaction.add_code(&Keys::all(), &mut crate::fixed::Draws(654_321));
    assert_eq!(store.start(&transaction).await.expect("an answer"), Started::Applied);
    let proven = transaction.challenge.proven(Method::SmsCode, LOGIN);
    let settlement = store.settle(&proven, &Policy::default(), LOGIN).await.expect("an answer");
    assert!(matches!(settlement, Settlement::Settled(_)));
}

async fn transaction(api: &Api, login: &str, purpose: Purpose, channel: Channel) -> StartTransaction {
    let subject = SubjectId::new("https://login.example.com", "sample-user");
    let session = SessionId::new(login, None);
    let session = if purpose == Purpose::Change { session.to_change() } else { session };
    let request = Request {
        key: ChallengeKey { subject, session },
        purpose,
        sub: "sample-user".to_owned(),
        channel,
        typed: None,
        claimed: PhoneNumber::parse("+14155552671").ok(),
        network: Network::of(IpAddr::from([203, 0, 113, 7])),
        locale: Locale::En,
        keep_until: LOGIN,
    };
    let start = Start { rules: &api.start.settings.rules, plan: &WorldPlan };
    match start.decide(&api.backend.store().load(&subject).await.expect("stored"), &request, LOGIN) {
        Ok(Decision::Send(transaction)) => *transaction,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_sample_gets_the_answer_that_its_name_promises() {
    let call = |answered| Given::ACall { answered };
    let cases = [
        ("start-sms", Given::Nothing, 201, "/state", json!("pending")),
        ("start-call", Given::Nothing, 201, "/call", json!("calling")),
        ("start-enrolment", Given::Nothing, 201, "/canChangeNumber", json!(true)),
        ("resend", Given::ACode, 201, "/channels/sms/sendsLeft", json!(1)),
        ("status", Given::ACode, 200, "/attemptsLeft", json!(5)),
        ("no-first-factor", Given::Nothing, 401, "/claim", json!("authorizer")),
        ("right-code", Given::ACode, 200, "/state", json!("approved")),
        ("wrong-code", Given::ACode, 422, "/attemptsLeft", json!(4)),
        ("start-change", Given::ANumber, 201, "/change", json!("current-number")),
        ("status-change", Given::ANumber, 200, "/change", json!("current-number")),
        ("change-code", Given::ACodeToChange, 200, "/change", json!("new-number")),
        ("no-answer", call(false), 204, "", json!(null)),
        ("forged-signature", call(true), 403, "/type", json!("urn:alliance-mfa:problem:signature-invalid")),
    ];
    for (name, given, status, pointer, expected) in cases {
        let mut api = Api::new().await;
        seed(&api, &given).await;
        api.pass(50);
        let answer = api.send(sample(name)).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        assert_eq!(answer.json.pointer(pointer).unwrap_or(&json!(null)), &expected, "{name}: {}", answer.text);
    }
    let spoken = [
        ("answer", CallMode::PressPound, call(false), "press the pound key"),
        ("answer-machine", CallMode::PressPound, call(false), "ask for a code"),
        ("press-pound", CallMode::PressPound, call(true), "You are signed in"),
        ("fraud-key", CallMode::PressPound, call(true), "stopped this sign-in"),
        ("match-digits", CallMode::MatchDigits, call(true), "You are signed in"),
        ("match-digits-wrong", CallMode::MatchDigits, call(true), "not the digits"),
        ("speak-code", CallMode::SpeakCode, call(false), "Your code is:"),
    ];
    for (name, mode, given, words) in spoken {
        let api = Api::new().await.with_calls(mode);
        seed(&api, &given).await;
        let answer = api.send(sample(name)).await;
        assert!(answer.status == 200 && answer.text.contains(words), "{name}: {} {}", answer.status, answer.text);
    }
}

#[tokio::test]
async fn every_administrators_sample_gets_the_answer_that_its_name_promises() {
    let forbidden = json!("urn:alliance-mfa:problem:caller-unknown");
    let cases = [
        ("admin-show", Given::Nothing, "start-sms", 200, "/challenges/0/state", json!("pending")),
        ("admin-unlock", Given::ACode, "wrong-code", 200, "/failures", json!(0)),
        ("admin-unblock", Given::ACall { answered: true }, "fraud-key", 200, "/blockedUntil", json!(null)),
        ("admin-reset-phone", Given::ACode, "right-code", 200, "/phoneNumber", json!(null)),
        ("admin-no-caller", Given::ACode, "wrong-code", 403, "/type", forbidden),
    ];
    for (name, given, before, status, pointer, expected) in cases {
        let mut api = Api::new().await;
        seed(&api, &given).await;
        api.send(sample(before)).await;
        api.pass(50);
        let shown = api.send(sample("admin-show")).await;
        assert_eq!(shown.status, 200, "{name}: {}", shown.text);
        let acts = name != "admin-show";
        assert_eq!(shown.json.pointer(pointer) != Some(&expected), acts, "{name}: {}", shown.text);
        let answer = api.send(sample(name)).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        assert_eq!(answer.json.pointer(pointer), Some(&expected), "{name}: {}", answer.text);
    }
}

#[test]
fn the_samples_for_the_public_documents_are_answered() {
    let documents = jwks::App {
        key_set: json!({ "keys": [] }).to_string(),
        discovery: platform::jwks::discovery("https://mfa.example.com").to_string(),
    };
    for (name, expected) in [("jwks", "keys"), ("discovery", "jwks_uri")] {
        let response = documents.handle(&sample(name), LOGIN);
        assert_eq!(response.status(), 200, "{name}");
        assert_eq!(response.headers()["cache-control"], "public, max-age=300");
        let lambda_http::Body::Text(text) = response.body() else { panic!("{name} has no text") };
        assert!(text.contains(expected), "{name}: {text}");
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
        ("login-page-asset", "text/javascript; charset=utf-8", "no-store", Some("gzip"), ""),
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

#[test]
fn every_sample_is_tested() {
    let here = include_str!("samples.rs");
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
