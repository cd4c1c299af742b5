//! What follows from a change of a subject, given the subject before and after it.

#![cfg(test)]

use domain::channel::Channel;
use domain::follow_up::{FollowUp, Notice, Settled, Tally, follow_up};
use domain::locale::Locale;
use domain::phone::{Country, Line, PhoneNumber, Reach};
use domain::subject::Binding;
use domain::time::Timestamp;

const DAY: u64 = 24 * 3600;
const TODAY: u64 = 20_000;

fn country(code: &str) -> Country {
    Country::parse(code).expect("a country")
}

fn number(e164: &str) -> PhoneNumber {
    PhoneNumber::parse(e164).expect("a number")
}

/// A subject last verified in this second of this day.
fn settled(day: u64, second: u64) -> Settled {
    let binding = Binding { number: number("+14155552671"), country: country("US"), line: Line::Mobile, version: 7 };
    Settled { binding, locale: Locale::Es, last_success_at: Some(Timestamp::from_unix(day * DAY + second)) }
}

#[test]
fn a_subject_counts_once_on_each_later_day_in_utc() {
    for (before, after, counts) in [
        ((TODAY - 1, 0), (TODAY, 0), true),
        ((TODAY - 1, DAY - 1), (TODAY, 0), true),
        ((TODAY - 30, 5), (TODAY, DAY - 1), true),
        ((TODAY, 0), (TODAY, DAY - 1), false),
        ((TODAY, 0), (TODAY, 0), false),
        ((TODAY + 1, 0), (TODAY, DAY - 1), false), // a slow clock
    ] {
        let follows = follow_up(&settled(before.0, before.1), &settled(after.0, after.1));
        let verified = FollowUp::Verified(country("US"), TODAY);
        assert_eq!(follows, counts.then_some(verified), "{before:?} {after:?}");
    }
}

#[test]
fn a_subject_counts_only_if_it_was_seen_before_with_the_same_binding() {
    let (yesterday, today) = (settled(TODAY - 1, 0), settled(TODAY, 0));
    assert_eq!(follow_up(&Settled { last_success_at: None, ..yesterday.clone() }, &today), None);
    assert_eq!(follow_up(&yesterday, &Settled { last_success_at: None, ..today.clone() }), None);
    let rebound = Settled { binding: Binding { version: 8, ..today.binding.clone() }, ..today };
    assert_eq!(follow_up(&yesterday, &rebound), None, "enrolled again");
}

#[test]
fn a_replaced_number_is_notified_in_the_language_in_which_it_was_enrolled_and_does_not_count() {
    let before = settled(TODAY - 1, 0);
    let new = Binding { number: number("+34600000000"), country: country("ES"), version: 9, ..before.binding.clone() };
    let after = Settled { binding: new, locale: Locale::Ar, ..settled(TODAY, 0) };
    let notice = Notice {
        to: number("+14155552671"),
        country: country("US"),
        line: Line::Mobile,
        new: number("+34600000000"),
        locale: Locale::Es,
    };
    assert_eq!(follow_up(&before, &after), Some(FollowUp::Replaced(notice)));
}

#[test]
fn a_number_that_can_only_be_called_is_sent_nothing() {
    let reach = Reach::new([(country("US"), Channel::ALL.into()), (country("GB"), [Channel::Call].into())].into());
    for (code, line, can_be_sent) in [
        ("US", Line::Mobile, true),
        ("US", Line::Fixed, false),
        ("US", Line::Other, false),
        ("GB", Line::Mobile, false),
        ("ES", Line::Mobile, false),
    ] {
        let (to, new, country) = (number("+14155550000"), number("+14155552671"), country(code));
        let notice = Notice { to, country, line, new, locale: Locale::En };
        assert_eq!(notice.can_be_sent(&reach), can_be_sent, "{code} {line:?}");
    }
}

#[test]
fn a_tally_counts_by_country_and_day_and_is_identified_by_its_changes() {
    let tally = |changes: &[(&str, u64, &str)]| {
        let mut tally = Tally::default();
        for (code, day, change) in changes {
            tally.add(country(code), *day, change);
        }
        tally
    };
    let whole = tally(&[("US", TODAY, "a"), ("ES", TODAY, "b"), ("US", TODAY, "c"), ("US", TODAY - 1, "d")]);
    let verified: Vec<_> = whole.verified().collect();
    assert_eq!(verified, [(country("ES"), TODAY, 1), (country("US"), TODAY - 1, 1), (country("US"), TODAY, 2)]);
    assert_eq!(whole.subjects(), 4);
    let [one, same, other, joined] = [&["a", "b"][..], &["a", "b"], &["a", "c"], &["ab"]]
        .map(|changes| tally(&changes.iter().map(|change| ("US", TODAY, *change)).collect::<Vec<_>>()).digest());
    assert_eq!(one, same);
    assert!(one != other && one != joined);
}
