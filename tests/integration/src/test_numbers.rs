//! Test numbers: for the listed accounts only, until they end, with a fixed code, and with no other effect.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::code::Code;
use domain::rules::TestNumber;
use serde_json::{Value, json};

use crate::api::{Answer, Api, LOGIN, Login};
use crate::limits::{api, sms, typing};

const NUMBER: &str = "+15005550006";
const CODE: &str = "424242";

/// An API with one test number, for the account `reviewer`, which ends five minutes after the login.
async fn with_test_number() -> Api {
    let test = TestNumber {
        number: crate::scene::number(NUMBER),
        code: Code::parse(CODE).expect("six digits"),
        subjects: BTreeSet::from(["reviewer".to_owned()]),
        until: LOGIN + Duration::from_mins(5),
    };
    let mut api = api(|_| ()).await;
    api.start.settings.rules.test_numbers = vec![test]; // no other function has them
    api.pass(10);
    api
}

fn reviewer() -> Login {
    Login::of(json!({ "sub": "reviewer", "jti": "login-1" }))
}

async fn start(api: &Api, login: &Login) -> Answer {
    api.post(login, typing(NUMBER)).await
}

/// Nothing has been sent.
fn nothing_sent(api: &Api) {
    assert_eq!((api.phone.codes().len(), api.phone.calls()), (0, 0));
}

#[tokio::test]
async fn a_reviewer_signs_in_with_the_fixed_code_and_nothing_is_sent() {
    let api = with_test_number().await;
    let started = start(&api, &reviewer()).await;
    assert_eq!((started.status, &started.json["state"]), (201, &json!("pending")));
    assert_eq!(started.json["channels"]["call"]["reason"], "unreachable");
    let approved = api.guess(&reviewer(), CODE).await;
    assert_eq!(approved.json["state"], "approved", "{}", approved.text);
    let token = approved.claims();
    assert_eq!(token["acr"], "urn:alliance-mfa:acr:test-number");
    assert_eq!((token.get("enrolled_now"), &token["amr"]), (None, &json!(["pwd"])), "no second factor was checked");
    assert_eq!(api.status(&reviewer()).await.json["resultToken"], approved.json["resultToken"]);
    nothing_sent(&api);
}

#[tokio::test]
async fn a_test_number_listed_twice_works_by_the_entry_for_that_account_that_has_not_ended() {
    let mut api = with_test_number().await;
    let test_numbers = &mut api.start.settings.rules.test_numbers;
    let valid = test_numbers[0].clone();
    let ended = TestNumber { until: api.now, ..valid.clone() };
    let of_another = TestNumber { subjects: ["somebody-else".to_owned()].into(), ..valid.clone() };
    *test_numbers = vec![ended, of_another, valid];
    assert_eq!(start(&api, &reviewer()).await.status, 201);
    nothing_sent(&api);
    assert_eq!(api.guess(&reviewer(), CODE).await.json["state"], "approved");
}

#[tokio::test]
async fn a_test_number_is_never_enrolled() {
    let mut api = with_test_number().await;
    for session in ["login-1", "login-2"] {
        let login = reviewer().again(session);
        assert_eq!(start(&api, &login).await.status, 201);
        assert_eq!(api.guess(&login, CODE).await.json["state"], "approved");
        assert_eq!(api.backend.item("subject").await.get("phone"), None);
        api.pass(30);
    }
    let accounts = api.backend.items("number").await.into_iter().filter(|item| item.get("accounts").is_some());
    assert_eq!(accounts.count(), 0);
    assert_eq!(api.post(&reviewer().again("login-3"), sms()).await.problem(), "phone-number-required");
}

#[tokio::test]
async fn test_numbers_are_off_unless_configured() {
    let api = Api::new().await;
    assert!(api.start.settings.rules.test_numbers.is_empty());
    let refused = start(&api, &reviewer()).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(api.guess(&reviewer(), CODE).await.problem(), "challenge-closed");
    nothing_sent(&api);
}

#[tokio::test]
async fn only_the_listed_accounts_can_use_it_and_others_cannot_tell() {
    let api = with_test_number().await;
    let mut unlisted = reviewer();
    for sub in ["Reviewer", "reviewer ", "mallory", ""] {
        unlisted.claims["sub"] = json!(sub);
        let refused = start(&api, &unlisted).await;
        let unknown = api.post(&unlisted, typing("+15005550007")).await;
        assert_eq!((refused.status, &refused.text), (unknown.status, &unknown.text), "{sub:?}");
        assert_ne!(api.guess(&unlisted, CODE).await.status, 200);
    }
    nothing_sent(&api);
}

#[tokio::test]
async fn it_ends_on_time_even_for_a_running_challenge() {
    let mut api = with_test_number().await;
    assert_eq!(start(&api, &reviewer()).await.status, 201);
    api.pass(279); // one second before
    assert_eq!(start(&api, &reviewer()).await.status, 201);
    api.pass(1);
    assert_ne!(start(&api, &reviewer()).await.status, 201);
    assert_eq!(api.post(&reviewer(), sms()).await.problem(), "phone-number-required", "nor is there a resend");
    assert_eq!(start(&api, &reviewer().again("login-2")).await.status, 422);
    nothing_sent(&api);
}

#[tokio::test]
async fn a_test_number_cannot_be_called() {
    let api = with_test_number().await;
    let refused = api.post(&reviewer(), json!({ "channel": "call", "phoneNumber": NUMBER })).await;
    assert_eq!((refused.status, refused.problem()), (409, "channel-unavailable"));
    start(&api, &reviewer()).await;
    let refused = api.post(&reviewer(), json!({ "channel": "call" })).await;
    assert_eq!(refused.problem(), "channel-unavailable");
    nothing_sent(&api);
}

#[tokio::test]
async fn wrong_codes_count_as_usual() {
    let mut api = with_test_number().await;
    start(&api, &reviewer()).await;
    for left in (0..5).rev() {
        assert_eq!(api.guess(&reviewer(), "000000").await.json["attemptsLeft"], left);
    }
    assert_eq!(api.guess(&reviewer(), CODE).await.problem(), "challenge-closed");
    api.pass(30);
    let next = reviewer().again("login-2");
    start(&api, &next).await;
    assert_eq!(api.backend.item("subject").await["failures"], "5");
    api.guess(&next, CODE).await;
    assert_eq!(api.guess(&next, CODE).await.problem(), "challenge-closed", "once");
}

#[tokio::test]
async fn limits_and_cooldowns_apply_to_it() {
    let mut api = with_test_number().await;
    api.start.settings.rules.policy.max_sends_number_short = 4;
    assert_eq!(start(&api, &reviewer()).await.status, 201);
    assert_eq!(start(&api, &reviewer()).await.status, 200, "within the cooldown");
    for _ in 0..2 {
        api.pass(30);
        assert_eq!(start(&api, &reviewer()).await.status, 201);
    }
    api.pass(30);
    assert_eq!(start(&api, &reviewer()).await.json["limit"], "challenge");
    assert_eq!(start(&api, &reviewer().again("login-2")).await.status, 201);
    assert_eq!(start(&api, &reviewer().again("login-3")).await.json["limit"], "number-short");
}

#[tokio::test]
async fn every_resend_has_the_same_code_and_stores_it_once() {
    let mut api = with_test_number().await;
    for _ in 0..3 {
        assert_eq!(start(&api, &reviewer()).await.status, 201);
        api.pass(30);
    }
    let challenge = api.backend.item("challenge#").await;
    let codes = challenge["codes"].as_str().expect("a list").matches("B(").count();
    assert_eq!((codes, &challenge["numberSource"]), (1, &json!("test")));
    assert_eq!(api.guess(&reviewer(), CODE).await.json["state"], "approved");
}

#[tokio::test]
async fn an_account_with_a_known_number_cannot_use_it() {
    let mut api = with_test_number().await;
    let mut claimed = reviewer();
    claimed.claims["phone_number"] = json!("+14155552671");
    claimed.claims["phone_number_verified"] = json!("true");
    assert_eq!(start(&api, &claimed).await.problem(), "phone-number-known");

    let enrolled = reviewer();
    api.post(&enrolled, typing("+14155552671")).await;
    api.guess(&enrolled, &api.phone.last_code()).await;
    api.pass(30);
    assert_eq!(start(&api, &enrolled.again("login-2")).await.problem(), "phone-number-known");
    assert_eq!(api.guess(&enrolled.again("login-2"), CODE).await.problem(), "challenge-closed");
}

#[tokio::test]
async fn it_no_longer_works_once_a_number_is_enrolled() {
    let mut api = with_test_number().await;
    let login = reviewer();
    start(&api, &login).await;
    let other = login.again("login-2");
    api.pass(30);
    api.post(&other, typing("+14155552671")).await;
    assert_eq!(api.guess(&other, &api.phone.last_code()).await.json["state"], "approved");
    assert_eq!(api.guess(&login, CODE).await.problem(), "challenge-closed");
}

#[tokio::test]
async fn a_user_cannot_change_to_a_test_number() {
    let mut api = with_test_number().await;
    let change = json!({ "channel": "sms", "purpose": "change", "phoneNumber": NUMBER });
    let refused = api.post(&reviewer(), change.clone()).await;
    assert_eq!((refused.status, refused.problem()), (409, "nothing-to-change"));

    let login = reviewer().again("login-2");
    api.post(&login, typing("+14155552671")).await;
    api.guess(&login, &api.phone.last_code()).await;
    api.pass(30);
    api.post(&login, json!({ "channel": "sms", "purpose": "change" })).await;
    let code = json!({ "code": api.phone.last_code(), "purpose": "change" }).to_string();
    api.send(login.request("POST", "/v1/challenge/code", Some(&code))).await;
    let refused = api.post(&login, change).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(api.backend.item("subject").await["phone"], "+14155552671");
}

#[tokio::test]
async fn the_use_of_a_test_number_is_stored_for_the_audit() {
    let api = with_test_number().await;
    start(&api, &reviewer()).await;
    api.guess(&reviewer(), CODE).await;
    let challenge = api.backend.item("challenge#").await;
    assert_eq!((&challenge["numberSource"], &challenge["outcome"]), (&json!("test"), &json!("approved")));
    assert_eq!((&challenge["country"], &challenge["phone"]), (&json!("ZZ"), &json!(NUMBER)));
    assert_ne!(challenge["codes"], Value::Null);
    assert!(!challenge.to_string().contains(CODE));
}
