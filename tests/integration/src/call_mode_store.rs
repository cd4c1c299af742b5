//! The store's part of the call modes: what each write needs, term by term, and what it changes.

use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::call::{AnsweredBy, CallEvent, CallMode, CallState, CallToken, Key};
use domain::challenge::{Challenge, Method, Outcome};
use domain::channel::Channel;
use domain::code::{Code, CodeMac, Utterance};
use domain::identity::ChallengeId;
use domain::ports::{ChallengeStore as _, Settlement};

use crate::conditions::{all, challenge_item, count, send, set, text, unchanged};
use crate::scene::{Scene, number};

const RIGHT: CallEvent = CallEvent::Entered { matches: true };
const WRONG: CallEvent = CallEvent::Entered { matches: false };

/// A call of that mode, answered by a human where that is wanted.
async fn in_call(mode: CallMode, answered: bool) -> (Scene, CallToken, ChallengeId) {
    let mut scene = Scene::new().await;
    scene.rules.policy.call_mode = mode;
    let token = scene.place_call().await;
    if answered {
        scene.answer(&token, AnsweredBy::Human).await;
    }
    let id = scene.challenge().await.id;
    (scene, token, id)
}

fn drawn(scene: &Scene, id: &ChallengeId) -> (Code, Utterance) {
    let phone = number(crate::scene::ALICE);
    scene.keys.speak(id, &phone, scene.now, &mut platform::clock::random())
}

fn macs(macs: &[CodeMac]) -> AttributeValue {
    AttributeValue::L(macs.iter().map(|mac| AttributeValue::B(Blob::new(mac.as_bytes().to_vec()))).collect())
}

async fn settle(scene: &Scene, challenge: &Challenge) -> Challenge {
    match scene.store.settle(challenge, scene.now).await.expect("an answer") {
        Settlement::Settled(settled) => *settled,
        Settlement::Refused => panic!("refused"),
    }
}

#[tokio::test]
async fn matching_digits_approve_and_any_status_call_settles_it() {
    let (scene, token, id) = in_call(CallMode::MatchDigits, true).await;
    let approved = send(&scene, &id, &token, RIGHT).await.expect("a challenge");
    let expected = |settled| Outcome::Approved { at: scene.now, by: Method::MatchDigits, settled };
    assert_eq!((approved.outcome, approved.attempts), (expected(false), 0));
    assert_eq!(settle(&scene, &approved).await.outcome, expected(true));
    assert_eq!(settle(&scene, &approved).await.outcome, expected(true), "the second finds the first one's work");
    assert_eq!(scene.challenge().await.outcome, expected(true));
}

#[tokio::test]
async fn wrong_digits_end_the_call_and_count_as_a_guess_in_one_write() {
    let (mut scene, token, id) = in_call(CallMode::MatchDigits, true).await;
    scene.pass(7);
    scene.backend.round_trips();
    let stands = send(&scene, &id, &token, WRONG).await.expect("a challenge");
    assert_eq!(scene.backend.round_trips(), 1);
    let call = stands.call.as_ref().map(|call| call.state);
    assert_eq!((stands.attempts, stands.last_guess_at, call), (1, Some(scene.now), Some(CallState::Ended)));
    unchanged(&scene, &id, &token, RIGHT, "one entry is judged in a call").await;
    unchanged(&scene, &id, &token, WRONG, "one entry is judged in a call").await;
}

#[tokio::test]
async fn wrong_digits_over_many_logins_are_failures_of_the_subject() {
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
    assert_eq!(scene.draft(Channel::Sms).await.subject.failures, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_entries_at_once_one_is_judged() {
    for right in [0, 1, 25, 50] {
        let (scene, token, id) = in_call(CallMode::MatchDigits, true).await;
        let scene = Arc::new(scene);
        let entries: Vec<_> = (0..50)
            .map(|entry| {
                let (scene, token) = (Arc::clone(&scene), token.clone());
                let event = CallEvent::Entered { matches: entry % 50 < right };
                // A conflict, which an emulator may report, has judged nothing.
                tokio::spawn(async move {
                    let policy = &scene.rules.policy;
                    drop(scene.store.advance_call(&id, &token, event, policy, scene.now).await);
                })
            })
            .collect();
        for entry in entries {
            entry.await.expect("no panic");
        }
        let stands = scene.challenge().await;
        let ended = stands.call.as_ref().is_some_and(|call| call.state == CallState::Ended);
        let judged = (stands.is_approved(), stands.attempts, ended);
        assert!([(true, 0, false), (false, 1, true)].contains(&judged), "{right} right: {judged:?}");
        assert!(right > 0 || !stands.is_approved());
        assert!(right < 50 || stands.is_approved());
    }
}

#[tokio::test]
async fn each_term_alone_keeps_an_entry_from_being_judged() {
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
        unchanged(&scene, &id, &CallToken::from_bytes([0; 16]), event, "another token").await;
        unchanged(&scene, &ChallengeId { generation: 2, ..id }, &token, event, "another generation").await;
        scene.pass(300);
        unchanged(&scene, &id, &token, event, "expired").await;
    }
}

#[tokio::test]
async fn with_detection_off_an_unjudged_answer_may_match_digits() {
    let mut scene = Scene::new().await;
    scene.rules.policy.call_mode = CallMode::MatchDigits;
    scene.rules.policy.machine_detection = false;
    let token = scene.place_call().await;
    scene.answer(&token, AnsweredBy::Unjudged).await;
    assert!(scene.webhook(&token, RIGHT).await.expect("a challenge").is_approved());
}

#[tokio::test]
async fn a_contested_challenge_is_approved_by_digits_and_by_a_spoken_code() {
    for mode in [CallMode::MatchDigits, CallMode::SpeakCode] {
        let (scene, token, id) = in_call(mode, mode == CallMode::MatchDigits).await;
        set(&scene, challenge_item(&scene), "contested", AttributeValue::Bool(true)).await;
        let approved = if mode == CallMode::MatchDigits {
            send(&scene, &id, &token, RIGHT).await.expect("a challenge").is_approved()
        } else {
            let (code, utterance) = drawn(&scene, &id);
            send(&scene, &id, &token, CallEvent::Speaks(AnsweredBy::Human, utterance)).await;
            scene.guess(&code).await.expect("judged") == Some(true)
        };
        assert!(approved, "{mode:?}");
    }
}

#[tokio::test]
async fn pound_approves_in_its_own_mode_alone_and_digits_in_theirs() {
    let modes = [CallMode::PressPound, CallMode::MatchDigits, CallMode::SpeakCode];
    for (event, approves) in [
        (CallEvent::Pressed(Key::Approve), [true, false, false]),
        (RIGHT, [false, true, false]),
        (CallEvent::Pressed(Key::Other), [false; 3]),
        (WRONG, [false; 3]),
    ] {
        for (mode, approves) in modes.into_iter().zip(approves) {
            let (scene, token, id) = in_call(mode, true).await;
            let stands = send(&scene, &id, &token, event).await.expect("a challenge");
            assert_eq!(stands.is_approved(), approves, "{event:?} in {mode:?}");
            let counted =
                u32::from(mode == CallMode::MatchDigits && matches!(event, CallEvent::Entered { .. }) && !approves);
            assert_eq!(stands.attempts, counted, "{event:?} in {mode:?}");
        }
    }
}

// --- a spoken code

#[tokio::test]
async fn the_answer_adds_the_code_once_and_it_approves_as_one_that_was_spoken() {
    let (scene, token, id) = in_call(CallMode::SpeakCode, false).await;
    let (code, utterance) = drawn(&scene, &id);
    scene.backend.round_trips();
    let stands = send(&scene, &id, &token, CallEvent::Speaks(AnsweredBy::Human, utterance)).await;
    assert_eq!(scene.backend.round_trips(), 1);
    let stands = stands.expect("a challenge");
    let call = stands.call.clone().expect("a call");
    assert_eq!((call.state, call.answered_by), (CallState::Answered, Some(AnsweredBy::Human)));
    assert!(utterance.is_stored(&stands.spoken) && stands.codes.is_empty());

    let (repeated, again) = drawn(&scene, &id);
    unchanged(&scene, &id, &token, CallEvent::Speaks(AnsweredBy::Human, again), "it was answered").await;
    assert_eq!(scene.guess(&repeated).await.expect("judged"), Some(false));
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
    let approved = Outcome::Approved { at: scene.now, by: Method::SpokenCode, settled: true };
    assert_eq!(scene.challenge().await.outcome, approved);
    assert_eq!(scene.guess(&code).await.expect("an answer"), None, "a code is good once");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_answers_at_once_one_code_is_added() {
    let (scene, token, id) = in_call(CallMode::SpeakCode, false).await;
    let scene = Arc::new(scene);
    let answers: Vec<_> = (0..50)
        .map(|_| {
            let (scene, token) = (Arc::clone(&scene), token.clone());
            let (_, utterance) = drawn(&scene, &id);
            let event = CallEvent::Speaks(AnsweredBy::Human, utterance);
            tokio::spawn(async move {
                let stands = scene.store.advance_call(&id, &token, event, &scene.rules.policy, scene.now).await;
                stands.ok().flatten().is_some_and(|challenge| utterance.is_stored(&challenge.spoken))
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
async fn each_term_alone_keeps_a_code_from_being_spoken() {
    for (name, value) in [
        ("generation", count(2)),
        ("outcome", text("denied")),
        ("callToken", AttributeValue::B(Blob::new(vec![0; 32]))),
        ("attempts", count(5)),
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
    unchanged(&scene, &id, &CallToken::from_bytes([0; 16]), event, "another token").await;
    unchanged(&scene, &ChallengeId { generation: 2, ..id }, &token, event, "another generation").await;
    scene.pass(300);
    unchanged(&scene, &id, &token, event, "expired").await;
}

#[tokio::test]
async fn a_code_that_is_one_already_under_any_key_is_not_spoken() {
    let [first, second, third] = [1, 2, 3].map(|byte| CodeMac::from_bytes([byte; 32]));
    let utterance = Utterance { mac: first, under_all: [first, second, third] };
    let event = CallEvent::Speaks(AnsweredBy::Human, utterance);
    for list in ["codes", "spokenCodes"] {
        for taken in utterance.under_all {
            let (scene, token, id) = in_call(CallMode::SpeakCode, false).await;
            set(&scene, challenge_item(&scene), list, macs(&[CodeMac::from_bytes([9; 32]), taken])).await;
            unchanged(&scene, &id, &token, event, list).await;
        }
        let (scene, token, id) = in_call(CallMode::SpeakCode, false).await;
        set(&scene, challenge_item(&scene), list, macs(&[CodeMac::from_bytes([9; 32])])).await;
        let stands = send(&scene, &id, &token, event).await.expect("a challenge");
        assert!(utterance.is_stored(&stands.spoken), "another code is in the way of none");
    }
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
        let stands = send(&scene, &id, &token, event).await.expect("a challenge");
        assert_eq!((stands.spoken.len(), stands.call.map(|call| call.state)), (0, Some(state)), "{mode:?} {by:?}");
    }
}

#[tokio::test]
async fn every_spoken_code_stays_good_while_its_generation_is_open() {
    let mut scene = Scene::new().await;
    scene.rules.policy.call_mode = CallMode::SpeakCode;
    let mut codes = Vec::new();
    for _ in 0..2 {
        let token = scene.place_call().await;
        let (code, utterance) = drawn(&scene, &scene.challenge().await.id);
        scene.webhook(&token, CallEvent::Speaks(AnsweredBy::Human, utterance)).await;
        scene.webhook(&token, CallEvent::Progress(CallState::Ended)).await;
        scene.pass(31);
        codes.push(code);
    }
    let sent = scene.send_code().await;
    let before = scene.challenge().await;
    assert_eq!((before.codes.len(), before.spoken.len()), (1, 2), "a message leaves the spoken codes alone");
    let judged = [&sent, &codes[0], &codes[1]].map(|code| scene.keys.judge(&before, code));
    assert_eq!(judged, [Some(Method::SmsCode), Some(Method::SpokenCode), Some(Method::SpokenCode)]);
    assert_eq!(scene.guess(&codes[0]).await.expect("judged"), Some(true), "the first call's code");

    let mut scene = Scene::new().await;
    scene.rules.policy.call_mode = CallMode::SpeakCode;
    let token = scene.place_call().await;
    let (code, utterance) = drawn(&scene, &scene.challenge().await.id);
    scene.webhook(&token, CallEvent::Speaks(AnsweredBy::Human, utterance)).await;
    scene.pass(300);
    assert_eq!(scene.guess(&code).await.expect("an answer"), None, "expired");
    scene.send_code().await;
    let next = scene.challenge().await;
    assert_eq!((next.id.generation, next.spoken.len()), (2, 0));
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(false), "of the generation before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoken_code_verifies_once_even_when_typed_fifty_times_at_once() {
    let (scene, token, id) = in_call(CallMode::SpeakCode, false).await;
    let (code, utterance) = drawn(&scene, &id);
    send(&scene, &id, &token, CallEvent::Speaks(AnsweredBy::Human, utterance)).await;
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

#[tokio::test]
async fn what_is_stored_of_a_call_holds_neither_its_code_nor_its_digits() {
    let (scene, token, id) = in_call(CallMode::SpeakCode, false).await;
    let (code, utterance) = drawn(&scene, &id);
    send(&scene, &id, &token, CallEvent::Speaks(AnsweredBy::Human, utterance)).await;
    let stored = scene.backend.client.scan().table_name(&scene.backend.table).send().await.expect("items");
    assert!(!format!("{:?}", stored.items()).contains(code.expose()));

    let (scene, _, _) = in_call(CallMode::MatchDigits, true).await;
    let (pressing, _, _) = in_call(CallMode::PressPound, true).await;
    let kept = |stored: domain::snapshot::Snapshot| {
        let strip = |challenge: &Challenge| {
            let call = challenge.call.clone().map(|call| domain::call::Call { token: [0; 32], ..call });
            all(&Challenge { call, ..challenge.clone() }, &stored.subject)
        };
        stored.challenges.iter().map(strip).collect::<String>()
    };
    assert_eq!(kept(scene.load().await), kept(pressing.load().await), "digits are derived and never stored");
}
