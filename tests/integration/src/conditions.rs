//! Each term of each condition, tested on its own: if just that one thing has changed, the write is refused.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::call::{AnsweredBy, CallEvent, CallState, CallToken, Key};
use domain::challenge::{Challenge, Method, Outcome};
use domain::channel::Channel;
use domain::delivery::Delivery;
use domain::identity::ChallengeId;
use domain::ports::{ChallengeStore as _, Settlement, Started, StoreError};
use domain::refusal::{Consequence, Contest, Refusal, Refused};
use domain::start::Decision;
use domain::start_transaction::{Replaces, StartTransaction};
use domain::subject::Subject;
use domain::time::Timestamp;
use platform::encoding::base64url;

use crate::scene::{ALICE, Scene, number};

pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(crate) fn count(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn at(time: Timestamp) -> AttributeValue {
    count(time.as_unix())
}

fn item(scene: &Scene, sort: &str) -> HashMap<String, AttributeValue> {
    let pk = format!("subject#{}", base64url(scene.key.subject.as_bytes()));
    HashMap::from([("pk".to_owned(), text(&pk)), ("sk".to_owned(), text(sort))])
}

pub(crate) fn subject_item(scene: &Scene) -> HashMap<String, AttributeValue> {
    item(scene, "subject")
}

pub(crate) fn challenge_item(scene: &Scene) -> HashMap<String, AttributeValue> {
    item(scene, &format!("challenge#{}", base64url(scene.key.session.as_bytes())))
}

/// Changes one attribute behind the store's back.
pub(crate) async fn set(scene: &Scene, key: HashMap<String, AttributeValue>, name: &str, value: AttributeValue) {
    let update = scene.backend.client.update_item().table_name(&scene.backend.table).set_key(Some(key));
    let update = update.update_expression("SET #name = :value").expression_attribute_names("#name", name);
    update.expression_attribute_values(":value", value).send().await.expect("set");
}

pub(crate) async fn delete(scene: &Scene, key: HashMap<String, AttributeValue>) {
    let delete = scene.backend.client.delete_item().table_name(&scene.backend.table).set_key(Some(key));
    delete.send().await.expect("deleted");
}

fn conflicts(started: &Result<Started, StoreError>) -> bool {
    matches!(started, Err(StoreError::Conflict))
}

// --- start

#[tokio::test]
async fn a_start_is_refused_if_its_subject_has_changed() {
    let mut scene = Scene::new().await;
    let stale = scene.transaction(Channel::Sms).await;
    scene.session("2");
    scene.send_code().await;
    assert!(conflicts(&scene.store.start(&stale).await), "the start was decided on a new subject");

    scene.session("3");
    let stale = scene.transaction(Channel::Sms).await;
    scene.session("4");
    scene.send_code().await;
    assert!(conflicts(&scene.store.start(&stale).await), "the start was decided on an older version");
    assert_eq!(scene.load().await.subject.sms_sent.len(), 2);
}

#[tokio::test]
async fn a_first_generation_replaces_nothing() {
    let mut scene = Scene::new().await;
    scene.send_code().await;
    let taken = scene.key;
    scene.session("2");
    let mut transaction = scene.transaction(Channel::Sms).await;
    assert_eq!(transaction.replaces, Replaces::Nothing);
    transaction.challenge.id.key = taken;
    transaction.contests.clear();
    assert!(conflicts(&scene.store.start(&transaction).await));
}

#[tokio::test]
async fn a_resend_needs_the_same_open_generation() {
    for channel in Channel::ALL {
        for (name, value) in [
            ("generation", |_: &Scene| count(2)),
            ("outcome", |_| text("denied")),
            ("expiresAt", |scene| at(scene.now)),
            ("attempts", |_| count(5)),
            (if channel == Channel::Sms { "smsUsed" } else { "callsUsed" }, |_| count(3)),
        ] as [(&str, fn(&Scene) -> AttributeValue); 5]
        {
            let mut scene = Scene::new().await;
            scene.send_code().await;
            scene.pass(30);
            let mut transaction = scene.transaction(channel).await;
            assert_eq!(transaction.replaces, Replaces::Continues);
            if channel == Channel::Call {
                transaction.add_call(&mut platform::clock::random());
            }
            set(&scene, challenge_item(&scene), name, value(&scene)).await;
            assert!(conflicts(&scene.store.start(&transaction).await), "{channel:?} {name}");
        }
    }
}

#[tokio::test]
async fn a_generation_that_has_changed_is_not_replaced() {
    for (name, value) in [
        ("generation", count(2)),
        ("attempts", count(1)),
        ("smsUsed", count(2)),
        ("callsUsed", count(1)),
        ("outcome", text("denied")),
    ] {
        let mut scene = Scene::new().await;
        scene.send_code().await;
        scene.pass(300);
        let transaction = scene.transaction(Channel::Sms).await;
        set(&scene, challenge_item(&scene), name, value).await;
        assert!(conflicts(&scene.store.start(&transaction).await), "{name}");
    }
}

#[tokio::test]
async fn contesting_a_deleted_challenge_does_not_create_a_partial_one() {
    let mut scene = Scene::new().await;
    scene.send_code().await;
    let gone = challenge_item(&scene);
    scene.session("2");
    let transaction = scene.transaction(Channel::Sms).await;
    delete(&scene, gone).await;
    assert!(conflicts(&scene.store.start(&transaction).await));
    assert!(scene.load().await.challenges.is_empty());
}

/// Everything stored of a challenge and its subject, to compare.
pub(crate) fn all(challenge: &Challenge, subject: &Subject) -> String {
    let codes: Vec<_> = challenge.codes.iter().map(|mac| *mac.as_bytes()).collect();
    format!("{challenge:#?} {codes:?} {subject:#?}")
}

async fn start(scene: &Scene, mut transaction: StartTransaction) -> Option<CallToken> {
    let mut random = platform::clock::random();
    let token = match transaction.channel {
        Channel::Sms => {
            transaction.add_code(&scene.keys, &mut random);
            None
        }
        Channel::Call => Some(transaction.add_call(&mut random)),
    };
    assert_eq!(scene.store.start(&transaction).await.expect("started"), Started::Applied);
    transaction.subject.version += 1;
    let stored = scene.load().await;
    let challenge = stored.challenge(&transaction.challenge.id.key).expect("a challenge");
    assert_eq!(all(challenge, &stored.subject), all(&transaction.challenge, &transaction.subject));
    let items = scene.backend.client.get_item().table_name(&scene.backend.table).set_key(Some(challenge_item(scene)));
    let item = items.send().await.expect("an answer").item.expect("an item");
    assert_eq!(item.get("keepUntil"), Some(&at(transaction.keep_until)));
    assert_eq!(item.get("ttl"), Some(&at(transaction.keep_until + Duration::from_hours(24 * 30))));
    token
}

#[tokio::test]
async fn a_start_stores_exactly_what_was_decided() {
    let mut scene = Scene::new().await;
    scene.send_without_limits();
    start(&scene, scene.transaction(Channel::Sms).await).await;
    assert_eq!(scene.guess(&scene.wrong_code().await).await.expect("judged"), Some(false));
    assert_eq!(scene.challenge().await.last_guess_at, Some(scene.now));
    let id = scene.challenge().await.id;
    scene.store.record_send(&id, Channel::Sms, scene.now, Delivery::Unknown, &[]).await.expect("recorded");
    scene.pass(30);
    let mut transaction = scene.transaction(Channel::Sms).await;
    transaction.challenge.locale = domain::locale::Locale::Es;
    start(&scene, transaction).await;
    let token = start(&scene, scene.transaction(Channel::Call).await).await.expect("a call");
    scene.answer(&token, AnsweredBy::NotHuman).await;
    scene.webhook(&token, CallEvent::Progress(CallState::Ended)).await;
    scene.store.record_send(&id, Channel::Call, scene.now, Delivery::Unknown, &[]).await.expect("recorded");
    scene.pass(30);
    let mut transaction = scene.transaction(Channel::Call).await;
    transaction.challenge.locale = domain::locale::Locale::Ar;
    let token = start(&scene, transaction).await.expect("a call"); // which replaces all of the first call
    scene.answer(&token, AnsweredBy::Human).await;
    scene.press(&token, Key::Other).await;
    scene.webhook(&token, CallEvent::Progress(CallState::Ended)).await;
    scene.pass(30);
    start(&scene, scene.transaction(Channel::Call).await).await;
    for _ in 0..4 {
        scene.guess(&scene.wrong_code().await).await.expect("judged");
    }
    scene.pass(30);
    start(&scene, scene.transaction(Channel::Sms).await).await; // the next generation, with five failures
    let subject = scene.load().await.subject;
    assert_eq!((subject.failures, subject.last_failure_at.is_some()), (5, true));
}

#[tokio::test]
async fn a_contested_challenge_is_stored_as_contested() {
    let mut scene = Scene::new().await;
    scene.send_code().await;
    scene.session("2");
    scene.send_code().await;
    scene.session("1");
    assert!(scene.challenge().await.contested);
}

// --- recording a send

#[tokio::test]
async fn a_failed_send_is_recorded_once_and_only_in_its_own_generation() {
    for channel in Channel::ALL {
        let mut scene = Scene::new().await;
        match channel {
            Channel::Sms => _ = scene.send_code().await,
            Channel::Call => _ = scene.place_call().await,
        }
        let id = scene.challenge().await.id;
        let other = ChallengeId { generation: 2, ..id };
        scene.store.record_send(&other, channel, scene.now, Delivery::Failed, &[]).await.expect("recorded");
        let earlier = Timestamp::from_unix(scene.now.as_unix() - 1);
        scene.store.record_send(&id, channel, earlier, Delivery::Failed, &[]).await.expect("recorded");
        let sends = *scene.challenge().await.sends(channel);
        assert_eq!(
            (sends.used, sends.last.map(|(_, d)| d)),
            (1, Some(Delivery::Sending)),
            "a different generation and a different send"
        );
        for _ in 0..2 {
            scene.store.record_send(&id, channel, scene.now, Delivery::Failed, &[]).await.expect("recorded");
        }
        let current = scene.challenge().await;
        let sends = *current.sends(channel);
        assert_eq!((sends.used, sends.last.map(|(_, d)| d)), (0, Some(Delivery::Failed)), "{channel:?}");
        assert_eq!(current.call.map(|call| call.state), (channel == Channel::Call).then_some(CallState::Failed));
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_recorded_only_for_its_own_send_and_never_over_a_failure() {
    for channel in Channel::ALL {
        let mut scene = Scene::new().await;
        match channel {
            Channel::Sms => _ = scene.send_code().await,
            Channel::Call => _ = scene.place_call().await,
        }
        let id = scene.challenge().await.id;
        let other = ChallengeId { generation: 2, ..id };
        let earlier = Timestamp::from_unix(scene.now.as_unix() - 1);
        for (id, at, delivery, current, why) in [
            (other, scene.now, Delivery::Unknown, Delivery::Sending, "a different generation"),
            (id, earlier, Delivery::Unknown, Delivery::Sending, "a different send"),
            (id, scene.now, Delivery::Failed, Delivery::Failed, "failed"),
            (id, scene.now, Delivery::Unknown, Delivery::Failed, "already known to have failed"),
        ] {
            scene.store.record_send(&id, channel, at, delivery, &[]).await.expect("recorded");
            let sends = *scene.challenge().await.sends(channel);
            assert_eq!(sends.last.map(|(_, delivery)| delivery), Some(current), "{channel:?}: {why}");
        }
    }
}

// --- settling

pub(crate) async fn proven(scene: &Scene) -> Challenge {
    let counted = scene.store.count_guess(&scene.key, scene.now).await.expect("an answer").expect("open");
    counted.proven(Method::SmsCode, scene.now)
}

async fn is_refused(scene: &Scene, challenge: &Challenge) -> bool {
    match scene.store.settle(challenge, &scene.rules.policy, scene.now).await.expect("an answer") {
        Settlement::Refused(_) => true,
        Settlement::Settled(_) => false,
    }
}

#[tokio::test]
async fn a_right_code_is_accepted_only_in_the_open_generation_it_was_checked_in() {
    for (name, value) in [("generation", count(2)), ("outcome", text("denied"))] {
        let mut scene = Scene::new().await;
        scene.send_code().await;
        let challenge = proven(&scene).await;
        set(&scene, challenge_item(&scene), name, value).await;
        assert!(is_refused(&scene, &challenge).await, "{name}");
        assert_eq!(scene.load().await.subject.binding, None);
    }
    let mut scene = Scene::new().await;
    scene.send_code().await;
    let challenge = proven(&scene).await;
    scene.pass(300);
    assert!(is_refused(&scene, &challenge).await, "it expired between counting and settling");
}

#[tokio::test]
async fn a_challenge_without_proof_is_not_settled() {
    let mut scene = Scene::new().await;
    scene.send_code().await;
    let pending = scene.challenge().await;
    assert!(is_refused(&scene, &pending).await);
    assert_eq!(scene.challenge().await.outcome, Outcome::Pending);
}

#[tokio::test]
async fn an_approval_by_call_is_settled_only_if_it_has_not_changed_since_it_was_read() {
    for (name, value) in [("generation", count(2)), ("outcome", text("denied"))] {
        let mut scene = Scene::new().await;
        let token = scene.place_call().await;
        scene.answer(&token, AnsweredBy::Human).await;
        let approved = scene.press(&token, Key::Approve).await.expect("a challenge");
        set(&scene, challenge_item(&scene), name, value).await;
        assert!(is_refused(&scene, &approved).await, "{name}");
    }
}

/// Two status calls may complete the same approval: the second finds it settled, and must not reset anything again.
#[tokio::test]
async fn an_approval_by_call_is_settled_once() {
    let mut scene = Scene::new().await;
    let code = scene.send_code().await;
    scene.guess(&code).await.expect("judged");
    scene.session("2");
    let token = scene.place_call().await;
    scene.answer(&token, AnsweredBy::Human).await;
    let approved = scene.webhook(&token, CallEvent::Entered { matches: true }).await.expect("a challenge");
    assert!(!is_refused(&scene, &approved).await);
    let settled = scene.load().await;
    scene.pass(1);
    assert!(!is_refused(&scene, &approved).await, "it is settled, by whomever");
    let after = scene.load().await;
    assert_eq!(
        (after.subject.version, after.subject.last_success_at),
        (settled.subject.version, settled.subject.last_success_at)
    );
}

#[tokio::test]
async fn settling_is_refused_if_the_subject_has_changed() {
    for enrolled in [false, true] {
        let foreign = [("phone", text("+14155559999")), ("binding", count(99))];
        let blocked = |scene: &Scene| ("blockedUntil", at(scene.now + Duration::from_secs(1)));
        for change in 0..4 {
            let mut scene = Scene::new().await;
            if enrolled {
                let code = scene.send_code().await;
                scene.guess(&code).await.expect("judged");
                scene.session("2");
            }
            scene.send_code().await;
            let challenge = proven(&scene).await;
            match change {
                0 => delete(&scene, subject_item(&scene)).await,
                1 => {
                    let (name, value) = blocked(&scene);
                    set(&scene, subject_item(&scene), name, value).await;
                }
                other => {
                    let (name, value) = foreign[other - 2].clone();
                    if !enrolled && name == "binding" {
                        continue;
                    }
                    set(&scene, subject_item(&scene), name, value).await;
                }
            }
            assert!(is_refused(&scene, &challenge).await, "enrolled {enrolled}, change {change}");
        }
    }
}

#[tokio::test]
async fn an_expired_block_blocks_nothing() {
    for enrolled in [false, true] {
        let mut scene = Scene::new().await;
        if enrolled {
            let code = scene.send_code().await;
            scene.guess(&code).await.expect("judged");
            scene.session("2");
        }
        scene.send_code().await;
        let challenge = proven(&scene).await;
        set(&scene, subject_item(&scene), "blockedUntil", at(scene.now)).await;
        assert!(!is_refused(&scene, &challenge).await, "enrolled {enrolled}");
    }
}

#[tokio::test]
async fn settling_increments_the_subjects_version() {
    let mut scene = Scene::new().await;
    let code = scene.send_code().await;
    let before = scene.load().await.subject.version;
    scene.guess(&code).await.expect("judged");
    let stored = scene.load().await;
    assert_eq!(stored.subject.version, before + 1);
    assert_eq!(stored.subject.last_success_at, Some(scene.now));
    let binding = stored.subject.binding.clone().expect("enrolled");
    assert_eq!((binding.number, binding.version), (number(ALICE), before + 1));
    assert!(matches!(stored.challenge(&scene.key).map(|c| c.outcome), Some(Outcome::Approved { settled: true, .. })));
}

// --- webhooks

/// A challenge with a call, answered or not yet.
pub(crate) async fn in_call(answered: bool) -> (Scene, CallToken, ChallengeId) {
    let mut scene = Scene::new().await;
    let token = scene.place_call().await;
    if answered {
        scene.answer(&token, AnsweredBy::Human).await;
    }
    let id = scene.challenge().await.id;
    (scene, token, id)
}

pub(crate) async fn send(scene: &Scene, id: &ChallengeId, token: &CallToken, event: CallEvent) -> Option<Challenge> {
    scene.store.advance_call(id, token, event, &scene.rules.policy, scene.now).await.expect("an answer")
}

const EVENTS: [(CallEvent, bool); 5] = [
    (CallEvent::Answered(AnsweredBy::Human), false),
    (CallEvent::Progress(CallState::Ringing), false),
    (CallEvent::Progress(CallState::Busy), false),
    (CallEvent::Pressed(Key::Approve), true),
    (CallEvent::Pressed(Key::Other), true),
];

pub(crate) async fn unchanged(scene: &Scene, id: &ChallengeId, token: &CallToken, event: CallEvent, why: &str) {
    let before = scene.load().await;
    send(scene, id, token, event).await;
    let after = scene.load().await;
    let show = |stored: &domain::snapshot::Snapshot| {
        stored.challenges.iter().map(|challenge| all(challenge, &stored.subject)).collect::<String>()
    };
    assert_eq!(show(&before), show(&after), "{event:?}: {why}");
}

#[tokio::test]
async fn a_webhook_changes_only_its_own_call_in_its_own_pending_generation() {
    for (event, answered) in EVENTS {
        let (scene, token, id) = in_call(answered).await;
        unchanged(&scene, &id, &CallToken::from_bytes([0; 16]), event, "a different token").await;
        unchanged(&scene, &ChallengeId { generation: 2, ..id }, &token, event, "a different generation").await;
        if !matches!(event, CallEvent::Progress(_) | CallEvent::Answered(_)) {
            set(&scene, challenge_item(&scene), "outcome", text("denied")).await;
            unchanged(&scene, &id, &token, event, "settled").await;
            set(&scene, challenge_item(&scene), "outcome", text("pending")).await;
        }
        set(&scene, challenge_item(&scene), "callState", text("no-answer")).await;
        unchanged(&scene, &id, &token, event, "over").await;
        set(&scene, challenge_item(&scene), "callState", text(if answered { "answered" } else { "calling" })).await;
        let before = all(&scene.challenge().await, &scene.load().await.subject);
        send(&scene, &id, &token, event).await;
        assert_ne!(
            all(&scene.challenge().await, &scene.load().await.subject),
            before,
            "{event:?} changes it if every term holds"
        );
    }
}

#[tokio::test]
async fn an_answered_call_cannot_ring_again_or_be_answered_twice() {
    let (scene, token, id) = in_call(true).await;
    for event in [CallEvent::Progress(CallState::Ringing), CallEvent::Answered(AnsweredBy::NotHuman)] {
        unchanged(&scene, &id, &token, event, "answered").await;
    }
}

#[tokio::test]
async fn an_expired_challenge_is_not_approved() {
    let (mut scene, token, id) = in_call(true).await;
    scene.pass(300);
    unchanged(&scene, &id, &token, CallEvent::Pressed(Key::Approve), "expired").await;
}

#[tokio::test]
async fn pound_approves_only_if_every_term_of_its_condition_holds() {
    let contested = ("contested", AttributeValue::Bool(true));
    for (name, value) in [
        ("attempts", count(5)),
        ("callState", text("calling")),
        ("callState", text("ended")),
        ("answeredBy", text("not-human")),
        ("answeredBy", text("unjudged")),
        contested,
        ("purpose", text("change")),
    ] {
        let (scene, token, id) = in_call(true).await;
        set(&scene, challenge_item(&scene), name, value.clone()).await;
        unchanged(&scene, &id, &token, CallEvent::Pressed(Key::Approve), name).await;
    }
}

#[tokio::test]
async fn only_a_human_reports_fraud() {
    for by in ["not-human", "unjudged"] {
        let (scene, token, id) = in_call(true).await;
        set(&scene, challenge_item(&scene), "purpose", text("change")).await; // in which nothing else is asked for
        set(&scene, challenge_item(&scene), "answeredBy", text(by)).await;
        unchanged(&scene, &id, &token, CallEvent::Pressed(Key::Fraud), by).await;
    }
}

#[tokio::test]
async fn a_refused_call_is_remembered_and_marks_the_live_one_only_if_the_subject_is_unmoved() {
    let mut scene = Scene::new().await;
    scene.place_call().await;
    let (caller, stored) = (scene.challenge().await.id, scene.load().await);
    scene.session("2");
    let refuse = async |contest: Contest| {
        let consequence = Some(Consequence::Contest(Box::new(contest)));
        let (subject, refusal) = (&scene.key.subject, Refusal::Locked);
        let refused = Refused { subject, channel: Channel::Call, refusal, consequence };
        scene.store.note_refusal(&refused, scene.now).await
    };
    let contest = Contest { call_of: caller, refused: scene.key.session, version: stored.subject.version };
    for stale in [
        Contest { version: stored.subject.version + 1, ..contest },
        Contest { call_of: ChallengeId { key: scene.key, ..caller }, ..contest },
    ] {
        assert!(matches!(refuse(stale).await, Err(StoreError::Conflict)), "{stale:?}");
        let now = scene.load().await;
        assert_eq!((now.subject.refused_call, now.challenges[0].contested), (None, false), "{stale:?}");
    }
    refuse(contest).await.expect("applied");
    let now = scene.load().await;
    assert_eq!(now.subject.refused_call, Some((scene.key.session, scene.now)));
    assert_eq!((now.subject.version, now.challenges[0].contested), (stored.subject.version + 1, true));
}

#[tokio::test]
async fn the_fraud_key_increments_the_subjects_version_so_that_no_older_start_is_applied() {
    let (mut scene, token, id) = in_call(true).await;
    scene.session("2");
    let Ok(Decision::Send(transaction)) = scene.decide(&scene.load().await, Channel::Sms, None) else {
        panic!("sends")
    };
    send(&scene, &id, &token, CallEvent::Pressed(Key::Fraud)).await;
    let mut transaction = *transaction;
    transaction.contests.clear(); // so that only the subject's condition can refuse it
    assert!(conflicts(&scene.store.start(&transaction).await));
}

#[tokio::test]
async fn a_second_fraud_key_blocks_and_denies_every_started_login_whatever_its_clock() {
    let (mut scene, token, id) = in_call(true).await;
    scene.session("2");
    scene.pass(60);
    scene.send_code().await; // sent by a function whose clock is ahead
    scene.now = Timestamp::from_unix(scene.now.as_unix() - 60);
    let version = scene.load().await.subject.version;
    let reported = send(&scene, &id, &token, CallEvent::Pressed(Key::Fraud)).await.expect("a challenge");
    assert_eq!(reported.outcome, Outcome::Denied);
    send(&scene, &id, &token, CallEvent::Pressed(Key::Block)).await;
    let stored = scene.load().await;
    assert_eq!(stored.subject.denied_version, Some(version + 1));
    assert_eq!(stored.subject.blocked_until, Some(scene.now + scene.rules.policy.fraud_block));
    assert_eq!(stored.subject.version, version + 2);
    let outcomes: Vec<_> = stored.challenges.iter().map(|challenge| challenge.outcome).collect();
    assert_eq!(outcomes, [Outcome::Denied; 2]);
}

#[tokio::test]
async fn the_fraud_key_does_not_create_a_deleted_subject_and_returns_the_current_challenge() {
    let (scene, token, id) = in_call(true).await;
    delete(&scene, subject_item(&scene)).await;
    let current = send(&scene, &id, &token, CallEvent::Pressed(Key::Fraud)).await.expect("a challenge");
    assert_eq!(current.outcome, Outcome::Pending);
    assert_eq!(scene.load().await.subject, Subject::default());
}
