//! Each term of the conditions on numbers, counters, locks and breakers, tested on its own.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::channel::Channel;
use domain::code::Code;
use domain::identity::SubjectId;
use domain::limit::Limit;
use domain::phone::{Country, PhoneRefusal};
use domain::ports::{ChallengeStore as _, Started, StoreError};
use domain::quota::{Scope, SendLimit};
use domain::refusal::{Consequence, Refusal, Refused};
use domain::start::Decision;
use domain::start_transaction::StartTransaction;
use domain::time::Timestamp;
use platform::encoding::base64url;

use crate::scene::{ALICE, Scene, number};

pub(crate) fn number_key(e164: &str) -> String {
    format!("number#{}", base64url(&number(e164).digest()))
}

/// A scene in which the user types the number.
async fn typing() -> (Scene, StartTransaction) {
    let mut scene = Scene::new().await;
    scene.claimed = None;
    let transaction = typed(&scene).await;
    (scene, transaction)
}

async fn typed(scene: &Scene) -> StartTransaction {
    match scene.decide(&scene.load().await, Channel::Sms, Some(ALICE)).expect("a decision") {
        Decision::Send(transaction) => *transaction,
        Decision::Running => panic!("nothing runs"),
    }
}

/// Starts a challenge with a code, and counts a guess at it.
pub(crate) async fn right_code(scene: &Scene, mut transaction: StartTransaction) -> Code {
    let (code, _) = transaction.add_code(&scene.keys, &mut platform::clock::random());
    assert_eq!(scene.store.start(&transaction).await.expect("an answer"), Started::Applied);
    code
}

/// Enrols the number for that many other subjects.
async fn others(scene: &Scene, count: usize) {
    for index in 0..count {
        let other = SubjectId::new("https://login", &format!("other-{index}"));
        scene.backend.add_to_set(&number_key(ALICE), "number", "accounts", other.as_bytes()).await;
    }
}

const FULL: Refusal = Refusal::Number(PhoneRefusal::Unavailable);

#[tokio::test]
async fn the_limit_on_accounts_per_number_holds_before_anything_is_sent() {
    for claimed in [true, false] {
        for (count, refused) in [(4, false), (5, true)] {
            let (mut scene, mut transaction) = typing().await;
            if claimed {
                scene.claimed = Some(number(ALICE));
                transaction = scene.transaction(Channel::Sms).await;
            }
            assert_eq!(transaction.max_accounts, Some(5));
            others(&scene, count).await;
            let expected = if refused { Started::Refused(FULL) } else { Started::Applied };
            assert_eq!(scene.store.start(&transaction).await.expect("an answer"), expected, "{claimed} {count}");
            assert_eq!(scene.load().await.challenges.is_empty(), refused, "all or nothing");
        }
    }
}

#[tokio::test]
async fn the_limit_on_accounts_per_number_holds_at_enrolment() {
    for claimed in [true, false] {
        for (count, refused) in [(4, false), (5, true)] {
            let (mut scene, mut transaction) = typing().await;
            if claimed {
                scene.claimed = Some(number(ALICE));
                transaction = scene.transaction(Channel::Sms).await;
            }
            let code = right_code(&scene, transaction).await;
            others(&scene, count).await;
            assert_eq!(scene.guess(&code).await.expect("judged"), Some(!refused), "{claimed} {count}");
            assert_eq!(scene.load().await.subject.binding.is_none(), refused);
        }
    }
}

#[tokio::test]
async fn an_account_of_a_full_number_keeps_its_place() {
    let (scene, transaction) = typing().await;
    others(&scene, 4).await;
    let own = scene.key.subject;
    scene.backend.add_to_set(&number_key(ALICE), "number", "accounts", own.as_bytes()).await;
    let code = right_code(&scene, transaction).await;
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
}

#[tokio::test]
async fn a_reported_number_is_refused_to_users_who_type_it_until_its_block_ends() {
    for (ends, refused) in [(1, true), (0, false)] {
        let (scene, transaction) = typing().await;
        let until = (scene.now + Duration::from_secs(ends)).as_unix().to_string();
        scene.backend.put(&number_key(ALICE), "number", "blockedUntil", &until).await;
        let expected = if refused { Started::Refused(FULL) } else { Started::Applied };
        assert_eq!(scene.store.start(&transaction).await.expect("an answer"), expected);

        let (scene, transaction) = typing().await;
        let code = right_code(&scene, transaction).await;
        scene.backend.put(&number_key(ALICE), "number", "blockedUntil", &until).await;
        assert_eq!(scene.guess(&code).await.expect("judged"), Some(!refused));
    }
}

#[tokio::test]
async fn a_reported_number_stays_open_to_users_whose_first_factor_vouches_for_it() {
    let scene = Scene::new().await;
    let until = (scene.now + Duration::from_hours(1)).as_unix().to_string();
    scene.backend.put(&number_key(ALICE), "number", "blockedUntil", &until).await;
    let code = right_code(&scene, scene.transaction(Channel::Sms).await).await;
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
}

// --- counters

/// The key of a counter of today's transaction, by its limit's name.
pub(crate) fn counter_key(transaction: &StartTransaction, limit: &str) -> (String, String) {
    let charge = transaction.charges.iter().find(|charge| charge.counter.limit.as_str() == limit).expect("a charge");
    let partition = match &charge.counter.scope {
        Scope::Number(phone) => format!("number#{}", base64url(&phone.digest())),
        Scope::Network(network) => format!("network#{network}"),
        Scope::Range(phone) => format!("range#{}", phone.range()),
        Scope::Country(country) => format!("country#{}", country.as_str()),
    };
    (partition, format!("{limit}#{}#{}", charge.counter.window, charge.counter.shard))
}

/// A start that is charged to every counter of an unverified send by `channel`.
pub(crate) async fn charged(scene: &mut Scene, channel: Channel, claimed: bool) -> StartTransaction {
    scene.claimed = claimed.then(|| number(ALICE));
    let typed = (!claimed).then_some(ALICE);
    let Ok(Decision::Send(mut transaction)) = scene.decide(&scene.load().await, channel, typed) else {
        panic!("sends")
    };
    if !claimed {
        let rules = scene.rules.policy.unverified.clone();
        let record = domain::budget::CountryRecord::default();
        transaction.charge_budget(&record, &rules, &mut platform::clock::random()).expect("a budget");
    }
    if channel == Channel::Call {
        transaction.add_call(&mut platform::clock::random());
    }
    *transaction
}

#[tokio::test]
async fn each_counter_refuses_at_its_quota_and_the_refusal_names_it() {
    let cases = [
        ("number-short", true, Channel::Sms, 5),
        ("number-long", true, Channel::Sms, 10),
        ("network", true, Channel::Sms, 20),
        ("number-unverified", false, Channel::Sms, 3),
        ("range-unverified", false, Channel::Sms, 4),
        ("country-sms", false, Channel::Sms, 10),
        ("country-call", false, Channel::Call, 10),
    ];
    for (name, claimed, channel, quota) in cases {
        for (used, refused) in [(quota - 1, false), (quota, true), (quota + 1, true)] {
            let mut scene = Scene::new().await;
            let transaction = charged(&mut scene, channel, claimed).await;
            let (partition, sort) = counter_key(&transaction, name);
            scene.backend.put(&partition, &sort, "used", &used.to_string()).await;
            let started = scene.store.start(&transaction).await.expect("an answer");
            if refused {
                let Started::Refused(Refusal::SendLimit(limit)) = started else { panic!("{name}: {started:?}") };
                assert_eq!((limit.limit.as_str(), limit.quota), (name, quota));
                assert!(scene.load().await.challenges.is_empty(), "all or nothing");
            } else {
                assert_eq!(started, Started::Applied, "{name}");
                let counter = scene.backend.item(&sort).await;
                assert_eq!(
                    (&counter["used"], &counter["quota"]),
                    (&quota.to_string().into(), &quota.to_string().into())
                );
            }
        }
    }
}

#[tokio::test]
async fn if_two_limits_refuse_the_one_that_lasts_longer_is_reported_and_nothing_is_charged() {
    let mut scene = Scene::new().await;
    let transaction = charged(&mut scene, Channel::Sms, true).await;
    for (name, used) in [("number-short", "5"), ("number-long", "10")] {
        let (partition, sort) = counter_key(&transaction, name);
        scene.backend.put(&partition, &sort, "used", used).await;
    }
    let Ok(Started::Refused(Refusal::SendLimit(limit))) = scene.store.start(&transaction).await else {
        panic!("refused")
    };
    let day = Duration::from_hours(24);
    assert_eq!(
        limit,
        SendLimit {
            limit: Limit::NumberLong,
            quota: 10,
            window: day,
            retry_at: Timestamp::from_unix((scene.now.as_unix() / day.as_secs() + 1) * day.as_secs()),
        }
    );
    assert!(scene.backend.items("network").await.is_empty(), "the network was not charged");
}

#[tokio::test]
async fn a_start_whose_subject_has_changed_is_decided_again_even_if_a_limit_refuses_it_too() {
    let mut scene = Scene::new().await;
    let stale = charged(&mut scene, Channel::Sms, true).await;
    let (partition, sort) = counter_key(&stale, "network");
    scene.session("2");
    scene.send_code().await;
    scene.backend.put(&partition, &sort, "used", "20").await;
    assert!(matches!(scene.store.start(&stale).await, Err(StoreError::Conflict)));
}

#[tokio::test]
async fn an_enrolment_gives_back_to_each_shard_what_its_sends_were_charged() {
    let mut scene = Scene::new().await;
    let mut transaction = charged(&mut scene, Channel::Sms, false).await;
    let (code, _) = transaction.add_code(&scene.keys, &mut platform::clock::random());
    scene.store.start(&transaction).await.expect("started");
    let before: BTreeMap<_, _> = ["number-unverified", "range-unverified", "country-sms"]
        .map(|name| (name, counter_key(&transaction, name)))
        .into();
    for (partition, sort) in before.values() {
        scene.backend.put(partition, sort, "used", "9").await;
    }
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
    for (_, sort) in before.values() {
        let counter = scene.backend.item(sort).await;
        assert_eq!(counter["used"], "8", "{sort}");
        let kept = (scene.now + Duration::from_hours(48)).as_unix().to_string();
        assert_eq!(counter["ttl"], kept, "kept for as long as it can matter");
    }
}

// --- guesses

#[tokio::test]
async fn a_guess_is_counted_only_while_its_challenge_is_open() {
    for (name, closed) in [("outcome", "denied"), ("expiresAt", "1800000000"), ("attempts", "5")] {
        let mut scene = Scene::new().await;
        scene.send_code().await;
        let subject = format!("subject#{}", base64url(scene.key.subject.as_bytes()));
        let challenge = format!("challenge#{}", base64url(scene.key.session.as_bytes()));
        match name {
            "outcome" => scene.backend.put_text(&subject, &challenge, name, closed).await,
            _ => scene.backend.put(&subject, &challenge, name, closed).await,
        }
        let before = scene.challenge().await.attempts;
        assert!(scene.store.count_guess(&scene.key, scene.now).await.expect("an answer").is_none(), "{name}");
        assert_eq!(scene.challenge().await.attempts, before, "{name}");
    }
}

// --- locks and breakers

#[tokio::test]
async fn a_lock_is_written_only_if_the_subject_has_not_changed_since_it_was_read() {
    let mut scene = Scene::new().await;
    scene.send_code().await;
    let subject = scene.load().await.subject;
    let key = scene.key.subject;
    let refused = |subject| Refused {
        subject: &key,
        channel: Channel::Sms,
        refusal: Refusal::Locked,
        consequence: Some(Consequence::Lock(Box::new(subject))),
    };
    scene.session("2");
    scene.send_code().await; // the subject has changed since
    scene.store.note_refusal(&refused(subject), scene.now).await.expect("an answer");
    assert_eq!(scene.load().await.subject.locked_at, None);
    let subject = scene.load().await.subject;
    scene.store.note_refusal(&refused(subject.clone()), scene.now).await.expect("an answer");
    let locked = scene.load().await.subject;
    assert_eq!((locked.locked_at, locked.version), (Some(scene.now), subject.version + 1));
    scene.pass(1);
    scene.store.note_refusal(&refused(subject), scene.now).await.expect("an answer");
    assert_eq!(scene.load().await.subject.locked_at, locked.locked_at, "once");
}

#[tokio::test]
async fn an_open_breaker_cannot_be_opened_again_before_it_closes() {
    let mut scene = Scene::new().await;
    let us = Country::parse("US").expect("a country");
    let hour = Duration::from_hours(1);
    let opened = scene.now;
    for (passed, expected) in [(0, 0), (3599, 0), (1, 3600)] {
        scene.pass(passed);
        let limit = SendLimit { limit: Limit::CountrySms, quota: 1, window: hour, retry_at: scene.now };
        let refused = Refused {
            subject: &scene.key.subject,
            channel: Channel::Sms,
            refusal: Refusal::SendLimit(limit),
            consequence: Some(Consequence::OpenBreaker(us, scene.now + hour)),
        };
        scene.store.note_refusal(&refused, scene.now).await.expect("an answer");
        let breaker = scene.backend.item("breaker#sms").await;
        assert_eq!(breaker["openedAt"], (opened.as_unix() + expected).to_string());
        let record = scene.store.country(us).await.expect("a record");
        assert_eq!(record.open_until[&Channel::Sms].as_unix(), opened.as_unix() + expected + 3600);
        assert!(breaker["ttl"].as_str() > breaker["openUntil"].as_str(), "kept while it is open");
    }
}
