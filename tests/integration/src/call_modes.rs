//! Journeys through the handlers in the call modes in which a secret passes between page and phone.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::call::{CallMode, CallToken};
use domain::code::{MacKey, MacKeys};
use domain::identity::ChallengeId;
use domain::ports::{KeyError, KeySource};
use domain::time::Timestamp;
use lambda_http::Request;
use platform::store::DynamoStore;
use serde_json::{Value, json};

use crate::api::{Answer, Api, BASE_URL, Login, MAC_KEY, Signer, Tokens, webhook};

const HUMAN: [(&str, &str); 2] = [("AnsweredBy", "human"), ("To", "+14155552671")];
const MACHINE: [(&str, &str); 2] = [("AnsweredBy", "machine_start"), ("To", "+14155552671")];

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

fn digits(answer: &Answer) -> String {
    answer.json["matchDigits"].as_str().expect("digits").to_owned()
}

/// Two digits that the page does not show.
fn others(shown: &str) -> &'static str {
    if shown == "10" { "11" } else { "10" }
}

/// The code that the call says, as its listener writes it down.
fn spoken(said: &Answer) -> Vec<String> {
    let codes = said.text.split("Your code is:").skip(1).map(|rest| rest.split('<').next().unwrap_or_default());
    codes.map(|code| code.chars().filter(char::is_ascii_digit).collect()).collect()
}

fn amr(answer: &Answer) -> Value {
    let token = answer.json["resultToken"].as_str().expect("a result token");
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("three parts")).expect("base64url");
    serde_json::from_slice::<Value>(&claims).expect("JSON")["amr"].clone()
}

// --- match-digits

#[tokio::test]
async fn the_digits_on_the_page_keyed_in_the_call_approve() {
    let (mut api, login) = in_mode(CallMode::MatchDigits).await;
    assert_eq!(api.status(&login).await.json["matchDigits"], Value::Null);
    let shown = digits(&call(&api, &login).await);
    assert!(shown.len() == 2 && (10..100).contains(&shown.parse::<u8>().expect("a number")), "{shown}");
    let again = api.post(&login, json!({ "channel": "call" })).await;
    assert_eq!((again.status, digits(&again)), (200, shown.clone()), "a double click shows the same");
    api.webhook("status", &[("CallStatus", "ringing")]).await;
    assert_eq!(digits(&api.status(&login).await), shown);
    for _ in 0..2 {
        let prompt = api.webhook("answer", &HUMAN).await; // the second may come late
        assert!(prompt.text.contains(r##"finishOnKey="#" timeout"##), "{}", prompt.text);
        assert!(prompt.text.contains("two digits that your screen shows"), "{}", prompt.text);
    }
    api.pass(20);
    assert_eq!(digits(&api.status(&login).await), shown);
    api.backend.round_trips();
    let thanks = key(&api, &shown).await;
    assert_eq!(api.backend.round_trips(), 1);
    assert!(thanks.text.contains("You are signed in"), "{}", thanks.text);

    let approved = api.status(&login).await;
    assert_eq!((&approved.json["state"], &approved.json["matchDigits"]), (&json!("approved"), &Value::Null));
    assert_eq!(amr(&approved), json!(["pwd", "tel", "mfa"]));
}

#[tokio::test]
async fn wrong_digits_end_the_call_and_the_next_call_has_others() {
    let (mut api, login) = in_mode(CallMode::MatchDigits).await;
    let shown = digits(&call(&api, &login).await);
    api.webhook("answer", &HUMAN).await;
    api.backend.round_trips();
    let said = key(&api, others(&shown)).await;
    assert_eq!(api.backend.round_trips(), 1);
    assert!(said.text.contains("not the digits") && !said.text.contains("<Gather"), "{}", said.text);
    let said = key(&api, &shown).await; // late, and right
    assert!(said.text.contains("not the digits"), "{}", said.text);
    let view = api.status(&login).await.json;
    assert_eq!((&view["state"], &view["call"], &view["attemptsLeft"]), (&json!("pending"), &json!("ended"), &json!(4)));
    assert_eq!((&view["matchDigits"], &view["offerAlternative"]), (&Value::Null, &json!(true)));

    api.pass(31);
    let shown = digits(&call(&api, &login).await);
    api.webhook("answer", &HUMAN).await;
    key(&api, &shown).await;
    assert_eq!(api.status(&login).await.json["state"], "approved");
}

#[tokio::test]
async fn whatever_is_keyed_but_the_digits_is_wrong_and_pound_approves_nothing() {
    for keyed in ["#", "", "7", "007", "*", "4711", "٤٧"] {
        let (api, login) = in_mode(CallMode::MatchDigits).await;
        call(&api, &login).await;
        api.webhook("answer", &HUMAN).await;
        key(&api, keyed).await;
        let view = api.status(&login).await.json;
        assert_eq!((&view["state"], &view["attemptsLeft"]), (&json!("pending"), &json!(4)), "{keyed:?}");
    }
}

#[tokio::test]
async fn digits_keyed_before_an_answer_by_a_machine_or_after_the_call_count_for_nothing() {
    let (api, login) = in_mode(CallMode::MatchDigits).await;
    let shown = digits(&call(&api, &login).await);
    key(&api, &shown).await;
    assert_eq!(api.status(&login).await.json["state"], "pending", "nobody had answered");

    let said = api.webhook("answer", &MACHINE).await;
    assert!(!said.text.contains("<Gather"), "{}", said.text);
    key(&api, &shown).await;
    let view = api.status(&login).await.json;
    assert_eq!(
        (&view["state"], &view["call"], &view["attemptsLeft"]),
        (&json!("pending"), &json!("voicemail"), &json!(5))
    );
    assert_eq!(view["matchDigits"], Value::Null, "nobody is there to key them");

    let (api, login) = in_mode(CallMode::MatchDigits).await;
    let shown = digits(&call(&api, &login).await);
    api.webhook("answer", &HUMAN).await;
    api.webhook("status", &[("CallStatus", "completed")]).await;
    key(&api, &shown).await;
    let view = api.status(&login).await.json;
    assert_eq!((&view["state"], &view["attemptsLeft"]), (&json!("pending"), &json!(5)), "it was hung up");
}

#[tokio::test]
async fn digits_are_shown_only_while_they_can_be_keyed() {
    let (mut api, login) = in_mode(CallMode::MatchDigits).await;
    let sent = api.post(&login, json!({ "channel": "sms" })).await;
    assert_eq!(sent.json["matchDigits"], Value::Null, "a message needs none");
    let shown = digits(&call(&api, &login).await);
    assert_eq!(digits(&api.status(&login).await), shown);
    assert_eq!(api.status(&login.again("another login")).await.json["matchDigits"], Value::Null);
    api.pass(140);
    assert_eq!(api.status(&login).await.json["matchDigits"], Value::Null, "no call lasts so long");

    let (api, login) = in_mode(CallMode::MatchDigits).await;
    call(&api, &login).await;
    for _ in 0..5 {
        api.guess(&login, "000000").await;
    }
    let view = api.status(&login).await.json;
    assert_eq!((&view["state"], &view["matchDigits"]), (&json!("exhausted"), &Value::Null));

    for mode in [CallMode::PressPound, CallMode::SpeakCode] {
        let (api, login) = in_mode(mode).await;
        assert_eq!(call(&api, &login).await.json["matchDigits"], Value::Null);
        assert_eq!(api.status(&login).await.json["matchDigits"], Value::Null, "{mode:?}");
    }
}

/// Who takes a stranger's call has the digits of their own page, which are no use in it.
#[tokio::test]
async fn of_two_contested_logins_each_is_approved_by_its_own_digits_alone() {
    let (api, login, stranger, own, own_call) = loop {
        let (api, login) = in_mode(CallMode::MatchDigits).await;
        let stranger = login.again("the stranger's");
        let own = digits(&call(&api, &login).await);
        let own_call = api.phone.last_call();
        if digits(&call(&api, &stranger).await) != own {
            break (api, login, stranger, own, own_call); // they are the same once in 90
        }
    };
    api.webhook("answer", &HUMAN).await;
    key(&api, &own).await;
    assert_eq!(api.status(&stranger).await.json["state"], "pending");

    let prompt = api.send(signed(&own_call, "answer", &HUMAN)).await;
    assert!(prompt.text.contains("two digits"), "{}", prompt.text);
    assert_eq!(api.status(&login).await.json["contested"], true);
    api.send(signed(&own_call, "digits", &[("Digits", &own)])).await;
    assert_eq!(api.status(&login).await.json["state"], "approved");
    assert_eq!(api.status(&stranger).await.json["state"], "pending");
}

fn signed((challenge, token): &(ChallengeId, CallToken), event: &str, form: &[(&str, &str)]) -> Request {
    webhook(challenge, token, event, form, |event, signature| {
        event["headers"]["x-twilio-signature"] = json!(signature);
    })
}

/// Keys as some function knows them, or none to be had.
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
async fn a_rotation_during_the_call_refuses_no_digits() {
    let old = || MacKey::from_secret(MAC_KEY);
    let new = || MacKey::from_secret("the key after it");
    for late in [false, true] {
        let (mut api, login) = in_mode(CallMode::MatchDigits).await;
        let not_before = api.now + Duration::from_secs(10);
        let published = MacKeys { current: old(), previous: None, next: Some((new(), not_before)) };
        let rotated = MacKeys { current: new(), previous: Some(old()), next: None };
        let shown = digits(&call(&api, &login).await);
        api.webhook("answer", &HUMAN).await;
        api.pass(15);
        let get = get_challenge::App {
            settings: api.get.settings.clone(),
            store: api.backend.store(),
            signer: Signer,
            keys: Some(Held(Some(published.clone()))),
        };
        let page = Answer::of(get.handle(login.request("GET", "/v1/challenge", None), api.now).await);
        assert_eq!(digits(&page), shown, "the next key is in use, but not for a call placed before");

        let app = callback(&api, Some(if late { published } else { rotated }));
        let pressed = signed(&api.phone.last_call(), "digits", &[("Digits", &shown)]);
        assert_eq!(app.handle(pressed, api.now).await.status(), 200);
        assert_eq!(api.status(&login).await.json["state"], "approved", "late {late}");
    }
}

#[tokio::test]
async fn a_code_spoken_before_a_rotation_is_judged_after_it() {
    let (api, login) = in_mode(CallMode::SpeakCode).await;
    call(&api, &login).await;
    let before = MacKeys {
        current: MacKey::from_secret("the key before"),
        previous: None,
        next: Some((MacKey::from_secret(MAC_KEY), api.now)),
    };
    let answered = signed(&api.phone.last_call(), "answer", &HUMAN);
    let said = Answer::of(callback(&api, Some(before)).handle(answered, api.now).await);
    assert_eq!(api.guess(&login, &spoken(&said)[0]).await.status, 200);
}

#[tokio::test]
async fn without_its_keys_a_call_neither_judges_nor_speaks_but_takes_reports() {
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

// --- speak-code

#[tokio::test]
async fn the_code_that_the_call_says_is_typed_on_the_page() {
    let (api, login) = in_mode(CallMode::SpeakCode).await;
    call(&api, &login).await;
    api.backend.round_trips();
    let said = api.webhook("answer", &HUMAN).await;
    assert_eq!(api.backend.round_trips(), 1);
    let codes = spoken(&said);
    assert_eq!(codes.len(), 3, "{}", said.text);
    assert!(codes.iter().all(|code| code.len() == 6 && *code == codes[0]), "{codes:?}");
    assert!(!said.text.contains(&codes[0]), "digit by digit: {}", said.text);

    let wrong = if codes[0] == "000000" { "000001" } else { "000000" };
    assert_eq!(api.guess(&login, wrong).await.problem(), "code-wrong");
    let approved = api.guess(&login, &codes[0]).await;
    assert_eq!((approved.status, &approved.json["state"]), (200, &json!("approved")), "{}", approved.text);
    assert_eq!(amr(&approved), json!(["pwd", "otp", "tel", "mfa"]));
    assert_eq!(api.guess(&login, &codes[0]).await.problem(), "challenge-closed");
}

#[tokio::test]
async fn a_repeated_answer_says_no_code_and_asks_for_a_new_call() {
    let (mut api, login) = in_mode(CallMode::SpeakCode).await;
    call(&api, &login).await;
    let first = spoken(&api.webhook("answer", &HUMAN).await)[0].clone();
    for _ in 0..2 {
        let again = api.webhook("answer", &HUMAN).await;
        assert!(spoken(&again).is_empty() && again.text.contains("ask for a new call"), "{}", again.text);
        assert!(again.text.contains("<Gather"), "fraud can be reported still: {}", again.text);
    }
    api.webhook("status", &[("CallStatus", "completed")]).await;
    api.pass(31);
    call(&api, &login).await;
    let second = spoken(&api.webhook("answer", &HUMAN).await)[0].clone();
    assert_ne!(first, second);
    assert_eq!(api.guess(&login, &first).await.status, 200, "the first call's code is good still");
}

#[tokio::test]
async fn no_machine_hears_a_code() {
    for by in [Some("machine_start"), Some("fax"), Some("unknown"), Some("HUMAN"), Some(""), None] {
        let (api, login) = in_mode(CallMode::SpeakCode).await;
        call(&api, &login).await;
        let form: Vec<_> = by.map(|by| ("AnsweredBy", by)).into_iter().chain([("To", "+14155552671")]).collect();
        let said = api.webhook("answer", &form).await;
        assert!(spoken(&said).is_empty() && !said.text.contains("<Gather"), "{by:?}: {}", said.text);
        let view = api.status(&login).await.json;
        assert_eq!((&view["state"], &view["call"]), (&json!("pending"), &json!("voicemail")), "{by:?}");
    }
}

#[tokio::test]
async fn an_answer_that_names_no_number_gets_no_code() {
    for to in [None, Some("sip:someone"), Some("")] {
        let (api, login) = in_mode(CallMode::SpeakCode).await;
        call(&api, &login).await;
        let form: Vec<_> = to.map(|to| ("To", to)).into_iter().chain([("AnsweredBy", "human")]).collect();
        let said = api.webhook("answer", &form).await;
        assert!(spoken(&said).is_empty() && said.text.contains("ask for a new call"), "{to:?}: {}", said.text);
    }
}

#[tokio::test]
async fn a_code_said_at_another_number_is_worth_nothing() {
    let (api, login) = in_mode(CallMode::SpeakCode).await;
    call(&api, &login).await;
    let said = api.webhook("answer", &[("AnsweredBy", "human"), ("To", "+14155552672")]).await;
    assert_eq!(api.guess(&login, &spoken(&said)[0]).await.problem(), "code-wrong");
}

#[tokio::test]
async fn pound_approves_nothing_where_a_code_is_spoken() {
    let (api, login) = in_mode(CallMode::SpeakCode).await;
    call(&api, &login).await;
    let code = spoken(&api.webhook("answer", &HUMAN).await)[0].clone();
    for left in [2, 1, 0] {
        let said = key(&api, "#").await;
        assert_eq!(said.text.contains("<Gather"), left > 0, "{}", said.text);
        assert!(!said.text.contains("You are signed in") && spoken(&said).is_empty(), "{}", said.text);
    }
    let view = api.status(&login).await.json;
    assert_eq!((&view["state"], &view["attemptsLeft"]), (&json!("pending"), &json!(5)));
    assert_eq!(api.guess(&login, &code).await.status, 200, "the code is good all the same");
}

#[tokio::test]
async fn a_contested_login_is_approved_by_the_code_of_its_own_call() {
    let (api, login) = in_mode(CallMode::SpeakCode).await;
    let other = login.again("login-2");
    call(&api, &login).await;
    let own = spoken(&api.webhook("answer", &HUMAN).await)[0].clone();
    call(&api, &other).await;
    let others = spoken(&api.webhook("answer", &HUMAN).await)[0].clone();
    assert_eq!(api.status(&login).await.json["contested"], true);
    if own != others {
        assert_eq!(api.guess(&login, &others).await.problem(), "code-wrong");
    }
    assert_eq!(api.guess(&login, &own).await.json["state"], "approved");
}

#[tokio::test]
async fn a_late_answer_to_an_expired_or_closed_challenge_says_no_code() {
    let (mut api, login) = in_mode(CallMode::SpeakCode).await;
    call(&api, &login).await;
    api.pass(300);
    let said = api.webhook("answer", &HUMAN).await;
    assert!(said.text.contains("no longer needed") && spoken(&said).is_empty(), "{}", said.text);

    let (api, login) = in_mode(CallMode::SpeakCode).await;
    call(&api, &login).await;
    api.post(&login, json!({ "channel": "sms" })).await;
    api.guess(&login, &api.phone.last_code()).await;
    let said = api.webhook("answer", &HUMAN).await;
    assert!(spoken(&said).is_empty(), "{}", said.text);
}

// --- both

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
        assert_eq!(api.post(&login.again("login-2"), json!({ "channel": "sms" })).await.problem(), "blocked");
    }
}

#[tokio::test]
async fn a_message_works_beside_a_call_of_any_mode() {
    for mode in [CallMode::MatchDigits, CallMode::SpeakCode] {
        let (api, login) = in_mode(mode).await;
        call(&api, &login).await;
        api.webhook("answer", &HUMAN).await;
        api.post(&login, json!({ "channel": "sms" })).await;
        let approved = api.guess(&login, &api.phone.last_code()).await;
        assert_eq!(amr(&approved), json!(["pwd", "otp", "sms", "mfa"]), "{mode:?}");
    }
}
