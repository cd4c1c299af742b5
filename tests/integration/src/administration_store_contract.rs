//! The contract of administrators' actions, including races, on whichever backend is configured.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::administration::{Occasion, phone_reset, report, unblocked, unlocked};
use domain::call::{AnsweredBy, Key};
use domain::challenge::Outcome;
use domain::channel::Channel;
use domain::code::Code;
use domain::identity::Administrator;
use domain::ports::{Administration as _, ChallengeStore as _, Settlement, StoreError};
use domain::snapshot::Snapshot;
use platform::encoding::base64url;

use crate::conditions::proven;
use crate::scene::{ALICE, NOW, Scene, number};

const JANE: &str = "arn:aws:iam::123456789012:user/jane";

type Item = HashMap<String, AttributeValue>;

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn count(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn key(pk: &str, sk: &str) -> Item {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

fn subject_key(scene: &Scene) -> Item {
    key(&format!("subject#{}", base64url(scene.key.subject.as_bytes())), "subject")
}

fn number_key() -> Item {
    key(&format!("number#{}", base64url(&number(ALICE).digest())), "number")
}

async fn item(scene: &Scene, key: Item) -> Option<Item> {
    let read = scene.backend.client.get_item().table_name(&scene.backend.table).set_key(Some(key));
    read.consistent_read(true).send().await.expect("an answer").item
}

async fn subject_item(scene: &Scene) -> Item {
    item(scene, subject_key(scene)).await.expect("a subject")
}

/// Changes one attribute behind the store's back.
async fn set(scene: &Scene, key: Item, name: &str, value: AttributeValue) {
    let update = scene.backend.client.update_item().table_name(&scene.backend.table).set_key(Some(key));
    let update = update.update_expression("SET #name = :value").expression_attribute_names("#name", name);
    update.expression_attribute_values(":value", value).send().await.expect("set");
}

fn occasion(scene: &Scene, stored: &Snapshot) -> Occasion {
    let by = Administrator::parse(JANE).expect("an ARN");
    Occasion { subject: scene.key.subject, version: stored.subject.version, by, at: scene.now }
}

/// An action that has been decided, to be applied now or later.
struct Decided {
    word: &'static str,
    occasion: Occasion,
    before: Snapshot,
    after: Snapshot,
}

impl Decided {
    fn all(scene: &Scene, before: &Snapshot) -> [Self; 3] {
        let decided = |word, after| Self { word, occasion: occasion(scene, before), before: before.clone(), after };
        [
            decided("unlock", unlocked(before, scene.now)),
            decided("unblock", unblocked(before).0),
            decided("reset", phone_reset(before)),
        ]
    }

    async fn apply(&self, scene: &Scene) -> Result<(), StoreError> {
        let Self { word, occasion, before, after } = self;
        match *word {
            "unlock" => scene.store.unlock(occasion, &after.subject.reserved).await,
            "unblock" => scene.store.unblock(occasion, unblocked(before).1.as_ref()).await,
            _ => {
                let released = before.subject.binding.as_ref().map(|binding| &binding.number);
                scene.store.reset_phone(occasion, released).await
            }
        }
    }
}

async fn unlock(scene: &Scene) -> Result<(), StoreError> {
    let [decided, ..] = Decided::all(scene, &scene.load().await);
    decided.apply(scene).await
}

async fn unblock(scene: &Scene) {
    let [_, decided, _] = Decided::all(scene, &scene.load().await);
    decided.apply(scene).await.expect("unblocked");
}

async fn reset(scene: &Scene) {
    let [.., decided] = Decided::all(scene, &scene.load().await);
    decided.apply(scene).await.expect("reset");
}

async fn fail(scene: &Scene, times: usize) {
    let wrong = scene.wrong_code().await;
    for _ in 0..times {
        assert_eq!(scene.guess(&wrong).await.expect("judged"), Some(false));
    }
}

async fn failures(scene: &Scene) -> u32 {
    report(&scene.load().await, &scene.rules.policy, scene.now).failures
}

async fn enrol(scene: &mut Scene) -> u64 {
    let code = scene.send_code().await;
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
    scene.load().await.subject.binding.expect("enrolled").version
}

/// A challenge with one wrong guess and an answered call, for a subject whose number is enrolled.
async fn all_at_once() -> Scene {
    let mut scene = Scene::new().await;
    enrol(&mut scene).await;
    scene.session("2");
    scene.send_code().await;
    fail(&scene, 1).await;
    scene
}

// --- every action

#[tokio::test]
async fn an_action_records_its_caller_increments_the_version_and_leaves_what_was_decided() {
    for index in 0..3 {
        let scene = all_at_once().await;
        let sessions = scene.load().await.challenges.len();
        let decided = &Decided::all(&scene, &scene.load().await)[index];
        let before = scene.load().await.subject.version;
        decided.apply(&scene).await.expect("done");
        let item = subject_item(&scene).await;
        assert_eq!(item.get("adminAction"), Some(&text(decided.word)));
        assert_eq!(item.get("adminBy"), Some(&text(JANE)));
        assert_eq!(item.get("adminAt"), Some(&count(scene.now.as_unix())));
        let stored = scene.load().await;
        let mut expected = decided.after.subject.clone();
        expected.version = before + 1;
        assert_eq!(stored.subject, expected, "{}", decided.word);
        assert_eq!(stored.challenges.len(), sessions);
    }
}

#[tokio::test]
async fn an_action_is_refused_if_its_subject_has_changed() {
    for index in 0..3 {
        let scene = all_at_once().await;
        let decided = &Decided::all(&scene, &scene.load().await)[index];
        let moved = scene.load().await.subject.version + 1;
        set(&scene, subject_key(&scene), "version", count(moved)).await;
        let before = subject_item(&scene).await;
        assert!(matches!(decided.apply(&scene).await, Err(StoreError::Conflict)), "{}", decided.word);
        assert_eq!(subject_item(&scene).await, before);
    }
}

#[tokio::test]
async fn an_action_on_an_unknown_subject_does_not_create_one() {
    for index in 0..3 {
        let scene = Scene::new().await;
        let decided = &Decided::all(&scene, &Snapshot::default())[index];
        assert!(matches!(decided.apply(&scene).await, Err(StoreError::Conflict)), "{}", decided.word);
        assert_eq!(scene.backend.stored().await, [""; 0]);
    }
}

#[tokio::test]
async fn a_repeated_action_changes_nothing_but_is_recorded_again() {
    for index in 0..3 {
        let mut scene = all_at_once().await;
        Decided::all(&scene, &scene.load().await)[index].apply(&scene).await.expect("done");
        let first = report(&scene.load().await, &scene.rules.policy, scene.now);
        for (seconds, actions) in [(0, 2), (1, 3)] {
            scene.pass(seconds);
            Decided::all(&scene, &scene.load().await)[index].apply(&scene).await.expect("done again");
            assert_eq!(report(&scene.load().await, &scene.rules.policy, scene.now), first);
            let item = subject_item(&scene).await;
            assert_eq!(item.get("adminAt"), Some(&count(scene.now.as_unix())));
            assert_eq!(item.get("adminActions"), Some(&count(actions)));
        }
    }
}

#[tokio::test]
async fn no_action_touches_the_send_windows() {
    for index in 0..3 {
        let scene = all_at_once().await;
        let before = scene.load().await.subject;
        Decided::all(&scene, &scene.load().await)[index].apply(&scene).await.expect("done");
        let after = scene.load().await.subject;
        assert_eq!((after.sms_sent, after.calls_placed), (before.sms_sent, before.calls_placed));
    }
}

#[tokio::test]
async fn a_start_decided_before_an_action_is_refused_after_it() {
    for index in 0..3 {
        let mut scene = all_at_once().await;
        let decided = Decided::all(&scene, &scene.load().await);
        scene.session("3");
        let mut transaction = scene.transaction(Channel::Sms).await;
        transaction.contests.clear(); // so that only the subject's condition can refuse it
        decided[index].apply(&scene).await.expect("done");
        assert!(matches!(scene.store.start(&transaction).await, Err(StoreError::Conflict)), "{}", decided[index].word);
    }
}

#[tokio::test]
async fn an_action_takes_one_request_to_the_store() {
    for index in 0..3 {
        let scene = all_at_once().await;
        let decided = &Decided::all(&scene, &scene.load().await)[index];
        scene.backend.round_trips();
        decided.apply(&scene).await.expect("done");
        assert_eq!(scene.backend.round_trips(), 1);
    }
}

// --- unlock

#[tokio::test]
async fn guesses_forgiven_by_an_unlock_never_count_again() {
    let mut scene = Scene::new().await;
    scene.rules.policy.max_sends_short = 9;
    for (session, wrong) in [("exhausted", 5), ("vanished", 2), ("live", 3)] {
        scene.session(session);
        scene.send_code().await;
        fail(&scene, wrong).await;
        scene.pass(1);
    }
    scene.session("vanished");
    let pk = format!("subject#{}", base64url(scene.key.subject.as_bytes()));
    let gone = key(&pk, &format!("challenge#{}", base64url(scene.key.session.as_bytes())));
    let delete = scene.backend.client.delete_item().table_name(&scene.backend.table).set_key(Some(gone));
    delete.send().await.expect("deleted");

    unlock(&scene).await.expect("unlocked");
    assert_eq!(failures(&scene).await, 0);
    scene.session("live");
    fail(&scene, 1).await;
    assert_eq!(failures(&scene).await, 1, "guesses from now on count");

    // Not even after they have been added to the subject.
    scene.pass(3600);
    scene.session("next");
    let subject = scene.transaction(Channel::Sms).await.subject;
    assert_eq!((subject.failures, subject.reserved.len()), (1, 1));
}

#[tokio::test]
async fn no_number_of_unlocks_gives_a_live_challenge_extra_guesses() {
    let mut scene = Scene::new().await;
    scene.send_code().await;
    let wrong = scene.wrong_code().await;
    let mut judged = 0;
    for _ in 0..8 {
        judged += usize::from(scene.guess(&wrong).await.expect("an answer").is_some());
        unlock(&scene).await.expect("unlocked");
    }
    assert_eq!(judged, 5);
}

#[tokio::test]
async fn the_budget_after_an_unlock_still_covers_every_live_guess() {
    let mut scene = Scene::new().await;
    scene.rules.policy.lock_at_failures = 12;
    scene.rules.policy.max_sends_short = 99;
    scene.send_code().await;
    fail(&scene, 2).await;
    unlock(&scene).await.expect("unlocked");
    let mut judged = 0;
    for session in 1..9 {
        scene.session(&session.to_string());
        if scene.load().await.challenge(&scene.key).is_none() {
            if scene.decide(&scene.load().await, Channel::Sms, None).is_err() {
                break;
            }
            scene.send_code().await;
        }
        let wrong = Code::parse("000000").expect("six digits");
        while scene.guess(&wrong).await.expect("an answer").is_some() {
            judged += 1;
        }
        scene.pass(60);
    }
    assert!((10..=12).contains(&judged), "{judged} judged under a lock at 12");
}

#[tokio::test]
async fn an_unlocked_subject_can_start_at_once() {
    let mut scene = Scene::new().await;
    enrol(&mut scene).await;
    set(&scene, subject_key(&scene), "failures", count(100)).await;
    set(&scene, subject_key(&scene), "lastFailureAt", count(scene.now.as_unix())).await;
    set(&scene, subject_key(&scene), "lockedAt", count(scene.now.as_unix())).await;
    scene.session("2");
    assert!(scene.decide(&scene.load().await, Channel::Sms, None).is_err());
    unlock(&scene).await.expect("unlocked");
    scene.send_code().await;
    let item = subject_item(&scene).await;
    assert!(!item.contains_key("lockedAt") && !item.contains_key("lastFailureAt"), "{item:?}");
}

#[tokio::test]
async fn a_user_with_a_live_challenge_can_continue_after_an_unlock() {
    let mut scene = Scene::new().await;
    let code = scene.send_code().await;
    fail(&scene, 2).await;
    unlock(&scene).await.expect("unlocked");
    assert_eq!(scene.challenge().await.attempts_left(), 3);
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
}

#[tokio::test]
async fn guesses_are_not_forgiven_in_a_generation_that_the_action_did_not_read() {
    let mut scene = Scene::new().await;
    scene.send_code().await;
    let [decided, ..] = Decided::all(&scene, &scene.load().await);
    let pk = format!("subject#{}", base64url(scene.key.subject.as_bytes()));
    let sort = format!("challenge#{}", base64url(scene.key.session.as_bytes()));
    set(&scene, key(&pk, &sort), "generation", count(2)).await;
    assert!(matches!(decided.apply(&scene).await, Err(StoreError::Conflict)));
    assert_eq!(subject_item(&scene).await.get("adminBy"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guess_racing_an_unlock_is_either_forgiven_or_counted_but_never_lost() {
    for _ in 0..20 {
        let mut scene = Scene::new().await;
        scene.send_code().await;
        fail(&scene, 1).await;
        let scene = Arc::new(scene);
        let wrong = scene.wrong_code().await;
        let [decided, ..] = Decided::all(&scene, &scene.load().await);
        let guess = tokio::spawn({
            let (scene, wrong) = (Arc::clone(&scene), wrong.clone());
            async move { scene.guess(&wrong).await.unwrap_or(None) }
        });
        let unlocked = decided.apply(&scene).await;
        let judged = u32::from(guess.await.expect("no panic").is_some());
        let challenge = scene.challenge().await;
        assert_eq!(challenge.attempts, 1 + judged);
        let counts = failures(&scene).await;
        match unlocked {
            Ok(()) => assert!(counts <= judged, "{counts} of {judged}"),
            Err(StoreError::Conflict) => assert_eq!(counts, 1 + judged),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(challenge.attempts - challenge.carried, counts);
    }
}

// --- unblock

#[tokio::test]
async fn an_unblock_lets_the_next_login_in_and_revives_no_denied_one() {
    let mut scene = Scene::new().await;
    let token = scene.place_call().await;
    scene.answer(&token, AnsweredBy::Human).await;
    scene.press(&token, Key::Fraud).await;
    scene.press(&token, Key::Block).await;
    assert!(scene.load().await.subject.blocked(scene.now).is_some());
    unblock(&scene).await;
    let subject = scene.load().await.subject;
    assert_eq!((subject.reported_at, subject.blocked_until), (None, None));
    assert_eq!(scene.challenge().await.outcome, Outcome::Denied);
    scene.pass(1);
    scene.session("2");
    enrol(&mut scene).await;
}

#[tokio::test]
async fn an_unblock_keeps_what_was_denied() {
    let scene = all_at_once().await;
    set(&scene, subject_key(&scene), "deniedVersion", count(7)).await;
    set(&scene, subject_key(&scene), "blockedUntil", count(scene.now.as_unix() + 60)).await;
    unblock(&scene).await;
    let item = subject_item(&scene).await;
    assert_eq!((item.get("deniedVersion"), item.get("blockedUntil")), (Some(&count(7)), None));
}

#[tokio::test]
async fn an_unblock_decided_before_another_fraud_report_does_not_undo_that_report() {
    let mut scene = Scene::new().await;
    let token = scene.place_call().await;
    scene.answer(&token, AnsweredBy::Human).await;
    let [_, unblock, _] = Decided::all(&scene, &scene.load().await);
    scene.press(&token, Key::Fraud).await;
    assert!(matches!(unblock.apply(&scene).await, Err(StoreError::Conflict)));
    assert!(scene.load().await.subject.reported_at.is_some());
}

// --- reset

#[tokio::test]
async fn a_reset_forgets_the_number_with_all_its_data_and_denies_pending_logins() {
    let scene = all_at_once().await;
    for (name, value) in [("country", "US"), ("line", "mobile"), ("locale", "en")] {
        set(&scene, subject_key(&scene), name, text(value)).await;
    }
    let version = scene.load().await.subject.version;
    reset(&scene).await;
    let item = subject_item(&scene).await;
    for name in ["phone", "country", "line", "locale", "binding"] {
        assert!(!item.contains_key(name), "{name}");
    }
    assert_eq!(item.get("deniedVersion"), Some(&count(version)));
}

#[tokio::test]
async fn the_old_binding_yields_no_token_after_a_reset() {
    let mut scene = Scene::new().await;
    enrol(&mut scene).await;
    scene.session("2");
    scene.send_code().await;
    let judged_right = proven(&scene).await;
    scene.session("3");
    let token = scene.place_call().await;
    set_uncontested(&scene).await;
    scene.answer(&token, AnsweredBy::Human).await;
    let approved = scene.press(&token, Key::Approve).await.expect("a challenge");
    assert!(approved.is_approved());
    reset(&scene).await;
    for challenge in [judged_right, approved] {
        assert!(matches!(
            scene.store.settle(&challenge, &scene.rules.policy, scene.now).await,
            Ok(Settlement::Refused(_))
        ));
    }
}

#[tokio::test]
async fn a_proof_of_the_old_number_enrols_nothing_after_a_reset() {
    let mut scene = Scene::new().await;
    scene.send_code().await;
    let judged_right = proven(&scene).await; // the first factor still vouches for the old number
    scene.session("2");
    enrol(&mut scene).await;
    reset(&scene).await;
    assert!(matches!(
        scene.store.settle(&judged_right, &scene.rules.policy, scene.now).await,
        Ok(Settlement::Refused(_))
    ));
    let stored = scene.load().await;
    assert_eq!(stored.subject.binding, None);
    let outcomes: Vec<_> = stored.challenges.iter().map(|challenge| challenge.outcome).collect();
    assert!(outcomes.contains(&Outcome::Denied) && outcomes.len() == 2, "{outcomes:?}");
}

#[tokio::test]
async fn a_reset_also_denies_a_login_started_by_a_function_whose_clock_is_ahead() {
    let mut scene = Scene::new().await;
    scene.pass(2);
    scene.send_code().await;
    let ahead = proven(&scene).await;
    scene.now = NOW;
    reset(&scene).await;
    scene.pass(3);
    let settled = scene.store.settle(&ahead, &scene.rules.policy, scene.now).await;
    assert!(matches!(settled, Ok(Settlement::Refused(_))), "{settled:?}");
    assert_eq!(scene.challenge().await.outcome, Outcome::Denied);
}

async fn set_uncontested(scene: &Scene) {
    let pk = format!("subject#{}", base64url(scene.key.subject.as_bytes()));
    let sort = format!("challenge#{}", base64url(scene.key.session.as_bytes()));
    let update = scene.backend.client.update_item().table_name(&scene.backend.table);
    update.set_key(Some(key(&pk, &sort))).update_expression("REMOVE contested").send().await.expect("set");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_racing_a_reset_happens_before_it_or_not_at_all() {
    for _ in 0..20 {
        let mut scene = Scene::new().await;
        let old = enrol(&mut scene).await;
        scene.session("2");
        scene.send_code().await;
        let challenge = proven(&scene).await;
        let [.., decided] = Decided::all(&scene, &scene.load().await);
        let scene = Arc::new(scene);
        let settling = tokio::spawn({
            let (scene, challenge) = (Arc::clone(&scene), challenge.clone());
            async move { scene.store.settle(&challenge, &scene.rules.policy, scene.now).await }
        });
        let reset = decided.apply(&scene).await;
        let settled = matches!(settling.await.expect("no panic"), Ok(Settlement::Settled(_)));
        let binding = scene.load().await.subject.binding.map(|binding| binding.version);
        match reset {
            Ok(()) => assert_eq!((settled, binding), (false, None)),
            Err(StoreError::Conflict) => assert_eq!(binding, Some(old)),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn enrolling_the_same_number_again_gives_a_binding_never_seen_before() {
    let mut scene = Scene::new().await;
    let mut seen = vec![enrol(&mut scene).await];
    for session in 2..5 {
        reset(&scene).await;
        scene.pass(1);
        scene.session(&session.to_string());
        let version = enrol(&mut scene).await;
        assert!(seen.iter().all(|earlier| *earlier < version), "{version} after {seen:?}");
        seen.push(version);
    }
}

fn accounts(subjects: &[[u8; 32]]) -> AttributeValue {
    AttributeValue::Bs(subjects.iter().map(|digest| Blob::new(*digest)).collect())
}

#[tokio::test]
async fn a_reset_removes_the_account_from_its_number_and_from_no_other() {
    let scene = all_at_once().await;
    set(&scene, number_key(), "accounts", accounts(&[[1; 32], *scene.key.subject.as_bytes()])).await;
    set(&scene, number_key(), "blockedUntil", count(9)).await;
    reset(&scene).await;
    let item = item(&scene, number_key()).await.expect("the number");
    assert_eq!(item.get("accounts"), Some(&accounts(&[[1; 32]])));
    assert_eq!(item.get("blockedUntil"), Some(&count(9)));
}

#[tokio::test]
async fn a_reset_does_not_create_an_item_for_a_number_without_one() {
    let scene = all_at_once().await;
    reset(&scene).await;
    let left = item(&scene, number_key()).await.unwrap_or_else(number_key);
    assert_eq!(left, number_key());
    reset(&scene).await; // with no number enrolled, it still succeeds
    assert_eq!(scene.load().await.subject.binding, None);
}
