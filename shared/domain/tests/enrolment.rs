//! Who may type a number: the deployment, the login and an administrator's opening together.

#![cfg(test)]

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use domain::administration::{opening, phone_reset};
use domain::challenge::{Challenge, Method, NumberSource, Outcome};
use domain::channel::Channel;
use domain::code::Code;
use domain::identity::{ChallengeKey, Network, SessionId, SubjectId};
use domain::locale::Locale;
use domain::phone::{Country, Dialled, Line, NumberingPlan, PhoneNumber, Reach, Subscriber};
use domain::policy::Policy;
use domain::purpose::Purpose;
use domain::refusal::Refusal;
use domain::request::Request;
use domain::rules::{Enrolment, Rules, TestNumber};
use domain::snapshot::Snapshot;
use domain::start::{Decision, Start};
use domain::status::{Status, Unavailable, status};
use domain::subject::{Binding, Subject};
use domain::switches::Switches;
use domain::time::Timestamp;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
const TYPED: &str = "+14155552671";
const TEST: &str = "+14155550199";

struct Plan;

impl NumberingPlan for Plan {
    fn find(&self, dialled: &Dialled, _: Option<Country>) -> Option<Subscriber> {
        let number = PhoneNumber::parse(dialled.as_str()).ok()?;
        Some(Subscriber { number, country: Some(us()), line: Line::Mobile })
    }
}

fn us() -> Country {
    Country::parse("US").expect("a country")
}

fn number(e164: &str) -> PhoneNumber {
    PhoneNumber::parse(e164).expect("E.164")
}

fn after(time: Duration) -> Timestamp {
    NOW + time
}

struct Case {
    rules: Rules,
    stored: Snapshot,
    request: Request,
    now: Timestamp,
}

impl Case {
    /// A login of an account without a number.
    fn new(deployment: Enrolment, login: Enrolment) -> Self {
        let key = ChallengeKey { subject: SubjectId::new("idp", "a"), session: SessionId::new("s", None) };
        Self {
            rules: Rules {
                policy: Policy::default(),
                channels: BTreeSet::from(Channel::ALL),
                reach: Reach::by_every_channel([us()]),
                enrolment: deployment,
                test_numbers: Vec::new(),
            },
            stored: Snapshot::default(),
            request: Request {
                key,
                purpose: Purpose::Login,
                sub: "a".to_owned(),
                channel: Channel::Sms,
                typed: None,
                claimed: None,
                enrolment: login,
                network: Network::of(IpAddr::from([203, 0, 113, 7])),
                locale: Locale::En,
                keep_until: after(Duration::from_hours(1)),
            },
            now: NOW,
        }
        .typing(TYPED)
    }

    fn closed_login() -> Self {
        Self::new(Enrolment::SelfService, Enrolment::ClaimsOnly)
    }

    /// Each way of being closed.
    fn closed() -> [Self; 3] {
        [
            Self::closed_login(),
            Self::new(Enrolment::ClaimsOnly, Enrolment::SelfService),
            Self::new(Enrolment::ClaimsOnly, Enrolment::ClaimsOnly),
        ]
    }

    fn typing(mut self, e164: &str) -> Self {
        self.request.typed = Plan.find(&Dialled::parse(e164).expect("dialled"), None);
        self
    }

    fn opened_until(mut self, until: Timestamp) -> Self {
        self.stored.subject = Subject { version: 1, enrolment_open_until: Some(until), ..Subject::default() };
        self
    }

    fn with_a_test_number(mut self) -> Self {
        let code = Code::parse("135790").expect("a code");
        let subjects = ["a".to_owned()].into();
        self.rules.test_numbers =
            vec![TestNumber { number: number(TEST), code, subjects, until: after(Duration::from_hours(1)) }];
        self
    }

    fn decide(&self) -> Result<Challenge, Refusal> {
        let start = Start { rules: &self.rules, plan: &Plan, switches: &Switches::NONE };
        match start.decide(&self.stored, &self.request, self.now)? {
            Decision::Send(transaction) => Ok(transaction.challenge),
            Decision::Running => panic!("nothing runs"),
        }
    }

    fn status(&self) -> Status {
        status(&self.rules, &Switches::NONE, &self.stored, &self.request.login(), self.now)
    }

    fn says_closed(&self) -> bool {
        let view = self.status();
        let reasons = [view.sms.unavailable, view.call_channel.unavailable];
        reasons == [Some(Unavailable::EnrolmentClosed); 2]
    }
}

#[test]
fn a_closed_login_takes_no_typed_number_and_says_so_before_one_is_typed() {
    for mut case in Case::closed() {
        assert_eq!(case.decide().expect_err("typed"), Refusal::EnrolmentClosed);
        assert!(case.says_closed());
        case.request.typed = None;
        assert_eq!(case.decide().expect_err("not typed"), Refusal::EnrolmentClosed);
    }
    let open = Case::new(Enrolment::SelfService, Enrolment::SelfService);
    assert_eq!(open.decide().expect("sent").source, NumberSource::Typed);
    assert_eq!(open.status().sms.unavailable, None);
}

#[test]
fn a_verified_claim_is_enrolled_in_a_closed_login() {
    for mut case in Case::closed() {
        case.request.typed = None;
        case.request.claimed = Some(number(TYPED));
        assert_eq!(case.decide().expect("sent").source, NumberSource::Claimed);
        assert_eq!(case.status().sms.unavailable, None);
    }
}

#[test]
fn an_account_with_a_number_signs_in_with_it_at_a_closed_login() {
    for mut case in Case::closed() {
        case.request.typed = None;
        let binding = Binding { number: number(TYPED), country: us(), line: Line::Mobile, version: 1 };
        case.stored.subject = Subject { version: 1, binding: Some(binding), ..Subject::default() };
        assert_eq!(case.decide().expect("sent").source, NumberSource::Enrolled(1));
        assert_eq!(case.status().sms.unavailable, None);
    }
}

#[test]
fn an_opening_lets_its_account_type_a_number_until_it_ends() {
    let until = after(Duration::from_hours(24));
    for mut case in Case::closed().map(|case| case.opened_until(until)) {
        let started = case.decide().expect("sent");
        assert_eq!((started.source, started.expires_at), (NumberSource::Typed, after(Duration::from_mins(5))));
        assert_eq!(case.status().sms.unavailable, None);
        case.now = until;
        assert_eq!(case.decide().expect_err("over"), Refusal::EnrolmentClosed);
        assert!(case.says_closed());
    }
}

#[test]
fn a_challenge_started_under_an_opening_ends_with_it_even_if_it_is_resent() {
    let until = after(Duration::from_secs(100));
    let mut case = Case::closed_login().opened_until(until);
    let started = case.decide().expect("sent");
    assert_eq!(started.expires_at, until);
    case.stored.subject.reserved.insert(started.reservation(), 5);
    case.stored.replace(started);
    case.now = after(Duration::from_secs(61));
    assert_eq!(case.decide().expect("resent").expires_at, until);
    case.now = until;
    assert!(case.stored.challenges.iter().all(|challenge| !challenge.is_open(until)));
    assert!(case.says_closed());
    assert_eq!(case.decide().expect_err("over"), Refusal::EnrolmentClosed);
}

#[test]
fn an_opening_shortens_no_challenge_that_does_not_need_it() {
    let soon = after(Duration::from_secs(100));
    let open = Case::new(Enrolment::SelfService, Enrolment::SelfService).opened_until(soon);
    assert_eq!(open.decide().expect("sent").expires_at, after(Duration::from_mins(5)));
    let mut claimed = Case::closed_login().opened_until(soon);
    (claimed.request.typed, claimed.request.claimed) = (None, Some(number(TYPED)));
    assert_eq!(claimed.decide().expect("sent").expires_at, after(Duration::from_mins(5)));
}

#[test]
fn a_test_number_is_taken_by_a_closed_deployment_but_not_by_a_closed_login() {
    let deployment = Case::new(Enrolment::ClaimsOnly, Enrolment::SelfService).with_a_test_number();
    assert_eq!(deployment.decide().expect_err("another number"), Refusal::EnrolmentClosed);
    assert_eq!(deployment.status().sms.unavailable, None, "the prompt has to be shown");
    let mut prompted = deployment.typing(TEST);
    assert_eq!(prompted.decide().expect("sent").source, NumberSource::Test);
    prompted.request.typed = None;
    assert_eq!(prompted.decide().expect_err("not typed"), Refusal::NumberRequired);
    prompted.request.sub = "b".to_owned();
    assert_eq!(prompted.decide().expect_err("another account"), Refusal::EnrolmentClosed);
    assert!(prompted.says_closed());

    for case in [Case::closed_login(), Case::new(Enrolment::ClaimsOnly, Enrolment::ClaimsOnly)] {
        let case = case.with_a_test_number().typing(TEST);
        assert_eq!(case.decide().expect_err("closed"), Refusal::EnrolmentClosed);
        assert!(case.says_closed());
    }
}

#[test]
fn enrolment_is_opened_for_a_day_and_only_without_a_number() {
    let mut stored = Snapshot::default();
    assert_eq!(opening(&stored, NOW), Some(after(Duration::from_hours(24))));
    stored.subject.binding = Some(Binding { number: number(TYPED), country: us(), line: Line::Mobile, version: 1 });
    assert_eq!(opening(&stored, NOW), None);
    assert_eq!(opening(&phone_reset(&stored), NOW), Some(after(Duration::from_hours(24))));
}

#[test]
fn an_enrolment_and_a_reset_each_end_an_opening() {
    let mut case = Case::closed_login().opened_until(after(Duration::from_hours(1)));
    assert_eq!(phone_reset(&case.stored).subject.enrolment_open(NOW), None);
    let mut approved = case.decide().expect("sent");
    approved.outcome = Outcome::Approved { at: NOW, by: Method::SmsCode, settled: true };
    case.stored.settle(approved);
    assert_eq!(case.stored.subject.enrolment_open(NOW), None);
}
