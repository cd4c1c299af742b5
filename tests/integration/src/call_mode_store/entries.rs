//! Digits entered in a call, and `#`: when each is judged.

use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::call::{AnsweredBy, CallEvent, CallState, CallToken, Key};
use domain::challenge::{Challenge, Method, Outcome};
use domain::channel::Channel;
use domain::identity::ChallengeId;
use domain::policy::CallMode;
use domain::ports::{ChallengeStore as _, Settlement};

use super::{drawn, in_call};
use crate::conditions::{challenge_item, count, send, set, text, unchanged};
use crate::scene::Scene;

const RIGHT: CallEvent = CallEvent::Entered { matches: true };
const WRONG: CallEvent = CallEvent::Entered { matches: false };

async fn settle(scene: &Scene, challenge: &Challenge) -> Challenge {
    match scene.store.settle(challenge, &scene.rules.policy, scene.now).await.expect("an answer") {
        Settlement::Settled(settled) => *settled,
        Settlement::Refused(_) => panic!("refused"),
    }
}

#[tokio::test]
async fn matching_digits_approve_and_any_status_call_settles_it() {
    let (scene, token, id) = in_call(CallMode::MatchDigits, true).await;
    let approved = send(&scene, &id, &token, RIGHT).await.expect("a challenge");
    let expected = |settled| Outcome::Approved { at: scene.now, by: Method::MatchDigits, settled };
    assert_eq!((approved.outcome, approved.attempts), (expected(false), 0));
    assert_eq!(settle(&scene, &approved).await.outcome, expected(true));
    assert_eq!(settle(&scene, &approved).await.outcome, expected(true), "the second finds what the first has done");
    assert_eq!(scene.challenge().await.outcome, expected(true));
}

#[tokio::test]
async fn one_write_ends_the_call_and_counts_a_guess_for_wrong_digits() {
    let (mut scene, token, id) = in_call(CallMode::MatchDigits, true).await;
    scene.pass(7);
    scene.backend.round_trips();
    let current = send(&scene, &id, &token, WRONG).await.expect("a challenge");
    assert_eq!(scene.backend.round_trips(), 1);
    let call = current.call.as_ref().map(|call| call.state);
    assert_eq!((current.attempts, current.last_guess_at, call), (1, Some(scene.now), Some(CallState::Ended)));
    unchanged(&scene, &id, &token, RIGHT, "only one entry is judged per call").await;
    unchanged(&scene, &id, &token, WRONG, "only one entry is judged per call").await;
}

#[tokio::test]
async fn wrong_digits_in_many_logins_add_up_as_the_subjects_failures() {
    let mut scene = Scene::new().await;
    scene.rules.policy.call_mode = CallMode::MatchDigits;
    for login in ["1", "2"] {
        scene.session(login);
        let token = scene.place_call().await;
        scene.answer(&token, AnsweredBy::Human).await;
        scene.webhook(&token, WRONG).await;
        scene.pass(400);
    }
    scene.session("3");
    assert_eq!(scene.transaction(Channel::Sms).await.subject.failures, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_entries_at_once_exactly_one_is_judged() {
    for right in [0, 1, 25, 50] {
        let (scene, token, id) = in_call(CallMode::MatchDigits, true).await;
        let scene = Arc::new(scene);
        let entries: Vec<_> = (0..50)
            .map(|entry| {
                let (scene, token) = (Arc::clone(&scene), token.clone());
                let event = CallEvent::Entered { matches: entry % 50 < right };
                // An emulator may report a conflict: then nothing was judged.
                tokio::spawn(async move {
                    let policy = &scene.rules.policy;
                    drop(scene.store.advance_call(&id, &token, event, policy, scene.now).await);
                })
            })
            .collect();
        for entry in entries {
            entry.await.expect("no panic");
        }
        let current = scene.challenge().await;
        let ended = current.call.as_ref().is_some_and(|call| call.state == CallState::Ended);
        let judged = (current.is_approved(), current.attempts, ended);
        assert!([(true, 0, false), (false, 1, true)].contains(&judged), "{right} right: {judged:?}");
        assert!(right > 0 || !current.is_approved());
        assert!(right < 50 || current.is_approved());
    }
}

#[tokio::test]
async fn an_entry_is_judged_only_if_every_term_of_its_condition_holds() {
    let answered = || in_call(CallMode::MatchDigits, true);
    for event in [RIGHT, WRONG] {
        for (name, value) in [
            ("generation", count(2)),
            ("outcome", text("denied")),
            ("callToken", AttributeValue::B(Blob::new(vec![0; 32]))),
            ("attempts", count(5)),
            ("callState", text("calling")),
            ("callState", text("ringing")),
            ("callState", text("ended")),
            ("answeredBy", text("not-human")),
            ("answeredBy", text("unjudged")),
        ] {
            let (scene, token, id) = answered().await;
            set(&scene, challenge_item(&scene), name, value).await;
            unchanged(&scene, &id, &token, event, name).await;
        }
        let (mut scene, token, id) = answered().await;
        unchanged(&scene, &id, &CallToken::from_bytes([0; 16]), event, "a different token").await;
        unchanged(&scene, &ChallengeId { generation: 2, ..id }, &token, event, "a different generation").await;
        scene.pass(300);
        unchanged(&scene, &id, &token, event, "expired").await;
    }
}

#[tokio::test]
async fn with_machine_detection_off_an_unclassified_answer_can_match_digits() {
    let mut scene = Scene::new().await;
    scene.rules.policy.call_mode = CallMode::MatchDigits;
    scene.rules.policy.machine_detection = false;
    let token = scene.place_call().await;
    scene.answer(&token, AnsweredBy::Unjudged).await;
    assert!(scene.webhook(&token, RIGHT).await.expect("a challenge").is_approved());
}

#[tokio::test]
async fn a_contested_challenge_can_be_approved_by_digits_and_by_a_spoken_code() {
    for mode in [CallMode::MatchDigits, CallMode::SpeakCode] {
        let (scene, token, id) = in_call(mode, mode == CallMode::MatchDigits).await;
        set(&scene, challenge_item(&scene), "contested", AttributeValue::Bool(true)).await;
        let approved = if mode == CallMode::MatchDigits {
            send(&scene, &id, &token, RIGHT).await.expect("a challenge").is_approved()
        } else {
            let (code, macs) = drawn(&scene, &id);
            send(&scene, &id, &token, CallEvent::Speaks(AnsweredBy::Human, macs)).await;
            scene.guess(&code).await.expect("judged") == Some(true)
        };
        assert!(approved, "{mode:?}");
    }
}

#[tokio::test]
async fn pound_and_digits_each_approve_only_in_their_own_mode() {
    let modes = [CallMode::PressPound, CallMode::MatchDigits, CallMode::SpeakCode];
    for (event, approves) in [
        (CallEvent::Pressed(Key::Approve), [true, false, false]),
        (RIGHT, [false, true, false]),
        (CallEvent::Pressed(Key::Other), [false; 3]),
        (WRONG, [false; 3]),
    ] {
        for (mode, approves) in modes.into_iter().zip(approves) {
            let (scene, token, id) = in_call(mode, true).await;
            let current = send(&scene, &id, &token, event).await.expect("a challenge");
            assert_eq!(current.is_approved(), approves, "{event:?} in {mode:?}");
            let counted =
                u32::from(mode == CallMode::MatchDigits && matches!(event, CallEvent::Entered { .. }) && !approves);
            assert_eq!(current.attempts, counted, "{event:?} in {mode:?}");
        }
    }
}

/// A call in which `#` approves, answered by `by`.
async fn asks_for_four_digits(by: AnsweredBy, contested: bool) -> (Scene, CallToken, ChallengeId) {
    let (scene, token, id) = in_call(CallMode::PressPound, false).await;
    scene.answer(&token, by).await;
    if contested {
        set(&scene, challenge_item(&scene), "contested", AttributeValue::Bool(true)).await;
    }
    (scene, token, id)
}

#[tokio::test]
async fn four_digits_are_judged_in_a_contested_call_and_in_one_that_no_human_answered() {
    for (by, contested) in [
        (AnsweredBy::Human, true),
        (AnsweredBy::NotHuman, false),
        (AnsweredBy::Unjudged, false),
        (AnsweredBy::NotHuman, true),
    ] {
        let (scene, token, id) = asks_for_four_digits(by, contested).await;
        let approved = send(&scene, &id, &token, RIGHT).await.expect("a challenge");
        let expected = Outcome::Approved { at: scene.now, by: Method::MatchDigits, settled: false };
        assert_eq!(approved.outcome, expected, "{by:?}");
        let (scene, token, id) = asks_for_four_digits(by, contested).await;
        let wrong = send(&scene, &id, &token, WRONG).await.expect("a challenge");
        let call = wrong.call.as_ref().expect("a call");
        assert_eq!((wrong.attempts, call.state, wrong.outcome), (1, CallState::Ended, Outcome::Pending), "{by:?}");
        let pressed = send(&scene, &id, &token, RIGHT).await.expect("a challenge");
        assert_eq!(pressed.outcome, Outcome::Pending, "one entry is judged");
    }
}

#[tokio::test]
async fn four_digits_are_judged_only_if_every_term_of_their_condition_holds() {
    for event in [RIGHT, WRONG] {
        for (name, value) in [
            ("generation", count(2)),
            ("outcome", text("denied")),
            ("callToken", AttributeValue::B(Blob::new(vec![0; 32]))),
            ("attempts", count(5)),
            ("callState", text("calling")),
            ("callState", text("ended")),
            ("purpose", text("change")),
            ("contested", AttributeValue::Bool(false)),
        ] {
            let (scene, token, id) = asks_for_four_digits(AnsweredBy::Human, true).await;
            set(&scene, challenge_item(&scene), name, value).await;
            unchanged(&scene, &id, &token, event, name).await;
        }
        let (scene, token, id) = asks_for_four_digits(AnsweredBy::NotHuman, false).await;
        set(&scene, challenge_item(&scene), "answeredBy", text("human")).await;
        unchanged(&scene, &id, &token, event, "a human, uncontested").await;
        let (mut scene, token, id) = asks_for_four_digits(AnsweredBy::Human, true).await;
        unchanged(&scene, &id, &CallToken::from_bytes([0; 16]), event, "a different token").await;
        unchanged(&scene, &ChallengeId { generation: 2, ..id }, &token, event, "a different generation").await;
        scene.pass(300);
        unchanged(&scene, &id, &token, event, "expired").await;
    }
}

#[tokio::test]
async fn a_machine_reports_no_fraud_and_its_zero_is_a_wrong_entry() {
    let (scene, token, id) = asks_for_four_digits(AnsweredBy::NotHuman, false).await;
    let pressed = send(&scene, &id, &token, CallEvent::Pressed(Key::Fraud)).await.expect("a challenge");
    assert_eq!((pressed.outcome, pressed.attempts), (Outcome::Pending, 1));
    assert_eq!(scene.load().await.subject.blocked_until, None);
}

/// The provider says when a call is over, also after it has approved: only then is the slot for calls free.
#[tokio::test]
async fn a_call_is_over_when_the_provider_says_so_whatever_became_of_its_challenge() {
    let (scene, token, id) = in_call(CallMode::PressPound, true).await;
    send(&scene, &id, &token, CallEvent::Pressed(Key::Approve)).await;
    let live = send(&scene, &id, &token, CallEvent::Pressed(Key::Approve)).await.expect("a challenge");
    assert!(live.is_approved() && live.has_live_call(scene.now));
    let over = send(&scene, &id, &token, CallEvent::Progress(CallState::Ended)).await.expect("a challenge");
    assert!(over.is_approved() && !over.has_live_call(scene.now));
}
