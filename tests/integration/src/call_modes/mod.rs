//! Journeys in the call modes in which a secret passes between page and phone.

mod match_digits;
mod speak_code;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::call::CallToken;
use domain::code::MacKeys;
use domain::identity::ChallengeId;
use domain::policy::CallMode;
use domain::ports::{KeyError, KeySource};
use domain::time::Timestamp;
use lambda_http::Request;
use platform::store::DynamoStore;
use serde_json::{Value, json};

use crate::api::{Answer, Api, BASE_URL, Login, Tokens, webhook};

const HUMAN: [(&str, &str); 2] = [("AnsweredBy", "human"), ("To", "+14155552671")];

async fn in_mode(mode: CallMode) -> (Api, Login) {
    (Api::new().await.with_calls(mode), Login::known())
}

async fn call(api: &Api, login: &Login) -> Answer {
    let started = api.post(login, json!({ "channel": "call" })).await;
    assert_eq!(started.status, 201, "{}", started.text);
    started
}

async fn key(api: &Api, digits: &str) -> Answer {
    api.webhook("digits", &[("Digits", digits)]).await
}

fn amr(answer: &Answer) -> Value {
    let token = answer.json["resultToken"].as_str().expect("a result token");
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("three parts")).expect("base64url");
    serde_json::from_slice::<Value>(&claims).expect("JSON")["amr"].clone()
}

fn signed((challenge, token): &(ChallengeId, CallToken), event: &str, form: &[(&str, &str)]) -> Request {
    webhook(challenge, token, event, form, |event, signature| {
        event["headers"]["x-twilio-signature"] = json!(signature);
    })
}

/// The keys that a function has, or none.
struct Held(Option<MacKeys>);

impl KeySource for Held {
    async fn keys(&self, _: Timestamp) -> Result<Arc<MacKeys>, KeyError> {
        self.0.clone().map(Arc::new).ok_or_else(|| KeyError("gone".into()))
    }
}

fn callback(api: &Api, keys: Option<MacKeys>) -> call_callback::App<DynamoStore, Tokens, Held> {
    call_callback::App {
        policy: api.callback.policy.clone(),
        public_base_url: BASE_URL.to_owned(),
        brand: "Example".to_owned(),
        store: api.backend.store(),
        tokens: Tokens,
        keys: Some(Held(keys)),
    }
}

#[tokio::test]
async fn without_its_keys_a_call_neither_judges_nor_speaks_but_accepts_fraud_reports() {
    for (mode, answered, state) in [(CallMode::MatchDigits, 200, "answered"), (CallMode::SpeakCode, 503, "calling")] {
        let (api, login) = in_mode(mode).await;
        call(&api, &login).await;
        let app = callback(&api, None);
        let last = api.phone.last_call();
        assert_eq!(app.handle(signed(&last, "answer", &HUMAN), api.now).await.status(), answered, "{mode:?}");
        assert_eq!(app.handle(signed(&last, "digits", &[("Digits", "47")]), api.now).await.status(), 503, "{mode:?}");
        let view = api.status(&login).await.json;
        assert_eq!((&view["call"], &view["attemptsLeft"]), (&json!(state), &json!(5)));
        assert_eq!(app.handle(signed(&last, "digits", &[("Digits", "0")]), api.now).await.status(), 200, "{mode:?}");
        assert_eq!(app.handle(signed(&last, "status", &[("CallStatus", "completed")]), api.now).await.status(), 204);
    }
}

#[tokio::test]
async fn zero_reports_fraud_in_every_mode() {
    for mode in [CallMode::MatchDigits, CallMode::SpeakCode] {
        let (api, login) = in_mode(mode).await;
        call(&api, &login).await;
        api.webhook("answer", &HUMAN).await;
        api.backend.round_trips();
        let said = key(&api, "0").await;
        assert_eq!(api.backend.round_trips(), 2, "{mode:?}");
        assert!(said.text.contains("stopped this sign-in"), "{}", said.text);
        let view = api.status(&login).await.json;
        assert_eq!((&view["state"], &view["matchDigits"]), (&json!("denied"), &Value::Null), "{mode:?}");
        api.webhook("block", &[("Digits", "0")]).await;
        assert_eq!(api.post(&login.again("login-2"), json!({ "channel": "sms" })).await.problem(), "blocked");
    }
}

#[tokio::test]
async fn a_message_works_alongside_a_call_in_any_mode() {
    for mode in [CallMode::MatchDigits, CallMode::SpeakCode] {
        let (api, login) = in_mode(mode).await;
        call(&api, &login).await;
        api.webhook("answer", &HUMAN).await;
        api.post(&login, json!({ "channel": "sms" })).await;
        let approved = api.guess(&login, &api.phone.last_code()).await;
        assert_eq!(amr(&approved), json!(["pwd", "otp", "sms", "mfa"]), "{mode:?}");
    }
}
