//! A report of fraud counts only if every term of its conditions holds.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::budget::CountryRecord;
use domain::call::{AnsweredBy, CallEvent, CallToken, FraudReport, Key};
use domain::challenge::Outcome;
use domain::channel::Channel;
use domain::identity::ChallengeId;
use domain::ports::{ChallengeStore as _, Started, StoreError};
use domain::start::Decision;
use platform::store::DynamoStore;

use crate::conditions::{at, challenge_item, count, delete, in_call, send, set, subject_item, text, unchanged};
use crate::held::held;
use crate::scene::{NOW, Scene};

const FIRST: CallEvent = CallEvent::Pressed(Key::Fraud);
const SECOND: CallEvent = CallEvent::Pressed(Key::Block);
const OTHER: &str = "+14155559999";

/// A call to a typed number, answered or not, and then the generation of another number.
async fn replaced(answered: bool) -> (Scene, CallToken, ChallengeId) {
    let mut scene = Scene::new().await;
    scene.claimed = None;
    let Ok(Decision::Send(mut transaction)) =
        scene.decide(&scene.load().await, Channel::Call, Some(crate::scene::ALICE))
    else {
        panic!("places a call")
    };
    let token = transaction.add_call(&mut platform::clock::random());
    scene.store.start(&transaction).await.expect("started");
    let id = scene.challenge().await.id;
    if answered {
        scene.answer(&token, AnsweredBy::Human).await;
    }
    replace(&scene).await.expect("replaced");
    (scene, token, id)
}

async fn replace(scene: &Scene) -> Result<(), StoreError> {
    let decided = scene.decide(&scene.load().await, Channel::Sms, Some(OTHER));
    let Ok(Decision::Send(transaction)) = decided else { panic!("{decided:?}") };
    scene.store.start(&transaction).await.map(drop)
}

#[tokio::test]
async fn a_first_report_counts_only_if_every_term_holds() {
    for (name, value) in [
        ("callToken", AttributeValue::B(Blob::new(vec![0; 32]))),
        ("callPlacedAt", at(before(180))),
        ("answeredBy", text("unjudged")),
        ("callReport", text("stopped")),
        ("callReport", text("blocked")),
    ] {
        for is_approved in [false, true] {
            let (scene, token, id) = in_call(true).await;
            set(&scene, challenge_item(&scene), "purpose", text("change")).await; // in which no machine is asked for digits
            if is_approved {
                approve(&scene).await;
            }
            set(&scene, challenge_item(&scene), name, value.clone()).await;
            unchanged(&scene, &id, &token, FIRST, name).await;
            assert_eq!(scene.load().await.subject.reported_at, None, "{name}");
        }
    }
}

/// A report during which another call takes the place of this one.
async fn reported_while_the_call_is_replaced(scene: &Scene, id: ChallengeId, token: CallToken, key: CallEvent) {
    let (policy, now) = (scene.rules.policy.clone(), scene.now);
    let before = scene.load().await.subject;
    let report = async move |store: DynamoStore| store.advance_call(&id, &token, key, &policy, now).await;
    let other = AttributeValue::B(Blob::new(vec![0; 32]));
    let replace = set(scene, challenge_item(scene), "callToken", other);
    held(&scene.backend, "callReport = :report", report, replace).await.expect("an answer");
    assert_eq!(scene.load().await.subject, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_counts_for_no_call_that_has_taken_the_place_of_its_own() {
    let (scene, token, id) = in_call(true).await;
    reported_while_the_call_is_replaced(&scene, id, token, FIRST).await;
    let (scene, token, id) = in_call(true).await;
    approve(&scene).await;
    reported_while_the_call_is_replaced(&scene, id, token, FIRST).await;
    let (scene, token, id) = in_call(true).await;
    send(&scene, &id, &token, FIRST).await;
    reported_while_the_call_is_replaced(&scene, id, token, SECOND).await;
}

#[tokio::test]
async fn a_second_report_in_a_call_counts_only_after_the_first() {
    let (scene, token, id) = in_call(true).await;
    unchanged(&scene, &id, &token, SECOND, "not reported").await;
    send(&scene, &id, &token, FIRST).await;
    for (name, value) in [
        ("callToken", AttributeValue::B(Blob::new(vec![0; 32]))),
        ("callPlacedAt", at(before(180))),
        ("callReport", text("blocked")),
    ] {
        let (scene, token, id) = in_call(true).await;
        send(&scene, &id, &token, FIRST).await;
        set(&scene, challenge_item(&scene), name, value).await;
        unchanged(&scene, &id, &token, SECOND, name).await;
        assert_eq!(scene.load().await.subject.blocked_until, None, "{name}");
    }
    let blocked = send(&scene, &id, &token, SECOND).await.expect("a challenge");
    assert_eq!(blocked.call.and_then(|call| call.report), Some(FraudReport::Blocked));
    assert!(scene.load().await.subject.blocked(scene.now).is_some());
}

#[tokio::test]
async fn a_call_that_was_replaced_reports_once_for_each_and_for_three_minutes() {
    let (scene, token, id) = replaced(true).await;
    unchanged(&scene, &id, &token, SECOND, "not reported").await;
    unchanged(&scene, &id, &CallToken::from_bytes([0; 16]), FIRST, "a different token").await;
    let stopped = send(&scene, &id, &token, FIRST).await.expect("a challenge");
    assert_eq!(stopped.outcome, Outcome::Denied);
    unchanged(&scene, &id, &token, FIRST, "counted").await;
    assert_eq!(scene.load().await.subject.blocked_until, None);
    send(&scene, &id, &token, SECOND).await;
    assert!(scene.load().await.subject.blocked(scene.now).is_some());
    unchanged(&scene, &id, &token, SECOND, "counted").await;

    let (mut scene, token, id) = replaced(true).await;
    send(&scene, &id, &token, FIRST).await;
    scene.pass(180);
    unchanged(&scene, &id, &token, SECOND, "too late").await;
    let (mut scene, token, id) = replaced(true).await;
    scene.pass(180);
    unchanged(&scene, &id, &token, FIRST, "too late").await;
    assert_eq!(scene.load().await.subject.reported_at, None);
}

#[tokio::test]
async fn only_a_human_reports_in_a_call_that_was_replaced() {
    for by in [None, Some(AnsweredBy::NotHuman), Some(AnsweredBy::Unjudged)] {
        let (scene, token, id) = replaced(false).await;
        if let Some(by) = by {
            send(&scene, &id, &token, CallEvent::Answered(by)).await;
            send(&scene, &id, &token, CallEvent::Answered(AnsweredBy::Human)).await; // it was answered before
        }
        unchanged(&scene, &id, &token, FIRST, "not by a human").await;
        assert_eq!(scene.load().await.subject.reported_at, None, "{by:?}");
    }
}

/// Two webhooks say who answered a call that was replaced: the first of them is right.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_replaced_is_answered_once_and_only_while_it_is_kept() {
    for is_kept in [true, false] {
        let (scene, token, id) = replaced(false).await;
        let (policy, now, of) = (scene.rules.policy.clone(), scene.now, token.clone());
        let human = CallEvent::Answered(AnsweredBy::Human);
        let answer = async move |store: DynamoStore| store.advance_call(&id, &of, human, &policy, now).await;
        let meanwhile = async {
            if is_kept {
                send(&scene, &id, &token, CallEvent::Answered(AnsweredBy::NotHuman)).await;
            } else {
                set(&scene, challenge_item(&scene), "formerCalls", AttributeValue::M(HashMap::new())).await;
            }
        };
        held(&scene.backend, "SET formerCalls.#call.answeredBy", answer, meanwhile).await.expect("an answer");
        let kept = scene.challenge().await.former_calls.first().map(|former| former.call.answered_by);
        assert_eq!(kept, is_kept.then_some(Some(AnsweredBy::NotHuman)));
    }
}

#[tokio::test]
async fn a_generation_is_not_replaced_under_an_answer_that_it_has_not_read() {
    let mut scene = Scene::new().await;
    scene.claimed = None;
    let typed = Some(crate::scene::ALICE);
    let Ok(Decision::Send(mut first)) = scene.decide(&scene.load().await, Channel::Call, typed) else {
        panic!("sends")
    };
    let token = first.add_call(&mut platform::clock::random());
    scene.store.start(&first).await.expect("started");
    let decide = async || {
        let decided = scene.decide(&scene.load().await, Channel::Sms, Some(OTHER));
        let Ok(Decision::Send(transaction)) = decided else { panic!("{decided:?}") };
        transaction
    };
    let unanswered = decide().await;
    scene.answer(&token, AnsweredBy::Human).await;
    assert!(matches!(scene.store.start(&unanswered).await, Err(StoreError::Conflict)));
    assert!(matches!(scene.store.start(&*decide().await).await, Ok(Started::Applied)));
}

/// Approves the challenge behind the store's back, as a code does.
async fn approve(scene: &Scene) {
    for (name, value) in [
        ("approvedAt", at(scene.now)),
        ("approvedBy", text("sms-code")),
        ("settled", AttributeValue::Bool(true)),
        ("outcome", text("approved")),
    ] {
        set(scene, challenge_item(scene), name, value).await;
    }
}

#[tokio::test]
async fn a_call_that_was_replaced_reports_by_the_same_terms_after_an_approval() {
    for (answered, seconds) in [(false, 0), (true, 180)] {
        let (mut scene, token, id) = replaced(answered).await;
        approve(&scene).await;
        scene.pass(seconds);
        unchanged(&scene, &id, &token, FIRST, "not answered, or too late").await;
        assert_eq!(scene.load().await.subject.reported_at, None, "{answered} {seconds}");
    }
    let (scene, token, id) = replaced(true).await;
    approve(&scene).await;
    send(&scene, &id, &token, FIRST).await;
    unchanged(&scene, &id, &token, FIRST, "counted").await;
    let subject = scene.load().await.subject;
    assert_eq!((subject.reported_at, subject.blocked_until), (Some(scene.now), None));
}

/// A first report, during which a code approves the challenge.
async fn reported_while_a_code_approves(scene: &Scene, id: ChallengeId, token: CallToken) {
    let (policy, now) = (scene.rules.policy.clone(), scene.now);
    let report = async move |store: DynamoStore| store.advance_call(&id, &token, FIRST, &policy, now).await;
    let reported = held(&scene.backend, "callReport = :report", report, approve(scene)).await.expect("an answer");
    assert!(reported.is_some_and(|challenge| challenge.is_settled()));
    assert!(scene.challenge().await.is_settled(), "states are monotonic");
    assert_eq!(scene.load().await.subject.reported_at, Some(now));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_takes_back_no_approval_that_it_has_not_read() {
    let (scene, token, id) = in_call(true).await;
    reported_while_a_code_approves(&scene, id, token).await;
    let (scene, token, id) = replaced(true).await;
    reported_while_a_code_approves(&scene, id, token).await;
}

/// Makes the challenge the proof of the current number in a change, behind the store's back.
async fn proven(scene: &Scene) {
    set(scene, challenge_item(scene), "purpose", text("change")).await;
    set(scene, challenge_item(scene), "numberSource", text("enrolled")).await;
    set(scene, challenge_item(scene), "binding", count(1)).await;
    approve(scene).await;
    assert!(scene.challenge().await.is_proof());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_a_proof_takes_back_no_change_that_was_settled_since() {
    for (was_replaced, is_settled) in [(false, true), (true, true), (true, false)] {
        let (scene, token, id) = if was_replaced { replaced(true).await } else { in_call(true).await };
        proven(&scene).await;
        let (policy, now) = (scene.rules.policy.clone(), scene.now);
        let report = async move |store: DynamoStore| store.advance_call(&id, &token, FIRST, &policy, now).await;
        let next = async {
            set(&scene, challenge_item(&scene), "numberSource", text("replacing")).await;
            set(&scene, challenge_item(&scene), "generation", count(9)).await;
            if !is_settled {
                set(&scene, challenge_item(&scene), "outcome", text("pending")).await;
            }
        };
        held(&scene.backend, "callReport = :report", report, next).await.expect("an answer");
        assert_eq!(scene.challenge().await.is_settled(), is_settled, "what is settled stays so");
        assert_eq!(scene.challenge().await.outcome == Outcome::Denied, !is_settled, "what is pending is denied");
        assert_eq!(scene.load().await.subject.reported_at, Some(now));
    }
}

#[tokio::test]
async fn a_report_within_a_day_of_another_is_never_the_first() {
    for (ago, blocks) in [(0, true), (86_399, true), (86_400, false)] {
        let (scene, token, id) = in_call(true).await;
        set(&scene, subject_item(&scene), "reportedAt", at(before(ago))).await;
        send(&scene, &id, &token, FIRST).await;
        assert_eq!(scene.load().await.subject.blocked(scene.now).is_some(), blocks, "{ago}");
    }
}

#[tokio::test]
async fn each_report_names_the_number_that_it_blocks_with_the_end_of_its_block() {
    let (mut scene, token, id) = replaced(true).await;
    send(&scene, &id, &token, FIRST).await;
    let until = |scene: &Scene| scene.now + Duration::from_hours(24);
    let reported = scene.load().await.subject.reported_number.expect("a number");
    assert_eq!(reported.until, until(&scene));
    scene.pass(5);
    send(&scene, &id, &token, SECOND).await;
    let subject = scene.load().await.subject;
    assert_eq!(subject.reported_number.map(|of| (of.number, of.until)), Some((reported.number, until(&scene))));
    assert_eq!(subject.blocked_until, Some(until(&scene)));
}

fn before(seconds: u64) -> domain::time::Timestamp {
    domain::time::Timestamp::from_unix(NOW.as_unix() - seconds)
}

#[tokio::test]
async fn a_report_about_an_account_that_is_gone_is_no_fault_and_changes_nothing() {
    for (key, is_second) in [(FIRST, false), (SECOND, true)] {
        let (scene, token, id) = in_call(true).await;
        if is_second {
            send(&scene, &id, &token, FIRST).await;
        }
        delete(&scene, subject_item(&scene)).await;
        unchanged(&scene, &id, &token, key, "no account").await;
    }
}

/// A former call is answered while another call or generation is about to replace the current one.
#[tokio::test]
async fn no_start_writes_former_calls_that_have_been_answered_since_it_read_them() {
    let (mut scene, token, id) = replaced(false).await;
    scene.pass(30);
    let decide = async |channel, number| {
        let decided = scene.decide(&scene.load().await, channel, number);
        let Ok(Decision::Send(mut transaction)) = decided else { panic!("{decided:?}") };
        let (record, random) = (CountryRecord::default(), &mut platform::clock::random());
        transaction.charge_budget(&record, &scene.rules.policy.unverified, random).expect("a budget");
        if channel == Channel::Call {
            transaction.add_call(random);
        }
        transaction
    };
    let calls = decide(Channel::Call, None).await;
    let replaces = decide(Channel::Sms, Some("+14155558888")).await;
    send(&scene, &id, &token, CallEvent::Answered(AnsweredBy::Human)).await;
    for stale in [calls, replaces] {
        assert!(matches!(scene.store.start(&stale).await, Err(StoreError::Conflict)), "{:?}", stale.channel);
    }
    let again = decide(Channel::Call, None).await;
    let started = scene.store.start(&again).await;
    assert!(matches!(started, Ok(Started::Applied)), "{started:?}");
    send(&scene, &id, &token, FIRST).await;
    assert!(scene.load().await.subject.reported_at.is_some());
}
