//! Asks the domain what it decides for a start.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::channel::Channel;
use domain::identity::{ChallengeKey, Network, SessionId, SubjectId};
use domain::locale::Locale;
use domain::phone::{Country, Dialled, Line, NumberingPlan, PhoneNumber, Reach, Subscriber};
use domain::policy::Policy;
use domain::purpose::Purpose;
use domain::refusal::Refusal;
use domain::request::Request;
use domain::rules::{Enrolment, Rules};
use domain::snapshot::Snapshot;
use domain::start::{Decision, Start};
use domain::start_transaction::StartTransaction;
use domain::subject::Binding;
use domain::switches::Switches;

use crate::people::{COUNTRIES, NOON, Person};

/// The rules of a deployment that serves the countries of [`COUNTRIES`].
#[must_use]
pub fn rules() -> Rules {
    let countries = COUNTRIES.iter().filter_map(|(_, code)| Country::parse(code).ok());
    Rules {
        policy: Policy::default(),
        channels: BTreeSet::from(Channel::ALL),
        reach: Reach::by_every_channel(countries),
        enrolment: Enrolment::SelfService,
        test_numbers: Vec::new(),
    }
}

/// A subject whose number is enrolled, after `before` messages in the last few minutes.
#[must_use]
pub fn known(person: Person, before: usize) -> Snapshot {
    let mut stored = Snapshot::default();
    stored.subject.sms_sent = vec![NOON; before];
    if let Ok(number) = PhoneNumber::parse(&person.number()) {
        let (version, country) = (1, country(number.expose()));
        stored.subject.version = version;
        stored.subject.binding = Some(Binding { number, country, line: Line::Mobile, version });
    }
    stored
}

/// The transaction of the person's start, without its charge on a budget, or the limit that refuses it.
pub fn transaction(
    rules: &Rules,
    stored: &Snapshot,
    person: Person,
    channel: Channel,
    session: u64,
) -> Result<StartTransaction, &'static str> {
    let dialled = Dialled::parse(&person.number()).ok();
    let typed = dialled.filter(|_| stored.subject.binding.is_none()).and_then(|dialled| Plan.find(&dialled, None));
    let request = Request {
        key: key(person, session),
        purpose: Purpose::Login,
        sub: String::new(),
        channel,
        typed,
        claimed: None,
        enrolment: Enrolment::SelfService,
        network: Network::of(person.address()),
        locale: Locale::En,
        keep_until: NOON + Duration::from_hours(2),
    };
    match (Start { rules, plan: &Plan, switches: &Switches::NONE }).decide(stored, &request, NOON) {
        Ok(Decision::Send(transaction)) => Ok(*transaction),
        Ok(Decision::Running) => Err("running"),
        Err(Refusal::SendLimit(limit)) => Err(limit.limit.as_str()),
        Err(_) => Err("other"),
    }
}

#[must_use]
pub fn key(person: Person, session: u64) -> ChallengeKey {
    ChallengeKey {
        subject: SubjectId::new("growth", &person.0.to_string()),
        session: SessionId::new(&session.to_string(), None),
    }
}

struct Plan;

impl NumberingPlan for Plan {
    fn find(&self, dialled: &Dialled, _: Option<Country>) -> Option<Subscriber> {
        let number = PhoneNumber::parse(dialled.as_str()).ok()?;
        Some(Subscriber { country: Some(country(number.expose())), number, line: Line::Mobile })
    }
}

fn country(e164: &str) -> Country {
    let known = COUNTRIES.iter().find(|(prefix, _)| e164.starts_with(prefix));
    known.and_then(|(_, code)| Country::parse(code).ok()).unwrap_or(Country::NONE)
}
