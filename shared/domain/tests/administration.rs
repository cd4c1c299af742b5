//! The rules for administrators' actions. Actions on live challenges are tested with the store's contract.

#![cfg(test)]

use std::time::Duration;

use domain::administration::{phone_reset, report, unblocked, unlocked};
use domain::channel::Channel;
use domain::identity::{Administrator, Reservation, SessionId};
use domain::policy::Policy;
use domain::snapshot::Snapshot;
use domain::subject::{NumberBlock, Subject};
use domain::time::Timestamp;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

fn ago(seconds: u64) -> Timestamp {
    Timestamp::from_unix(NOW.as_unix() - seconds)
}

fn stored(subject: Subject) -> Snapshot {
    Snapshot { subject: Subject { version: 7, ..subject }, challenges: Vec::new() }
}

fn in_trouble() -> Subject {
    let vanished = Reservation { session: SessionId::new("gone", None), generation: 3 };
    Subject {
        failures: 97,
        last_failure_at: Some(ago(5)),
        locked_at: Some(ago(4)),
        reported_at: Some(ago(60)),
        blocked_until: Some(NOW + Duration::from_hours(1)),
        denied_version: Some(3),
        reserved: [(vanished, 5)].into(),
        sms_sent: vec![ago(3600), ago(60)],
        calls_placed: vec![ago(90_000), ago(30)],
        ..Subject::default()
    }
}

#[test]
fn only_an_arn_that_cannot_forge_a_line_is_a_caller() {
    let role = "arn:aws:sts::123456789012:assumed-role/support/jane@example.com";
    assert_eq!(Administrator::parse(role).expect("an ARN").as_str(), role);
    for arn in ["", "jane", "arn:aws:iam::1:user/a\nb", "arn:aws:iam::1:user/ü", "arn:aws:iam::1:user/a b"] {
        assert!(Administrator::parse(arn).is_err(), "{arn:?}");
    }
    assert!(Administrator::parse(&format!("arn:{}", "a".repeat(2045))).is_err());
}

#[test]
fn unlocking_forgives_failures_and_reservations_of_lost_challenges_and_changes_nothing_else() {
    let before = stored(in_trouble());
    let after = unlocked(&before, NOW).subject;
    let forgiven =
        Subject { failures: 0, last_failure_at: None, locked_at: None, reserved: [].into(), ..before.subject };
    assert_eq!(after, forgiven);
    assert_eq!(after.budget(&Policy::default()), 5);
}

#[test]
fn unblocking_forgets_reports_and_leaves_denied_what_was_denied() {
    let before = stored(in_trouble());
    let after = unblocked(&before).0.subject;
    assert_eq!(after.calls_paused(NOW), None);
    assert_eq!(after, Subject { reported_at: None, blocked_until: None, ..before.subject });
}

#[test]
fn unblocking_ends_the_block_of_a_number_whether_the_subject_was_blocked_with_it_or_not() {
    let number = Some(NumberBlock { number: [7; 32], until: NOW + Duration::from_hours(2) });
    for blocked_until in [None, in_trouble().blocked_until] {
        let reported = stored(Subject { reported_number: number, blocked_until, ..in_trouble() });
        let (after, lifted) = unblocked(&reported);
        assert_eq!(lifted, number);
        let forgotten = Subject { reported_at: None, blocked_until: None, reported_number: None, ..reported.subject };
        assert_eq!(after.subject, forgotten);
        assert_eq!(unblocked(&after).1, None);
    }
    assert_eq!(unblocked(&stored(in_trouble())).1, None, "the number was already proven or vouched for");
}

#[test]
fn a_reset_keeps_failures_and_block_and_denies_what_has_started() {
    let before = stored(in_trouble());
    let after = phone_reset(&before);
    assert_eq!(after.subject, Subject { binding: None, denied_version: Some(7), ..before.subject });
}

#[test]
fn a_report_shows_lock_delay_block_and_sends() {
    let policy = Policy::default();
    let delayed = || Subject { failures: 12, locked_at: None, reserved: [].into(), ..in_trouble() };
    let seen = report(&stored(delayed()), &policy, NOW);
    assert_eq!((seen.failures, seen.locked), (12, false));
    assert_eq!(seen.delayed_until, Some(ago(5) + Duration::from_mins(2)));
    assert_eq!((seen.reported_at, seen.blocked_until), (Some(ago(60)), Some(NOW + Duration::from_hours(1))));
    assert_eq!(seen.sends, [(Channel::Sms, 1, 2), (Channel::Call, 1, 1)]);

    let seen = report(&stored(Subject { failures: 100, ..in_trouble() }), &policy, NOW);
    assert_eq!((seen.locked, seen.delayed_until), (true, None), "a lock does not end with time");
    let seen = report(&stored(Subject { locked_at: Some(NOW), ..delayed() }), &policy, NOW);
    assert_eq!((seen.failures, seen.locked), (12, true), "nor with a higher limit");
    let seen = report(&stored(Subject { failures: 8, ..in_trouble() }), &policy, NOW);
    assert_eq!(seen.failures, 13, "the guesses of a lost challenge count as used");

    let over = NOW + Duration::from_hours(1);
    let seen = report(&stored(delayed()), &policy, over);
    assert_eq!((seen.delayed_until, seen.blocked_until), (None, None));
}
