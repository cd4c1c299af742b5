//! The requests that each operation makes to the table.
//!
//! They are described here again because the store can only send requests, not describe them.
//! `tests/integration` captures what the store and the handlers really send and compares it with this,
//! request by request and key by key, and each item with its size here.

use domain::budget::CountryRecord;
use domain::challenge::Challenge;
use domain::identity::{ChallengeKey, SubjectId};
use domain::phone::{Country, PhoneNumber};
use domain::quota::{Counter, Scope};
use domain::start_transaction::{Replaces, StartTransaction};
use domain::time::Timestamp;
use platform::encoding::base64url;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// `pk`.
    pub partition: String,
    /// `sk`.
    pub sort: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Subject,
    Challenge,
    /// A number's accounts.
    Number,
    /// A counter of a limit.
    Counter,
    /// A country's verified subjects on one day.
    Verified,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Update,
    Put,
    /// Costs as much as a write.
    Check,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    pub verb: Verb,
    pub key: Key,
    pub kind: Kind,
}

/// One round trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A consistent read of one partition.
    Query(String),
    Update(Write),
    Transaction(Vec<Write>),
}

impl Kind {
    /// The most bytes that an item of this kind can have.
    #[must_use]
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Challenge => 1_024,
            Self::Subject => 512,
            Self::Number => 256,
            Self::Counter => 192,
            Self::Verified => 128,
        }
    }

    /// A write costs one write unit per KiB (Amazon DynamoDB developer guide, read-write-operations).
    #[must_use]
    pub fn units(self) -> f64 {
        f64::from(self.bytes().div_ceil(1_024))
    }
}

/// Each part of a transaction costs double, including a condition check (same page).
pub const IN_TRANSACTION: f64 = 2.0;

/// Challenges in a person's partition at 2.4 logins a day: one in twenty was abandoned and is kept for 30
/// days; the others stay for about two days, since DynamoDB deletes expired items "within a few days"
/// (developer guide, TTL).
const KEPT: u32 = 9;

/// A consistent query of a person's partition costs one read unit per 4 KiB of all its items.
#[must_use]
pub fn read_units() -> f64 {
    f64::from((KEPT * Kind::Challenge.bytes() + Kind::Subject.bytes()).div_ceil(4_096))
}

/// A start: the snapshot, then the transaction.
#[must_use]
pub fn start(transaction: &StartTransaction) -> Vec<Request> {
    let challenge = &transaction.challenge;
    let mut writes = vec![update(subject(&challenge.id.key.subject), Kind::Subject)];
    writes.extend(transaction.contests.iter().map(|other| update(challenge_key(&other.key), Kind::Challenge)));
    writes.extend(transaction.charges.iter().map(|charge| update(counter(&charge.counter), Kind::Counter)));
    let may_enrol = Write { verb: Verb::Check, key: number(&challenge.phone), kind: Kind::Number };
    writes.extend(transaction.max_accounts.map(|_| may_enrol));
    let verb = if transaction.replaces == Replaces::Continues { Verb::Update } else { Verb::Put };
    writes.push(Write { verb, key: challenge_key(&challenge.id.key), kind: Kind::Challenge });
    vec![status(&challenge.id.key.subject), Request::Transaction(writes)]
}

#[must_use]
pub fn status(subject: &SubjectId) -> Request {
    Request::Query(partition(subject))
}

/// A guess, right or wrong, or a webhook that moves a call on.
#[must_use]
pub fn count(challenge: &Challenge) -> Request {
    Request::Update(update(challenge_key(&challenge.id.key), Kind::Challenge))
}

/// What follows a right guess, and what the first status request does after a call was approved.
#[must_use]
pub fn settlement(challenge: &Challenge) -> Request {
    let mut writes = vec![
        update(challenge_key(&challenge.id.key), Kind::Challenge),
        update(subject(&challenge.id.key.subject), Kind::Subject),
    ];
    if challenge.source.enrols() {
        writes.push(update(number(&challenge.phone), Kind::Number));
        let given_back = challenge.charged.iter().filter(|(_, sends)| *sends > 0);
        writes.extend(given_back.map(|(charged, _)| update(counter(charged), Kind::Counter)));
    }
    Request::Transaction(writes)
}

/// What the follow-up function writes for a batch with people from these countries.
#[must_use]
pub fn tally(countries: impl IntoIterator<Item = Country>, now: Timestamp) -> Request {
    let day = CountryRecord::day(now);
    let key = |country: Country| Key { partition: country_partition(country), sort: format!("verified#{day}") };
    Request::Transaction(countries.into_iter().map(|country| update(key(country), Kind::Verified)).collect())
}

#[must_use]
pub fn counter(counter: &Counter) -> Key {
    let partition = match &counter.scope {
        Scope::Number(phone) => number_partition(phone),
        Scope::Network(network) => format!("network#{network}"),
        Scope::Range(phone) => format!("range#{}", phone.range()),
        Scope::Country(country) => country_partition(*country),
    };
    Key { partition, sort: format!("{}#{}#{}", counter.limit.as_str(), counter.window, counter.shard) }
}

const fn update(key: Key, kind: Kind) -> Write {
    Write { verb: Verb::Update, key, kind }
}

fn partition(subject: &SubjectId) -> String {
    format!("subject#{}", base64url(subject.as_bytes()))
}

fn subject(subject: &SubjectId) -> Key {
    Key { partition: partition(subject), sort: "subject".to_owned() }
}

fn challenge_key(key: &ChallengeKey) -> Key {
    let sort = format!("challenge#{}", base64url(key.session.as_bytes()));
    Key { partition: partition(&key.subject), sort }
}

fn number(phone: &PhoneNumber) -> Key {
    Key { partition: number_partition(phone), sort: "number".to_owned() }
}

fn number_partition(phone: &PhoneNumber) -> String {
    format!("number#{}", base64url(&phone.digest()))
}

fn country_partition(country: Country) -> String {
    format!("country#{}", country.as_str())
}
