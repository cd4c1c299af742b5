//! The call modes: the digits that a page shows, what a key means, and what the user hears.

#![cfg(test)]

use std::time::Duration;

use domain::administration::report;
use domain::call::{AnsweredBy, Call, CallEvent, CallState, CallToken, Entry, FormerCall, FraudReport, Key};
use domain::challenge::{Challenge, Method, NumberSource, Outcome};
use domain::code::{Code, DigitCount, MacKey, MacKeys, MatchDigits, SpokenCodeMacs};
use domain::identity::{ChallengeId, ChallengeKey, SessionId, SubjectId};
use domain::locale::Locale;
use domain::phone::{Country, Line, PhoneNumber};
use domain::policy::{CallMode, Policy};
use domain::purpose::Purpose;
use domain::script::Script;
use domain::snapshot::Snapshot;
use domain::subject::Subject;
use domain::time::Timestamp;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
const MODES: [CallMode; 3] = [CallMode::PressPound, CallMode::MatchDigits, CallMode::SpeakCode];

fn keys(current: &str) -> MacKeys {
    MacKeys { current: MacKey::from_secret(current), previous: None, next: None }
}

fn id(subject: &str, session: &str, generation: u32) -> ChallengeId {
    let key = ChallengeKey { subject: SubjectId::new("idp", subject), session: SessionId::new(session, None) };
    ChallengeId { key, generation }
}

fn token(call: u16) -> CallToken {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&call.to_be_bytes());
    CallToken::from_bytes(bytes)
}

fn number() -> PhoneNumber {
    PhoneNumber::parse("+14155552671").expect("E.164")
}

fn digits(keys: &MacKeys, id: &ChallengeId, token: &CallToken, placed_at: Timestamp) -> MatchDigits {
    keys.digits_of_call(DigitCount::Two, id, &token.digest(), placed_at)
}

#[test]
fn the_digits_of_calls_are_uniform_from_10_to_99() {
    let (keys, id) = (keys("k"), id("a", "s", 1));
    let mut counts = [0_u32; 100];
    let calls = 45_000_u16;
    for call in 0..calls {
        counts[digits(&keys, &id, &token(call), NOW).expose().parse::<usize>().expect("a number")] += 1;
    }
    assert_eq!(counts[..10], [0; 10]);
    // Chi-squared with 89 degrees of freedom: it exceeds 137 by chance once in a thousand runs.
    let expected = f64::from(calls) / 90.0;
    let chi: f64 = counts[10..].iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    assert!(chi < 137.0, "{chi}");
}

#[test]
fn every_call_challenge_and_key_has_its_own_digits() {
    let own = |keys: &MacKeys, id: &ChallengeId, first: u16| {
        let digits = |call| digits(keys, id, &token(call), NOW).expose();
        (first..first + 16).map(digits).collect::<Vec<_>>()
    };
    let sets = [
        own(&keys("k"), &id("a", "s", 1), 0),
        own(&keys("k"), &id("a", "s", 1), 16),
        own(&keys("k"), &id("a", "s", 2), 0),
        own(&keys("k"), &id("a", "t", 1), 0),
        own(&keys("k"), &id("b", "s", 1), 0),
        own(&keys("l"), &id("a", "s", 1), 0),
    ];
    assert_eq!(sets[0], own(&keys("k"), &id("a", "s", 1), 0), "same input, same digits");
    for (index, set) in sets.iter().enumerate() {
        assert!(!sets[..index].contains(set), "set {index} is not unique");
    }
}

/// The page polls every two seconds, and keys are pressed in between. Whichever keys each function has loaded,
/// the digits that were shown must be the ones that are accepted.
#[test]
fn a_key_rotation_during_a_call_changes_no_digits_and_refuses_none() {
    let (id, token) = (id("a", "s", 1), token(7));
    let not_before = NOW + Duration::from_secs(30);
    let published = MacKeys { next: Some((MacKey::from_secret("new"), not_before)), ..keys("old") };
    let rotated = MacKeys { previous: Some(MacKey::from_secret("old")), ..keys("new") };

    let before = digits(&published, &id, &token, NOW);
    assert_eq!(before, digits(&keys("old"), &id, &token, NOW), "placed before the next key comes into use");
    let after = digits(&published, &id, &token, not_before);
    assert_eq!(after, digits(&rotated, &id, &token, not_before), "placed from then on");
    assert_ne!(before, after);
    for judge in [&published, &rotated] {
        for shown in [before, after] {
            assert!(judge.match_digits(&id, &token.digest(), shown));
        }
        let opens = |number: &u8| {
            MatchDigits::parse(&number.to_string()).is_some_and(|it| judge.match_digits(&id, &token.digest(), it))
        };
        assert_eq!((10..100_u8).filter(opens).count(), 2);
    }
    assert!(!keys("new").match_digits(&id, &token.digest(), before), "once removed, the old key matches nothing");
}

/// With the default limits. A call judges one entry, and each wrong one is a failure that only success resets.
#[test]
fn four_digits_are_guessed_once_in_ten_thousand_calls_and_once_in_a_hundred_accounts_before_the_lock() {
    let (id, token) = (id("a", "s", 1), token(7));
    let rotated = MacKeys { previous: Some(MacKey::from_secret("old")), ..keys("new") };
    let opening = |keys: &MacKeys| {
        let entries = (0..10_000).map(|number| format!("{number:04}"));
        let entries = entries.map(|keyed| MatchDigits::parse(&keyed).expect("four digits"));
        entries.filter(|entry| keys.match_digits(&id, &token.digest(), *entry)).count()
    };
    assert_eq!((opening(&keys("k")), opening(&rotated)), (1, 2), "of 10,000 in a call, also while keys change");
    let policy = Policy::default();
    assert_eq!(policy.max_sends_long, 10, "calls a day: 1 in 1,000 is guessed");
    assert_eq!(policy.lock_at_failures, 100, "until the lock: 1 in 100");
}

#[test]
fn only_a_whole_entry_has_a_meaning() {
    for (keyed, expected) in [
        ("", Entry::Nothing),
        ("0", Entry::Zero),
        ("00", Entry::NotDigits),
        ("#", Entry::NotDigits),
        ("123", Entry::NotDigits),
        ("12345", Entry::NotDigits),
        ("12*4", Entry::NotDigits),
        ("+123", Entry::NotDigits),
        ("47", Entry::NotDigits),
        ("١٢٣٤", Entry::NotDigits),
    ] {
        assert_eq!(Entry::parse_four_digits(keyed), expected, "{keyed}");
    }
    for (keyed, expected) in [("0", Entry::SecondZero), ("", Entry::Other), ("00", Entry::Other), ("#", Entry::Other)] {
        assert_eq!(Entry::parse_second_zero(keyed), expected, "{keyed}");
    }
    for keyed in ["0000", "0047", "9999"] {
        let Entry::Digits(digits) = Entry::parse_four_digits(keyed) else { panic!("{keyed}") };
        assert_eq!(digits.expose(), keyed);
    }
}

#[test]
fn a_call_that_a_machine_took_went_to_voicemail_once_it_is_over() {
    let policy = Policy::default();
    let mut call = Call::place(&token(1), NOW);
    for (by, answered, over) in [
        (AnsweredBy::Human, CallState::Answered, CallState::Ended),
        (AnsweredBy::NotHuman, CallState::Answered, CallState::Voicemail),
        (AnsweredBy::Unjudged, CallState::Answered, CallState::Voicemail),
    ] {
        (call.answered_by, call.state) = (Some(by), by.state(&policy));
        assert_eq!(call.shown_state(&policy), answered, "it goes on: {by:?}");
        call.state = CallState::Ended;
        assert_eq!(call.shown_state(&policy), over, "{by:?}");
        let stored = Snapshot { subject: Subject::default(), challenges: vec![challenge(call.clone())] };
        let seen = report(&stored, &policy, NOW).challenges;
        assert_eq!(seen[0].call, Some(over), "support sees what the page shows: {by:?}");
    }
}

#[test]
fn debug_output_hides_the_digits() {
    let digits = MatchDigits::parse("47").expect("two digits");
    let event = CallEvent::keyed(Entry::Digits(digits), CallMode::MatchDigits, None, &id("a", "s", 1), &token(1));
    assert_eq!(format!("{digits:?} {:?}", Entry::Digits(digits)), "MatchDigits(••) Digits(MatchDigits(••))");
    assert_eq!(format!("{event:?}"), "Entered { matches: false }");
}

#[test]
fn what_a_key_means_depends_on_the_mode() {
    let (keys, id, token) = (keys("k"), id("a", "s", 1), token(1));
    let right = digits(&keys, &id, &token, NOW);
    let wrong = (10..100_u8)
        .filter_map(|number| MatchDigits::parse(&number.to_string()))
        .find(|other| *other != right)
        .expect("another number");
    let meanings = |entry| {
        MODES.map(|mode| match CallEvent::keyed(entry, mode, Some(&keys), &id, &token) {
            CallEvent::Pressed(Key::Approve) => "approves",
            CallEvent::Pressed(Key::Fraud) => "reports",
            CallEvent::Pressed(Key::Block) => "reports again",
            CallEvent::Pressed(Key::Other) => "nothing",
            CallEvent::Entered { matches: true } => "matches",
            CallEvent::Entered { matches: false } => "wrong",
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(meanings(Entry::Pound), ["approves", "wrong", "nothing"]);
    assert_eq!(meanings(Entry::Zero), ["reports"; 3]);
    assert_eq!(meanings(Entry::SecondZero), ["reports again"; 3]);
    assert_eq!(
        meanings(Entry::Digits(right)),
        ["wrong", "matches", "nothing"],
        "where four are asked for, two are not"
    );
    assert_eq!(meanings(Entry::Digits(wrong)), ["wrong", "wrong", "nothing"]);
    assert_eq!(meanings(Entry::Other), ["nothing", "wrong", "nothing"]);
    let four = keys.digits_of_call(DigitCount::Four, &id, &token.digest(), NOW);
    assert_eq!(meanings(Entry::Digits(four)), ["matches", "wrong", "nothing"]);
    assert_eq!(meanings(Entry::NotDigits), ["wrong", "wrong", "nothing"]);
    assert_eq!(meanings(Entry::Nothing), ["nothing"; 3], "`#` out of habit is free");
    let without = CallEvent::keyed(Entry::Digits(right), CallMode::MatchDigits, None, &id, &token);
    assert!(matches!(without, CallEvent::Entered { matches: false }), "without the keys nothing matches");
}

fn challenge(call: Call) -> Challenge {
    Challenge {
        id: id("a", "s", 1),
        phone: number(),
        country: Country::parse("US").expect("a country"),
        line: Line::Mobile,
        source: NumberSource::Claimed,
        former: None,
        purpose: Purpose::Login,
        claim_mismatch: false,
        locale: Locale::En,
        subject_version: 1,
        created_at: NOW,
        expires_at: NOW + Duration::from_mins(5),
        attempts: 0,
        carried: 0,
        max_attempts: 5,
        last_guess_at: None,
        outcome: Outcome::Pending,
        codes: Vec::new(),
        spoken: Vec::new(),
        sms: domain::challenge::Sends::default(),
        calls: domain::challenge::Sends::default(),
        call: Some(call),
        receipts: None,
        former_calls: Vec::new(),
        contested: false,
        machine_answered_at: None,
        answers: 0,
        charged: Vec::new(),
    }
}

fn drawn() -> (Code, SpokenCodeMacs) {
    keys("k").speak(&id("a", "s", 1), NOW, &mut StdRng::seed_from_u64(5))
}

type Change = fn(&mut Challenge, &mut Call);

#[test]
fn what_the_user_hears_depends_on_mode_and_state() {
    let (code, macs) = drawn();
    let drawn = (code.clone(), macs);
    let approved = Outcome::Approved { at: NOW, by: Method::PressPound, settled: false };
    let says = Script::SpeakCode(&code);
    let four = |prompts, reports| Script::EnterFourDigits { prompts, reports };
    let (over, late, use_code) = ([Script::Over; 3], [Script::TooLate; 3], [Script::UseCode; 3]);
    let cases: [(&str, Change, [Script<'_>; 3]); 19] = [
        ("answered", |_, _| {}, [Script::Prompt, Script::EnterDigits, says]),
        ("contested", |own, _| own.contested = true, [four(3, true), Script::EnterDigits, says]),
        (
            "contested, `#` twice",
            |own, call| (own.contested, call.wrong_keys) = (true, 2),
            [four(1, true), Script::EnterDigits, says],
        ),
        (
            "contested, judged",
            |own, call| (own.contested, call.state) = (true, CallState::Ended),
            [Script::WrongDigits, Script::WrongDigits, says],
        ),
        (
            "a contested change",
            |own, _| (own.contested, own.purpose) = (true, Purpose::Change),
            [Script::CannotApprove, Script::EnterDigits, says],
        ),
        ("a change", |own, _| own.purpose = Purpose::Change, [Script::CannotApprove, Script::EnterDigits, says]),
        ("said before", |own, _| own.spoken.clear(), [Script::Prompt, Script::EnterDigits, Script::SaidOnce]),
        ("a wrong key", |_, call| call.wrong_keys = 1, [Script::PromptAgain, Script::EnterDigits, says]),
        ("three wrong keys", |_, call| call.wrong_keys = 3, over),
        ("ended", |_, call| call.state = CallState::Ended, [Script::Prompt, Script::WrongDigits, says]),
        (
            "a machine",
            |_, call| call.answered_by = Some(AnsweredBy::NotHuman),
            [four(3, false), Script::UseCode, Script::UseCode],
        ),
        (
            "unjudged",
            |_, call| call.answered_by = Some(AnsweredBy::Unjudged),
            [four(3, false), Script::UseCode, Script::UseCode],
        ),
        (
            "a change, a machine",
            |own, call| (own.purpose, call.answered_by) = (Purpose::Change, Some(AnsweredBy::NotHuman)),
            use_code,
        ),
        ("not answered", |_, call| call.answered_by = None, use_code),
        ("expired", |own, _| own.expires_at = NOW, late),
        ("exhausted", |own, _| own.attempts = 5, late),
        ("expired, nobody there", |own, call| (own.expires_at, call.answered_by) = (NOW, None), over),
        ("exhausted, a machine", |own, call| (own.attempts, call.answered_by) = (5, Some(AnsweredBy::NotHuman)), over),
        ("denied", |own, _| own.outcome = Outcome::Denied, [Script::Denied; 3]),
    ];
    let hears = |challenge: &Challenge, token: &CallToken, expected: [Script<'_>; 3], why: &str| {
        for (mode, expected) in MODES.into_iter().zip(expected) {
            let policy = Policy { call_mode: mode, ..Policy::default() };
            assert_eq!(Script::next(Some(challenge), token, Some(&drawn), &policy, NOW), expected, "{why}, {mode:?}");
        }
    };
    let begin = |change: Change| {
        let mut call = Call::place(&token(1), NOW);
        (call.state, call.answered_by) = (CallState::Answered, Some(AnsweredBy::Human));
        let mut own = Challenge { spoken: vec![macs.mac], ..challenge(call.clone()) };
        change(&mut own, &mut call);
        Challenge { call: Some(call), ..own }
    };
    for (why, change, expected) in cases {
        hears(&begin(change), &token(1), expected, why);
    }
    hears(&Challenge { outcome: approved, ..begin(|_, _| {}) }, &token(1), [Script::Approved; 3], "approved");
    hears(&begin(|_, _| {}), &token(2), over, "another call's token");
    hears(&Challenge { call: None, ..begin(|_, _| {}) }, &token(1), over, "no call");
}

/// A call that a person took.
fn taken(call: u16, placed_at: Timestamp) -> Call {
    let answered_by = Some(AnsweredBy::Human);
    Call { state: CallState::Answered, answered_by, ..Call::place(&token(call), placed_at) }
}

fn says(own: &Challenge, call: u16, policy: &Policy, now: Timestamp) -> Script<'static> {
    Script::next(Some(own), &token(call), None, policy, now)
}

#[test]
fn what_a_report_has_done_is_said_whatever_became_of_its_challenge() {
    let (policy, short) = (Policy::default(), Policy { fraud_block: Duration::from_mins(5), ..Policy::default() });
    let approved = |by| Outcome::Approved { at: NOW, by, settled: true };
    let by_code = approved(Method::SmsCode);
    let asks = |in_time, for_a_day| Script::Reported { in_time, for_a_day };
    let (stopped, blocked) = (Some(FraudReport::Stopped), Some(FraudReport::Blocked));
    for (outcome, report, expected, after_three_minutes) in [
        (Outcome::Denied, stopped, asks(true, true), Script::Denied),
        (by_code, stopped, asks(false, true), Script::Over),
        (approved(Method::PressPound), stopped, asks(false, true), Script::Over),
        (Outcome::Denied, blocked, Script::Blocked, Script::Blocked),
        (by_code, blocked, Script::Blocked, Script::Blocked),
        (by_code, None, Script::CodeEntered, Script::Over),
        (approved(Method::SpokenCode), None, Script::CodeEntered, Script::Over),
        (approved(Method::PressPound), None, Script::Approved, Script::Approved),
    ] {
        let own = Challenge { outcome, ..challenge(Call { report, ..taken(1, NOW) }) };
        assert_eq!(says(&own, 1, &policy, NOW + Duration::from_secs(179)), expected, "{outcome:?} {report:?}");
        assert_eq!(says(&own, 1, &policy, NOW + Duration::from_mins(3)), after_three_minutes, "{outcome:?} {report:?}");
    }
    let own = Challenge { outcome: Outcome::Denied, ..challenge(Call { report: stopped, ..taken(1, NOW) }) };
    assert_eq!(says(&own, 1, &short, NOW), asks(true, false), "not for 24 hours");
    let machine = Call { answered_by: Some(AnsweredBy::NotHuman), ..taken(1, NOW) };
    assert_eq!(says(&Challenge { outcome: by_code, ..challenge(machine) }, 1, &policy, NOW), Script::Over);
}

#[test]
fn a_call_that_was_replaced_asks_for_a_report_and_for_nothing_else() {
    let former = |call| FormerCall { call, phone: number(), is_unverified: true };
    let own = |call| Challenge { former_calls: vec![former(call)], ..challenge(taken(9, NOW)) };
    let policy = Policy::default();
    assert_eq!(says(&own(taken(1, NOW)), 1, &policy, NOW), Script::TooLate);
    assert_eq!(says(&own(taken(1, NOW)), 1, &policy, NOW + Duration::from_mins(3)), Script::Over);
    assert_eq!(says(&own(Call::place(&token(1), NOW)), 1, &policy, NOW), Script::Over, "not answered");
    assert_eq!(says(&own(taken(1, NOW)), 2, &policy, NOW), Script::Over, "another call");
    let reported = own(taken(1, NOW)).reported(&token(1), FraudReport::Stopped);
    assert_eq!(reported.outcome, Outcome::Denied);
    assert_eq!(says(&reported, 1, &policy, NOW), Script::Reported { in_time: true, for_a_day: true });
}

/// The proof of the current number has changed nothing yet, and a refused challenge could be replaced.
#[test]
fn a_report_stops_whatever_has_not_had_its_effect() {
    let approved = |settled| Outcome::Approved { at: NOW, by: Method::MatchDigits, settled };
    for (purpose, source, outcome, stops) in [
        (Purpose::Login, NumberSource::Typed, Outcome::Pending, true),
        (Purpose::Login, NumberSource::Typed, Outcome::Refused, true),
        (Purpose::Login, NumberSource::Typed, approved(false), false),
        (Purpose::Login, NumberSource::Enrolled(1), approved(true), false),
        (Purpose::Change, NumberSource::Enrolled(1), approved(false), true),
        (Purpose::Change, NumberSource::Enrolled(1), approved(true), true),
        (Purpose::Change, NumberSource::Replacing(1), Outcome::Pending, true),
        (Purpose::Change, NumberSource::Replacing(1), approved(true), false),
    ] {
        let own = Challenge { purpose, source, outcome, ..challenge(taken(1, NOW)) };
        let after = own.reported(&token(1), FraudReport::Stopped);
        let expected = if stops { Outcome::Denied } else { outcome };
        assert_eq!(after.outcome, expected, "{purpose:?} {source:?} {outcome:?}");
    }
}

#[test]
fn a_number_that_the_plan_derives_from_the_enrolled_one_was_not_typed() {
    for (purpose, source, typed) in [
        (Purpose::Login, NumberSource::Typed, true),
        (Purpose::Change, NumberSource::Replacing(1), true),
        (Purpose::Login, NumberSource::Replacing(1), false),
        (Purpose::Login, NumberSource::Claimed, false),
        (Purpose::Login, NumberSource::Enrolled(1), false),
    ] {
        let own = Challenge { purpose, source, ..challenge(taken(1, NOW)) };
        assert_eq!(own.calls_to_keep(NOW)[0].is_unverified, typed, "{purpose:?} {source:?}");
    }
}

#[test]
fn the_last_two_calls_of_the_last_three_minutes_are_kept() {
    let at = |seconds| NOW + Duration::from_secs(seconds);
    let former = |call, placed| FormerCall { call: taken(call, at(placed)), phone: number(), is_unverified: false };
    let own = Challenge {
        source: NumberSource::Typed,
        former_calls: vec![former(1, 0), former(2, 10)],
        ..challenge(taken(3, at(20)))
    };
    let kept = |own: &Challenge, now| {
        own.calls_to_keep(now).into_iter().map(|of| (of.call.token, of.is_unverified)).collect::<Vec<_>>()
    };
    let [second, third] = [(token(2).digest(), false), (token(3).digest(), true)];
    assert_eq!(kept(&own, at(30)), [second, third]);
    assert_eq!(kept(&own, at(189)), [second, third]);
    assert_eq!(kept(&own, at(190)), [third]);
    assert_eq!(kept(&own, at(200)), []);
    let first = (token(1).digest(), false);
    for state in [CallState::NoAnswer, CallState::Busy, CallState::Failed] {
        let missed = Call { state, ..Call::place(&token(3), at(20)) };
        let missed = Challenge { call: Some(missed), ..own.clone() };
        assert_eq!(kept(&missed, at(30)), [first, second], "{state:?} pushes out none that can be reported");
    }
    assert_eq!(kept(&Challenge { call: None, ..own }, at(30)), [first, second]);
}

#[test]
fn a_call_says_only_the_code_that_this_webhook_drew_and_stored() {
    let (code, macs) = drawn();
    let mut call = Call::place(&token(1), NOW);
    (call.state, call.answered_by) = (CallState::Answered, Some(AnsweredBy::Human));
    let other = keys("k").speak(&id("a", "s", 1), NOW, &mut StdRng::seed_from_u64(6)).1;
    let policy = Policy { call_mode: CallMode::SpeakCode, ..Policy::default() };
    let drawn = (code, macs);
    for (stored, drawn, expected) in [
        (vec![macs.mac, other.mac], Some(&drawn), Script::SpeakCode(&drawn.0)),
        (vec![other.mac], Some(&drawn), Script::SaidOnce),
        (vec![macs.mac], None, Script::SaidOnce),
    ] {
        let own = Challenge { spoken: stored, ..challenge(call.clone()) };
        assert_eq!(Script::next(Some(&own), &token(1), drawn, &policy, NOW), expected);
    }
}

#[test]
fn a_code_is_recognised_as_sent_or_spoken_under_every_key() {
    let mut random = StdRng::seed_from_u64(8);
    let (id, number) = (id("a", "s", 1), number());
    let (sent, sent_mac) = keys("old").issue(&id, &number, &[], NOW, &mut random);
    let (spoken, macs) = keys("old").speak(&id, NOW, &mut random);
    let own = Challenge { codes: vec![sent_mac], spoken: vec![macs.mac], ..challenge(Call::place(&token(1), NOW)) };
    let next = Some((MacKey::from_secret("newest"), NOW + Duration::from_mins(15)));
    let rotated = MacKeys { previous: Some(MacKey::from_secret("old")), next, ..keys("new") };
    let wrong = (0..9).filter_map(|code| Code::parse(&format!("{code:06}")).ok());
    let wrong = wrong.into_iter().find(|code| *code != sent && *code != spoken).expect("another code");
    for judge in [keys("old"), rotated] {
        assert_eq!(own.judge(&judge, &sent), Some(Method::SmsCode));
        assert_eq!(own.judge(&judge, &spoken), Some(Method::SpokenCode));
        assert_eq!(own.judge(&judge, &wrong), None);
    }
    assert_eq!(own.judge(&keys("new"), &spoken), None);
    let elsewhere = Challenge { phone: PhoneNumber::parse("+14155552672").expect("E.164"), ..own.clone() };
    assert_eq!(elsewhere.judge(&keys("old"), &sent), None, "the number is part of it");
    let next = Challenge { id: ChallengeId { generation: 2, ..own.id }, ..own };
    assert_eq!(next.judge(&keys("old"), &spoken), None, "so is the generation, which has one number");
}

#[test]
fn a_spoken_code_is_compared_under_every_key_before_it_is_stored() {
    let next = Some((MacKey::from_secret("next"), NOW + Duration::from_mins(15)));
    let rotating = MacKeys { previous: Some(MacKey::from_secret("old")), next, ..keys("k") };
    let (code, macs) = rotating.speak(&id("a", "s", 1), NOW, &mut StdRng::seed_from_u64(9));
    assert!(keys("k").verify_spoken(&id("a", "s", 1), &[macs.mac], &code));
    for key in ["k", "old", "next"] {
        assert!(keys(key).verify_spoken(&id("a", "s", 1), &macs.under_all, &code), "{key}");
    }
    assert!(!keys("k").verify(&id("a", "s", 1), &number(), &[macs.mac], &code), "not as one that was sent");
}
