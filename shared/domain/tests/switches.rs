//! The switches: what is in force, what follows, and what an operator may give.

#![cfg(test)]

use std::time::Duration;

use domain::channel::Channel;
use domain::identity::Administrator;
use domain::phone::Country;
use domain::policy::{BudgetMode, UnverifiedBudget};
use domain::switches::{Invalid, Pause, Reason, Setting, Switch, Switches};
use domain::time::Timestamp;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

fn after(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

fn country(code: &str) -> Country {
    Country::parse(code).expect(code)
}

fn jane() -> Administrator {
    Administrator::parse("arn:aws:iam::123456789012:user/jane").expect("an ARN")
}

fn given(name: &str, reason: &str, until: Timestamp, mode: Option<&str>) -> Result<Setting, Invalid> {
    Setting::parse(Switch::parse(name).expect(name), reason, until, mode, jane(), NOW)
}

/// Switches that are set, each for so many seconds.
fn switches(set: &[(&str, u64)]) -> Switches {
    let set = set.iter().map(|(name, seconds)| {
        let mode = (*name == "unverified-budget").then_some("record-only");
        (Switch::parse(name).expect(name), given(name, "a test", after(*seconds), mode).expect("a setting"))
    });
    Switches::of(3, set.collect())
}

#[test]
fn a_switch_has_one_name() {
    for name in ["sms", "call", "sms-GB", "call-US", "enrolment", "unverified-budget"] {
        assert_eq!(Switch::parse(name).map(|switch| switch.to_string()).as_deref(), Some(name));
    }
    let wrong = [
        "",
        "SMS",
        "sms-gb",
        "sms-Gb",
        "call-UK",
        "call-ZZ",
        "sms-",
        "-GB",
        "sms-GB-",
        "sms GB",
        "email",
        "enrolment-GB",
    ];
    for name in wrong {
        assert_eq!(Switch::parse(name), None, "{name}");
    }
}

#[test]
fn a_channel_is_paused_until_the_last_of_what_stops_it_ends() {
    let pause = |set: &[(&str, u64)], countries: &[&str], enrols| {
        let countries: Vec<_> = countries.iter().map(|code| country(code)).collect();
        switches(set).pause(Channel::Call, &countries, enrols, NOW)
    };
    let until = |seconds| Some(Pause { of_enrolment: false, until: after(seconds) });
    let of_enrolment = |seconds| Some(Pause { of_enrolment: true, until: after(seconds) });
    assert_eq!(pause(&[], &["GB"], true), None);
    assert_eq!(pause(&[("sms", 9), ("sms-GB", 9), ("call-US", 9)], &["GB"], false), None, "other things are");
    assert_eq!(pause(&[("call", 9)], &[], false), until(9));
    assert_eq!(pause(&[("call-GB", 9)], &["GB"], false), until(9));
    assert_eq!(pause(&[("call-GB", 9)], &[], false), None, "nobody knows the country");
    assert_eq!(pause(&[("call-GB", 9)], &["GB", "JE"], false), None, "it may be another one");
    assert_eq!(pause(&[("call-GB", 9), ("call-JE", 7)], &["GB", "JE"], false), until(7));
    assert_eq!(pause(&[("call", 5), ("call-GB", 9)], &["GB"], false), until(9));
    assert_eq!(pause(&[("call", 9), ("call-GB", 5)], &["GB"], false), until(9));
    assert_eq!(pause(&[("enrolment", 9)], &["GB"], false), None);
    assert_eq!(pause(&[("enrolment", 9)], &["GB"], true), of_enrolment(9));
    assert_eq!(pause(&[("enrolment", 5), ("call", 9)], &["GB"], true), of_enrolment(9));
}

#[test]
fn a_switch_ends_by_itself_at_its_second() {
    let set = switches(&[("sms", 10), ("enrolment", 10), ("unverified-budget", 10)]);
    let paused = |now| set.pause(Channel::Sms, &[], true, now).is_some() || set.enrolment_paused(now).is_some();
    let enforced = |now| set.budget(&UnverifiedBudget::DEFAULT, now).enforced;
    assert_eq!((paused(after(9)), enforced(after(9)), set.in_force(after(9)).count()), (true, false, 3));
    assert_eq!((paused(after(10)), enforced(after(10)), set.in_force(after(10)).count()), (false, true, 0));
}

#[test]
fn the_budget_is_in_the_mode_that_it_is_switched_to_and_otherwise_the_same() {
    let rules = UnverifiedBudget { enforced: false, floor: 77, ..UnverifiedBudget::DEFAULT };
    let enforce = given("unverified-budget", "a test", after(60), Some("enforce")).expect("a setting");
    assert_eq!(enforce.mode, Some(BudgetMode::Enforce));
    let set = Switches::NONE.set(Switch::UnverifiedBudget, enforce, NOW).expect("room").expect("a change");
    assert_eq!(set.budget(&rules, NOW), UnverifiedBudget { enforced: true, ..rules.clone() });
    assert_eq!(Switches::NONE.budget(&rules, NOW), rules);
}

#[test]
fn a_change_keeps_the_others_and_drops_what_has_ended() {
    let stored = switches(&[("sms", 5), ("call", 60)]);
    let setting = given("enrolment", "a test", after(60), None).expect("a setting");
    let set = stored.set(Switch::Enrolment, setting, after(5)).expect("room").expect("a change");
    let names: Vec<_> = set.stored().map(|(switch, _)| switch.to_string()).collect();
    assert_eq!((names, set.version), (vec!["call".to_owned(), "enrolment".to_owned()], 3));
    let cleared = stored.cleared(Switch::Channel(Channel::Call), NOW).expect("a change");
    assert_eq!(cleared.stored().map(|(switch, _)| switch.to_string()).collect::<Vec<_>>(), ["sms"]);
    assert_eq!(stored.cleared(Switch::Channel(Channel::Sms), after(5)), None, "it has ended");
    assert_eq!(stored.cleared(Switch::Enrolment, NOW), None);
}

#[test]
fn setting_it_again_changes_something_if_reason_end_or_mode_differ() {
    let stored = switches(&[("sms", 60)]);
    let sms = Switch::Channel(Channel::Sms);
    for (reason, seconds, changes) in [("a test", 60, false), ("another", 60, true), ("a test", 61, true)] {
        let again = Setting { at: after(1), ..given("sms", reason, after(seconds), None).expect("a setting") };
        assert_eq!(stored.set(sms, again, after(1)).expect("room").is_some(), changes, "{reason} {seconds}");
    }
}

#[test]
fn an_end_is_in_the_future_and_at_most_31_days_ahead() {
    let end = |until| given("sms", "a test", until, None).map(|setting| setting.until);
    let month = 31 * 86_400;
    for ok in [1, 3_600, month] {
        assert_eq!(end(after(ok)), Ok(after(ok)));
    }
    for wrong in [NOW, Timestamp::from_unix(0), after(month + 1), Timestamp::from_unix(u64::MAX)] {
        assert_eq!(end(wrong).map_err(|invalid| invalid.field), Err("until"), "{wrong:?}");
    }
}

#[test]
fn a_reason_is_one_line_without_a_phone_number() {
    let long = "ä".repeat(200);
    for ok in ["x", "toll fraud, INC0012345678", "1+1 = 2", "+44 calls", long.as_str(), "  trimmed  "] {
        assert_eq!(Reason::parse(ok).as_ref().map(Reason::as_str), Ok(ok.trim()), "{ok}");
    }
    let too_long = "ä".repeat(201);
    let wrong = [
        "",
        " ",
        too_long.as_str(),
        "a\nb",
        "a\u{7f}",
        "a\u{1b}[31m",
        "a\u{85}b",
        "a\u{2028}b",
        "a\u{202e}b",
        "a\u{2066}b",
        "+447400123456",
        "from +44 (0)7400 / 123-456.",
        "x+1 415 555 2671",
        "+٤٤٧٤٠٠١٢٣٤٥٦",
    ];
    for text in wrong {
        assert!(Reason::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn the_budget_needs_a_mode_and_nothing_else_takes_one() {
    for (name, mode, ok) in [
        ("unverified-budget", Some("enforce"), true),
        ("unverified-budget", Some("record-only"), true),
        ("unverified-budget", Some("off"), false),
        ("unverified-budget", None, false),
        ("sms", None, true),
        ("sms", Some("enforce"), false),
    ] {
        let given = given(name, "a test", after(60), mode).map(drop).map_err(|invalid| invalid.field);
        assert_eq!(given, if ok { Ok(()) } else { Err("mode") }, "{name} {mode:?}");
    }
}
