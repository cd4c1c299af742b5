//! The contract of the challenge store, with real concurrency, on whichever backend is configured.

use std::sync::Arc;
use std::time::Duration;

use domain::call::{AnsweredBy, CallEvent, CallState, Key};
use domain::challenge::{NumberSource, Outcome};
use domain::channel::Channel;
use domain::code::Code;
use domain::delivery::Delivery;
use domain::follow_up::Tally;
use domain::phone::Country;
use domain::ports::{ChallengeStore as _, Settlement, Started, Statistics as _, StoreError};
use domain::refusal::Refusal;
use domain::script::Script;
use domain::snapshot::Snapshot;
use domain::start::Decision;
use domain::start_transaction::{Predecessor, Replaces};

use crate::scene::{ALICE, Scene, number};

/// Runs `count` copies of a request at once, and returns their outcomes.
pub(crate) async fn at_once<T, F>(count: usize, request: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let running: Vec<_> = (0..count).map(|index| tokio::spawn(request(index))).collect();
    let mut outcomes = Vec::with_capacity(count);
    for task in running {
        outcomes.push(task.await.expect("no panic"));
    }
    outcomes
}

async fn guesses_at_once(scene: Scene, count: usize, codes: Vec<Code>) -> (Arc<Scene>, Vec<Option<bool>>) {
    let scene = Arc::new(scene);
    let codes = Arc::new(codes);
    let outcomes = at_once(count, |index| {
        let (scene, codes) = (Arc::clone(&scene), Arc::clone(&codes));
        async move { scene.guess(&codes[index % codes.len()]).await.unwrap_or(None) }
    });
    let outcomes = outcomes.await;
    (scene, outcomes)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_parallel_guesses_at_most_five_are_judged() {
    let mut scene = Scene::new().await;
    scene.send_code().await;
    let wrong = scene.wrong_code().await;
    let (scene, outcomes) = guesses_at_once(scene, 200, vec![wrong]).await;
    let judged = outcomes.iter().filter(|outcome| outcome.is_some()).count();
    assert!((1..=5).contains(&judged), "{judged} judged");
    assert!(outcomes.iter().all(|outcome| *outcome != Some(true)));
    assert_eq!(scene.challenge().await.attempts, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once_even_if_submitted_fifty_times_at_once() {
    let mut scene = Scene::new().await;
    let right = scene.send_code().await;
    let (scene, outcomes) = guesses_at_once(scene, 50, vec![right.clone()]).await;
    let approved = outcomes.iter().filter(|outcome| **outcome == Some(true)).count();
    assert_eq!(approved, 1);
    assert_eq!(scene.guess(&right).await.expect("an answer"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_starts_at_once_exactly_one_is_applied() {
    let mut scene = Scene::new().await;
    let transaction = scene.transaction(Channel::Sms).await;
    let store = scene.store.clone();
    let outcomes = at_once(20, |_| {
        let (store, transaction) = (store.clone(), transaction.clone());
        async move { store.start(&transaction).await }
    });
    let outcomes = outcomes.await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(Started::Applied) | Err(StoreError::Conflict))));
    scene.pass(1);
    assert_eq!(scene.load().await.subject.sms_sent.len(), 1);
}

#[tokio::test]
async fn every_code_of_a_live_challenge_stays_valid_in_any_order() {
    for late in 0..3 {
        let mut scene = Scene::new().await;
        let mut codes = Vec::new();
        for _ in 0..3 {
            codes.push(scene.send_code().await);
            scene.pass(30);
        }
        assert_eq!(scene.guess(&codes[late]).await.expect("judged"), Some(true), "code {late}");
    }
}

#[tokio::test]
async fn a_code_expires_with_its_challenge_even_if_the_item_is_still_there() {
    let mut scene = Scene::new().await;
    let code = scene.send_code().await;
    scene.pass(299);
    assert_eq!(scene.guess(&scene.wrong_code().await).await.expect("judged"), Some(false));
    scene.pass(1);
    assert_eq!(scene.guess(&code).await.expect("an answer"), None);
}

#[tokio::test]
async fn no_code_lives_longer_than_ten_minutes_despite_a_resend() {
    let mut scene = Scene::new().await;
    let first = scene.send_code().await;
    for _ in 0..2 {
        scene.pass(290);
        scene.send_code().await;
    }
    scene.pass(20);
    assert_eq!(scene.guess(&first).await.expect("an answer"), None);
}

#[tokio::test]
async fn a_different_number_closes_the_old_generation_and_keeps_its_guesses_and_sends() {
    let mut scene = Scene::new().await;
    scene.claimed = None;
    let Decision::Send(mut transaction) =
        scene.decide(&scene.load().await, Channel::Sms, Some("+14155550001")).expect("sends")
    else {
        panic!("nothing runs yet")
    };
    let mut random = platform::clock::random();
    let (old, _) = transaction.add_code(&scene.keys, &mut random);
    scene.store.start(&transaction).await.expect("started");
    assert_eq!(scene.guess(&scene.wrong_code().await).await.expect("judged"), Some(false));

    let Decision::Send(mut transaction) =
        scene.decide(&scene.load().await, Channel::Sms, Some("+14155550002")).expect("sends")
    else {
        panic!("a different number needs a new challenge")
    };
    assert_eq!(
        transaction.replaces,
        Replaces::Generation(Predecessor { generation: 1, attempts: 1, messages: 1, calls: 0, answers: 0 })
    );
    let (new, _) = transaction.add_code(&scene.keys, &mut random);
    scene.store.start(&transaction).await.expect("started");

    assert_eq!(scene.guess(&old).await.expect("judged"), Some(false), "the first number's code no longer works");
    let challenge = scene.challenge().await;
    assert_eq!((challenge.attempts, challenge.max_attempts, challenge.sms.used), (2, 5, 2));
    assert_eq!(scene.guess(&new).await.expect("judged"), Some(true));
    let bound = scene.load().await.subject.binding.expect("enrolled");
    assert_eq!(bound.number, number("+14155550002"));
}

#[tokio::test]
async fn a_generation_is_not_replaced_if_a_guess_at_it_is_not_yet_counted() {
    let mut scene = Scene::new().await;
    scene.send_code().await;
    scene.pass(301);
    let transaction = scene.transaction(Channel::Sms).await;
    scene.now = crate::scene::NOW; // a guess that a slow clock still lets in
    assert_eq!(scene.guess(&scene.wrong_code().await).await.expect("judged"), Some(false));
    assert!(matches!(scene.store.start(&transaction).await, Err(StoreError::Conflict)));
}

#[tokio::test]
async fn settling_enrols_the_number_resets_failures_and_returns_the_reserved_guesses() {
    let mut scene = Scene::new().await;
    scene.send_code().await;
    for _ in 0..5 {
        scene.guess(&scene.wrong_code().await).await.expect("judged");
    }
    scene.pass(31);
    let code = scene.send_code().await;
    assert_eq!(scene.load().await.subject.failures, 5);
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
    let subject = scene.load().await.subject;
    assert_eq!((subject.failures, subject.reserved.len()), (0, 0));
    assert_eq!(subject.binding.map(|binding| binding.number), Some(number(ALICE)));
}

#[tokio::test]
async fn no_approval_survives_a_change_of_its_subject() {
    // The number was enrolled elsewhere meanwhile: the challenge that would have enrolled is stale.
    let mut scene = Scene::new().await;
    let stale = scene.send_code().await;
    scene.session("2");
    let code = scene.send_code().await;
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
    scene.session("1");
    assert_eq!(scene.guess(&stale).await.expect("judged"), Some(false));
    assert!(!scene.challenge().await.is_approved());

    // The subject was blocked meanwhile.
    let mut scene = Scene::new().await;
    let token = scene.place_call().await;
    let code = scene.send_code().await;
    scene.answer(&token, AnsweredBy::Human).await;
    let counted = scene.store.count_guess(&scene.key, scene.now).await.expect("an answer").expect("open");
    scene.press(&token, Key::Fraud).await;
    scene.press(&token, Key::Block).await;
    let by = counted.judge(&scene.keys, &code).expect("the right code");
    let proven = counted.proven(by, scene.now);
    assert!(matches!(scene.store.settle(&proven, &scene.rules.policy, scene.now).await, Ok(Settlement::Refused(_))));
}

#[tokio::test]
async fn an_enrolled_number_is_proven_as_the_same_binding_from_then_on() {
    let mut scene = Scene::new().await;
    let code = scene.send_code().await;
    scene.guess(&code).await.expect("judged");
    scene.session("2");
    scene.claimed = Some(number("+14155559999"));
    let code = scene.send_code().await;
    let challenge = scene.challenge().await;
    assert_eq!(challenge.phone, number(ALICE), "an enrolled number takes precedence over a claim");
    assert!(matches!(challenge.source, NumberSource::Enrolled(_)));
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
}

#[tokio::test]
async fn pound_on_an_answered_human_call_approves_and_any_status_call_settles_it() {
    let mut scene = Scene::new().await;
    let token = scene.place_call().await;
    scene.webhook(&token, CallEvent::Progress(CallState::Ringing)).await;
    scene.answer(&token, AnsweredBy::Human).await;
    let approved = scene.press(&token, Key::Approve).await.expect("a challenge");
    assert!(matches!(approved.outcome, Outcome::Approved { settled: false, .. }));
    for _ in 0..2 {
        // the second finds what the first has done
        let Ok(Settlement::Settled(settled)) = scene.store.settle(&approved, &scene.rules.policy, scene.now).await
        else {
            panic!("settled")
        };
        assert!(matches!(settled.outcome, Outcome::Approved { settled: true, .. }));
    }
    assert_eq!(scene.load().await.subject.binding.map(|binding| binding.number), Some(number(ALICE)));
}

#[tokio::test]
async fn only_a_human_can_approve() {
    for by in [None, Some(AnsweredBy::NotHuman), Some(AnsweredBy::Unjudged)] {
        let mut scene = Scene::new().await;
        let token = scene.place_call().await;
        if let Some(by) = by {
            scene.answer(&token, by).await;
        }
        let current = scene.press(&token, Key::Approve).await;
        assert!(!current.expect("a challenge").is_approved(), "{by:?}");
    }
}

#[tokio::test]
async fn with_machine_detection_off_an_unclassified_answer_can_approve() {
    let mut scene = Scene::new().await;
    scene.rules.policy.machine_detection = false;
    let token = scene.place_call().await;
    scene.answer(&token, AnsweredBy::Unjudged).await;
    assert!(scene.press(&token, Key::Approve).await.expect("a challenge").is_approved());
}

#[tokio::test]
async fn a_call_approves_only_while_its_challenge_is_open_and_uncontested() {
    let mut scene = Scene::new().await;
    let token = scene.place_call().await;
    scene.answer(&token, AnsweredBy::Human).await;
    let id = scene.challenge().await.id;
    let other = domain::call::CallToken::from_bytes([0; 16]);
    assert!(
        !scene.press(&other, Key::Approve).await.expect("a challenge").is_approved(),
        "the token of a different call"
    );
    for generation in [0, 2] {
        let id = domain::identity::ChallengeId { generation, ..id };
        let event = CallEvent::Pressed(Key::Approve);
        let current = scene.store.advance_call(&id, &token, event, &scene.rules.policy, scene.now).await;
        assert!(!current.expect("an answer").expect("a challenge").is_approved(), "generation {generation}");
    }
    let wrong = Code::parse("000000").expect("six digits");
    for _ in 0..5 {
        scene.guess(&wrong).await.expect("judged");
    }
    assert!(!scene.press(&token, Key::Approve).await.expect("a challenge").is_approved(), "exhausted");

    let mut scene = Scene::new().await;
    let token = scene.place_call().await;
    scene.answer(&token, AnsweredBy::Human).await;
    scene.pass(300);
    assert!(!scene.press(&token, Key::Approve).await.expect("a challenge").is_approved(), "expired");
}

const ASKS_FOR_DIGITS: Script<'_> = Script::EnterFourDigits { prompts: 3, reports: true };

#[tokio::test]
async fn two_sessions_start_calls_and_pound_approves_neither() {
    let mut scene = Scene::new().await;
    let first = scene.place_call().await;
    scene.answer(&first, AnsweredBy::Human).await;
    scene.pass(140); // the longest a call can last; its last webhook may still arrive
    scene.session("2");
    let second = scene.place_call().await;
    scene.answer(&second, AnsweredBy::Human).await;
    for (session, token) in [("1", &first), ("2", &second)] {
        scene.session(session);
        let current = scene.press(token, Key::Approve).await.expect("a challenge");
        assert!(!current.is_approved() && current.contested, "session {session}");
        assert_eq!(Script::next(Some(&current), token, None, &scene.rules.policy, scene.now), ASKS_FOR_DIGITS);
    }
}

#[tokio::test]
async fn repeated_late_and_out_of_order_webhooks_change_nothing_that_is_settled() {
    let mut scene = Scene::new().await;
    let token = scene.place_call().await;
    scene.answer(&token, AnsweredBy::Human).await;
    for late in [CallState::Ringing, CallState::Ended] {
        scene.webhook(&token, CallEvent::Progress(late)).await;
    }
    assert_eq!(scene.challenge().await.call.map(|call| call.state), Some(CallState::Ended));
    scene.answer(&token, AnsweredBy::Human).await;
    assert_eq!(scene.challenge().await.call.map(|call| call.state), Some(CallState::Ended), "a late answer");

    let mut scene = Scene::new().await;
    let token = scene.place_call().await;
    scene.answer(&token, AnsweredBy::Human).await;
    let approved = scene.press(&token, Key::Approve).await.expect("a challenge").outcome;
    scene.pass(5);
    for event in [
        CallEvent::Answered(AnsweredBy::NotHuman),
        CallEvent::Pressed(Key::Approve),
        CallEvent::Pressed(Key::Other),
        CallEvent::Pressed(Key::Fraud),
        CallEvent::Progress(CallState::Ended),
    ] {
        assert_eq!(scene.webhook(&token, event).await.map(|challenge| challenge.outcome), Some(approved), "{event:?}");
    }
    let subject = scene.load().await.subject;
    assert_eq!((subject.reported_at, subject.blocked_until), (Some(scene.now), None), "a late fraud key counts");
}

#[tokio::test]
async fn the_fraud_key_either_stops_and_blocks_or_does_nothing() {
    let mut scene = Scene::new().await;
    let token = scene.place_call().await;
    assert_eq!(scene.press(&token, Key::Fraud).await.map(|c| c.outcome), Some(Outcome::Pending), "not answered yet");
    scene.press(&token, Key::Block).await;
    assert_eq!(scene.load().await.subject.reported_at, None);
    scene.answer(&token, AnsweredBy::Human).await;
    for _ in 0..2 {
        assert_eq!(scene.press(&token, Key::Fraud).await.map(|c| c.outcome), Some(Outcome::Denied));
        let subject = scene.load().await.subject;
        assert_eq!((subject.reported_at, subject.blocked_until), (Some(scene.now), None), "counted once");
    }
    scene.press(&token, Key::Block).await;
    let until = scene.now + Duration::from_hours(24);
    assert_eq!(scene.load().await.subject.blocked_until, Some(until));
    scene.session("2");
    assert_eq!(scene.decide(&scene.load().await, Channel::Sms, None).err(), Some(Refusal::Blocked(until)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_code_and_pound_at_once_approve_once() {
    for _ in 0..10 {
        let mut scene = Scene::new().await;
        let token = scene.place_call().await;
        let code = scene.send_code().await;
        scene.answer(&token, AnsweredBy::Human).await;
        let scene = Arc::new(scene);
        let by_code = tokio::spawn({
            let (scene, code) = (Arc::clone(&scene), code.clone());
            async move { scene.guess(&code).await.ok().flatten() }
        });
        let id = scene.challenge().await.id;
        let event = CallEvent::Pressed(Key::Approve);
        let by_call = scene.store.advance_call(&id, &token, event, &scene.rules.policy, scene.now).await;
        let by_code = by_code.await.expect("no panic") == Some(true);
        let current = scene.challenge().await.outcome;
        let pound = matches!(by_call, Ok(Some(challenge)) if matches!(challenge.outcome, Outcome::Approved { settled: false, .. }));
        assert!(!(by_code && pound), "{current:?}");
    }
}

#[tokio::test]
async fn a_send_that_certainly_failed_is_given_back_to_the_challenge_but_not_to_the_windows() {
    let mut scene = Scene::new().await;
    scene.send_code().await;
    let id = scene.challenge().await.id;
    scene.store.record_send(&id, Channel::Sms, scene.now, Delivery::Failed, &[]).await.expect("recorded");
    scene
        .store
        .record_send(&id, Channel::Sms, scene.now, Delivery::Failed, &[])
        .await
        .expect("the second time changes nothing");
    let stored = scene.load().await;
    let sms = stored.challenge(&scene.key).expect("a challenge").sms;
    assert_eq!((sms.used, sms.last.map(|(_, delivery)| delivery)), (0, Some(Delivery::Failed)));
    assert_eq!(stored.subject.sms_sent.len(), 1);

    scene.place_call().await;
    scene.store.record_send(&id, Channel::Call, scene.now, Delivery::Unknown, &[]).await.expect("recorded");
    let calls = scene.challenge().await.calls;
    assert_eq!((calls.used, calls.last.map(|(_, delivery)| delivery)), (1, Some(Delivery::Unknown)));
}

#[tokio::test]
async fn the_late_failure_of_one_send_does_not_affect_a_later_one() {
    let mut scene = Scene::new().await;
    scene.rules.policy.cooldown = Duration::from_secs(1);
    scene.send_code().await; // the provider is slow with this one
    let (id, sent_at) = (scene.challenge().await.id, scene.now);
    scene.pass(2);
    let arrived = scene.send_code().await;
    scene.store.record_send(&id, Channel::Sms, sent_at, Delivery::Failed, &[]).await.expect("recorded");
    assert_eq!(scene.challenge().await.sms.last.map(|(_, delivery)| delivery), Some(Delivery::Sending));
    scene.pass(2);
    scene.send_code().await;
    assert_eq!(scene.guess(&arrived).await.expect("judged"), Some(true));
}

#[tokio::test]
async fn a_resend_by_a_slow_clock_does_not_leave_two_live_sessions_uncontested() {
    let mut scene = Scene::new().await;
    let token = scene.place_call().await;
    scene.answer(&token, AnsweredBy::Human).await;
    scene.pass(299);
    let slow = scene.now;
    scene.pass(1);
    scene.session("2");
    scene.send_code().await;
    let late = std::mem::replace(&mut scene.now, slow);
    scene.session("1");
    scene.send_code().await;
    scene.now = late;
    assert!(!scene.press(&token, Key::Approve).await.expect("a challenge").is_approved());
}

#[tokio::test]
async fn a_read_halfway_through_a_start_is_recognised() {
    let mut scene = Scene::new().await;
    let before = scene.load().await;
    scene.place_call().await;
    let after = scene.load().await;
    let torn = Snapshot { subject: after.subject.clone(), challenges: before.challenges };
    assert!(torn.is_torn(scene.now) && !after.is_torn(scene.now));
}

#[tokio::test]
async fn guesses_at_an_approval_that_was_never_settled_are_not_refunded() {
    let mut scene = Scene::new().await;
    let token = scene.place_call().await;
    scene.answer(&token, AnsweredBy::Human).await;
    let wrong = Code::parse("000000").expect("six digits");
    for _ in 0..4 {
        scene.guess(&wrong).await.expect("judged");
    }
    scene.press(&token, Key::Approve).await;
    scene.session("2");
    assert_eq!(scene.transaction(Channel::Sms).await.subject.failures, 4);
}

#[tokio::test]
async fn an_approval_is_no_longer_settled_once_its_result_would_have_expired() {
    let mut scene = Scene::new().await;
    let token = scene.place_call().await;
    scene.answer(&token, AnsweredBy::Human).await;
    let approved = scene.press(&token, Key::Approve).await.expect("a challenge");
    scene.pass(300);
    assert!(matches!(scene.store.settle(&approved, &scene.rules.policy, scene.now).await, Ok(Settlement::Refused(_))));
}

#[tokio::test]
async fn guesses_add_up_to_the_lock_across_challenges_resends_channels_and_logins() {
    let mut scene = Scene::new().await;
    scene.send_without_limits();
    let (mut judged, mut login) = (0, 0);
    let refusal = loop {
        login += 1;
        scene.session(&login.to_string());
        let channel = if login % 3 == 0 { Channel::Call } else { Channel::Sms };
        match scene.decide(&scene.load().await, channel, None) {
            Err(Refusal::TooManyFailures(until)) => scene.now = until,
            Err(refusal) => break refusal,
            Ok(_) if channel == Channel::Call => {
                scene.place_call().await;
            }
            Ok(_) => {
                scene.send_code().await;
                scene.pass(30);
                scene.send_code().await;
            }
        }
        let wrong = Code::parse("000000").expect("six digits");
        while scene.guess(&wrong).await.expect("an answer") == Some(false) {
            judged += 1;
            assert!(judged <= 100, "locked long before");
        }
        assert!(login < 200, "locked long before");
    };
    assert_eq!((refusal, judged), (Refusal::Locked, 100));
}

#[tokio::test]
async fn unused_guesses_are_given_back() {
    let mut scene = Scene::new().await;
    scene.send_without_limits();
    for login in 0..40 {
        scene.session(&login.to_string());
        scene.send_code().await;
        assert_eq!(scene.guess(&scene.wrong_code().await).await.expect("judged"), Some(false));
        scene.pass(3600 * 2);
    }
    let subject = scene.load().await.subject;
    assert_eq!((subject.failures, subject.reserved.len()), (39, 1));
}

#[tokio::test]
async fn round_trips_are_as_designed() {
    let mut scene = Scene::new().await;
    let trips = |scene: &Scene| scene.backend.round_trips();
    let code = scene.send_code().await;
    assert_eq!(trips(&scene), 2, "start");
    let wrong = scene.wrong_code().await;
    scene.backend.round_trips();
    scene.guess(&wrong).await.expect("judged");
    assert_eq!(trips(&scene), 1, "wrong guess");
    scene.load().await;
    assert_eq!(trips(&scene), 1, "status");
    scene.guess(&code).await.expect("judged");
    assert_eq!(trips(&scene), 2, "right guess");
    scene.guess(&code).await.expect("an answer");
    assert_eq!(trips(&scene), 1, "a guess at a closed challenge");

    scene.session("2");
    let token = scene.place_call().await;
    let id = scene.challenge().await.id;
    scene.backend.round_trips();
    for event in [
        CallEvent::Progress(CallState::Ringing),
        CallEvent::Answered(AnsweredBy::Human),
        CallEvent::Pressed(Key::Other),
        CallEvent::Pressed(Key::Approve),
        CallEvent::Progress(CallState::Ended),
    ] {
        let answer = scene.store.advance_call(&id, &token, event, &scene.rules.policy, scene.now).await;
        answer.expect("an answer");
        assert_eq!(trips(&scene), 1, "{event:?}");
    }
}

#[tokio::test]
async fn stored_items_contain_no_code_and_are_kept_long_enough() {
    let mut scene = Scene::new().await;
    let code = scene.send_code().await;
    let items = scene.backend.client.scan().table_name(&scene.backend.table).send().await.expect("items");
    let stored = format!("{:?}", items.items());
    assert!(!stored.contains(code.expose()));
    let month = 30 * 86_400;
    assert_eq!(ttl(&scene).await, (scene.now.as_unix() + 7200 + month).to_string(), "its charges are kept for a month");
    assert_eq!(scene.guess(&code).await.expect("an answer"), Some(true));
    assert_eq!(ttl(&scene).await, (scene.now.as_unix() + 7200).to_string(), "its charges no longer matter");
}

async fn ttl(scene: &Scene) -> String {
    let items = scene.backend.client.scan().table_name(&scene.backend.table).send().await.expect("items");
    let challenge = items.items().iter().find(|item| item.contains_key("codes")).expect("a challenge");
    challenge.get("ttl").and_then(|ttl| ttl.as_n().ok()).expect("a TTL").clone()
}

fn tally(changes: &[(&str, u64, &str)]) -> Tally {
    let mut tally = Tally::default();
    for (country, day, change) in changes {
        tally.add(Country::parse(country).expect("a country"), *day, change);
    }
    tally
}

#[tokio::test]
async fn a_tally_is_counted_in_full_and_once_however_often_it_is_added() {
    let scene = Scene::new().await;
    let verified = async |country: &str| {
        let country = Country::parse(country).expect("a country");
        let record = scene.store.country(country).await.expect("a record");
        record.verified.into_iter().collect::<Vec<_>>()
    };
    let first = tally(&[("US", 100, "a"), ("ES", 100, "b"), ("US", 100, "c"), ("US", 101, "d")]);
    for _ in 0..3 {
        scene.store.count_verified(&first).await.expect("counted");
    }
    assert_eq!((verified("US").await, verified("ES").await), (vec![(100, 2), (101, 1)], vec![(100, 1)]));
    scene.store.count_verified(&tally(&[("US", 101, "e")])).await.expect("counted");
    assert_eq!(verified("US").await, [(100, 2), (101, 2)]);
}

#[tokio::test]
async fn an_empty_tally_costs_no_round_trip() {
    let scene = Scene::new().await;
    scene.store.count_verified(&Tally::default()).await.expect("nothing to count");
    assert_eq!(scene.backend.round_trips(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_tally_is_lost_if_several_are_counted_at_once() {
    let scene = Arc::new(Scene::new().await);
    let outcomes = at_once(20, |index| {
        let scene = Arc::clone(&scene);
        async move {
            let tally = tally(&[("US", 100, &format!("change {index}"))]);
            // Two writes to one item may conflict: the stream delivers the batch again.
            for _ in 0..100 {
                if scene.store.count_verified(&tally).await.is_ok() {
                    return true;
                }
            }
            false
        }
    });
    assert!(outcomes.await.into_iter().all(|counted| counted));
    let record = scene.store.country(Country::parse("US").expect("a country")).await.expect("a record");
    assert_eq!(record.verified.into_iter().collect::<Vec<_>>(), [(100, 20)]);
}

#[tokio::test]
async fn a_count_is_kept_as_long_as_a_budget_depends_on_it() {
    let scene = Scene::new().await;
    scene.store.count_verified(&tally(&[("US", 100, "a")])).await.expect("counted");
    let items = scene.backend.client.scan().table_name(&scene.backend.table).send().await.expect("items");
    let ttl = items.items()[0].get("ttl").and_then(|ttl| ttl.as_n().ok());
    assert_eq!(ttl, Some(&((100 + 17) * 24 * 3600).to_string()));
}
