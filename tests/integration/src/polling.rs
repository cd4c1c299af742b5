//! What the answers say about when to ask again.

use domain::call::CallState;
use domain::identity::SubjectId;
use domain::policy::CallMode;
use domain::ports::ChallengeStore as _;
use serde_json::{Value, json};

use crate::api::{Answer, Api, ISSUER, Login};

const HUMAN: [(&str, &str); 2] = [("CallStatus", "in-progress"), ("AnsweredBy", "human")];

/// The advice, in milliseconds and in seconds for clients that only know the header.
fn advice(answer: &Answer) -> (Value, Option<&str>) {
    (answer.json["pollAfterMs"].clone(), answer.header("retry-after"))
}

async fn expect(api: &Api, login: &Login, milliseconds: u64, seconds: &str, when: &str) {
    let answer = api.status(login).await;
    assert_eq!(advice(&answer), (json!(milliseconds), Some(seconds)), "{when}");
}

/// A login whose call rings.
async fn called(mode: CallMode) -> (Api, Login) {
    let (api, login) = (Api::new().await.with_calls(mode), Login::known());
    let started = api.post(&login, json!({ "channel": "call" })).await;
    assert_eq!(advice(&started), (json!(2_000), Some("2")), "placed");
    api.webhook("status", &[("CallStatus", "ringing")]).await;
    expect(&api, &login, 2_000, "2", "rings").await;
    (api, login)
}

#[tokio::test]
async fn a_call_is_asked_about_twice_a_second_for_twenty_seconds_after_it_was_answered() {
    for mode in [CallMode::PressPound, CallMode::MatchDigits] {
        let (mut api, login) = called(mode).await;
        api.pass(8);
        api.webhook("answer", &HUMAN).await;
        expect(&api, &login, 500, "1", "answered").await;
        api.pass(19);
        expect(&api, &login, 500, "1", "19 s later").await;
        api.pass(4);
        expect(&api, &login, 2_000, "2", "after 20 s").await;
        api.webhook("status", &[("CallStatus", "completed")]).await;
        expect(&api, &login, 15_000, "15", "over").await;
    }
}

#[tokio::test]
async fn a_call_that_asks_for_four_digits_is_followed_as_closely() {
    let (api, login) = called(CallMode::PressPound).await;
    api.webhook("answer", &[("CallStatus", "in-progress"), ("AnsweredBy", "machine_start")]).await;
    assert!(api.status(&login).await.json["matchDigits"].is_string());
    expect(&api, &login, 500, "1", "a machine").await;

    let api = Api::new().await;
    let (other, login) = (Login::known().again("other"), Login::known());
    assert_eq!(api.post(&other, json!({ "channel": "sms" })).await.status, 201);
    assert_eq!(api.post(&login, json!({ "channel": "call" })).await.status, 201);
    api.webhook("answer", &HUMAN).await;
    assert_eq!(api.status(&login).await.json["contested"], true);
    expect(&api, &login, 500, "1", "contested").await;
}

#[tokio::test]
async fn a_call_that_says_a_code_is_not_asked_about_more_often_than_a_message() {
    let (api, login) = called(CallMode::SpeakCode).await;
    api.webhook("answer", &HUMAN).await;
    expect(&api, &login, 5_000, "5", "answered").await;
}

#[tokio::test]
async fn where_a_code_is_awaited_the_page_asks_less_and_less_often_until_it_expires() {
    let (mut api, login) = (Api::new().await, Login::known());
    assert_eq!(advice(&api.status(&login).await), (Value::Null, None), "none");
    let started = api.post(&login, json!({ "channel": "sms" })).await;
    assert_eq!(advice(&started), (json!(5_000), Some("5")));
    api.pass(12);
    expect(&api, &login, 12_000, "12", "as long again").await;
    api.pass(278);
    expect(&api, &login, 10_000, "10", "when it expires").await;
    api.pass(10);
    let over = api.status(&login).await;
    assert_eq!((&over.json["state"], advice(&over)), (&json!("expired"), (Value::Null, None)));
}

#[tokio::test]
async fn a_challenge_that_is_closed_is_not_polled_unless_its_call_may_still_block() {
    let (api, login) = called(CallMode::PressPound).await;
    api.webhook("answer", &HUMAN).await;
    api.webhook("digits", &[("Digits", "#")]).await;
    let approved = api.status(&login).await;
    assert_eq!((&approved.json["state"], advice(&approved)), (&json!("approved"), (Value::Null, None)));

    let (api, login) = called(CallMode::PressPound).await;
    api.webhook("answer", &HUMAN).await;
    api.webhook("digits", &[("Digits", "0")]).await;
    let denied = api.status(&login).await;
    assert_eq!(
        (&denied.json["state"], advice(&denied)),
        (&json!("denied"), (json!(2_000), Some("2"))),
        "a second 0 blocks"
    );
    api.webhook("status", &[("CallStatus", "completed")]).await;
    assert_eq!(advice(&api.status(&login).await), (Value::Null, None), "over");

    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "sms" })).await;
    let right = api.phone.last_code();
    for _ in 0..5 {
        api.guess(&login, if right == "000000" { "000001" } else { "000000" }).await;
    }
    let exhausted = api.status(&login).await;
    assert_eq!((&exhausted.json["state"], advice(&exhausted)), (&json!("exhausted"), (Value::Null, None)));
}

#[tokio::test]
async fn a_call_answered_under_the_version_before_has_no_time_and_is_followed_as_it_was() {
    let (api, login) = called(CallMode::PressPound).await;
    api.webhook("answer", &HUMAN).await;
    let items = api.backend.client.scan().table_name(&api.backend.table).send().await.expect("items");
    let item = items.items().iter().find(|item| item.contains_key("callAnsweredAt")).expect("a challenge");
    let update = api.backend.client.update_item().table_name(&api.backend.table);
    let update = update.key("pk", item["pk"].clone()).key("sk", item["sk"].clone());
    update.update_expression("REMOVE callAnsweredAt").send().await.expect("removed");
    expect(&api, &login, 2_000, "2", "answered at an unknown time").await;
    api.webhook("digits", &[("Digits", "#")]).await;
    assert_eq!(api.status(&login).await.json["state"], "approved");
}

#[tokio::test]
async fn the_next_call_does_not_have_the_time_at_which_the_last_one_was_answered() {
    let (mut api, login) = called(CallMode::PressPound).await;
    api.webhook("answer", &HUMAN).await;
    api.webhook("status", &[("CallStatus", "completed")]).await;
    api.pass(30);
    assert_eq!(api.post(&login, json!({ "channel": "call" })).await.status, 201);
    let stored = api.backend.store().load(&SubjectId::new(ISSUER, "alice")).await.expect("a snapshot");
    let call = stored.challenges[0].call.as_ref().expect("a call");
    assert_eq!((call.state, call.answered_at), (CallState::Calling, None));
    let before = &stored.challenges[0].former_calls[0].call;
    assert!(before.answered_at.is_some(), "{before:?}");
}
