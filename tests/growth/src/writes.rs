//! Which items a start and a settlement write: as the domain drafts them, and the store lays them out.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::challenge::{Challenge, Purpose};
use domain::channel::Channel;
use domain::draft::Draft;
use domain::identity::{ChallengeKey, Network, SessionId, SubjectId};
use domain::locale::Locale;
use domain::phone::{Country, Dialled, Line, NumberingPlan, PhoneNumber, Reach, Subscriber};
use domain::policy::Policy;
use domain::quota::{Counter, Scope};
use domain::refusal::Refusal;
use domain::rules::{Enrolment, Rules};
use domain::snapshot::Snapshot;
use domain::start::{Decision, Request, Start};
use domain::subject::Binding;

use crate::people::{COUNTRIES, NOON, People, Person};

/// An item that is written: the partition's subject and the item's name, as in `platform::store`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(pub String);

/// What one second's worth of items this size costs: all of them are below 1 KiB, so one unit each.
pub const UNITS: f64 = 1.0;
/// A part of a transaction counts double, a condition check included.
pub const IN_TRANSACTION: f64 = 2.0;

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

/// The draft of the person's start after `before` others of the last minutes, without its charge on a
/// budget; or the policy that refuses it.
pub fn draft(
    rules: &Rules,
    people: &People,
    person: Person,
    channel: Channel,
    before: usize,
    session: u64,
) -> Result<Draft, &'static str> {
    let mut stored = Snapshot::default();
    stored.subject.sms_sent = vec![NOON; before];
    let number = PhoneNumber::parse(&person.number()).map_err(|_| "number")?;
    let known = people.knows(person);
    if known {
        let version = 1;
        stored.subject.version = version;
        let country = country(number.expose());
        stored.subject.binding = Some(Binding { number: number.clone(), country, line: Line::Mobile, version });
    }
    let typed = Dialled::parse(number.expose()).ok().and_then(|dialled| Plan.find(&dialled, None));
    let request = Request {
        key: ChallengeKey {
            subject: SubjectId::new("growth", &person.0.to_string()),
            session: SessionId::new(&session.to_string(), None),
        },
        purpose: Purpose::Login,
        sub: String::new(),
        channel,
        typed: typed.filter(|_| !known),
        claimed: None,
        network: Network::of(person.address()),
        locale: Locale::En,
        keep_until: NOON + Duration::from_hours(2),
    };
    match (Start { rules, plan: &Plan }).decide(&stored, &request, NOON) {
        Ok(Decision::Send(draft)) => Ok(*draft),
        Ok(Decision::Running) => Err("running"),
        Err(Refusal::SendLimit(limit)) => Err(limit.policy),
        Err(_) => Err("other"),
    }
}

/// The items of a start's transaction, in the order of `store::start`.
#[must_use]
pub fn of_start(draft: &Draft) -> Vec<Key> {
    let mut keys = vec![subject(&draft.challenge)];
    keys.extend(draft.charges.iter().map(|charge| counter(&charge.counter)));
    keys.extend(draft.max_accounts.map(|_| number(&draft.challenge.phone)));
    keys.push(challenge(&draft.challenge));
    keys
}

/// The items of a settlement's transaction, in the order of `store::verbs`.
#[must_use]
pub fn of_settlement(settled: &Challenge) -> Vec<Key> {
    let mut keys = vec![challenge(settled), subject(settled)];
    if settled.source.enrols() {
        keys.push(number(&settled.phone));
        keys.extend(settled.charged.iter().filter(|(_, sends)| *sends > 0).map(|(charged, _)| counter(charged)));
    }
    keys
}

/// The challenge's item, which a guess is counted on.
#[must_use]
pub fn challenge(challenge: &Challenge) -> Key {
    Key(format!("challenge#{:02x?}", &challenge.id.key.session.as_bytes()[..8]))
}

/// The item that a country's verified subjects of a day are counted on.
#[must_use]
pub fn tally(country: &str) -> Key {
    Key(format!("country#{country}/verified"))
}

fn subject(challenge: &Challenge) -> Key {
    Key(format!("subject#{:02x?}", &challenge.id.key.subject.as_bytes()[..8]))
}

fn number(phone: &PhoneNumber) -> Key {
    Key(format!("number#{}", phone.expose()))
}

/// A counter's item.
#[must_use]
pub fn counter(counter: &Counter) -> Key {
    let scope = match &counter.scope {
        Scope::Number(phone) => format!("number#{}", phone.expose()),
        Scope::Network(network) => format!("network#{network}"),
        Scope::Range(phone) => format!("range#{}", phone.range()),
        Scope::Country(country) => format!("country#{}", country.as_str()),
    };
    Key(format!("{scope}/{}#{}#{}", counter.policy, counter.window, counter.shard))
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
