//! What a request to send may do, and what the page shows: the rules as tables.

#![cfg(test)]

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use domain::call::{Call, CallState, CallToken, FormerCall, FraudReport};
use domain::challenge::{Challenge, Method, NumberSource, Outcome};
use domain::channel::Channel;
use domain::code::{CodeMac, MacKey, MacKeys};
use domain::delivery::Delivery;
use domain::identity::{ChallengeKey, Network, SessionId, SubjectId};
use domain::limit::Limit;
use domain::locale::Locale;
use domain::phone::{Country, Dialled, Line, NumberingPlan, PhoneNumber, PhoneRefusal, Reach, Subscriber};
use domain::policy::Policy;
use domain::purpose::Purpose;
use domain::refusal::{Consequence, Refusal};
use domain::request::Request;
use domain::rules::{Enrolment, Rules};
use domain::snapshot::Snapshot;
use domain::start::{Decision, Start};
use domain::start_transaction::{Predecessor, Replaces, StartTransaction};
use domain::status::{LastSend, State, Status, Unavailable, status};
use domain::subject::Binding;
use domain::switches::Switches;
use domain::time::Timestamp;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
const MOBILE: &str = "+14155552671";
const LANDLINE: &str = "+14155550000";
const PREMIUM: &str = "+19005550000";
const FOREIGN: &str = "+442071838750";

const WITH_TRUNK_PREFIX: &str = "+114155552671";
const IN_OLD_FORM: &str = "+22997123456";
const IN_NEW_FORM: &str = "+2290197123456";
const WITHDRAWN: &str = "+14155559999";
const ARGENTINE: &str = "+541169070000";
const ARGENTINE_MOBILE: &str = "+5491169070000";

/// American mobile numbers, except for the numbers named above.
struct Plan;

impl NumberingPlan for Plan {
    fn find(&self, dialled: &Dialled, _: Option<Country>) -> Option<Subscriber> {
        let today = match dialled.as_str() {
            WITHDRAWN => return None,
            WITH_TRUNK_PREFIX => MOBILE,
            IN_OLD_FORM => IN_NEW_FORM,
            other => other,
        };
        let country = Country::parse(if today == FOREIGN { "GB" } else { "US" }).ok();
        let line = match today {
            LANDLINE | ARGENTINE => Line::Fixed,
            PREMIUM => Line::Other,
            _ => Line::Mobile,
        };
        Some(Subscriber { number: PhoneNumber::parse(today).ok()?, country, line })
    }
}

fn number(e164: &str) -> PhoneNumber {
    PhoneNumber::parse(e164).expect("E.164")
}

fn binding(e164: &str) -> Binding {
    let country = Country::parse("US").expect("a country");
    Binding { number: number(e164), country, line: Line::Mobile, version: 7 }
}

struct Case {
    rules: Rules,
    switches: Switches,
    stored: Snapshot,
    request: Request,
    now: Timestamp,
}

impl Case {
    fn new() -> Self {
        let key = ChallengeKey { subject: SubjectId::new("idp", "a"), session: SessionId::new("s", None) };
        let channels = BTreeSet::from(Channel::ALL);
        Self {
            rules: Rules {
                policy: Policy::default(),
                channels,
                reach: Reach::by_every_channel(Country::parse("US")),
                enrolment: Enrolment::SelfService,
                test_numbers: Vec::new(),
            },
            switches: Switches::NONE,
            stored: Snapshot::default(),
            request: Request {
                key,
                purpose: Purpose::Login,
                sub: "a".to_owned(),
                channel: Channel::Sms,
                typed: None,
                claimed: Some(number(MOBILE)),
                enrolment: Enrolment::SelfService,
                network: Network::of(IpAddr::from([203, 0, 113, 7])),
                locale: Locale::En,
                keep_until: NOW + Duration::from_hours(1),
            },
            now: NOW,
        }
    }

    fn unknown_number() -> Self {
        let mut case = Self::new();
        case.request.claimed = None;
        case
    }

    fn typing(mut self, e164: &str) -> Self {
        self.request.typed = Plan.find(&Dialled::parse(e164).expect("dialled"), None);
        self
    }

    fn by(mut self, channel: Channel) -> Self {
        self.request.channel = channel;
        self
    }

    fn decide(&self) -> Result<Decision, Refusal> {
        Start { rules: &self.rules, plan: &Plan, switches: &self.switches }.decide(
            &self.stored,
            &self.request,
            self.now,
        )
    }

    fn transaction(&self) -> StartTransaction {
        match self.decide() {
            Ok(Decision::Send(transaction)) => *transaction,
            other => panic!("{other:?}"),
        }
    }

    /// Decides, applies the transaction and returns the challenge that is then running.
    fn send(&mut self) -> Challenge {
        let mut transaction = self.transaction();
        if transaction.channel == Channel::Call {
            transaction.challenge.call = Some(Call::place(&CallToken::from_bytes([1; 16]), self.now));
        }
        transaction.subject.version += 1;
        self.stored = transaction.applied(std::mem::take(&mut self.stored));
        transaction.challenge
    }

    fn change(&mut self, change: impl FnOnce(&mut Challenge)) {
        let mut challenge = self.stored.challenge(&self.request.key).expect("a challenge").clone();
        change(&mut challenge);
        self.stored.replace(challenge);
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
    }

    fn status(&self) -> Status {
        status(&self.rules, &self.switches, &self.stored, &self.request.login(), self.now)
    }
}

fn refusal(case: &Case) -> Option<Refusal> {
    case.decide().err()
}

#[test]
fn the_enrolled_number_wins_over_the_claimed_one() {
    let mut case = Case::new();
    assert_eq!(case.transaction().challenge.source, NumberSource::Claimed);
    case.stored.subject.binding = Some(binding("+14155550001"));
    let challenge = case.transaction().challenge;
    assert_eq!((challenge.phone, challenge.source), (number("+14155550001"), NumberSource::Enrolled(7)));
}

#[test]
fn a_number_is_accepted_at_the_prompt_only_if_none_is_known() {
    assert_eq!(refusal(&Case::unknown_number()), Some(Refusal::NumberRequired));
    assert_eq!(refusal(&Case::new().typing(MOBILE)), Some(Refusal::NumberKnown));
    let typed = Case::unknown_number().typing(MOBILE);
    assert_eq!(typed.transaction().challenge.source, NumberSource::Typed);

    let mut closed = Case::unknown_number().typing(MOBILE);
    closed.rules.enrolment = Enrolment::ClaimsOnly;
    assert_eq!(refusal(&closed), Some(Refusal::EnrolmentClosed));
}

#[test]
fn nothing_is_sent_to_refused_number_types_or_countries_whatever_the_source_of_the_number() {
    let abroad = PhoneRefusal::Country(Country::parse("GB").expect("a country"));
    for (e164, expected) in [(PREMIUM, PhoneRefusal::Type), (FOREIGN, abroad)] {
        assert_eq!(refusal(&Case::unknown_number().typing(e164)), Some(Refusal::Number(expected)));
        let mut claimed = Case::new();
        claimed.request.claimed = Some(number(e164));
        assert_eq!(refusal(&claimed), Some(Refusal::Number(expected)));
    }
    let landline = Case::unknown_number().typing(LANDLINE);
    assert_eq!(refusal(&landline), Some(Refusal::ChannelUnavailable));
    assert!(landline.by(Channel::Call).decide().is_ok());
}

#[test]
fn a_channel_sends_nothing_during_its_cooldown() {
    let mut case = Case::new();
    case.send();
    case.pass(29);
    assert!(matches!(case.decide(), Ok(Decision::Running)));
    case.pass(1);
    let resend = case.transaction();
    assert_eq!((resend.replaces, resend.challenge.sms.used), (Replaces::Continues, 2));

    let mut other = Case::new();
    other.send();
    let other = other.by(Channel::Call);
    assert_eq!(other.transaction().replaces, Replaces::Continues, "the other channel has a cooldown of its own");
}

#[test]
fn a_claim_is_compared_as_the_plan_reads_it_and_not_as_it_is_written() {
    for (claimed, is_mismatch) in [(MOBILE, false), (WITH_TRUNK_PREFIX, false), (LANDLINE, true), (WITHDRAWN, true)] {
        let mut case = Case::new();
        case.stored.subject.binding = Some(binding(MOBILE));
        case.request.claimed = Some(number(claimed));
        assert_eq!(case.transaction().challenge.claim_mismatch, is_mismatch, "{claimed}");
    }
    for (enrolled, claimed) in [(ARGENTINE_MOBILE, ARGENTINE), (IN_OLD_FORM, IN_NEW_FORM), (IN_NEW_FORM, IN_OLD_FORM)] {
        let mut case = Case::new();
        case.stored.subject.binding = Some(binding(enrolled));
        case.request.claimed = Some(number(claimed));
        assert!(!case.transaction().challenge.claim_mismatch, "{claimed} is {enrolled}");
    }
}

#[test]
fn an_enrolled_number_in_an_old_form_is_proven_in_the_form_that_the_plan_derives() {
    let mut case = Case::unknown_number();
    case.stored.subject.binding = Some(binding(IN_OLD_FORM));
    let challenge = case.send();
    assert_eq!((challenge.phone, challenge.source), (number(IN_NEW_FORM), NumberSource::Replacing(7)));
    assert_eq!(challenge.former.map(|former| former.number), Some(number(IN_OLD_FORM)));
    case.pass(30);
    assert_eq!(case.transaction().replaces, Replaces::Continues, "a resend goes to the same number");
    assert_eq!(refusal(&case.typing(MOBILE)), Some(Refusal::NumberKnown), "a typed number takes no number's place");
}

#[test]
fn an_enrolled_number_that_is_no_longer_valid_and_has_no_new_form_is_refused_at_once() {
    let mut case = Case::unknown_number();
    case.stored.subject.binding = Some(binding(WITHDRAWN));
    for channel in Channel::ALL {
        case.request.channel = channel;
        assert_eq!(refusal(&case), Some(Refusal::NumberOutdated));
    }
    case.request.purpose = Purpose::Change;
    case.request.channel = Channel::Sms;
    for enrolled in [WITHDRAWN, IN_OLD_FORM] {
        case.stored.subject.binding = Some(binding(enrolled));
        assert_eq!(refusal(&case), Some(Refusal::NumberOutdated), "a login comes first: {enrolled}");
    }
    assert_eq!(refusal(&case.typing(IN_NEW_FORM)), Some(Refusal::ProofRequired));
}

#[test]
fn a_number_that_may_be_a_mobile_gets_its_message_and_is_called_as_it_is_written() {
    let typed = || Case::unknown_number().typing(ARGENTINE);
    let claimed = || {
        let mut case = Case::new();
        case.request.claimed = Some(number(ARGENTINE));
        case
    };
    for new in [&typed as &dyn Fn() -> Case, &claimed] {
        let message = new().transaction().challenge;
        assert_eq!((message.phone, message.line), (number(ARGENTINE_MOBILE), Line::Mobile));
        let mut called = new().by(Channel::Call);
        let call = called.send();
        assert_eq!((call.phone, call.line), (number(ARGENTINE), Line::Fixed));
        called.request.typed = None;
        assert_ne!(called.status().sms.unavailable, Some(Unavailable::Unreachable), "the page still offers a message");
        assert_eq!(called.by(Channel::Sms).transaction().challenge.phone, number(ARGENTINE_MOBILE));
    }
    let mut enrolled = Case::unknown_number();
    enrolled.stored.subject.binding = Some(Binding { line: Line::Fixed, ..binding(ARGENTINE) });
    assert_eq!(
        refusal(&enrolled),
        Some(Refusal::ChannelUnavailable),
        "an enrolled number is never sent to in another form"
    );
}

#[test]
fn one_call_at_a_time() {
    let mut case = Case::new().by(Channel::Call);
    case.send();
    case.pass(60);
    assert!(matches!(case.decide(), Ok(Decision::Running)), "it may still be in progress");
    case.change(|challenge| challenge.call.as_mut().expect("a call").state = CallState::NoAnswer);
    assert!(matches!(case.decide(), Ok(Decision::Send(_))));
}

#[test]
fn no_second_call_is_placed_while_one_to_the_subject_may_be_in_progress() {
    let live = |case: &Case| match refusal(case) {
        Some(Refusal::SendLimit(limit)) => limit.limit == Limit::CallLive,
        _ => false,
    };
    let calling = || {
        let mut case = Case::unknown_number().typing(MOBILE).by(Channel::Call);
        case.send();
        case.pass(5);
        case
    };
    assert!(live(&calling().typing("+14155550001")), "another number");
    let mut exhausted = calling();
    exhausted.change(|challenge| challenge.attempts = 5);
    exhausted.pass(30);
    assert!(live(&exhausted), "guesses used up while it rings");
    let mut over = calling();
    over.pass(140);
    assert!(!live(&over.typing("+14155550001")));
}

#[test]
fn a_change_and_the_login_it_is_made_in_do_not_contest_each_other() {
    let mut case = Case::new();
    case.stored.subject.binding = Some(binding(MOBILE));
    case.request.claimed = None;
    case.send();
    case.request.key.session = case.request.key.session.to_change();
    case.request.purpose = Purpose::Change;
    let transaction = case.transaction();
    assert!(transaction.contests.is_empty() && !transaction.challenge.contested);

    let mut login = Case::new();
    let session = login.request.key.session;
    login.request.key.session = session.to_change();
    login.send();
    login.request.key.session = session;
    let transaction = login.transaction();
    assert!(transaction.contests.is_empty() && !transaction.challenge.contested, "nor the other way round");
}

#[test]
fn sends_of_a_challenge_and_of_a_subject_are_limited() {
    let mut case = Case::new();
    for _ in 0..3 {
        case.send();
        case.pass(30);
    }
    let Some(Refusal::SendLimit(limit)) = refusal(&case) else { panic!("three are enough") };
    assert_eq!(limit.limit, Limit::Challenge);

    let mut case = Case::new();
    for login in 0..5 {
        case.request.key.session = SessionId::new(&login.to_string(), None);
        case.send();
        case.pass(60);
    }
    case.request.key.session = SessionId::new("6", None);
    let Some(Refusal::SendLimit(limit)) = refusal(&case) else { panic!("five in ten minutes") };
    assert_eq!((limit.limit, limit.retry_at), (Limit::SubjectShort, NOW + Duration::from_mins(10)));
    case.now = limit.retry_at;
    assert!(case.decide().is_ok());

    let mut case = Case::new().by(Channel::Call);
    for login in 0..2 {
        case.request.key.session = SessionId::new(&login.to_string(), None);
        case.send();
        case.pass(140);
    }
    case.request.key.session = SessionId::new("3", None);
    let Some(Refusal::SendLimit(limit)) = refusal(&case) else { panic!("two calls in ten minutes") };
    assert_eq!(limit.limit, Limit::SubjectCalls);
}

#[test]
fn ten_sends_a_day_are_the_limit() {
    let mut case = Case::new();
    for login in 0..10 {
        case.request.key.session = SessionId::new(&login.to_string(), None);
        case.send();
        case.pass(700);
    }
    case.request.key.session = SessionId::new("11", None);
    let Some(Refusal::SendLimit(limit)) = refusal(&case) else { panic!("ten a day") };
    assert_eq!((limit.limit, limit.retry_at), (Limit::SubjectLong, NOW + Duration::from_hours(24)));
}

#[test]
fn an_expired_or_exhausted_challenge_is_followed_by_the_next_generation() {
    let mut expired = Case::new();
    expired.send();
    expired.pass(300);
    let mut exhausted = Case::new();
    exhausted.send();
    exhausted.pass(30);
    exhausted.change(|challenge| {
        challenge.attempts = 5;
        challenge.last_guess_at = Some(NOW);
    });
    for (case, spent) in [(expired, 0), (exhausted, 5)] {
        let transaction = case.transaction();
        assert_eq!(
            transaction.replaces,
            Replaces::Generation(Predecessor { generation: 1, attempts: spent, messages: 1, calls: 0, answers: 0 })
        );
        assert_eq!((transaction.challenge.id.generation, transaction.challenge.attempts_left()), (2, 5));
        assert_eq!(transaction.subject.failures, spent);
        assert!(transaction.challenge.codes.is_empty(), "no code carries over");
    }
}

#[test]
fn a_new_challenge_gets_no_more_guesses_than_the_subject_has_left() {
    let mut case = Case::new();
    case.stored.subject.version = 1;
    case.stored.subject.failures = 97;
    assert_eq!(case.transaction().challenge.max_attempts, 3);
    case.stored.subject.failures = 100;
    assert_eq!(refusal(&case), Some(Refusal::Locked));
}

#[test]
fn a_success_makes_up_only_for_guesses_that_came_before_it_by_every_clock() {
    let mut case = Case::new();
    case.send();
    case.change(|challenge| {
        challenge.attempts = 2;
        challenge.last_guess_at = Some(NOW);
    });
    for (later, failures) in [(0, 2), (1, 2), (60, 2), (61, 0)] {
        case.stored.subject.last_success_at = Some(NOW + Duration::from_secs(later));
        assert_eq!(case.stored.subject.failures_so_far(&case.stored.challenges, NOW).0, failures, "{later} s later");
    }
}

#[test]
fn abandoned_logins_cost_nothing_and_lost_challenges_lock_like_any_failure() {
    let mut case = Case::new();
    for login in 0..50 {
        case.request.key.session = SessionId::new(&login.to_string(), None);
        case.send();
        case.pass(86_400);
    }
    assert_eq!(case.stored.subject.failures, 0);

    let mut case = Case::new();
    for login in 0..20 {
        case.request.key.session = SessionId::new(&login.to_string(), None);
        case.send();
        case.stored.challenges.clear();
        case.pass(86_400);
    }
    assert_eq!(refusal(&case), Some(Refusal::Locked));
    assert_eq!(case.status().state, State::Locked);
}

#[test]
fn a_login_waits_for_the_last_guesses_while_another_has_reserved_them() {
    let mut case = Case::new();
    case.stored.subject.failures = 96;
    case.send();
    case.request.key.session = SessionId::new("another", None);
    case.pass(30);
    let until = NOW + Duration::from_mins(6);
    assert_eq!(refusal(&case), Some(Refusal::TooManyFailures(until)));
    assert_eq!((case.status().state, case.status().retry_at), (State::Locked, Some(until)));
    case.now = until;
    assert_eq!((refusal(&case), case.status().state), (None, State::None));
}

#[test]
fn from_ten_failures_on_the_next_challenge_has_to_wait() {
    let mut case = Case::new();
    case.stored.subject.failures = 12;
    case.stored.subject.last_failure_at = Some(NOW);
    let until = NOW + Duration::from_mins(2);
    assert_eq!(refusal(&case), Some(Refusal::TooManyFailures(until)));
    assert_eq!((case.status().state, case.status().retry_at), (State::Locked, Some(until)));
    case.now = until;
    assert!(case.decide().is_ok());
}

#[test]
fn a_final_challenge_stays_final() {
    let mut approved = Case::new();
    approved.send();
    approved.change(|challenge| {
        challenge.outcome = Outcome::Approved { at: NOW, by: Method::SmsCode, settled: true };
    });
    assert!(matches!(approved.decide(), Ok(Decision::Running)));
    assert!(approved.status().approval.is_some());
    approved.pass(300);
    assert!(approved.status().approval.is_none(), "no result after it has expired");
    assert_eq!(approved.status().state, State::Approved);

    let mut denied = Case::new();
    denied.send();
    denied.change(|challenge| challenge.outcome = Outcome::Denied);
    assert_eq!(refusal(&denied), Some(Refusal::Denied));
}

#[test]
fn an_approval_that_is_not_settled_yields_no_result() {
    let mut case = Case::new();
    case.send();
    case.change(|challenge| {
        challenge.outcome = Outcome::Approved { at: NOW, by: Method::PressPound, settled: false };
    });
    assert!(case.status().approval.is_none());
    assert_eq!(case.status().state, State::Pending, "the next status call settles it");
}

#[test]
fn an_approval_that_can_no_longer_be_settled_is_refused_and_the_next_start_replaces_it() {
    let mut case = Case::new();
    case.send();
    case.change(|challenge| {
        challenge.outcome = Outcome::Approved { at: NOW, by: Method::PressPound, settled: false };
    });
    case.pass(299);
    assert!(matches!(case.decide(), Ok(Decision::Running)), "the next status call settles it");
    case.pass(1);
    assert_eq!(case.status().state, State::Refused);
    let Replaces::Refused(former) = case.transaction().replaces else { panic!("it is replaced") };
    assert_eq!(former.generation, 1);
}

/// The snapshot as it is read once the subject is bound to `version`, or to nothing.
fn bound(case: &Case, version: Option<u64>) -> Snapshot {
    let mut subject = case.stored.subject.clone();
    subject.binding = version.map(|version| Binding { version, ..binding("+14155550001") });
    Snapshot::of(subject, case.stored.challenges.clone())
}

#[test]
fn a_challenge_that_contradicts_the_binding_is_refused_and_the_next_start_goes_to_the_bound_number() {
    let unsettled = [Outcome::Pending, Outcome::Approved { at: NOW, by: Method::PressPound, settled: false }];
    for (outcome, before, after) in unsettled.into_iter().flat_map(|it| [(it, None, 7), (it, Some(7), 8)]) {
        let mut case = Case::new();
        case.stored.subject.binding = before.map(|version| Binding { version, ..binding("+14155550001") });
        case.send();
        case.change(|challenge| challenge.outcome = outcome);
        assert_eq!(bound(&case, before).challenge(&case.request.key).expect("it").outcome, outcome, "still the same");
        case.stored = bound(&case, Some(after));
        assert_eq!((case.status().state, case.status().attempts_left), (State::Refused, None), "{outcome:?}");
        assert_eq!(case.status().sms.unavailable, None, "at once");
        let next = case.transaction();
        assert!(matches!(next.replaces, Replaces::Refused(Predecessor { generation: 1, .. })));
        assert_eq!((next.challenge.id.generation, next.challenge.source), (2, NumberSource::Enrolled(after)));
    }
}

#[test]
fn a_refusal_neither_hides_a_denial_nor_undoes_an_approval() {
    let settled = Outcome::Approved { at: NOW, by: Method::SmsCode, settled: true };
    for (outcome, denied, expected) in [
        (Outcome::Pending, true, Outcome::Denied),
        (settled, false, settled),
        (Outcome::Denied, false, Outcome::Denied),
    ] {
        let mut case = Case::new();
        case.send();
        case.change(|challenge| challenge.outcome = outcome);
        case.stored.subject.denied_version = denied.then_some(case.stored.subject.version);
        assert_eq!(bound(&case, Some(7)).challenge(&case.request.key).expect("it").outcome, expected);
    }
}

#[test]
fn a_read_that_catches_its_own_settlement_half_way_refuses_nothing() {
    let mut case = Case::new();
    let challenge = case.send();
    let outcome = |case: &Case| bound(case, Some(7)).challenge(&case.request.key).expect("it").outcome;
    case.stored.subject.reserved.remove(&challenge.reservation()); // by the write that binds the number
    case.stored.subject.version = 7;
    assert_eq!(outcome(&case), Outcome::Pending);
    case.stored.subject.version = 8;
    assert_eq!(outcome(&case), Outcome::Refused, "another start has dropped the reservation since");
    case.stored.subject.version = 0;
    assert_eq!(outcome(&case), Outcome::Pending, "the subject was read before the challenge's start");
}

#[test]
fn guesses_at_a_refused_challenge_stay_reserved_until_no_more_can_be_counted() {
    let mut case = Case::new();
    let challenge = case.send();
    case.stored = bound(&case, Some(7));
    case.request.key.session = SessionId::new("another login", None);
    assert!(case.transaction().subject.reserved.contains_key(&challenge.reservation()));
    case.pass(360);
    assert!(!case.transaction().subject.reserved.contains_key(&challenge.reservation()));
}

#[test]
fn the_page_shows_what_is_possible_and_why_other_things_are_not() {
    let mut case = Case::new();
    assert_eq!(case.status().state, State::None);
    assert_eq!(case.status().sms.unavailable, None);
    case.send();
    let view = case.status();
    assert_eq!((view.state, view.attempts_left, view.sms.sends_left), (State::Pending, Some(5), 2));
    assert_eq!(view.sms.unavailable, Some(Unavailable::Cooldown));
    assert_eq!(view.sms.next_send_at, Some(NOW + Duration::from_secs(30)));
    assert_eq!(view.call_channel.unavailable, None);
    assert!(!view.offer_alternative);

    case.pass(30);
    let view = case.status();
    assert!(view.offer_alternative && view.sms.unavailable.is_none(), "after 30 s both may be offered");
    case.pass(270);
    assert_eq!(case.status().state, State::Expired);
}

#[test]
fn a_failed_send_is_shown_at_once_and_given_back() {
    let mut case = Case::new();
    case.send();
    case.change(|challenge| challenge.correct_send(Channel::Sms, Delivery::Failed));
    let view = case.status();
    assert_eq!((view.sms.last_send, view.sms.sends_left), (Some(LastSend::Sent(Delivery::Failed)), 3));
    assert!(view.offer_alternative);

    let mut case = Case::new().by(Channel::Call);
    case.send();
    case.change(|challenge| challenge.correct_send(Channel::Call, Delivery::Unknown));
    assert_eq!(case.status().call_channel.sends_left, 1, "an unknown outcome counts as sent");
    assert!(case.status().offer_alternative);
}

#[test]
fn what_is_stored_before_a_send_says_that_it_is_being_sent() {
    for channel in Channel::ALL {
        let mut case = Case::new().by(channel);
        assert_eq!(case.send().sends(channel).last, Some((NOW, Delivery::Sending)));
        assert!(!case.status().offer_alternative, "it gets its time");
    }
}

#[test]
fn after_a_send_that_certainly_failed_the_channel_may_be_tried_at_once() {
    for (channel, failed) in Channel::ALL.into_iter().flat_map(|channel| [(channel, true), (channel, false)]) {
        let mut case = Case::new().by(channel);
        case.send();
        let delivery = if failed { Delivery::Failed } else { Delivery::Unknown };
        case.change(|challenge| challenge.correct_send(channel, delivery));
        let sent = matches!(case.decide(), Ok(Decision::Send(_)));
        let view = case.status();
        let view = if channel == Channel::Sms { view.sms } else { view.call_channel };
        assert_eq!((sent, view.unavailable.is_none()), (failed, failed), "{channel:?} {delivery:?}");
    }
}

#[test]
fn sends_that_failed_still_count_in_the_windows_of_the_subject() {
    let mut case = Case::new();
    for _ in 0..5 {
        case.send();
        case.change(|challenge| challenge.correct_send(Channel::Sms, Delivery::Failed));
    }
    let Some(Refusal::SendLimit(limit)) = refusal(&case) else { panic!("five in ten minutes") };
    assert_eq!(limit.limit, Limit::SubjectShort);
}

#[test]
fn while_a_call_may_be_in_progress_the_page_says_when_the_next_can_be_placed() {
    let mut case = Case::new().by(Channel::Call);
    case.send(); // and the process ends before it reaches the provider
    let free = NOW + Duration::from_secs(140);
    for seconds in [0, 30, 109] {
        case.pass(seconds);
        let call = case.status().call_channel;
        assert_eq!(
            (call.unavailable, call.next_send_at),
            (Some(Unavailable::CallLive), Some(free)),
            "{seconds} s later"
        );
        assert!(!matches!(case.decide(), Ok(Decision::Send(_))));
    }
    case.request.key.session = SessionId::new("another login", None);
    let call = case.status().call_channel;
    assert_eq!((call.unavailable, call.next_send_at), (Some(Unavailable::CallLive), Some(free)), "of another login");
    assert_eq!(case.status().sms.unavailable, None);
    case.pass(1);
    assert_eq!(case.status().call_channel.unavailable, None);
    assert!(matches!(case.decide(), Ok(Decision::Send(_))));
}

#[test]
fn after_a_report_the_page_says_that_calls_are_paused_and_until_when() {
    let mut case = Case::new().by(Channel::Call);
    case.send();
    case.stored.subject.reported_at = Some(NOW);
    case.request.key.session = SessionId::new("another login", None);
    let until = NOW + Duration::from_mins(10);
    for seconds in [0, 139, 460] {
        case.pass(seconds); // at first the reported call is still in progress
        let call = case.status().call_channel;
        assert_eq!((call.unavailable, call.next_send_at), (Some(Unavailable::CallReported), Some(until)));
        let Some(Refusal::SendLimit(limit)) = refusal(&case) else { panic!("no call") };
        assert_eq!((limit.limit, limit.retry_at), (Limit::CallReported, until));
        assert_eq!(case.status().sms.unavailable, None);
    }
    case.pass(1);
    assert_eq!(case.status().call_channel.unavailable, None);
}

#[test]
fn a_live_call_that_outlasts_the_pause_after_a_report_is_what_the_page_names() {
    let mut case = Case::new().by(Channel::Call);
    case.send();
    case.stored.subject.reported_at = Some(NOW);
    case.stored.challenges[0].call.as_mut().expect("a call").placed_at = NOW + Duration::from_secs(500);
    case.request.key.session = SessionId::new("another login", None);
    case.pass(510);
    let call = case.status().call_channel;
    assert_eq!(
        (call.unavailable, call.next_send_at),
        (Some(Unavailable::CallLive), Some(NOW + Duration::from_secs(640)))
    );
}

#[test]
fn a_refusal_during_the_pause_after_a_report_contests_the_live_call_too() {
    let mut case = Case::new().by(Channel::Call);
    case.send();
    case.stored.subject.reported_at = Some(NOW);
    case.request.key.session = SessionId::new("another login", None);
    let refused = refusal(&case).expect("no call");
    let rules = &case.rules;
    let consequence = Start { rules, plan: &Plan, switches: &case.switches }.consequence(
        &case.stored,
        &case.request,
        refused,
        case.now,
    );
    assert!(matches!(consequence, Some(Consequence::Contest(_))), "{consequence:?}");
}

#[test]
fn the_page_says_what_reports_in_its_calls_have_led_to() {
    let (stopped, blocked) = (Some(FraudReport::Stopped), Some(FraudReport::Blocked));
    for (latest, former, expected) in [
        (None, None, None),
        (stopped, None, stopped),
        (None, stopped, stopped),
        (stopped, blocked, blocked),
        (blocked, stopped, blocked),
    ] {
        let mut case = Case::new().by(Channel::Call);
        let Challenge { call, phone, .. } = case.send();
        let call = call.expect("a call");
        case.change(|challenge| {
            challenge.former_calls =
                vec![FormerCall { call: Call { report: former, ..call.clone() }, phone, is_unverified: false }];
            challenge.call = Some(Call { report: latest, ..call });
        });
        assert_eq!(case.status().report, expected, "{latest:?} {former:?}");
    }
}

#[test]
fn a_code_that_was_certainly_not_sent_becomes_invalid_when_the_next_one_is_sent() {
    let mut case = Case::new();
    case.send();
    case.change(|challenge| challenge.codes.push(CodeMac::from_bytes([1; 32])));
    case.pass(30);
    assert_eq!(case.transaction().challenge.codes.len(), 1);
    case.change(|challenge| challenge.correct_send(Channel::Sms, Delivery::Failed));
    assert_eq!(case.transaction().challenge.codes.len(), 0);
}

#[test]
fn a_typed_number_can_be_corrected_until_it_is_enrolled() {
    let mut case = Case::unknown_number().typing(MOBILE);
    case.send();
    assert!(case.status().can_change_number);
    case.request.typed = None;
    case.pass(30);
    assert_eq!(case.transaction().challenge.phone, number(MOBILE), "a resend needs no number");
    let mut case = case.typing("+14155550009");
    case.change(|challenge| challenge.attempts = 2);
    let transaction = case.transaction();
    assert_eq!(
        transaction.replaces,
        Replaces::Generation(Predecessor { generation: 1, attempts: 2, messages: 1, calls: 0, answers: 0 })
    );
    assert_eq!(
        (transaction.challenge.attempts, transaction.challenge.carried, transaction.challenge.max_attempts),
        (2, 2, 5)
    );
    assert_eq!(transaction.subject.reserved.values().sum::<u32>(), 3);
}

#[test]
fn two_live_sessions_of_one_subject_are_contested() {
    let mut case = Case::new();
    case.send();
    case.request.key.session = SessionId::new("other", None);
    let transaction = case.transaction();
    assert!(transaction.challenge.contested);
    assert_eq!(transaction.contests.len(), 1);
}

/// Declined, expired, approved or denied: whoever takes the next call may still think that it is that sign-in's.
#[test]
fn a_sign_in_contests_another_for_ten_minutes_after_it_last_did_something_whatever_became_of_it() {
    let approved = Outcome::Approved { at: NOW + Duration::from_mins(4), by: Method::SmsCode, settled: true };
    for (outcome, until) in [(Outcome::Pending, 600), (Outcome::Denied, 600), (approved, 840)] {
        let mut case = Case::new();
        case.send();
        case.change(|own| own.outcome = outcome);
        case.request.key.session = SessionId::new("other", None);
        for (after, contested) in [(until - 1, true), (until, false)] {
            case.now = NOW + Duration::from_secs(after);
            let transaction = case.transaction();
            assert_eq!(transaction.challenge.contested, contested, "{outcome:?}, {after} s later");
            assert!(transaction.contests.is_empty(), "that one cannot be approved any more");
        }
    }
}

#[test]
fn every_send_marks_both_sides_and_no_mark_is_taken_back_within_a_generation() {
    let mut case = Case::new();
    case.send();
    let first = case.request.key;
    case.pass(40);
    case.request.key.session = SessionId::new("other", None);
    let started = case.transaction();
    assert!(started.challenge.contested && started.contests.iter().any(|marked| marked.key == first));
    case.send();
    case.change(|own| own.contested = false);
    case.request.key = first;
    let resent = case.transaction();
    assert_eq!((resent.replaces, resent.challenge.contested), (Replaces::Continues, true));
    assert_eq!(resent.contests.len(), 1, "a resend marks the other side, too");
    case.send();
    case.pass(40);
    case.stored.challenges.retain(|challenge| challenge.id.key == first);
    assert!(case.transaction().challenge.contested, "once marked, it stays so");
}

#[test]
fn a_login_refused_a_call_contests_the_call_that_is_live_and_later_ones() {
    let mut case = Case::new().by(Channel::Call);
    case.send();
    let caller = case.request.key;
    case.request.key.session = SessionId::new("other", None);
    let refusal = case.decide().expect_err("one call at a time");
    let start = Start { rules: &case.rules, plan: &Plan, switches: &case.switches };
    let consequence = start.consequence(&case.stored, &case.request, refusal, case.now);
    let Some(Consequence::Contest(contest)) = consequence else { panic!("{consequence:?}") };
    assert_eq!((contest.call_of.key, contest.refused), (caller, case.request.key.session));
    assert_eq!(contest.version, case.stored.subject.version);

    case.stored.subject.refused_call = Some((contest.refused, case.now));
    case.stored.challenges[0].contested = true;
    assert!(
        Start { rules: &case.rules, plan: &Plan, switches: &case.switches }
            .consequence(&case.stored, &case.request, refusal, case.now)
            .is_none()
    );
    case.request.key = caller;
    case.pass(599);
    assert!(case.transaction().challenge.contested, "though the other has no challenge");
    case.pass(1);
    assert!(!case.transaction().challenge.contested);
}

/// Until the provider ends it, or 140 seconds: an approved call's last words are still being said.
#[test]
fn a_call_keeps_its_slot_whatever_became_of_its_challenge() {
    let approved = Outcome::Approved { at: NOW, by: Method::PressPound, settled: true };
    for outcome in [Outcome::Pending, Outcome::Denied, approved] {
        let mut case = Case::new().by(Channel::Call);
        case.send();
        case.change(|own| own.outcome = outcome);
        case.request.key.session = SessionId::new("other", None);
        for (after, free) in [(139, false), (140, true)] {
            case.now = NOW + Duration::from_secs(after);
            assert_eq!(case.decide().is_ok(), free, "{outcome:?}, {after} s later");
        }
        case.now = NOW + Duration::from_secs(1);
        case.stored.challenges[0].call.as_mut().expect("a call").state = CallState::Ended;
        assert!(case.decide().is_ok(), "the provider has ended it");
    }
}

#[test]
fn the_limit_on_calls_gives_back_one_that_a_machine_answered_and_no_other_limit_does() {
    let mut case = Case::new().by(Channel::Call);
    let calls = |case: &mut Case, most: usize| {
        (0..most)
            .take_while(|_| {
                let sent = case.decide().is_ok();
                if sent {
                    case.send();
                    case.change(|own| own.call.as_mut().expect("a call").state = CallState::Ended);
                    case.pass(31);
                }
                sent
            })
            .count()
    };
    assert_eq!(calls(&mut case, 5), 2);
    let mut case = Case::new().by(Channel::Call);
    case.send();
    case.change(|own| own.call.as_mut().expect("a call").state = CallState::Ended);
    case.change(|own| own.machine_answered_at = Some(NOW));
    case.pass(31);
    assert_eq!(calls(&mut case, 5), 2, "three in all, however many a machine answers");
    case.rules.policy.max_sends_short = 3;
    case.request.channel = Channel::Sms;
    assert!(case.decide().is_err(), "the limit on all sends counts it");
}

/// Clocks differ by up to a minute, and a code may live for ten: what is open by any clock competes.
#[test]
fn a_sign_in_that_may_still_be_open_by_another_clock_contests() {
    let mut case = Case::new();
    case.rules.policy.code_life = Duration::from_mins(10);
    case.send();
    case.request.key.session = SessionId::new("other", None);
    for (after, contested) in [(659, true), (660, false)] {
        case.now = NOW + Duration::from_secs(after);
        assert_eq!(case.transaction().challenge.contested, contested, "{after} s later");
    }
}

#[test]
fn what_a_login_was_itself_refused_does_not_contest_it() {
    let mut case = Case::new();
    let own = case.request.key.session;
    for session in [own, own.to_change()] {
        case.stored.subject.refused_call = Some((session, case.now));
        assert!(!case.transaction().challenge.contested);
    }
}

#[test]
fn a_login_refused_a_call_because_of_its_own_number_change_contests_nothing() {
    let mut case = Case::new().by(Channel::Call);
    let login = case.request.key.session;
    case.request.key.session = login.to_change();
    case.send();
    case.request.key.session = login;
    let refusal = case.decide().expect_err("one call at a time");
    let start = Start { rules: &case.rules, plan: &Plan, switches: &case.switches };
    assert!(start.consequence(&case.stored, &case.request, refusal, case.now).is_none());
}

#[test]
fn another_number_in_the_same_login_takes_over_the_mark_and_the_call_that_a_machine_took() {
    let mut case = Case::unknown_number().typing(MOBILE);
    case.send();
    case.change(|own| {
        own.contested = true;
        own.machine_answered_at = Some(NOW);
    });
    case.pass(5);
    let next = case.typing("+14155550001").transaction().challenge;
    assert_eq!((next.id.generation, next.contested, next.machine_answered_at), (2, true, Some(NOW)));
}

#[test]
fn digits_are_shown_only_while_an_open_challenges_call_is_live() {
    let shown = |change: &dyn Fn(&mut Case)| {
        let mut case = Case::new().by(Channel::Call);
        case.send();
        case.change(|own| own.contested = true);
        change(&mut case);
        let keys = MacKeys { current: MacKey::from_secret("k"), previous: None, next: None };
        let mut view = case.status();
        view.show_digits(&case.rules.policy, &keys, case.stored.challenge(&case.request.key), case.now);
        view.match_digits.is_some()
    };
    assert!(shown(&|_| {}));
    assert!(!shown(&|case| case.change(|own| own.contested = false)), "`#` is enough");
    assert!(!shown(&|case| case.change(|own| own.call.as_mut().expect("a call").state = CallState::Ended)), "ended");
    assert!(!shown(&|case| case.pass(140)), "longer than any call");
    assert!(!shown(&|case| case.change(|own| own.expires_at = NOW)), "expired");
    assert!(!shown(&|case| case.change(|own| own.attempts = own.max_attempts)), "guesses used up");
    let approved = Outcome::Approved { at: NOW, by: Method::MatchDigits, settled: false };
    assert!(!shown(&|case| case.change(|own| own.outcome = approved)), "entered");
    let block = |case: &mut Case| case.stored.subject.blocked_until = Some(NOW + Duration::from_secs(1));
    assert!(!shown(&block), "blocked");
}
