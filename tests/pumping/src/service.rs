//! The functions and their table, reduced to the decisions about sends.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use domain::budget::CountryRecord;
use domain::challenge::{Challenge, Method, Outcome};
use domain::channel::Channel;
use domain::identity::{ChallengeKey, Network, SessionId, SubjectId};
use domain::locale::Locale;
use domain::phone::{Country, Dialled, Line, NumberingPlan, PhoneNumber, Reach, Subscriber};
use domain::policy::Policy;
use domain::quota::{Charge, Counter, Scope, window};
use domain::request::Request;
use domain::rules::{Enrolment, Rules};
use domain::snapshot::Snapshot;
use domain::start::{Decision, Start};
use domain::start_transaction::StartTransaction;
use domain::subject::Binding;
use domain::switches::Switches;
use domain::time::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Warm execution environments, each with its own snapshots of the countries.
const ENVIRONMENTS: usize = 20;
/// How long an environment uses its snapshot of a country.
const FRESH: Duration = Duration::from_mins(1);

/// Somebody who signs in.
#[derive(Clone, Debug)]
pub struct Person {
    pub subject: SubjectId,
    pub number: PhoneNumber,
    /// The network the requests come from.
    pub network: Network,
}

/// The outcome of a request to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    Yes,
    Refused,
}

pub struct Service {
    rules: Rules,
    subjects: HashMap<SubjectId, Snapshot>,
    counters: HashMap<(String, u64, u32), i64>,
    countries: HashMap<Country, CountryRecord>,
    remembered: HashMap<(usize, Country), (Timestamp, CountryRecord)>,
    /// How often a country's breaker has opened.
    pub breakers: HashMap<(Country, Channel), u32>,
    random: StdRng,
}

impl Service {
    /// A deployment that sends to the countries in `records`.
    #[must_use]
    pub fn new(records: HashMap<Country, CountryRecord>, enforced: bool, seed: u64) -> Self {
        let mut policy = Policy::default();
        policy.unverified.enforced = enforced;
        let rules = Rules {
            policy,
            channels: BTreeSet::from(Channel::ALL),
            reach: Reach::by_every_channel(records.keys().copied()),
            enrolment: Enrolment::SelfService,
            test_numbers: Vec::new(),
        };
        Self {
            rules,
            subjects: HashMap::new(),
            counters: HashMap::new(),
            countries: records,
            remembered: HashMap::new(),
            breakers: HashMap::new(),
            random: StdRng::seed_from_u64(seed),
        }
    }

    /// Enrols a person, as if long ago.
    pub fn enrol(&mut self, person: &Person) {
        let mut stored = Snapshot::default();
        stored.subject.version = 1;
        stored.subject.binding = Some(binding(&person.number, 1));
        self.subjects.insert(person.subject, stored);
    }

    /// Whether the person's number is enrolled.
    #[must_use]
    pub fn knows(&self, person: &Person) -> bool {
        self.subjects.get(&person.subject).is_some_and(|stored| stored.subject.binding.is_some())
    }

    /// A request to send, in login session number `session`.
    pub fn send(&mut self, person: &Person, session: u64, channel: Channel, now: Timestamp) -> Sent {
        let stored = self.subjects.get(&person.subject).cloned().unwrap_or_default();
        let request = request(person, session, channel, &stored, now);
        let start = Start { rules: &self.rules, plan: &Plan, switches: &Switches::NONE };
        let Ok(Decision::Send(mut transaction)) = start.decide(&stored, &request, now) else { return Sent::Refused };
        let country = transaction.challenge.country;
        if transaction.challenge.source.is_unverified() && !self.charge_budget(&mut transaction, now) {
            return Sent::Refused;
        }
        if !transaction.charges.iter().all(|charge| self.has_room(charge)) {
            self.remembered.retain(|(_, remembered), _| *remembered != country);
            return Sent::Refused;
        }
        for charge in &transaction.charges {
            *self.counter(&charge.counter) += 1;
        }
        transaction.subject.version += 1;
        self.subjects.insert(person.subject, transaction.applied(stored));
        Sent::Yes
    }

    /// Enters the right code, which settles the challenge. If that enrols the number, its charges are given
    /// back.
    pub fn verify(&mut self, person: &Person, session: u64, now: Timestamp) {
        let key = key(person, session);
        let Some(mut stored) = self.subjects.remove(&person.subject) else { return };
        let Some(challenge) = stored.challenge(&key).cloned() else { return };
        if challenge.source.enrols() {
            for (counter, sends) in &challenge.charged {
                *self.counter(counter) -= i64::from(*sends);
            }
            stored.subject.binding = Some(binding(&challenge.phone, stored.subject.version + 1));
        }
        stored.subject.reserved.clear();
        stored.subject.last_success_at = Some(now);
        let outcome = Outcome::Approved { at: now, by: Method::SmsCode, settled: true };
        stored.challenges.clear(); // a finished login session is never read again
        stored.replace(Challenge { outcome, ..challenge });
        self.subjects.insert(person.subject, stored);
    }

    fn charge_budget(&mut self, transaction: &mut StartTransaction, now: Timestamp) -> bool {
        let country = transaction.challenge.country;
        let environment = self.random.random_range(0..ENVIRONMENTS);
        let known = self.remembered.get(&(environment, country)).filter(|(at, _)| now.since(*at) < FRESH);
        let record = match known {
            Some((_, record)) => record.clone(),
            None => self.read(country, now),
        };
        let charged = transaction.charge_budget(&record, &self.rules.policy.unverified, &mut self.random);
        self.remembered.insert((environment, country), (now, record));
        let Err(exhausted) = charged else { return true };
        if let Some(until) = exhausted.open_until {
            *self.breakers.entry((country, transaction.channel)).or_default() += 1;
            self.countries.entry(country).or_default().open_until.insert(transaction.channel, until);
            self.remembered.remove(&(environment, country));
        }
        false
    }

    fn read(&self, country: Country, now: Timestamp) -> CountryRecord {
        let mut record = self.countries.get(&country).cloned().unwrap_or_default();
        let today = window(Policy::LONG_WINDOW, now);
        for channel in Channel::ALL {
            for (day, shard) in [today - 1, today].into_iter().flat_map(|day| (0..32).map(move |shard| (day, shard))) {
                let limit = domain::limit::Limit::of_country(channel).as_str();
                let key = (format!("{}#{limit}", country.as_str()), day, shard);
                if let Some(used) = self.counters.get(&key) {
                    record.unverified.insert((channel, day, shard), u32::try_from(*used).unwrap_or_default());
                }
            }
        }
        record
    }

    fn has_room(&mut self, charge: &Charge) -> bool {
        !charge.enforced || *self.counter(&charge.counter) < i64::from(charge.quota)
    }

    fn counter(&mut self, counter: &Counter) -> &mut i64 {
        let scope = match &counter.scope {
            Scope::Number(number) => number.expose().to_owned(),
            Scope::Network(network) => network.to_string(),
            Scope::Range(number) => number.range().to_owned(),
            Scope::Country(country) => country.as_str().to_owned(),
        };
        self.counters.entry((format!("{scope}#{}", counter.limit.as_str()), counter.window, counter.shard)).or_default()
    }
}

fn key(person: &Person, session: u64) -> ChallengeKey {
    ChallengeKey { subject: person.subject, session: SessionId::new(&session.to_string(), None) }
}

fn request(person: &Person, session: u64, channel: Channel, stored: &Snapshot, now: Timestamp) -> Request {
    let typed = Dialled::parse(person.number.expose()).ok().and_then(|dialled| Plan.find(&dialled, None));
    Request {
        key: key(person, session),
        purpose: domain::purpose::Purpose::Login,
        sub: String::new(),
        channel,
        typed: typed.filter(|_| stored.subject.binding.is_none()),
        claimed: None,
        enrolment: Enrolment::SelfService,
        network: person.network,
        locale: Locale::En,
        keep_until: now + Duration::from_hours(2),
    }
}

fn binding(number: &PhoneNumber, version: u64) -> Binding {
    Binding { number: number.clone(), country: country(number.expose()), line: Line::Mobile, version }
}

/// A numbering plan of mobile numbers only, with the country given by the first digits.
struct Plan;

impl NumberingPlan for Plan {
    fn find(&self, dialled: &Dialled, _: Option<Country>) -> Option<Subscriber> {
        let number = PhoneNumber::parse(dialled.as_str()).ok()?;
        Some(Subscriber { country: Some(country(number.expose())), number, line: Line::Mobile })
    }
}

fn country(e164: &str) -> Country {
    let known = crate::traffic::PREFIXES.iter().find(|(prefix, _)| e164.starts_with(prefix));
    known.and_then(|(_, code)| Country::parse(code).ok()).unwrap_or(Country::NONE)
}
