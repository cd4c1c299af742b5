//! The limit on accounts per phone number: checked before anything is sent, and again on enrolment.

use std::sync::Arc;

use domain::rules::Rules;
use serde_json::json;

use crate::api::{Api, Login};
use crate::limits::{api, owner, sms, stranger, typing, unlimited};
use crate::store_contract::at_once;

const NUMBER: &str = "+14155552671";

fn at_most_two_accounts(rules: &mut Rules) {
    unlimited(rules);
    rules.policy.max_accounts = 2;
}

async fn enrol(api: &Api, login: &Login) {
    assert_eq!(api.post(login, typing(NUMBER)).await.status, 201);
    assert_eq!(api.guess(login, &api.phone.last_code()).await.json["state"], "approved");
}

#[tokio::test]
async fn nothing_is_sent_to_a_number_that_has_all_its_accounts() {
    let mut api = api(at_most_two_accounts).await;
    for index in 0..2 {
        enrol(&api, &stranger(index)).await;
    }
    let codes = api.phone.codes().len();
    api.backend.round_trips();
    for login in [stranger(2), owner(3, NUMBER)] {
        let body = if login.claims["phone_number"].is_null() { typing(NUMBER) } else { sms() };
        let refused = api.post(&login, body).await;
        assert_eq!((refused.status, refused.problem()), (422, "phone-number-unavailable"));
        assert_eq!(api.backend.round_trips(), 2);
        assert!(!refused.text.contains("415"), "{}", refused.text);
    }
    assert_eq!(api.phone.codes().len(), codes);
    api.pass(30);
    let again = stranger(0).again("login-2");
    assert_eq!(api.post(&again, sms()).await.status, 201, "existing accounts can still sign in");
    assert_eq!(api.guess(&again, &api.phone.last_code()).await.json["state"], "approved");
    assert_eq!(api.post(&stranger(2), typing("+14155552672")).await.status, 201, "a different number still has room");
}

#[tokio::test]
async fn a_reported_number_and_a_full_one_get_the_same_answer() {
    let api = api(at_most_two_accounts).await;
    for index in 0..2 {
        enrol(&api, &stranger(index)).await;
    }
    let full = api.post(&stranger(2), typing(NUMBER)).await;
    api.post(&stranger(3), json!({ "channel": "call", "phoneNumber": "+14155552672" })).await;
    api.webhook("answer", &[("AnsweredBy", "human")]).await;
    api.webhook("digits", &[("Digits", "0")]).await;
    let reported = api.post(&stranger(4), typing("+14155552672")).await;
    assert_eq!((full.status, &full.text, &full.headers), (reported.status, &reported.text, &reported.headers));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_of_several_accounts_racing_for_the_last_place_gets_it() {
    for _ in 0..10 {
        let api = api(at_most_two_accounts).await;
        enrol(&api, &stranger(0)).await;
        let mut racing = Vec::new();
        for index in 1..5 {
            assert_eq!(api.post(&stranger(index), typing(NUMBER)).await.status, 201, "there is still room");
            racing.push((stranger(index), api.phone.last_code()));
        }
        let (api, racing) = (Arc::new(api), Arc::new(racing));
        let answers = at_once(racing.len(), |index| {
            let (api, racing) = (Arc::clone(&api), Arc::clone(&racing));
            async move { api.guess(&racing[index].0, &racing[index].1).await }
        });
        let answers = answers.await;
        let approved = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(approved, 1, "{answers:?}");
        for refused in answers.iter().filter(|answer| answer.status != 200) {
            assert_eq!((refused.problem(), refused.json.get("resultToken")), ("challenge-closed", None));
        }
        let bound = api.backend.items("subject").await.into_iter().filter(|subject| subject.get("phone").is_some());
        assert_eq!(bound.count(), 2);
    }
}

#[tokio::test]
async fn a_call_cannot_enrol_one_account_too_many_either() {
    let api = api(at_most_two_accounts).await;
    enrol(&api, &stranger(0)).await;
    let late = stranger(1);
    api.post(&late, json!({ "channel": "call", "phoneNumber": NUMBER })).await;
    let call = api.phone.last_call();
    enrol(&api, &stranger(2)).await;
    assert_eq!(api.phone.last_call().0, call.0);
    api.webhook("answer", &[("AnsweredBy", "human")]).await;
    api.webhook("digits", &[("Digits", "#")]).await;
    let view = api.status(&late).await;
    assert_eq!((&view.json["state"], view.json.get("resultToken")), (&json!("refused"), None));
}

#[tokio::test]
async fn an_account_counts_once_however_often_it_proves_its_number() {
    let mut api = api(|rules| {
        unlimited(rules);
        rules.policy.max_accounts = 1;
    })
    .await;
    let login = owner(1, NUMBER);
    for session in ["login-1", "login-2", "login-3"] {
        let login = login.again(session);
        assert_eq!(api.post(&login, sms()).await.status, 201, "{session}");
        assert_eq!(api.guess(&login, &api.phone.last_code()).await.json["state"], "approved");
        api.pass(30);
    }
    assert_eq!(api.post(&stranger(1), typing(NUMBER)).await.problem(), "phone-number-unavailable");
}
