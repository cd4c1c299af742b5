//! The fraud key: what it denies at once, what it blocks, and what it leaves alone.

use std::time::Duration;

use serde_json::{Value, json};

use crate::api::{Api, Login};
use crate::limits::{api, owner, stranger, typing, unlimited};

const NUMBER: &str = "+14155552671";

fn sms() -> Value {
    json!({ "channel": "sms" })
}

fn call() -> Value {
    json!({ "channel": "call" })
}

async fn answer(api: &Api) {
    api.webhook("answer", &[("AnsweredBy", "human")]).await;
}

/// Answers the last call and reports it as fraud.
async fn report(api: &Api) {
    answer(api).await;
    let said = api.webhook("digits", &[("Digits", "0")]).await;
    assert!(said.text.contains("stopped this sign-in"), "{}", said.text);
}

/// Presses zero again when asked.
async fn report_again(api: &Api) {
    let said = api.webhook("block", &[("Digits", "0")]).await;
    assert!(said.text.contains("All sign-ins are blocked"), "{}", said.text);
}

async fn report_twice(api: &Api) {
    report(api).await;
    report_again(api).await;
}

#[tokio::test]
async fn a_second_zero_denies_every_pending_sign_in_and_each_page_shows_it() {
    let api = api(unlimited).await;
    let login = Login::known();
    let others = [login.again("login-2"), login.again("login-3")];
    for other in &others {
        api.post(other, sms()).await;
    }
    api.post(&login, call()).await;
    report_twice(&api).await;
    for pages in [&login, &others[0], &others[1]] {
        let page = api.status(pages).await;
        assert_eq!((&page.json["state"], page.json.get("resultToken")), (&json!("blocked"), None));
        for channel in ["sms", "call"] {
            assert_eq!(page.json["channels"][channel]["reason"], "blocked");
        }
        let refused = api.post(pages, sms()).await;
        assert_eq!((refused.status, refused.problem()), (403, "blocked"));
    }
}

#[tokio::test]
async fn after_a_second_report_neither_a_code_nor_a_call_approves() {
    let mut api = api(unlimited).await;
    let login = Login::known();
    let (by_code, by_call) = (login.again("login-2"), login.again("login-3"));
    api.post(&by_code, sms()).await;
    let code = api.phone.last_code();
    api.post(&by_call, call()).await;
    let stranger_s = api.phone.last_call();
    answer(&api).await;
    api.pass(140); // that call must be over, but its key press may still be on its way
    api.post(&login, call()).await;
    report_twice(&api).await;

    let refused = api.guess(&by_code, &code).await;
    assert_eq!((refused.status, refused.problem()), (410, "challenge-closed"));
    let pressed =
        crate::api::webhook(&stranger_s.0, &stranger_s.1, "digits", &[("Digits", "#")], |event, signature| {
            event["headers"]["x-twilio-signature"] = json!(signature);
        });
    api.send(pressed).await;
    for page in [&by_code, &by_call, &login] {
        let page = api.status(page).await;
        assert_eq!((&page.json["state"], page.json.get("resultToken")), (&json!("blocked"), None));
    }
    let subject = api.backend.item("subject").await;
    assert_eq!((subject.get("phone"), subject.get("lastSuccessAt")), (None, None));
}

#[tokio::test]
async fn an_approval_not_settled_before_a_second_report_yields_no_token_after_it() {
    let mut api = api(unlimited).await;
    let (login, other) = (Login::known(), Login::known().again("login-2"));
    api.post(&login, call()).await;
    answer(&api).await;
    api.webhook("digits", &[("Digits", "#")]).await;
    api.webhook("status", &[("CallStatus", "completed")]).await;
    api.pass(1);
    api.post(&other, call()).await;
    report_twice(&api).await;
    let page = api.status(&login).await;
    assert_eq!((&page.json["state"], page.json.get("resultToken")), (&json!("blocked"), None));
}

#[tokio::test]
async fn an_approval_that_the_page_collects_too_late_is_refused_until_a_start_replaces_it() {
    for (seconds, state, posted, then) in [(299, "approved", 200, "approved"), (300, "refused", 201, "pending")] {
        for asks_first in [true, false] {
            let mut api = api(unlimited).await;
            let login = Login::known();
            api.post(&login, call()).await;
            answer(&api).await;
            api.webhook("digits", &[("Digits", "#")]).await;
            api.pass(seconds);
            if asks_first {
                assert_eq!(api.status(&login).await.json["state"], state);
            }
            let answered = api.post(&login, sms()).await;
            assert_eq!(answered.status, posted, "{seconds} {asks_first}: {}", answered.text);
            assert_eq!(api.status(&login).await.json["state"], then);
        }
    }
}

#[tokio::test]
async fn a_sign_in_settled_before_the_report_stays_approved() {
    let mut api = api(unlimited).await;
    let (login, other) = (Login::known(), Login::known().again("login-2"));
    api.post(&login, sms()).await;
    let token = api.guess(&login, &api.phone.last_code()).await.json["resultToken"].clone();
    api.pass(1);
    api.post(&other, call()).await;
    report_twice(&api).await;
    let page = api.status(&login).await;
    assert_eq!((&page.json["state"], &page.json["resultToken"]), (&json!("approved"), &token));
}

#[tokio::test]
async fn a_second_report_blocks_the_subject_for_a_day_and_nobody_else() {
    let mut api = api(unlimited).await;
    let login = Login::known();
    api.post(&login, call()).await;
    report_twice(&api).await;
    let later = login.again("login-2");
    let page = api.status(&later).await;
    assert_eq!((&page.json["state"], &page.json["channels"]["sms"]["reason"]), (&json!("blocked"), &json!("blocked")));
    assert!(page.json["retryAt"].is_string());
    for (passed, left) in [(0, "86400"), (600, "85800")] {
        api.pass(passed);
        let refused = api.post(&later.at(api.now), sms()).await;
        assert_eq!((refused.status, refused.problem(), refused.header("retry-after")), (403, "blocked", Some(left)));
    }
    assert_eq!(api.backend.item("refusal").await["reason"], "blocked");
    assert_eq!(
        api.post(&owner(7, NUMBER).at(api.now), sms()).await.status,
        201,
        "the number's other accounts are not blocked"
    );
    api.pass(86_400 - 600);
    assert_eq!(api.post(&later.at(api.now), sms()).await.status, 201);
    let approved = api.guess(&later.at(api.now), &api.phone.last_code()).await;
    assert_eq!(approved.json["state"], "approved", "{}", approved.text);
}

#[tokio::test]
async fn a_report_blocks_a_typed_number_but_not_one_that_the_first_factor_vouches_for() {
    let mut api = api(unlimited).await;
    api.post(&stranger(1), json!({ "channel": "call", "phoneNumber": NUMBER })).await;
    api.backend.round_trips();
    report(&api).await;
    assert_eq!(api.backend.round_trips(), 3, "one for the answer, two for the fraud key");
    for login in [stranger(2), stranger(3)] {
        let refused = api.post(&login, typing(NUMBER)).await;
        assert_eq!((refused.status, refused.problem()), (422, "phone-number-unavailable"));
    }
    assert_eq!(api.post(&owner(1, NUMBER), sms()).await.status, 201, "its owner is not blocked");
    assert_eq!(api.guess(&owner(1, NUMBER), &api.phone.last_code()).await.json["state"], "approved");
    api.pass(86_399);
    assert_eq!(api.post(&stranger(4).at(api.now), typing(NUMBER)).await.problem(), "phone-number-unavailable");
    api.pass(1);
    assert_eq!(api.post(&stranger(4).at(api.now), typing(NUMBER)).await.status, 201);

    let api = Api::new().await;
    api.post(&Login::known(), call()).await;
    report(&api).await;
    assert_eq!(api.post(&stranger(5), typing(NUMBER)).await.status, 201, "a number that the first factor vouches for");
}

#[tokio::test]
async fn a_code_sent_before_its_number_was_reported_no_longer_enrols_it() {
    let api = api(unlimited).await;
    let other = stranger(1);
    api.post(&other, typing(NUMBER)).await;
    let code = api.phone.last_code();
    api.post(&stranger(2), json!({ "channel": "call", "phoneNumber": NUMBER })).await;
    report(&api).await;
    assert_eq!(api.guess(&other, &code).await.problem(), "challenge-closed");
    assert!(api.backend.items("subject").await.iter().all(|subject| subject.get("phone").is_none()));
}

#[tokio::test]
async fn denied_sign_ins_stay_denied_when_the_block_is_lifted() {
    let mut api = api(unlimited).await.with_fraud_block(Duration::from_secs(30));
    let (login, other) = (Login::known(), Login::known().again("login-2"));
    api.post(&other, sms()).await;
    let code = api.phone.last_code();
    api.post(&login, call()).await;
    report_twice(&api).await;
    api.pass(30);
    for page in [&login, &other] {
        assert_eq!(api.status(page).await.json["state"], "denied");
        assert_eq!(api.post(page, sms()).await.problem(), "denied");
    }
    assert_eq!(api.guess(&other, &code).await.problem(), "challenge-closed");
    let fresh = login.again("login-3");
    assert_eq!(api.post(&fresh, sms()).await.status, 201);
    assert_eq!(api.guess(&fresh, &api.phone.last_code()).await.json["state"], "approved");
}

/// Somebody with the password can start a second sign-in during the call, or use up its guesses. Neither must
/// prevent the owner of the phone from reporting it.
#[tokio::test]
async fn zero_denies_and_blocks_even_in_a_call_that_cannot_approve() {
    for (why, said) in [("contested", "enter the digits on your screen"), ("exhausted", "too late to confirm")] {
        let api = api(unlimited).await;
        let (login, other) = (Login::known(), Login::known().again("login-2"));
        api.post(&login, call()).await;
        if why == "contested" {
            api.post(&other, sms()).await;
        } else {
            for _ in 0..5 {
                api.guess(&login, "000000").await;
            }
        }
        for (event, form) in [("answer", ("AnsweredBy", "human")), ("digits", ("Digits", "#"))] {
            let hears = api.webhook(event, &[form]).await;
            assert!(hears.text.contains("<Gather") && hears.text.contains(said), "{why}: {}", hears.text);
            assert!(api.status(&login).await.json.get("resultToken").is_none(), "{why}");
        }
        let hears = api.webhook("digits", &[("Digits", "0")]).await;
        assert!(hears.text.contains("stopped this sign-in"), "{why}: {}", hears.text);
        assert_eq!(api.status(&login).await.json["state"], "denied", "{why}");
        report_again(&api).await;
        if why == "contested" {
            assert_eq!(api.status(&other).await.json["state"], "blocked");
        }
        assert_eq!(api.post(&login.again("login-3"), sms()).await.problem(), "blocked", "{why}");
    }
}

#[tokio::test]
async fn zero_reports_only_in_an_answered_call() {
    let api = api(unlimited).await;
    let login = Login::known();
    api.post(&login, call()).await;
    api.webhook("digits", &[("Digits", "0")]).await;
    assert_eq!(api.status(&login).await.json["state"], "pending", "not answered yet");
    answer(&api).await;
    for digits in ["00", "", "1", "*", "+0"] {
        api.webhook("digits", &[("Digits", digits)]).await;
    }
    assert_eq!(api.status(&login).await.json["state"], "pending");
    assert_eq!(api.backend.item("subject").await.get("reportedAt"), None);
}

#[tokio::test]
async fn a_call_does_not_say_approved_if_another_call_has_reported_the_sign_in() {
    let mut api = api(unlimited).await;
    let (login, other) = (Login::known(), Login::known().again("login-2"));
    api.post(&other, call()).await;
    answer(&api).await;
    let first = api.phone.last_call();
    api.pass(140); // so that the second call is allowed
    assert_eq!(api.post(&login, call()).await.status, 201);
    report(&api).await;
    let pressed = crate::api::webhook(&first.0, &first.1, "digits", &[("Digits", "#")], |event, signature| {
        event["headers"]["x-twilio-signature"] = json!(signature);
    });
    let said = api.send(pressed).await;
    assert!(!said.text.contains("Look at your screen"), "{}", said.text);
}
