//! The contract of the switches' store, including races, on whichever backend is configured.

use std::sync::Arc;
use std::time::Duration;

use domain::identity::Administrator;
use domain::ports::{StoreError, SwitchStore as _};
use domain::switches::{Setting, Switch, Switches};
use domain::time::Timestamp;
use platform::store::DynamoStore;

use crate::backend::Backend;
use crate::scene::NOW;
use crate::store_contract::at_once;

fn jane() -> Administrator {
    Administrator::parse("arn:aws:iam::123456789012:user/jane").expect("an ARN")
}

fn switch(name: &str) -> Switch {
    Switch::parse(name).expect(name)
}

fn setting(name: &str, seconds: u64) -> Setting {
    let mode = (name == "unverified-budget").then_some("record-only");
    let until = NOW + Duration::from_secs(seconds);
    Setting::parse(switch(name), "a reason", until, mode, jane(), NOW).expect("a setting")
}

/// Sets a switch, decided on `stored`.
async fn set(store: &DynamoStore, stored: &Switches, name: &str, now: Timestamp) -> Result<(), StoreError> {
    let after = stored.set(switch(name), setting(name, 3_600), now).expect("room").expect("a change");
    store.switch(&after, &jane(), now).await
}

async fn names(store: &DynamoStore) -> Vec<String> {
    store.switches().await.expect("switches").stored().map(|(switch, _)| switch.to_string()).collect()
}

#[tokio::test]
async fn what_is_set_is_read_back_and_nothing_is_before() {
    let backend = Backend::fresh().await;
    let store = backend.store();
    assert_eq!(store.switches().await.expect("none"), Switches::NONE);
    for name in ["sms", "call-GB", "enrolment", "unverified-budget"] {
        let stored = store.switches().await.expect("switches");
        set(&store, &stored, name, NOW).await.expect(name);
    }
    let stored = store.switches().await.expect("switches");
    assert_eq!(stored.version, 4);
    let expected =
        ["sms", "call-GB", "enrolment", "unverified-budget"].map(|name| (switch(name), setting(name, 3_600)));
    let read: Vec<_> = stored.stored().map(|(switch, setting)| (switch, setting.clone())).collect();
    assert_eq!(read, expected);
    assert_eq!(backend.stored().await, ["switches"], "one item");
}

#[tokio::test]
async fn of_two_changes_decided_on_the_same_read_the_second_conflicts_and_loses_nothing() {
    let backend = Backend::fresh().await;
    let store = backend.store();
    for known in [false, true] {
        let stored = store.switches().await.expect("switches");
        let (one, other) = if known { ("sms", "call") } else { ("sms-US", "call-US") };
        set(&store, &stored, one, NOW).await.expect("the first");
        let second = set(&store, &stored, other, NOW).await;
        assert!(matches!(second, Err(StoreError::Conflict)), "{second:?}");
        let set = names(&store).await;
        assert!(set.contains(&one.to_owned()) && !set.contains(&other.to_owned()), "{set:?}");
    }
    let stale = Switches::default().set(switch("enrolment"), setting("enrolment", 60), NOW).expect("room");
    let stale = store.switch(&stale.expect("a change"), &jane(), NOW).await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_operators_at_once_one_is_applied_and_the_others_conflict() {
    let backend = Backend::fresh().await;
    let store = Arc::new(backend.store());
    for round in 0_usize..5 {
        let stored = Arc::new(store.switches().await.expect("switches"));
        let countries = ["US", "GB", "FR", "DE", "ES", "IT", "PT", "NL"];
        let outcomes = at_once(countries.len(), |index| {
            let (store, stored) = (Arc::clone(&store), Arc::clone(&stored));
            let name = format!("{}-{}", if round % 2 == 0 { "sms" } else { "call" }, countries[(index + round) % 8]);
            async move {
                let after = stored.set(switch(&name), setting(&name, 60 + round as u64), NOW).expect("room");
                store.switch(&after.expect("a change"), &jane(), NOW).await
            }
        })
        .await;
        let applied = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let conflicts = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::Conflict))).count();
        assert_eq!((applied, conflicts), (1, countries.len() - 1), "round {round}");
        assert_eq!(store.switches().await.expect("switches").version, round as u64 + 1);
    }
}

#[tokio::test]
async fn the_next_change_drops_what_has_ended() {
    let backend = Backend::fresh().await;
    let store = backend.store();
    let stored = store.switches().await.expect("switches");
    let after = stored.set(switch("sms"), setting("sms", 60), NOW).expect("room").expect("a change");
    store.switch(&after, &jane(), NOW).await.expect("set");
    let stored = store.switches().await.expect("switches");
    set(&store, &stored, "call", NOW + Duration::from_mins(1)).await.expect("set");
    assert_eq!(names(&store).await, ["call"]);
}

#[tokio::test]
async fn as_many_as_can_be_set_fit_into_the_item_with_the_longest_reasons_and_names() {
    let backend = Backend::fresh().await;
    let store = backend.store();
    let countries = "US GB FR DE ES IT PT NL BE LU CH AT PL CZ SK HU RO BG GR TR SE NO FI DK IS".split(' ');
    let longest = Administrator::parse(&format!("arn:{}", "a".repeat(2_044))).expect("an ARN");
    let mut switches = Switches::NONE;
    for name in countries.flat_map(|country| [format!("sms-{country}"), format!("call-{country}")]) {
        let until = NOW + Duration::from_mins(1);
        let longest = Setting::parse(switch(&name), &"漢".repeat(200), until, None, longest.clone(), NOW);
        switches = switches.set(switch(&name), longest.expect("a setting"), NOW).expect("room").expect("a change");
    }
    store.switch(&switches, &longest, NOW).await.expect("it fits");
    assert_eq!(store.switches().await.expect("switches").stored().count(), Switches::MOST);
    assert!(switches.set(switch("enrolment"), setting("enrolment", 60), NOW).is_err());
    assert!(switches.set(switch("sms-US"), setting("sms-US", 90), NOW).is_ok(), "one that is set already");
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_and_not_skipped() {
    for (name, fault) in [("version", "soon"), ("switches", "none")] {
        let backend = Backend::fresh().await;
        let store = backend.store();
        set(&store, &Switches::NONE, "sms", NOW).await.expect("set");
        backend.put_text("switches", "switches", name, fault).await;
        let read = store.switches().await;
        assert!(matches!(read, Err(StoreError::Unreadable(_))), "{name}: {read:?}");
    }
}
