//! The match-digits mode: the page shows two digits, which the user enters in the call.

use std::time::Duration;

use domain::code::{MacKey, MacKeys};
use domain::policy::CallMode;
use serde_json::{Value, json};

use super::{HUMAN, Held, amr, call, callback, in_mode, key, signed};
use crate::api::{Answer, MAC_KEY, Signer};
use platform::switchboard::Switchboard;

const MACHINE: [(&str, &str); 2] = [("AnsweredBy", "machine_start"), ("To", "+14155552671")];

fn digits(answer: &Answer) -> String {
    answer.json["matchDigits"].as_str().expect("digits").to_owned()
}

/// Two digits that the page does not show.
fn others(shown: &str) -> &'static str {
    if shown == "10" { "11" } else { "10" }
}

#[tokio::test]
async fn entering_the_pages_digits_in_the_call_approves() {
    let (mut api, login) = in_mode(CallMode::MatchDigits).await;
    assert_eq!(api.status(&login).await.json["matchDigits"], Value::Null);
    let shown = digits(&call(&api, &login).await);
    assert!(shown.len() == 2 && (10..100).contains(&shown.parse::<u8>().expect("a number")), "{shown}");
    let again = api.post(&login, json!({ "channel": "call" })).await;
    assert_eq!((again.status, digits(&again)), (200, shown.clone()), "a double click shows the same digits");
    api.webhook("status", &[("CallStatus", "ringing")]).await;
    assert_eq!(digits(&api.status(&login).await), shown);
    for _ in 0..2 {
        let prompt = api.webhook("answer", &HUMAN).await; // the second may arrive late
        assert!(prompt.text.contains(r##"finishOnKey="#" timeout"##), "{}", prompt.text);
        assert!(prompt.text.contains("enter the digits on your screen"), "{}", prompt.text);
    }
    api.pass(20);
    assert_eq!(digits(&api.status(&login).await), shown);
    api.backend.round_trips();
    let thanks = key(&api, &shown).await;
    assert_eq!(api.backend.round_trips(), 1);
    assert!(thanks.text.contains("Look at your screen"), "{}", thanks.text);

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
    let said = key(&api, &shown).await; // right, but too late
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
async fn anything_but_the_digits_is_wrong_and_pound_approves_nothing() {
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
async fn digits_entered_before_the_answer_by_a_machine_or_after_the_call_do_not_count() {
    let (api, login) = in_mode(CallMode::MatchDigits).await;
    let shown = digits(&call(&api, &login).await);
    key(&api, &shown).await;
    assert_eq!(api.status(&login).await.json["state"], "pending", "nobody had answered yet");

    let said = api.webhook("answer", &MACHINE).await;
    assert!(!said.text.contains("<Gather"), "{}", said.text);
    key(&api, &shown).await;
    let view = api.status(&login).await.json;
    assert_eq!(
        (&view["state"], &view["call"], &view["attemptsLeft"]),
        (&json!("pending"), &json!("voicemail"), &json!(5))
    );
    assert_eq!(view["matchDigits"], Value::Null, "nobody can enter them");

    let (api, login) = in_mode(CallMode::MatchDigits).await;
    let shown = digits(&call(&api, &login).await);
    api.webhook("answer", &HUMAN).await;
    api.webhook("status", &[("CallStatus", "completed")]).await;
    key(&api, &shown).await;
    let view = api.status(&login).await.json;
    assert_eq!((&view["state"], &view["attemptsLeft"]), (&json!("pending"), &json!(5)), "the call had ended");
}

#[tokio::test]
async fn digits_are_shown_only_while_they_can_be_entered() {
    let (mut api, login) = in_mode(CallMode::MatchDigits).await;
    let sent = api.post(&login, json!({ "channel": "sms" })).await;
    assert_eq!(sent.json["matchDigits"], Value::Null, "a message needs none");
    let shown = digits(&call(&api, &login).await);
    assert_eq!(digits(&api.status(&login).await), shown);
    assert_eq!(api.status(&login.again("another login")).await.json["matchDigits"], Value::Null);
    api.pass(140);
    assert_eq!(api.status(&login).await.json["matchDigits"], Value::Null, "no call lasts this long");

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

/// A user who takes the call of a stranger's login sees only their own page's digits, which do not fit it.
#[tokio::test]
async fn each_of_two_contested_logins_is_approved_only_by_its_own_digits() {
    let (api, login, stranger, own, own_call) = loop {
        let (mut api, login) = in_mode(CallMode::MatchDigits).await;
        let stranger = login.again("the stranger's");
        let own = digits(&call(&api, &login).await);
        let own_call = api.phone.last_call();
        api.pass(140); // the longest a call can last; its last webhook may still arrive
        if digits(&call(&api, &stranger).await) != own {
            break (api, login, stranger, own, own_call); // both have the same digits once in 90
        }
    };
    api.webhook("answer", &HUMAN).await;
    key(&api, &own).await;
    assert_eq!(api.status(&stranger).await.json["state"], "pending");

    let prompt = api.send(signed(&own_call, "answer", &HUMAN)).await;
    assert!(prompt.text.contains("digits on your screen"), "{}", prompt.text);
    assert_eq!(api.status(&login).await.json["contested"], true);
    api.send(signed(&own_call, "digits", &[("Digits", &own)])).await;
    assert_eq!(api.status(&login).await.json["state"], "approved");
    assert_eq!(api.status(&stranger).await.json["state"], "refused", "the number is enrolled by now");
}

#[tokio::test]
async fn a_key_rotation_during_the_call_does_not_invalidate_its_digits() {
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
        let get: get_challenge::App<_, _, _> = get_challenge::App {
            settings: api.get.settings.clone(),
            store: api.backend.store(),
            switchboard: Switchboard::default(),
            signer: Signer,
            keys: Some(Held(Some(published.clone()))),
            edge: None,
        };
        let page = Answer::of(get.handle(login.request("GET", "/v1/challenge", None), api.now).await);
        assert_eq!(digits(&page), shown, "the next key is in use, but not for a call placed before");

        let app = callback(&api, Some(if late { published } else { rotated }));
        let pressed = signed(&api.phone.last_call(), "digits", &[("Digits", &shown)]);
        assert_eq!(app.handle(pressed, api.now).await.status(), 200);
        assert_eq!(api.status(&login).await.json["state"], "approved", "late {late}");
    }
}
