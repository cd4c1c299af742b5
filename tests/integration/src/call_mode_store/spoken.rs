//! A code that a call says: when it is added, and how long it is valid.

use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::call::{AnsweredBy, CallEvent, CallState, CallToken};
use domain::challenge::{Method, Outcome};
use domain::code::{CodeMac, SpokenCodeMacs};
use domain::identity::ChallengeId;
use domain::policy::CallMode;
use domain::ports::ChallengeStore as _;

use super::{drawn, in_call};
use crate::conditions::{challenge_item, count, send, set, text, unchanged};
use crate::scene::Scene;

fn macs(macs: &[CodeMac]) -> AttributeValue {
    AttributeValue::L(macs.iter().map(|mac| AttributeValue::B(Blob::new(mac.as_bytes().to_vec()))).collect())
}

#[tokio::test]
async fn the_answer_adds_the_code_once_and_it_approves_as_a_spoken_code() {
    let (scene, token, id) = in_call(CallMode::SpeakCode, false).await;
    let (code, macs) = drawn(&scene, &id);
    scene.backend.round_trips();
    let current = send(&scene, &id, &token, CallEvent::Speaks(AnsweredBy::Human, macs)).await;
    assert_eq!(scene.backend.round_trips(), 1);
    let current = current.expect("a challenge");
    let call = current.call.clone().expect("a call");
    assert_eq!((call.state, call.answered_by), (CallState::Answered, Some(AnsweredBy::Human)));
    assert!(macs.is_stored(&current.spoken) && current.codes.is_empty());

    let (repeated, again) = drawn(&scene, &id);
    unchanged(&scene, &id, &token, CallEvent::Speaks(AnsweredBy::Human, again), "already answered").await;
    assert_eq!(scene.guess(&repeated).await.expect("judged"), Some(false));
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
    let approved = Outcome::Approved { at: scene.now, by: Method::SpokenCode, settled: true };
    assert_eq!(scene.challenge().await.outcome, approved);
    assert_eq!(scene.guess(&code).await.expect("an answer"), None, "a code works only once");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_answers_at_once_exactly_one_adds_its_code() {
    let (scene, token, id) = in_call(CallMode::SpeakCode, false).await;
    let scene = Arc::new(scene);
    let answers: Vec<_> = (0..50)
        .map(|_| {
            let (scene, token) = (Arc::clone(&scene), token.clone());
            let (_, macs) = drawn(&scene, &id);
            let event = CallEvent::Speaks(AnsweredBy::Human, macs);
            tokio::spawn(async move {
                let current = scene.store.advance_call(&id, &token, event, &scene.rules.policy, scene.now).await;
                current.ok().flatten().is_some_and(|challenge| macs.is_stored(&challenge.spoken))
            })
        })
        .collect();
    let mut may_speak = 0;
    for answer in answers {
        may_speak += usize::from(answer.await.expect("no panic"));
    }
    assert_eq!((may_speak, scene.challenge().await.spoken.len()), (1, 1));
}

#[tokio::test]
async fn a_code_is_spoken_only_if_every_term_of_its_condition_holds() {
    for (name, value) in [
        ("generation", count(2)),
        ("callToken", AttributeValue::B(Blob::new(vec![0; 32]))),
        ("callState", text("answered")),
        ("callState", text("no-answer")),
        ("callState", text("ended")),
    ] {
        let (scene, token, id) = in_call(CallMode::SpeakCode, false).await;
        let event = CallEvent::Speaks(AnsweredBy::Human, drawn(&scene, &id).1);
        set(&scene, challenge_item(&scene), name, value).await;
        unchanged(&scene, &id, &token, event, name).await;
    }
    let (mut scene, token, id) = in_call(CallMode::SpeakCode, false).await;
    let event = CallEvent::Speaks(AnsweredBy::Human, drawn(&scene, &id).1);
    unchanged(&scene, &id, &CallToken::from_bytes([0; 16]), event, "a different token").await;
    unchanged(&scene, &ChallengeId { generation: 2, ..id }, &token, event, "a different generation").await;
    scene.pass(300);
    assert_answered_without_a_code(&scene, &id, &token, event).await;
    for (name, value) in [("outcome", text("denied")), ("attempts", count(5))] {
        let (scene, token, id) = in_call(CallMode::SpeakCode, false).await;
        let event = CallEvent::Speaks(AnsweredBy::Human, drawn(&scene, &id).1);
        set(&scene, challenge_item(&scene), name, value).await;
        assert_answered_without_a_code(&scene, &id, &token, event).await;
    }
}

/// Whoever takes the call can still report it.
async fn assert_answered_without_a_code(scene: &Scene, id: &ChallengeId, token: &CallToken, event: CallEvent) {
    let current = send(scene, id, token, event).await.expect("a challenge");
    assert_eq!(current.spoken.len(), 0);
    assert_eq!(current.call.and_then(|call| call.answered_by), Some(AnsweredBy::Human));
}

#[tokio::test]
async fn a_code_that_a_call_has_said_under_any_key_is_not_said_again() {
    let [first, second, third] = [1, 2, 3].map(|byte| CodeMac::from_bytes([byte; 32]));
    let spoken = SpokenCodeMacs { mac: first, under_all: [first, second, third] };
    let event = CallEvent::Speaks(AnsweredBy::Human, spoken);
    for taken in spoken.under_all {
        let (scene, token, id) = in_call(CallMode::SpeakCode, false).await;
        set(&scene, challenge_item(&scene), "spokenCodes", macs(&[CodeMac::from_bytes([9; 32]), taken])).await;
        unchanged(&scene, &id, &token, event, "said before").await;
    }
    let (scene, token, id) = in_call(CallMode::SpeakCode, false).await;
    set(&scene, challenge_item(&scene), "spokenCodes", macs(&[CodeMac::from_bytes([9; 32])])).await;
    let current = send(&scene, &id, &token, event).await.expect("a challenge");
    assert!(spoken.is_stored(&current.spoken), "a different code can be added");
}

#[tokio::test]
async fn no_code_is_added_for_a_machine_or_in_another_mode() {
    for (mode, by, state) in [
        (CallMode::SpeakCode, AnsweredBy::NotHuman, CallState::Voicemail),
        (CallMode::SpeakCode, AnsweredBy::Unjudged, CallState::Voicemail),
        (CallMode::PressPound, AnsweredBy::Human, CallState::Answered),
        (CallMode::MatchDigits, AnsweredBy::Human, CallState::Answered),
    ] {
        let (scene, token, id) = in_call(mode, false).await;
        let event = CallEvent::Speaks(by, drawn(&scene, &id).1);
        let current = send(&scene, &id, &token, event).await.expect("a challenge");
        assert_eq!((current.spoken.len(), current.call.map(|call| call.state)), (0, Some(state)), "{mode:?} {by:?}");
    }
}

#[tokio::test]
async fn every_spoken_code_stays_valid_while_its_generation_is_open() {
    let mut scene = Scene::new().await;
    scene.rules.policy.call_mode = CallMode::SpeakCode;
    let mut codes = Vec::new();
    for _ in 0..2 {
        let token = scene.place_call().await;
        let (code, macs) = drawn(&scene, &scene.challenge().await.id);
        scene.webhook(&token, CallEvent::Speaks(AnsweredBy::Human, macs)).await;
        scene.webhook(&token, CallEvent::Progress(CallState::Ended)).await;
        scene.pass(31);
        codes.push(code);
    }
    let sent = scene.send_code().await;
    let before = scene.challenge().await;
    assert_eq!((before.codes.len(), before.spoken.len()), (1, 2), "a message does not change the spoken codes");
    let judged = [&sent, &codes[0], &codes[1]].map(|code| before.judge(&scene.keys, code));
    assert_eq!(judged, [Some(Method::SmsCode), Some(Method::SpokenCode), Some(Method::SpokenCode)]);
    assert_eq!(scene.guess(&codes[0]).await.expect("judged"), Some(true), "the first call's code");

    let mut scene = Scene::new().await;
    scene.rules.policy.call_mode = CallMode::SpeakCode;
    let token = scene.place_call().await;
    let (code, macs) = drawn(&scene, &scene.challenge().await.id);
    scene.webhook(&token, CallEvent::Speaks(AnsweredBy::Human, macs)).await;
    scene.pass(300);
    assert_eq!(scene.guess(&code).await.expect("an answer"), None, "expired");
    scene.send_code().await;
    let next = scene.challenge().await;
    assert_eq!((next.id.generation, next.spoken.len()), (2, 0));
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(false), "the code of the previous generation");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoken_code_works_once_even_if_typed_fifty_times_at_once() {
    let (scene, token, id) = in_call(CallMode::SpeakCode, false).await;
    let (code, macs) = drawn(&scene, &id);
    send(&scene, &id, &token, CallEvent::Speaks(AnsweredBy::Human, macs)).await;
    let scene = Arc::new(scene);
    let guesses: Vec<_> = (0..50)
        .map(|_| {
            let (scene, code) = (Arc::clone(&scene), code.clone());
            tokio::spawn(async move { scene.guess(&code).await.unwrap_or(None) == Some(true) })
        })
        .collect();
    let mut approved = 0;
    for guess in guesses {
        approved += usize::from(guess.await.expect("no panic"));
    }
    assert_eq!(approved, 1);
}
