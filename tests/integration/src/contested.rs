//! Calls in which `#` alone would not be enough: another sign-in competes, or no human seems to have answered.

use domain::policy::CallMode;
use serde_json::{Value, json};

use crate::api::{Answer, Api, Login};

const HUMAN: [(&str, &str); 1] = [("AnsweredBy", "human")];

fn call() -> Value {
    json!({ "channel": "call" })
}

fn sms() -> Value {
    json!({ "channel": "sms" })
}

async fn shown(api: &Api, login: &Login) -> Value {
    api.status(login).await.json["matchDigits"].clone()
}

async fn enter(api: &Api, digits: &str) -> Answer {
    api.webhook("four-digits", &[("Digits", digits)]).await
}

/// Four digits that the page does not show.
fn others(shown: &str) -> &'static str {
    if shown == "0000" { "0001" } else { "0000" }
}

/// Call Me, decline, back to the sign-in, sign in again, Call Me.
#[tokio::test]
async fn an_abandoned_sign_in_does_not_spoil_the_next() {
    let (mut api, abandoned) = (Api::new().await, Login::known());
    api.post(&abandoned, call()).await;
    api.webhook("status", &[("CallStatus", "busy")]).await;
    api.pass(20);
    let login = abandoned.again("login-2");
    let started = api.post(&login, call()).await;
    assert_eq!((started.status, &started.json["contested"]), (201, &json!(true)), "{}", started.text);
    let digits = shown(&api, &login).await;
    let digits = digits.as_str().expect("shown while it rings");
    assert!(digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{digits}");
    let prompt = api.webhook("answer", &HUMAN).await.text;
    assert!(prompt.contains("enter the digits on your screen") && prompt.contains("/four-digits\""), "{prompt}");
    assert_eq!(prompt.matches("<Gather").count(), 3, "{prompt}");
    enter(&api, digits).await;
    let approved = api.status(&login).await.json;
    assert_eq!((&approved["state"], &approved["matchDigits"]), (&json!("approved"), &Value::Null));
}

#[tokio::test]
async fn a_contested_call_is_approved_by_its_own_pages_four_digits_alone() {
    let (mut api, login) = (Api::new().await, Login::known());
    let stranger = login.again("the stranger's");
    api.post(&stranger, call()).await;
    let of_the_stranger = shown(&api, &stranger).await;
    assert_eq!(of_the_stranger, Value::Null, "nobody competes yet");
    api.webhook("status", &[("CallStatus", "no-answer")]).await;
    api.pass(31);
    api.post(&stranger, call()).await;
    api.post(&login, sms()).await;
    let of_the_stranger = shown(&api, &stranger).await.as_str().expect("contested now").to_owned();
    api.webhook("answer", &HUMAN).await;
    for key in ["#", "1", "*"] {
        api.webhook("digits", &[("Digits", key)]).await;
    }
    assert_eq!(api.status(&stranger).await.json["state"], "pending", "no key approves");
    let said = enter(&api, others(&of_the_stranger)).await;
    assert!(said.text.contains("not the digits") && !said.text.contains("<Gather"), "{}", said.text);
    let said = enter(&api, &of_the_stranger).await;
    assert!(said.text.contains("not the digits"), "one entry is judged: {}", said.text);
    let view = api.status(&stranger).await.json;
    assert_eq!((&view["state"], &view["call"], &view["attemptsLeft"]), (&json!("pending"), &json!("ended"), &json!(4)));
    assert_eq!(api.administer("alice", None).await.json["failures"], 1, "and is a failure of the account");
}

#[tokio::test]
async fn pound_out_of_habit_is_free_three_times() {
    let (mut api, login) = (Api::new().await, Login::known());
    api.post(&login, sms()).await;
    api.pass(1);
    let login = login.again("login-2");
    api.post(&login, call()).await;
    api.webhook("answer", &HUMAN).await;
    for left in [2, 1] {
        assert_eq!(enter(&api, "").await.text.matches("<Gather").count(), left);
    }
    let said = enter(&api, "").await;
    assert!(!said.text.contains("<Gather"), "{}", said.text);
    assert_eq!(api.status(&login).await.json["attemptsLeft"], 5);
}

/// Contested or not is the store's to say when the key arrives, not the prompt's that was heard before.
#[tokio::test]
async fn a_call_that_becomes_contested_while_it_is_answered_asks_for_digits_after_pound() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, call()).await;
    let prompt = api.webhook("answer", &HUMAN).await.text;
    assert!(prompt.contains("press the pound key. If"), "{prompt}");
    api.post(&login.again("login-2"), sms()).await;
    let after = api.webhook("digits", &[("Digits", "#")]).await.text;
    assert!(after.contains("enter the digits on your screen"), "{after}");
    let digits = shown(&api, &login).await.as_str().expect("shown").to_owned();
    enter(&api, &digits).await;
    assert_eq!(api.status(&login).await.json["state"], "approved");
}

#[tokio::test]
async fn an_attacker_who_waits_until_the_victim_is_through_is_contested() {
    let (mut api, victim) = (Api::new().await, Login::known());
    api.post(&victim, sms()).await;
    api.guess(&victim, &api.phone.last_code()).await;
    api.pass(590);
    let attacker = victim.again("the attacker's");
    assert_eq!(api.post(&attacker, call()).await.json["contested"], true);
    api.webhook("answer", &HUMAN).await;
    api.webhook("digits", &[("Digits", "#")]).await;
    assert_eq!(api.status(&attacker).await.json["state"], "pending");
}

#[tokio::test]
async fn a_refused_call_contests_the_live_one() {
    let (mut api, attacker) = (Api::new().await, Login::known());
    let victim = attacker.again("the victim's");
    api.post(&attacker, call()).await;
    let refused = api.post(&victim, call()).await;
    assert_eq!((refused.status, &refused.json["limit"]), (429, &json!("call-live")), "{}", refused.text);
    assert_eq!(api.status(&attacker).await.json["contested"], true);
    api.backend.round_trips();
    let again = api.post(&victim, call()).await;
    assert_eq!((again.status, api.backend.round_trips()), (429, 2));
    api.webhook("status", &[("CallStatus", "no-answer")]).await;
    api.pass(31);
    assert_eq!(api.post(&attacker, call()).await.json["contested"], true, "its next call, too");
}

#[tokio::test]
async fn a_person_taken_for_a_machine_enters_the_pages_digits() {
    for by in [Some("unknown"), Some("machine_start"), None] {
        let (mut api, login) = (Api::new().await, Login::known());
        api.post(&login, call()).await;
        assert_eq!(shown(&api, &login).await, Value::Null, "`#` would do");
        let form: Vec<_> = by.map(|by| ("AnsweredBy", by)).into_iter().collect();
        let prompt = api.webhook("answer", &form).await.text;
        assert!(prompt.contains("enter the digits on your screen") && !prompt.contains("zero"), "{by:?}: {prompt}");
        api.pass(5);
        let digits = shown(&api, &login).await.as_str().expect("shown from now on").to_owned();
        enter(&api, &digits).await;
        assert_eq!(api.status(&login).await.json["state"], "approved", "{by:?}");
    }
}

#[tokio::test]
async fn a_machine_that_keys_digits_approves_nothing_and_reports_nothing() {
    for keyed in ["0", "1234#", "12", "9999999999"] {
        let (api, login) = (Api::new().await, Login::known());
        api.post(&login, call()).await;
        api.webhook("answer", &[("AnsweredBy", "machine_start")]).await;
        let digits = shown(&api, &login).await.as_str().expect("shown").to_owned();
        assert_ne!(keyed, digits);
        enter(&api, keyed).await;
        api.webhook("digits", &[("Digits", "0")]).await;
        api.webhook("status", &[("CallStatus", "completed")]).await;
        let view = api.status(&login).await.json;
        let expected = (&json!("pending"), &json!("voicemail"), &json!(4));
        assert_eq!((&view["state"], &view["call"], &view["attemptsLeft"]), expected, "{keyed}");
        assert_eq!(api.post(&login.again("login-2"), sms()).await.status, 201, "nobody is blocked");
    }
}

/// A number that only calls reach would otherwise wait for ten minutes.
#[tokio::test]
async fn one_call_that_a_machine_took_is_given_back() {
    let (mut api, login) = (Api::new().await, Login::known());
    for (attempt, status) in [(1, 201), (2, 201), (3, 201), (4, 429)] {
        assert_eq!(api.post(&login, call()).await.status, status, "call {attempt}");
        api.webhook("answer", &[("AnsweredBy", "machine_start")]).await;
        api.webhook("status", &[("CallStatus", "completed")]).await;
        api.pass(31);
        if attempt == 3 {
            let challenge = api.status(&login).await.json;
            assert_eq!(challenge["channels"]["call"]["available"], false, "{challenge}");
        }
        if attempt == 2 {
            let challenge = api.status(&login).await.json;
            assert_eq!(challenge["channels"]["call"]["available"], true, "{challenge}");
        }
    }
}

#[tokio::test]
async fn four_digits_are_not_asked_for_in_other_modes() {
    for mode in [CallMode::MatchDigits, CallMode::SpeakCode] {
        let (api, login) = (Api::new().await.with_calls(mode), Login::known());
        api.post(&login.again("login-2"), sms()).await;
        api.post(&login, call()).await;
        let said = api.webhook("answer", &[("AnsweredBy", "human"), ("To", "+14155552671")]).await.text;
        assert!(!said.contains("/four-digits"), "{said}");
    }
}
