//! Changing the number, and what a denial does to what is stored: the rules as tables.

#![cfg(test)]

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use domain::challenge::{Challenge, Former, Method, NumberSource, Outcome};
use domain::change::{Step, step};
use domain::channel::Channel;
use domain::identity::{ChallengeKey, Network, SessionId, SubjectId};
use domain::limit::Limit;
use domain::locale::Locale;
use domain::phone::{Country, Dialled, Line, NumberingPlan, PhoneNumber, Reach, Subscriber};
use domain::policy::{CallMode, Policy};
use domain::purpose::Purpose;
use domain::refusal::Refusal;
use domain::request::Request;
use domain::rules::{Enrolment, Rules};
use domain::snapshot::Snapshot;
use domain::start::{Decision, Start};
use domain::start_transaction::{Predecessor, Replaces, StartTransaction};
use domain::status::{State, Unavailable, status};
use domain::subject::{Binding, Subject};
use domain::switches::Switches;
use domain::time::Timestamp;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
const OLD: &str = "+14155552671";
const NEW: &str = "+14155559003";
const VERSION: u64 = 7;

/// Every number is an American mobile's.
struct Plan;

impl NumberingPlan for Plan {
    fn find(&self, dialled: &Dialled, _: Option<Country>) -> Option<Subscriber> {
        Some(Subscriber { number: number(dialled.as_str()), country: Country::parse("US").ok(), line: Line::Mobile })
    }
}

fn number(e164: &str) -> PhoneNumber {
    PhoneNumber::parse(e164).expect("E.164")
}

fn rules() -> Rules {
    Rules {
        policy: Policy::default(),
        channels: BTreeSet::from(Channel::ALL),
        reach: Reach::by_every_channel(Country::parse("US")),
        enrolment: Enrolment::ClaimsOnly, // does not apply to a change, whose user has a number
        test_numbers: Vec::new(),
    }
}

fn key() -> ChallengeKey {
    ChallengeKey { subject: SubjectId::new("idp", "a"), session: SessionId::new("s", None).to_change() }
}

fn binding(version: u64) -> Binding {
    Binding { number: number(OLD), country: Country::parse("US").expect("US"), line: Line::Mobile, version }
}

/// The same, in that call mode.
fn rules_in(mode: CallMode) -> Rules {
    Rules { policy: Policy { call_mode: mode, ..Policy::default() }, ..rules() }
}

/// A subject with the old number enrolled, and nothing else.
fn enrolled() -> Snapshot {
    let subject = Subject { version: 9, binding: Some(binding(VERSION)), ..Subject::default() };
    Snapshot { subject, challenges: Vec::new() }
}

fn decide(stored: &Snapshot, typed: Option<&str>, now: Timestamp) -> Result<Decision, Refusal> {
    Start { rules: &rules(), plan: &Plan, switches: &Switches::NONE }.decide(stored, &request(typed), now)
}

fn request(typed: Option<&str>) -> Request {
    Request {
        key: key(),
        purpose: Purpose::Change,
        sub: "a".to_owned(),
        channel: Channel::Sms,
        typed: typed.and_then(|typed| Plan.find(&Dialled::parse(typed).expect("dialled"), None)),
        claimed: None,
        enrolment: Enrolment::ClaimsOnly, // of the login: does not apply to a change either
        network: Network::of(IpAddr::from([203, 0, 113, 7])),
        locale: Locale::En,
        keep_until: NOW + Duration::from_hours(1),
    }
}

fn to_sign_in() -> Request {
    Request { purpose: Purpose::Login, ..request(None) }
}

fn transaction(stored: &Snapshot, typed: Option<&str>, now: Timestamp) -> StartTransaction {
    match decide(stored, typed, now) {
        Ok(Decision::Send(transaction)) => *transaction,
        other => panic!("{other:?}"),
    }
}

fn after(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

/// The old number proven at [`NOW`].
fn proven() -> Snapshot {
    let stored = enrolled();
    let mut proof = transaction(&stored, None, NOW).challenge;
    proof.outcome = Outcome::Approved { at: NOW, by: Method::SmsCode, settled: true };
    Snapshot { challenges: vec![proof], ..stored }
}

/// The state after a code was sent to the new number, half a minute after the proof.
fn replacing() -> Snapshot {
    let stored = proven();
    transaction(&stored, Some(NEW), after(30)).applied(stored)
}

fn own(stored: &Snapshot) -> &Challenge {
    stored.challenge(&key()).expect("a challenge")
}

#[test]
fn a_change_goes_to_the_old_number_first_and_to_the_new_one_with_the_proof_of_the_old() {
    let first = transaction(&enrolled(), None, NOW);
    assert_eq!((first.challenge.phone, first.challenge.source), (number(OLD), NumberSource::Enrolled(VERSION)));
    assert_eq!((first.challenge.former, first.replaces, first.max_accounts), (None, Replaces::Nothing, None));

    let second = transaction(&proven(), Some(NEW), after(30));
    assert_eq!((&second.challenge.phone, second.challenge.source), (&number(NEW), NumberSource::Replacing(VERSION)));
    assert_eq!(second.challenge.former, Some(Former { number: number(OLD), proven_at: NOW }));
    assert_eq!(second.replaces, Replaces::Proof { generation: 1, answers: 0 });
    assert_eq!((second.challenge.id.generation, second.max_accounts), (2, Some(5)));
    assert!(second.challenge.codes.is_empty(), "no code carries over");
    assert!(second.charges.iter().any(|charge| charge.counter.limit == Limit::NumberUnverified));
}

#[test]
fn a_change_is_refused_for_each_of_these_reasons() {
    let long_ago = Policy::CHANGE_WINDOW.as_secs();
    let rebound = |mut stored: Snapshot| {
        stored.subject.binding = Some(binding(VERSION + 1));
        stored
    };
    let unsettled = |mut stored: Snapshot| {
        stored.challenges[0].outcome = Outcome::Approved { at: NOW, by: Method::PressPound, settled: false };
        stored
    };
    for (why, stored, typed, now, refusal) in [
        ("no number", Snapshot::default(), None, NOW, Refusal::NothingToChange),
        ("no number, one typed", Snapshot::default(), Some(NEW), NOW, Refusal::NothingToChange),
        ("no proof", enrolled(), Some(NEW), NOW, Refusal::ProofRequired),
        ("no new number", proven(), None, after(31), Refusal::NumberRequired),
        ("the same number", proven(), Some(OLD), after(31), Refusal::NumberKnown),
        ("an old proof", proven(), Some(NEW), after(long_ago), Refusal::ProofRequired),
        ("the proof of another enrolment", rebound(proven()), Some(NEW), after(31), Refusal::ProofRequired),
        ("an old proof, carried on", replacing(), Some("+14155559004"), after(long_ago), Refusal::ProofRequired),
        ("another enrolment's, carried on", rebound(replacing()), Some(NEW), after(60), Refusal::ProofRequired),
    ] {
        assert_eq!(decide(&stored, typed, now).err(), Some(refusal), "{why}");
    }
    let running = decide(&unsettled(proven()), Some(NEW), after(31));
    assert!(matches!(running, Ok(Decision::Running)), "`#` alone proves nothing: {running:?}");
}

#[test]
fn the_last_moment_of_a_proof_is_the_one_before_its_window_ends() {
    let last = Policy::CHANGE_WINDOW.as_secs() - 1;
    assert_eq!(transaction(&proven(), Some(NEW), after(last)).challenge.phone, number(NEW));
    assert_eq!(
        transaction(&proven(), None, after(last + 1)).challenge.phone,
        number(OLD),
        "then it has to be proven again"
    );
    assert_eq!(transaction(&replacing(), None, after(last)).challenge.phone, number(NEW));
    assert_eq!(transaction(&replacing(), None, after(last + 1)).challenge.phone, number(OLD));
}

#[test]
fn another_new_number_is_the_next_generation_with_the_same_proof() {
    let stored = replacing();
    let other = transaction(&stored, Some("+14155559004"), after(31));
    assert_eq!(
        other.replaces,
        Replaces::Generation(Predecessor { generation: 2, attempts: 0, messages: 1, calls: 0, answers: 0 })
    );
    assert_eq!(other.challenge.former, own(&stored).former, "and of the same age");
    assert_eq!(other.challenge.sms.used, 2, "sends carry over");
}

#[test]
fn each_step_of_a_change_is_recognised() {
    let step_of = |stored: &Snapshot, now| step(stored.subject.binding.as_ref(), stored.challenge(&key()), now);
    assert_eq!(step_of(&enrolled(), NOW), Step::CurrentNumber);
    assert_eq!(step_of(&proven(), after(599)), Step::NewNumber);
    assert_eq!(step_of(&proven(), after(600)), Step::CurrentNumber);
    assert_eq!(step_of(&replacing(), after(599)), Step::NewNumber);
    let mut changed = replacing();
    let mut challenge = own(&changed).clone();
    challenge.outcome = Outcome::Approved { at: after(40), by: Method::SmsCode, settled: true };
    changed.settle(challenge);
    assert_eq!(changed.subject.binding.as_ref().map(|binding| binding.number.clone()), Some(number(NEW)));
    assert_eq!(step_of(&changed, after(5000)), Step::Changed);
    assert!(matches!(decide(&changed, Some(OLD), after(5000)), Ok(Decision::Running)), "one change per login");
}

#[test]
fn a_change_can_use_a_call_only_if_a_secret_passes_in_it() {
    for (mode, called) in [(CallMode::PressPound, false), (CallMode::MatchDigits, true), (CallMode::SpeakCode, true)] {
        let rules = rules_in(mode);
        for (stored, typed) in [(enrolled(), None), (proven(), Some(NEW)), (replacing(), Some(NEW))] {
            let request = Request { channel: Channel::Call, ..request(typed) };
            let decided =
                Start { rules: &rules, plan: &Plan, switches: &Switches::NONE }.decide(&stored, &request, after(61));
            match decided {
                Ok(Decision::Send(_)) => assert!(called, "{mode:?}"),
                Err(refusal) => assert_eq!((refusal, called), (Refusal::ChannelUnavailable, false), "{mode:?}"),
                Ok(Decision::Running) => panic!("nothing runs by call"),
            }
            let view = status(&rules, &Switches::NONE, &stored, &request.login(), after(61));
            assert_eq!(view.call_channel.unavailable, (!called).then_some(Unavailable::Unreachable), "{mode:?}");
            assert_eq!(view.sms.unavailable, None);
        }
        let login = status(&rules, &Switches::NONE, &enrolled(), &to_sign_in().login(), NOW);
        assert_eq!(login.call_channel.unavailable, None, "to sign in, {mode:?}");
    }
}

#[test]
fn the_page_shows_the_proof_as_done_and_the_new_number_as_open() {
    let view = |stored: &Snapshot, now| status(&rules(), &Switches::NONE, stored, &request(None).login(), now);
    let at_proof = view(&proven(), after(1));
    assert_eq!((at_proof.state, at_proof.change, at_proof.phone), (State::None, Some(Step::NewNumber), None));
    assert_eq!((at_proof.sms.unavailable, at_proof.approval), (None, None));
    let at_new = view(&replacing(), after(31));
    assert_eq!((at_new.state, at_new.phone, at_new.can_change_number), (State::Pending, Some(number(NEW)), true));
    let login = status(&rules(), &Switches::NONE, &proven(), &to_sign_in().login(), NOW);
    assert_eq!(login.change, None);
}

// --- what a denial covers

/// The version of the subject at which the challenge below started.
const BEGAN: u64 = 5;

/// A challenge of that purpose and source, started at that version.
fn challenge(purpose: Purpose, source: NumberSource, outcome: Outcome) -> Challenge {
    Challenge { purpose, source, outcome, subject_version: BEGAN, ..own(&proven()).clone() }
}

#[test]
fn a_denial_covers_everything_unfinished_and_nothing_started_after_it() {
    let approved = |settled| Outcome::Approved { at: NOW, by: Method::PressPound, settled };
    let (login, change) = (Purpose::Login, Purpose::Change);
    let (enrolled, replacing) = (NumberSource::Enrolled(VERSION), NumberSource::Replacing(VERSION));
    for (purpose, source, outcome, denied_version, denied) in [
        (login, enrolled, Outcome::Pending, None, false),
        (login, enrolled, Outcome::Pending, Some(BEGAN - 1), false),
        (login, enrolled, Outcome::Pending, Some(BEGAN), true),
        (login, enrolled, Outcome::Pending, Some(BEGAN + 1), true),
        (login, NumberSource::Claimed, Outcome::Pending, Some(BEGAN), true),
        (login, NumberSource::Typed, approved(false), Some(BEGAN), true),
        (login, enrolled, approved(true), Some(BEGAN), false),
        (login, enrolled, approved(true), Some(BEGAN + 100), false),
        (change, enrolled, approved(true), Some(BEGAN - 1), false),
        (change, enrolled, approved(true), Some(BEGAN), true),
        (change, replacing, Outcome::Pending, Some(BEGAN), true),
        (change, replacing, approved(false), Some(BEGAN), true),
        (change, replacing, approved(true), Some(BEGAN), false),
        (login, enrolled, Outcome::Denied, None, true),
    ] {
        let subject = Subject { denied_version, ..Subject::default() };
        let stored = Snapshot::of(subject, vec![challenge(purpose, source, outcome)]);
        let current = own(&stored).outcome;
        let expected = if denied { Outcome::Denied } else { outcome };
        assert_eq!(current, expected, "{purpose:?} {source:?} {outcome:?} {denied_version:?}");
    }
}

#[test]
fn settling_binds_any_number_but_a_test_number_and_keeps_the_version_of_an_enrolled_one() {
    let settled = Outcome::Approved { at: NOW, by: Method::SmsCode, settled: true };
    for (source, version) in [
        (NumberSource::Enrolled(VERSION), Some(VERSION)),
        (NumberSource::Claimed, Some(1)),
        (NumberSource::Typed, Some(1)),
        (NumberSource::Replacing(VERSION), Some(1)),
        (NumberSource::Test, None),
    ] {
        let mut stored = Snapshot::default();
        stored.settle(challenge(Purpose::Login, source, settled));
        assert_eq!(stored.subject.binding.map(|binding| binding.version), version, "{source:?}");
        let mut refused = Snapshot::default();
        refused.settle(challenge(Purpose::Login, source, Outcome::Denied));
        assert_eq!(refused.subject.binding, None);
    }
}
