//! A challenge that can never be settled: every answer says so at once, and the next start goes on.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::call::{AnsweredBy, Key};
use domain::challenge::Outcome;
use domain::channel::Channel;
use domain::ports::{ChallengeStore, Settlement, Started, StoreError};
use domain::start_transaction::Replaces;
use platform::encoding::base64url;
use platform::store::DynamoStore;
use serde_json::{Value, json};

use crate::api::{Api, Login};
use crate::conditions::{at, challenge_item, count, proven, set, text};
use crate::held::held;
use crate::limits::{api, sms, stranger, typing, unlimited};
use crate::number_change::{Change, NEW, OLD};
use crate::scene::{ALICE, Scene, number};

/// Fills the number's account cap.
async fn fill(api: &Api, number: &str) {
    for index in [7, 8] {
        assert_eq!(api.post(&stranger(index), typing(number)).await.status, 201);
        assert_eq!(api.guess(&stranger(index), &api.phone.last_code()).await.json["state"], "approved");
    }
}

async fn with_two_accounts() -> Api {
    api(|rules| {
        unlimited(rules);
        rules.policy.max_accounts = 2;
    })
    .await
}

#[tokio::test]
async fn a_call_confirmed_after_the_number_changed_is_refused_everywhere_and_a_start_calls_the_new_number() {
    for settles_between in [false, true] {
        let mut change = Change::over(api(unlimited).await).await;
        let login = change.login.again("login-2");
        change.login = login.clone();
        change.prove().await;
        assert_eq!(change.api.post(&login, json!({ "channel": "call" })).await.status, 201);
        change.api.webhook("answer", &[("AnsweredBy", "human")]).await;
        assert_eq!(change.start("sms", Some(NEW)).await.status, 201);
        assert_eq!(change.guess(&change.api.phone.last_code()).await.json["change"], "changed");
        if settles_between {
            assert_eq!(change.api.status(&login).await.json["state"], "refused", "before the key is pressed");
        }
        let heard = change.api.webhook("digits", &[("Digits", "#")]).await;
        assert!(!heard.text.contains("signed in"), "{}", heard.text);
        for _ in 0..2 {
            let view = change.api.status(&login).await;
            assert_eq!((&view.json["state"], view.json.get("resultToken")), (&json!("refused"), None));
            assert_eq!((&view.json["attemptsLeft"], &view.json["expiresAt"]), (&Value::Null, &Value::Null));
            assert_eq!(view.json["channels"]["sms"]["available"], json!(true), "{}", view.text);
        }
        let next = change.api.post(&login, sms()).await;
        assert_eq!((next.status, &next.json["state"]), (201, &json!("pending")), "{}", next.text);
        assert_eq!(change.api.phone.last_number(), number(NEW));
        assert_eq!(change.api.guess(&login, &change.api.phone.last_code()).await.json["state"], "approved");
        assert_ne!(OLD, NEW);
    }
}

#[tokio::test]
async fn a_right_code_for_a_number_that_is_full_by_now_is_refused_with_a_next_step() {
    let api = with_two_accounts().await;
    let late = stranger(1);
    api.post(&late, typing(ALICE)).await;
    let code = api.phone.last_code();
    fill(&api, ALICE).await;
    assert_eq!(api.guess(&late, &code).await.problem(), "challenge-closed");
    let view = api.status(&late).await;
    assert_eq!((&view.json["state"], &view.json["attemptsLeft"]), (&json!("refused"), &Value::Null), "{}", view.text);
    assert_eq!(
        (&view.json["canChangeNumber"], &view.json["channels"]["sms"]["available"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(api.guess(&late, &code).await.status, 410, "and it is judged no more");
    assert_eq!(api.post(&late, sms()).await.problem(), "phone-number-unavailable");
    assert_eq!(api.status(&late).await.json["state"], "refused", "still");
    assert_eq!(api.post(&late, typing("+14155552699")).await.status, 201);
    assert_eq!(api.guess(&late, &api.phone.last_code()).await.json["state"], "approved");
}

#[tokio::test]
async fn a_call_confirmed_for_a_number_that_is_full_by_now_is_refused_with_a_next_step() {
    let api = with_two_accounts().await;
    let late = stranger(1);
    api.post(&late, json!({ "channel": "call", "phoneNumber": ALICE })).await;
    api.webhook("answer", &[("AnsweredBy", "human")]).await;
    fill(&api, ALICE).await;
    api.webhook("digits", &[("Digits", "#")]).await;
    api.backend.round_trips();
    assert_eq!(api.status(&late).await.json["state"], "refused");
    assert_eq!(api.backend.round_trips(), 3, "one more, once");
    assert_eq!(api.status(&late).await.json["state"], "refused");
    assert_eq!(api.backend.round_trips(), 1);
    assert_eq!(api.post(&late, typing("+14155552699")).await.status, 201);
}

#[tokio::test]
async fn two_newcomers_sessions_one_enrols_and_the_other_goes_on_with_that_number() {
    let api = api(unlimited).await;
    let (first, second) = (Login::newcomer(), Login::newcomer().again("login-2"));
    api.post(&second, typing("+14155552699")).await;
    let code = api.phone.last_code();
    api.post(&first, typing(ALICE)).await;
    assert_eq!(api.guess(&first, &api.phone.last_code()).await.json["state"], "approved");
    assert_eq!(api.status(&second).await.json["state"], "refused");
    assert_eq!(api.guess(&second, &code).await.status, 410);
    assert_eq!(api.status(&second).await.json["state"], "refused");
    assert_eq!(api.post(&second, sms()).await.status, 201);
    assert_eq!(api.phone.last_number(), number(ALICE));
}

#[tokio::test]
async fn a_challenge_that_was_denied_is_not_closed_as_refused() {
    let mut scene = Scene::new().await;
    scene.send_code().await;
    let challenge = proven(&scene).await;
    set(&scene, crate::conditions::subject_item(&scene), "deniedVersion", count(9)).await;
    let settled = scene.store.settle(&challenge, &scene.rules.policy, scene.now).await.expect("an answer");
    let Settlement::Refused(current) = settled else { panic!("settled") };
    assert_eq!(current.outcome, Outcome::Denied);
    assert_eq!(scene.backend.item("challenge#").await["outcome"], "pending", "its subject says it");
}

// --- conditions

#[tokio::test]
async fn a_refused_challenge_that_has_changed_is_not_replaced() {
    for (name, value) in [
        ("generation", count(2)),
        ("attempts", count(1)),
        ("smsUsed", count(2)),
        ("callsUsed", count(1)),
        ("outcome", text("denied")),
        ("settled", AttributeValue::Bool(true)),
        ("answers", count(1)),
    ] {
        let mut scene = Scene::new().await;
        scene.send_code().await;
        set(&scene, challenge_item(&scene), "outcome", text("refused")).await;
        let transaction = scene.transaction(Channel::Sms).await;
        assert!(matches!(transaction.replaces, Replaces::Refused(_)));
        set(&scene, challenge_item(&scene), name, value).await;
        assert!(matches!(scene.store.start(&transaction).await, Err(StoreError::Conflict)), "{name}");
    }
}

#[tokio::test]
async fn a_challenge_is_replaced_whether_its_item_or_only_its_subject_refuses_it() {
    for outcome in ["refused", "pending", "approved"] {
        let mut scene = Scene::new().await;
        scene.send_code().await;
        set(&scene, challenge_item(&scene), "outcome", text("refused")).await;
        let transaction = scene.transaction(Channel::Sms).await;
        set(&scene, challenge_item(&scene), "outcome", text(outcome)).await;
        assert!(matches!(scene.store.start(&transaction).await, Ok(Started::Applied)), "{outcome}");
    }
}

/// Settles a call's approval that its number refuses, while `name` changes before the challenge is closed.
async fn closed_over(name: &str, value: AttributeValue) -> (Settlement, Value) {
    let mut scene = Scene::new().await;
    let token = scene.place_call().await;
    scene.answer(&token, AnsweredBy::Human).await;
    let approved = scene.press(&token, Key::Approve).await.expect("a challenge");
    let partition = format!("number#{}", base64url(&approved.phone.digest()));
    scene.backend.add_to_set(&partition, "number", "accounts", b"another account").await;
    scene.rules.policy.max_accounts = 1;

    let policy = scene.rules.policy.clone();
    let now = scene.now;
    let settling = async move |store: DynamoStore| store.settle(&approved, &policy, now).await.expect("an answer");
    let closing = r#""SET outcome = :refused""#;
    let settled = held(&scene.backend, closing, settling, set(&scene, challenge_item(&scene), name, value)).await;
    (settled, scene.backend.item("challenge#").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_a_refused_challenge_changes_nothing_that_got_in_between() {
    let (settled, item) = closed_over("settled", AttributeValue::Bool(true)).await;
    assert!(matches!(settled, Settlement::Settled(_)), "another request has settled it: {settled:?}");
    assert_eq!(item["outcome"], "approved");
    for (name, value, kept) in [("generation", count(2), "approved"), ("outcome", text("denied"), "denied")] {
        let (settled, item) = closed_over(name, value).await;
        assert!(matches!(settled, Settlement::Refused(_)), "{name}: {settled:?}");
        assert_eq!(item["outcome"], kept, "{name}");
    }
    let (settled, item) = closed_over("lastGuessAt", at(crate::scene::NOW)).await;
    let Settlement::Refused(current) = settled else { panic!("settled") };
    assert_eq!((current.outcome, &item["outcome"]), (Outcome::Refused, &json!("refused")), "nothing that matters");
}
