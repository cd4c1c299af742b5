//! What `GET` says of a channel and what `POST` does with it agree, whatever is stored.

#![cfg(test)]

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use domain::call::{Call, CallState, CallToken};
use domain::challenge::{Challenge, Method, NumberSource, Outcome, Sends};
use domain::channel::Channel;
use domain::code::Code;
use domain::delivery::Delivery;
use domain::identity::{Administrator, ChallengeId, ChallengeKey, Network, SessionId, SubjectId};
use domain::limit::Limit;
use domain::locale::Locale;
use domain::phone::{Country, Dialled, Line, NumberingPlan, PhoneNumber, Reach, Subscriber};
use domain::policy::Policy;
use domain::purpose::Purpose;
use domain::quota::SendLimit;
use domain::receipt::{Fate, Receipts};
use domain::refusal::Refusal;
use domain::request::Request;
use domain::rules::{Enrolment, Rules, TestNumber};
use domain::snapshot::Snapshot;
use domain::start::{Decision, Start};
use domain::status::{Unavailable, status};
use domain::subject::{Binding, Subject};
use domain::switches::{Reason, Setting, Switch, Switches};
use domain::time::Timestamp;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

/// Every number is an American mobile number.
struct Plan;

impl NumberingPlan for Plan {
    fn find(&self, dialled: &Dialled, _: Option<Country>) -> Option<Subscriber> {
        let number = PhoneNumber::parse(dialled.as_str()).ok()?;
        Some(Subscriber { number, country: Country::parse("US").ok(), line: Line::Mobile })
    }
}

fn us() -> Country {
    Country::parse("US").expect("a country")
}

fn number() -> PhoneNumber {
    PhoneNumber::parse("+14155552671").expect("E.164")
}

fn other_number() -> PhoneNumber {
    PhoneNumber::parse("+14155550001").expect("E.164")
}

fn test_number() -> TestNumber {
    let code = Code::parse("135790").expect("a code");
    TestNumber { number: number(), code, subjects: ["a".to_owned()].into(), until: NOW + Duration::from_hours(1) }
}

fn key(session: &str) -> ChallengeKey {
    ChallengeKey { subject: SubjectId::new("idp", "a"), session: SessionId::new(session, None) }
}

fn ago(seconds: u64) -> Timestamp {
    Timestamp::from_unix(NOW.as_unix() - seconds)
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let approved = (0_u64..400, prop::sample::select(&Method::ALL[..]), any::<bool>());
    prop_oneof![
        6 => Just(Outcome::Pending),
        1 => Just(Outcome::Denied),
        1 => Just(Outcome::Refused),
        2 => approved.prop_map(|(at, by, settled)| Outcome::Approved {
            at: ago(at), by, settled: settled || !by.is_by_call() // only a call's approval is settled later
        }),
    ]
}

fn sends() -> impl Strategy<Value = Sends> {
    let last = (0_u64..300, prop::sample::select(&Delivery::ALL[..]));
    (0_u32..4, prop::option::of(last))
        .prop_map(|(used, last)| Sends { used, last: last.map(|(at, delivery)| (ago(at), delivery)) })
}

fn receipts() -> impl Strategy<Value = Option<Receipts>> {
    let fate = prop::option::of(prop::sample::select(&Fate::ALL[..]));
    prop::option::of(fate.prop_map(|fate| Receipts { digests: vec![[7; 32]], fate }))
}

prop_compose! {
    fn challenge(session: &'static str)(
        source in prop::sample::select(vec![NumberSource::Claimed, NumberSource::Enrolled(1), NumberSource::Enrolled(2)]),
        outcome in outcome(), created in 0_u64..400, attempts in 0_u32..6, sms in sends(), calls in sends(),
        state in prop::sample::select(&CallState::ALL[..]), contested in any::<bool>(), machine in prop::option::of(0_u64..900),
        receipts in receipts(),
    ) -> Challenge {
        let call = calls.last.map(|(at, delivery)| Call {
            state: if delivery == Delivery::Failed { CallState::Failed } else { state },
            ..Call::place(&CallToken::from_bytes([1; 16]), at)
        });
        Challenge {
            id: ChallengeId { key: key(session), generation: 1 },
            phone: number(), country: us(), line: Line::Mobile, source, former: None, former_calls: Vec::new(), purpose: Purpose::Login,
            claim_mismatch: false, locale: Locale::En, subject_version: 3, created_at: ago(created),
            expires_at: ago(created) + Duration::from_mins(5), attempts, carried: 0, max_attempts: 5,
            last_guess_at: None, outcome, codes: Vec::new(), spoken: Vec::new(), sms, receipts, calls, call, contested, machine_answered_at: machine.map(ago),
            answers: 0, charged: Vec::new(),
        }
    }
}

prop_compose! {
    fn snapshot()(
        own in prop::option::of(challenge("own")), other in prop::option::of(challenge("other")),
        bound in prop::option::of(1_u64..3), denied in prop::option::of(2_u64..4), blocked in prop::option::weighted(0.1, 1_u64..400),
        failures in prop::sample::select(vec![0, 4, 10, 12, 93, 96, 100]), failed in prop_oneof![0_u64..400, Just(4_000)],
        reported in prop::option::weighted(0.3, 0_u64..900),
        sms in prop::collection::vec(0_u64..1000, 0..4), calls in prop::collection::vec(0_u64..1000, 0..3),
    ) -> Snapshot {
        let challenges: Vec<_> = own.into_iter().chain(other).collect();
        let subject = Subject {
            version: 4,
            binding: bound.map(|version| Binding { number: number(), country: us(), line: Line::Mobile, version }),
            denied_version: denied,
            blocked_until: blocked.map(|seconds| NOW + Duration::from_secs(seconds)),
            failures,
            reported_at: reported.map(ago),
            last_failure_at: Some(ago(failed)),
            reserved: challenges.iter().map(|challenge| (challenge.reservation(), 5)).collect(),
            sms_sent: sms.into_iter().map(ago).collect(),
            calls_placed: calls.into_iter().map(ago).collect(),
            ..Subject::default()
        };
        Snapshot::of(subject, challenges)
    }
}

prop_compose! {
    /// Each switch unset, or set until some time.
    fn switches()(ends in prop::collection::vec(prop::option::weighted(0.2, 0_u64..900), 5)) -> Switches {
        let names = ["sms", "call", "sms-US", "call-US", "enrolment"];
        let set = names.iter().zip(ends).filter_map(|(name, end)| {
            let by = Administrator::parse("arn:aws:iam::123456789012:user/jane").expect("an ARN");
            let (reason, until) = (Reason::parse("a test").expect("a reason"), NOW + Duration::from_secs(end?));
            Some((Switch::parse(name)?, Setting { reason, until, mode: None, by, at: ago(60) }))
        });
        Switches::of(1, set.collect())
    }
}

fn rules() -> Rules {
    Rules {
        policy: Policy::default(),
        channels: BTreeSet::from(Channel::ALL),
        reach: Reach::by_every_channel(Country::parse("US")),
        enrolment: Enrolment::SelfService,
        test_numbers: Vec::new(),
    }
}

fn request(channel: Channel) -> Request {
    Request {
        key: key("own"),
        purpose: Purpose::Login,
        sub: "a".to_owned(),
        channel,
        typed: None,
        claimed: Some(number()),
        enrolment: Enrolment::SelfService,
        network: Network::of(IpAddr::from([203, 0, 113, 7])),
        locale: Locale::En,
        keep_until: NOW + Duration::from_hours(1),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_channel_is_available_exactly_when_it_would_send(stored in snapshot(), switches in switches()) {
        let rules = rules();
        let view = status(&rules, &switches, &stored, &request(Channel::Sms).login(), NOW);
        for (channel, shown) in [(Channel::Sms, view.sms), (Channel::Call, view.call_channel)] {
            let decision = Start { rules: &rules, plan: &Plan, switches: &switches }.decide(&stored, &request(channel), NOW);
            let sends = matches!(decision, Ok(Decision::Send(_)));
            prop_assert_eq!(shown.unavailable.is_none(), sends, "{:?}: {:?} {:?}", channel, shown, decision.as_ref().err());
            if let Err(Refusal::TooManyFailures(until)) = decision {
                prop_assert_eq!(shown.next_send_at, Some(until), "{:?}: {:?}", channel, shown);
            }
            let waits = shown.unavailable.is_some() && shown.next_send_at.is_some();
            prop_assert!(!waits || shown.next_send_at > Some(NOW), "{:?}: {:?} is not ahead", channel, shown);
            if let Err(Refusal::ChannelPaused(until) | Refusal::EnrolmentPaused(until)) = decision {
                // A start that meets a live call says so, or that it is paused, before it looks for failures.
                let is_locked = shown.unavailable == Some(Unavailable::Locked);
                let tells = shown.unavailable == Some(Unavailable::Paused) && shown.next_send_at == Some(until);
                prop_assert!(tells || is_locked || shown.next_send_at > Some(until), "{:?}: {:?} until {:?}", channel, shown, until);
            }
            if shown.unavailable == Some(Unavailable::Paused) {
                let paused = matches!(decision, Err(Refusal::ChannelPaused(_) | Refusal::EnrolmentPaused(_)));
                let runs = matches!(decision, Ok(Decision::Running));
                // A start for another number counts this challenge's sends until its own end, which nobody knows before.
                let carried = |limit: &SendLimit| limit.limit == Limit::Challenge;
                let limited = matches!(&decision, Err(Refusal::SendLimit(limit)) if carried(limit));
                prop_assert!(paused || runs || limited, "{:?}: {:?} {:?}", channel, shown, decision.as_ref().err());
            }
            if let Some(until) = view.enrolment_paused_until {
                let refused = matches!(decision, Err(Refusal::EnrolmentPaused(at)) if at >= until);
                let waits = matches!(decision, Ok(Decision::Running) | Err(Refusal::SendLimit(_)));
                prop_assert!(refused || waits, "{:?}: {:?} {:?}", channel, view, decision.as_ref().err());
            }
            if let (Some(Unavailable::CallReported), Err(refusal)) = (shown.unavailable, decision) {
                let Refusal::SendLimit(limit) = refusal else { panic!("{refusal:?}") };
                let is_told = limit.limit == Limit::CallReported && Some(limit.retry_at) == shown.next_send_at;
                prop_assert!(is_told || limit.limit == Limit::Challenge, "{:?} {:?}", shown, limit);
            }
        }
    }

    #[test]
    fn a_login_that_may_not_type_a_number_is_told_so_before_it_does(
        stored in snapshot(), switches in switches(), deployment in any::<bool>(), login in any::<bool>(),
        opened in prop::option::of(0_u64..200), claims in any::<bool>(), test in any::<bool>(),
    ) {
        let closed = |closed| if closed { Enrolment::ClaimsOnly } else { Enrolment::SelfService };
        let rules = Rules { enrolment: closed(deployment), test_numbers: test.then(test_number).into_iter().collect(), ..rules() };
        let opening = opened.map(|seconds| Timestamp::from_unix(NOW.as_unix() + seconds - 100));
        let stored = Snapshot { subject: Subject { enrolment_open_until: opening, ..stored.subject }, ..stored };
        let mut asked = Request { claimed: claims.then(number), enrolment: closed(login), ..request(Channel::Sms) };
        let view = status(&rules, &switches, &stored, &asked.login(), NOW);
        let start = Start { rules: &rules, plan: &Plan, switches: &switches };
        let told = view.sms.unavailable == Some(Unavailable::EnrolmentClosed);
        prop_assert!(!told || view.enrolment_paused_until.is_none(), "no wait would help: {:?}", view);
        for typed in [None, Some(Subscriber { number: other_number(), country: Some(us()), line: Line::Mobile })] {
            let types = typed.is_some();
            asked.typed = typed;
            let refused = matches!(start.decide(&stored, &asked, NOW), Err(Refusal::EnrolmentClosed));
            // Someone with a test number may type that one, and is refused another.
            let is_final = matches!(view.sms.unavailable, Some(Unavailable::Closed | Unavailable::Locked | Unavailable::Blocked));
            let of_test = types && test && !login;
            prop_assert!(told == refused || is_final || of_test, "{} {:?} {:?}", types, view, stored.subject);
        }
    }
}
