//! When the page asks again, by what can change the answer.

#![cfg(test)]

use std::time::Duration;

use domain::call::{AnsweredBy, Call, CallState, CallToken, FraudReport};
use domain::challenge::{Challenge, Method, NumberSource, Outcome, Sends};
use domain::delivery::Delivery;
use domain::identity::{ChallengeId, ChallengeKey, SessionId, SubjectId};
use domain::locale::Locale;
use domain::phone::{Country, Line, PhoneNumber};
use domain::policy::{CallMode, Policy};
use domain::polling::{poll_after, poll_after_report};
use domain::purpose::Purpose;
use domain::receipt::{Fate, Receipts};
use domain::time::Timestamp;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
const MODES: [CallMode; 3] = [CallMode::PressPound, CallMode::MatchDigits, CallMode::SpeakCode];

fn after(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

/// A challenge whose message was sent now.
fn texted() -> Challenge {
    let key = ChallengeKey { subject: SubjectId::new("idp", "a"), session: SessionId::new("s", None) };
    Challenge {
        id: ChallengeId { key, generation: 1 },
        phone: PhoneNumber::parse("+14155552671").expect("E.164"),
        country: Country::parse("US").expect("a country"),
        line: Line::Mobile,
        source: NumberSource::Claimed,
        former: None,
        purpose: Purpose::Login,
        claim_mismatch: false,
        locale: Locale::En,
        subject_version: 1,
        created_at: NOW,
        expires_at: after(300),
        attempts: 0,
        carried: 0,
        max_attempts: 5,
        last_guess_at: None,
        outcome: Outcome::Pending,
        codes: Vec::new(),
        spoken: Vec::new(),
        sms: Sends { used: 1, last: Some((NOW, Delivery::Accepted)) },
        calls: Sends::default(),
        call: None,
        receipts: None,
        former_calls: Vec::new(),
        contested: false,
        machine_answered_at: None,
        answers: 0,
        charged: Vec::new(),
    }
}

/// A challenge whose call was placed now and has got so far.
fn called(state: CallState, answered: Option<(AnsweredBy, u64)>) -> Challenge {
    let call = Call {
        state,
        answered_by: answered.map(|(by, _)| by),
        answered_at: answered.map(|(_, seconds)| after(seconds)),
        ..Call::place(&CallToken::from_bytes([1; 16]), NOW)
    };
    let calls = Sends { used: 1, last: Some((NOW, Delivery::Accepted)) };
    Challenge { sms: Sends::default(), calls, call: Some(call), ..texted() }
}

/// In milliseconds, in each mode of calls.
fn advice(challenge: &Challenge, seconds: u64) -> [u128; 3] {
    MODES.map(|call_mode| {
        let policy = Policy { call_mode, ..Policy::default() };
        poll_after(&policy, challenge, after(seconds)).as_millis()
    })
}

#[test]
fn a_call_is_followed_closely_once_a_key_is_expected() {
    let human = |state| called(state, Some((AnsweredBy::Human, 10)));
    let answered = human(CallState::Answered);
    let machine = called(CallState::Answered, Some((AnsweredBy::NotHuman, 10)));
    let contested = Challenge { contested: true, ..answered.clone() };
    let mut by_the_version_before = answered.clone();
    by_the_version_before.call.as_mut().expect("a call").answered_at = None;
    for (name, challenge, seconds, expected) in [
        ("placed", called(CallState::Calling, None), 0, [2_000; 3]),
        ("rings", called(CallState::Ringing, None), 9, [2_000; 3]),
        ("answered", answered.clone(), 10, [500, 500, 5_000]),
        ("contested", contested, 10, [500, 500, 5_000]),
        ("a machine, which is asked for digits", machine, 10, [500, 500, 5_000]),
        ("the last second in which a key is expected", answered.clone(), 29, [500, 500, 1_000]),
        ("goes on for long", answered.clone(), 31, [2_000, 2_000, 5_000]),
        ("a clock that is behind", answered, 9, [500, 500, 5_000]),
        ("no time stored", by_the_version_before, 12, [2_000, 2_000, 5_000]),
        ("over", human(CallState::Ended), 16, [14_000; 3]),
        ("no webhook of its end came", human(CallState::Answered), 140, [15_000; 3]),
    ] {
        assert_eq!(advice(&challenge, seconds), expected, "{name}");
    }
}

#[test]
fn in_a_number_change_a_call_approves_by_digits_alone() {
    let answered = called(CallState::Answered, Some((AnsweredBy::Human, 4)));
    let change = Challenge { purpose: Purpose::Change, ..answered };
    assert_eq!(advice(&change, 4), [5_000, 500, 5_000]);
}

#[test]
fn where_only_a_code_approves_the_page_asks_less_and_less_often() {
    for (seconds, expected) in [(0, 5_000), (5, 5_000), (10, 10_000), (14, 14_000), (45, 15_000), (280, 15_000)] {
        assert_eq!(advice(&texted(), seconds), [expected; 3], "{seconds} s after the message");
    }
    let mut resent = texted();
    resent.sms.last = Some((after(100), Delivery::Accepted));
    assert_eq!(advice(&resent, 103), [5_000; 3], "from the last message on");
}

#[test]
fn a_message_with_receipts_is_asked_about_until_it_is_known_whether_it_arrived() {
    let reported = |fate| Challenge { receipts: Some(Receipts { digests: Vec::new(), fate }), ..texted() };
    for (fate, seconds, expected) in [
        (Some(Fate::OnItsWay), 12, 5_000),
        (Some(Fate::OnItsWay), 27, 3_000),
        (Some(Fate::OnItsWay), 30, 15_000),
        (Some(Fate::Delivered), 12, 12_000),
        (Some(Fate::Expired), 12, 12_000),
        (None, 12, 12_000),
    ] {
        assert_eq!(advice(&reported(fate), seconds), [expected; 3], "{fate:?} {seconds} s after the message");
    }
}

#[test]
fn the_page_asks_at_the_moment_at_which_time_alone_changes_the_answer() {
    assert_eq!(advice(&texted(), 20), [10_000; 3], "the other channel is offered after 30 s");
    assert_eq!(advice(&texted(), 30), [15_000; 3], "it is");
    assert_eq!(advice(&texted(), 290), [10_000; 3], "the code expires after 300 s");
    assert_eq!(advice(&texted(), 299), [1_000; 3]);
}

#[test]
fn the_request_that_settles_an_approval_comes_soon() {
    let outcome = Outcome::Approved { at: after(20), by: Method::SmsCode, settled: false };
    assert_eq!(advice(&Challenge { outcome, ..texted() }, 50), [500; 3]);
}

#[test]
fn after_a_first_report_the_page_asks_while_its_call_may_bring_a_second_one() {
    let report = |state, report| {
        let mut challenge = called(state, Some((AnsweredBy::Human, 10)));
        challenge.outcome = Outcome::Denied;
        challenge.call.as_mut().expect("a call").report = report;
        challenge
    };
    let stopped = report(CallState::Answered, Some(FraudReport::Stopped));
    let mut replaced = report(CallState::Answered, Some(FraudReport::Stopped));
    replaced.former_calls = replaced.calls_to_keep(after(20));
    replaced.call = None;
    let soon = Some(Duration::from_secs(2));
    for (name, challenge, seconds, expected) in [
        ("in the call", &stopped, 30, soon),
        ("in a call that another has replaced", &replaced, 30, soon),
        ("no webhook of its end came", &stopped, 140, None),
        ("over", &report(CallState::Ended, Some(FraudReport::Stopped)), 30, None),
        ("blocked", &report(CallState::Answered, Some(FraudReport::Blocked)), 30, None),
        ("denied by support", &report(CallState::Answered, None), 30, None),
    ] {
        assert_eq!(poll_after_report(challenge, after(seconds)), expected, "{name}");
    }
}
