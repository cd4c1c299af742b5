//! The fraud key counts whatever came first: a code, the end of the call, another number, another call.

use serde_json::{Value, json};

use crate::api::{Answer, Api, Login};
use crate::limits::{api, stranger, typing, unlimited};

const NUMBER: &str = "+14155552671";
const THIEFS: &str = "+14155550199";
const STOPPED: &str = "We stopped this sign-in. To block all sign-ins for 24 hours, press zero again.";
const ALREADY: &str = "This sign-in had already gone through. To block all sign-ins for 24 hours, press zero again.";

fn sms() -> Value {
    json!({ "channel": "sms" })
}

fn call() -> Value {
    json!({ "channel": "call" })
}

async fn answer(api: &Api) -> Answer {
    api.webhook("answer", &[("AnsweredBy", "human")]).await
}

async fn zero(api: &Api) -> Answer {
    api.webhook("digits", &[("Digits", "0")]).await
}

async fn is_reported(api: &Api) -> bool {
    api.backend.item("subject").await.get("reportedAt").is_some()
}

async fn approve_by_code(api: &Api, login: &Login) {
    api.post(login, sms()).await;
    assert_eq!(api.guess(login, &api.phone.last_code()).await.json["state"], "approved");
}

/// A newcomer's call to the number, answered or not, and then a code to the thief's own.
async fn crossed(answered: bool) -> Api {
    let api = api(unlimited).await;
    api.post(&stranger(1), json!({ "channel": "call", "phoneNumber": NUMBER })).await;
    if answered {
        answer(&api).await;
    }
    let other = api.post(&stranger(1), typing(THIEFS)).await;
    assert_eq!(other.status, 201, "{}", other.text);
    api
}

#[tokio::test]
async fn a_report_after_a_code_was_entered_counts_and_leaves_the_approval() {
    let api = api(unlimited).await;
    let login = Login::known();
    api.post(&login, call()).await;
    answer(&api).await;
    approve_by_code(&api, &login).await;
    for _ in 0..2 {
        let said = zero(&api).await;
        assert!(said.text.contains(ALREADY) && said.text.contains("/block"), "{}", said.text);
    }
    assert_eq!(api.status(&login).await.json["state"], "approved");
    assert!(is_reported(&api).await);
    assert_eq!(api.post(&login.again("login-2"), sms()).await.status, 201, "one report blocks nobody");
    let said = api.webhook("block", &[("Digits", "0")]).await;
    assert!(said.text.contains("All sign-ins are blocked"), "{}", said.text);
    assert_eq!(api.status(&login).await.json["state"], "approved");
    assert_eq!(api.post(&login.again("login-3"), sms()).await.problem(), "blocked");
}

#[tokio::test]
async fn a_report_after_the_call_was_confirmed_counts_and_leaves_the_approval() {
    for collected in [false, true] {
        let api = api(unlimited).await;
        let login = Login::known();
        api.post(&login, call()).await;
        answer(&api).await;
        api.webhook("digits", &[("Digits", "#")]).await;
        if collected {
            assert_eq!(api.status(&login).await.json["state"], "approved");
        }
        let said = zero(&api).await;
        assert!(said.text.contains(ALREADY), "{}", said.text);
        let page = api.status(&login).await.json;
        assert_eq!((&page["state"], page.get("resultToken").is_some()), (&json!("approved"), true), "{page}");
        assert!(is_reported(&api).await);
    }
}

#[tokio::test]
async fn a_call_that_is_taken_after_a_code_was_entered_asks_whether_that_was_its_owner() {
    let api = api(unlimited).await;
    let login = Login::known();
    api.post(&login, call()).await;
    approve_by_code(&api, &login).await;
    api.backend.round_trips();
    let said = answer(&api).await;
    assert_eq!(api.backend.round_trips(), 1);
    assert!(said.text.contains("A code was already entered") && said.text.contains("<Gather"), "{}", said.text);
    assert!(zero(&api).await.text.contains(ALREADY));
    assert!(is_reported(&api).await);
}

#[tokio::test]
async fn a_report_counts_though_the_call_is_over_or_its_challenge_expired() {
    for case in ["completed", "expired", "exhausted"] {
        let mut api = api(unlimited).await;
        let login = Login::known();
        api.post(&login, call()).await;
        answer(&api).await;
        match case {
            "completed" => drop(api.webhook("status", &[("CallStatus", "completed")]).await),
            "expired" => {
                let key = api.backend.item("challenge").await;
                let (pk, sk) = (key["pk"].as_str().expect("a key"), key["sk"].as_str().expect("a key"));
                api.backend.put(pk, sk, "expiresAt", &api.now.as_unix().to_string()).await;
            }
            _ => {
                for _ in 0..5 {
                    api.guess(&login, "000000").await;
                }
            }
        }
        api.pass(1);
        let said = zero(&api).await;
        assert!(said.text.contains(STOPPED), "{case}: {}", said.text);
        assert_eq!(api.status(&login).await.json["state"], "denied", "{case}");
        assert!(is_reported(&api).await, "{case}");
    }
}

#[tokio::test]
async fn a_report_counts_until_three_minutes_after_the_call_was_placed() {
    for (seconds, counts) in [(179, true), (180, false)] {
        let mut api = api(unlimited).await;
        api.post(&Login::known(), call()).await;
        answer(&api).await;
        api.pass(seconds);
        zero(&api).await;
        assert_eq!(is_reported(&api).await, counts, "{seconds}");
    }
}

#[tokio::test]
async fn a_report_counts_though_a_code_was_sent_to_another_number_meanwhile() {
    for answered in [true, false] {
        let api = crossed(answered).await;
        if !answered {
            let said = answer(&api).await;
            assert!(said.text.contains("too late to confirm") && said.text.contains("<Gather"), "{}", said.text);
        }
        assert!(!is_reported(&api).await);
        let said = zero(&api).await;
        assert!(said.text.contains(STOPPED), "{answered}: {}", said.text);
        assert_eq!(api.status(&stranger(1)).await.json["state"], "denied", "{answered}");
        let code = api.phone.last_code();
        assert_eq!(api.guess(&stranger(1), &code).await.problem(), "challenge-closed", "{answered}");
        let refused = api.post(&stranger(2), typing(NUMBER)).await;
        assert_eq!(refused.problem(), "phone-number-unavailable", "{answered}: the number that was called");
        assert_eq!(api.post(&stranger(2), typing(THIEFS)).await.status, 201, "{answered}");
        let said = api.webhook("block", &[("Digits", "0")]).await;
        assert!(said.text.contains("All sign-ins are blocked"), "{answered}: {}", said.text);
        assert_eq!(api.status(&stranger(1)).await.json["state"], "blocked", "{answered}");
    }
}

#[tokio::test]
async fn a_machine_that_took_the_call_to_a_former_number_reports_nothing() {
    let api = crossed(false).await;
    let said = api.webhook("answer", &[("AnsweredBy", "machine_start")]).await;
    assert!(!said.text.contains("<Gather"), "{}", said.text);
    zero(&api).await;
    assert!(!is_reported(&api).await);
    assert_eq!(api.status(&stranger(1)).await.json["state"], "pending");
}

#[tokio::test]
async fn a_report_counts_though_another_call_was_placed_meanwhile() {
    for answered_by in [None, Some("human"), Some("machine_start")] {
        let mut api = api(unlimited).await;
        let login = Login::known();
        api.post(&login, call()).await;
        answer(&api).await;
        let first = api.phone.last_call();
        api.webhook("status", &[("CallStatus", "completed")]).await;
        api.pass(31);
        assert_eq!(api.post(&login, call()).await.status, 201);
        if let Some(by) = answered_by {
            api.webhook("answer", &[("AnsweredBy", by)]).await;
        }
        let pressed = crate::api::webhook(&first.0, &first.1, "digits", &[("Digits", "0")], |event, signature| {
            event["headers"]["x-twilio-signature"] = json!(signature);
        });
        let said = api.send(pressed).await;
        assert!(said.text.contains(STOPPED), "{answered_by:?}: {}", said.text);
        assert_eq!(api.status(&login).await.json["state"], "denied", "{answered_by:?}");
    }
}

#[tokio::test]
async fn a_report_stops_a_sign_in_that_was_refused_and_could_start_again() {
    let api = api(|rules| {
        unlimited(rules);
        rules.policy.max_accounts = 1;
    })
    .await;
    api.post(&stranger(1), json!({ "channel": "call", "phoneNumber": NUMBER })).await;
    answer(&api).await;
    api.post(&stranger(1), sms()).await;
    let code = api.phone.last_code();
    api.post(&stranger(2), typing(NUMBER)).await;
    api.guess(&stranger(2), &api.phone.last_code()).await;
    assert_eq!(api.guess(&stranger(1), &code).await.problem(), "challenge-closed");
    assert_eq!(api.status(&stranger(1)).await.json["state"], "refused");
    assert!(zero(&api).await.text.contains(STOPPED));
    assert_eq!(api.status(&stranger(1)).await.json["state"], "denied");
    assert_eq!(api.post(&stranger(1), typing(THIEFS)).await.problem(), "denied");
}

#[tokio::test]
async fn a_first_report_stops_one_sign_in_and_the_calls_for_ten_minutes() {
    let mut api = api(unlimited).await;
    let (login, other) = (Login::known(), Login::known().again("login-2"));
    api.post(&other, sms()).await;
    let code = api.phone.last_code();
    api.post(&login, call()).await;
    answer(&api).await;
    zero(&api).await;
    let page = api.status(&login).await.json;
    assert_eq!((&page["state"], &page["fraudReport"]), (&json!("denied"), &json!("stopped")));
    let until = page["retryAt"].clone();
    assert!(until.is_string(), "when calls are possible again: {page}");
    let next = login.again("login-3");
    let refused = api.post(&next, call()).await;
    let told = (&refused.json["limit"], &refused.json["retryAt"]);
    assert_eq!(told, (&json!("call-reported"), &until), "the pause outlasts the call in progress");
    api.webhook("status", &[("CallStatus", "completed")]).await;
    for (passed, left) in [(0, "600"), (599, "1")] {
        api.pass(passed);
        let next = next.at(api.now);
        let refused = api.post(&next, call()).await;
        assert_eq!((refused.status, &refused.json["limit"]), (429, &json!("call-reported")), "{}", refused.text);
        assert_eq!(refused.header("retry-after"), Some(left));
        let channel = &api.status(&next).await.json["channels"]["call"];
        assert_eq!((&channel["reason"], &channel["nextSendAt"]), (&json!("call-reported"), &until), "{channel}");
    }
    assert_eq!(api.guess(&other, &code).await.problem(), "challenge-closed", "expired meanwhile");
    assert_eq!(api.status(&other).await.json["state"], "expired", "and not denied");
    api.pass(1);
    assert_eq!(api.status(&next.at(api.now)).await.json["channels"]["call"]["available"], true);
    assert_eq!(api.post(&next.at(api.now), call()).await.status, 201);
}

#[tokio::test]
async fn a_report_in_another_call_within_a_day_blocks() {
    for (seconds, state) in [(601, "blocked"), (86_399, "blocked"), (86_400, "denied")] {
        let mut api = api(unlimited).await;
        api.post(&Login::known(), call()).await;
        answer(&api).await;
        zero(&api).await;
        api.pass(seconds);
        let next = Login::known().again("login-2").at(api.now);
        api.post(&next, call()).await;
        answer(&api).await;
        api.backend.round_trips();
        zero(&api).await;
        assert_eq!(api.backend.round_trips(), if state == "blocked" { 3 } else { 2 }, "{seconds}");
        assert_eq!(api.status(&next).await.json["state"], state, "{seconds}");
    }
}

#[tokio::test]
async fn an_administrator_ends_the_pause_of_calls() {
    let mut api = api(unlimited).await;
    api.post(&Login::known(), call()).await;
    answer(&api).await;
    zero(&api).await;
    api.webhook("status", &[("CallStatus", "completed")]).await;
    assert!(api.administer("alice", None).await.json["reportedAt"].is_string());
    assert_eq!(api.administer("alice", Some("unblock")).await.json["reportedAt"], json!(null));
    api.pass(1);
    assert_eq!(api.post(&Login::known().again("login-2"), call()).await.status, 201);
}
