//! The speak-code mode: the call says a code, which the user types on the page.

use domain::code::{MacKey, MacKeys};
use domain::policy::CallMode;
use serde_json::json;

use super::{HUMAN, amr, call, callback, in_mode, key, signed};
use crate::api::{Answer, Api, Login, MAC_KEY};

/// The codes that the call says, as a listener would write them down.
fn spoken(said: &Answer) -> Vec<String> {
    let codes = said.text.split("Your code is:").skip(1).map(|rest| rest.split('<').next().unwrap_or_default());
    codes.map(|code| code.chars().filter(char::is_ascii_digit).collect()).collect()
}

#[tokio::test]
async fn typing_the_calls_code_on_the_page_approves() {
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
        assert!(again.text.contains("<Gather"), "fraud can still be reported: {}", again.text);
    }
    api.webhook("status", &[("CallStatus", "completed")]).await;
    api.pass(31);
    call(&api, &login).await;
    let second = spoken(&api.webhook("answer", &HUMAN).await)[0].clone();
    assert_ne!(first, second);
    assert_eq!(api.guess(&login, &first).await.status, 200, "the first call's code still works");
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
async fn a_code_works_however_the_provider_spells_the_number_that_it_called() {
    for to in [None, Some(""), Some("+521 4155552671"), Some("14155552671"), Some("sip:someone"), Some("+14155552672")]
    {
        let (api, login) = in_mode(CallMode::SpeakCode).await;
        call(&api, &login).await;
        let form: Vec<_> = to.map(|to| ("To", to)).into_iter().chain([("AnsweredBy", "human")]).collect();
        let said = api.webhook("answer", &form).await;
        assert_eq!(api.guess(&login, &spoken(&said)[0]).await.status, 200, "{to:?}");
    }
}

#[tokio::test]
async fn a_code_spoken_to_the_number_before_does_not_work_for_the_number_after() {
    let api = Api::new().await.with_calls(CallMode::SpeakCode);
    let login = Login::newcomer();
    api.post(&login, json!({ "channel": "call", "phoneNumber": "+14155552671" })).await;
    let (before, answered) = (api.phone.last_call(), HUMAN);
    let said = spoken(&api.webhook("answer", &answered).await)[0].clone();
    api.webhook("status", &[("CallStatus", "completed")]).await;
    assert_eq!(api.post(&login, json!({ "channel": "sms", "phoneNumber": "+14155552672" })).await.status, 201);
    if said != api.phone.last_code() {
        assert_eq!(api.guess(&login, &said).await.problem(), "code-wrong");
    }
    let late = api.send(signed(&before, "answer", &answered)).await;
    assert!(spoken(&late).is_empty(), "{}", late.text);
}

#[tokio::test]
async fn pound_approves_nothing_where_a_code_is_spoken() {
    let (api, login) = in_mode(CallMode::SpeakCode).await;
    call(&api, &login).await;
    let code = spoken(&api.webhook("answer", &HUMAN).await)[0].clone();
    for left in [2, 1, 0] {
        let said = key(&api, "#").await;
        assert_eq!(said.text.contains("<Gather"), left > 0, "{}", said.text);
        assert!(!said.text.contains("Look at your screen") && spoken(&said).is_empty(), "{}", said.text);
    }
    let view = api.status(&login).await.json;
    assert_eq!((&view["state"], &view["attemptsLeft"]), (&json!("pending"), &json!(5)));
    assert_eq!(api.guess(&login, &code).await.status, 200, "the code works all the same");
}

#[tokio::test]
async fn a_contested_login_is_approved_by_its_own_calls_code() {
    let (api, login) = in_mode(CallMode::SpeakCode).await;
    let other = login.again("login-2");
    call(&api, &login).await;
    let own = spoken(&api.webhook("answer", &HUMAN).await)[0].clone();
    api.webhook("status", &[("CallStatus", "completed")]).await;
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

#[tokio::test]
async fn a_code_spoken_before_a_key_rotation_still_works_after_it() {
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
