//! The requests that each operation makes of the table: as the domain transactions them, and the store lays them out.
//!
//! Written anew here, since the store can only send what it lays out. `tests/integration` captures what the
//! store and the handlers really send and holds it against this, request by request and key by key, and
//! every item against the size that it is said to have.

use domain::budget::CountryRecord;
use domain::challenge::Challenge;
use domain::identity::{ChallengeKey, SubjectId};
use domain::phone::{Country, PhoneNumber};
use domain::quota::{Counter, Scope};
use domain::start_transaction::{Replaces, StartTransaction};
use domain::time::Timestamp;
use platform::encoding::base64url;

/// An item's key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// `pk`.
    pub partition: String,
    /// `sk`.
    pub sort: String,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The subject.
    Subject,
    /// A challenge.
    Challenge,
    /// A number's accounts.
    Number,
    /// A counter of a limit.
    Counter,
    /// A country's verified subjects of a day.
    Verified,
}

/// How an item is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `Update`.
    Update,
    /// `Put`.
    Put,
    /// `ConditionCheck`, which costs what a write costs.
    Check,
}

/// One item that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// How.
    pub verb: Verb,
    /// Where.
    pub key: Key,
    /// What.
    pub kind: Kind,
}

/// One round trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A consistent read of one partition.
    Query(String),
    /// `UpdateItem`.
    Update(Write),
    /// `TransactWriteItems`.
    Transaction(Vec<Write>),
}

impl Kind {
    /// No item of this kind has more bytes.
    #[must_use]
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Challenge => 768,
            Self::Subject => 512,
            Self::Number => 256,
            Self::Counter | Self::Verified => 128,
        }
    }

    /// Write units of a write: one for each KiB (Amazon DynamoDB developer guide, read-write-operations).
    #[must_use]
    pub fn units(self) -> f64 {
        f64::from(self.bytes().div_ceil(1_024))
    }
}

/// Each part of a transaction costs double, a condition check included (the same page).
pub const IN_TRANSACTION: f64 = 2.0;

/// Challenges that a person's partition holds beside the account, at 2.4 logins a day: of the one in twenty
/// that were left, those of 30 days; of the others those of two days, since DynamoDB deletes what has expired
/// "within a few days" (developer guide, TTL).
const KEPT: u32 = 9;

/// Read units of a consistent query of a person's partition: one for each 4 KiB of all its items.
#[must_use]
pub fn read_units() -> f64 {
    f64::from((KEPT * Kind::Challenge.bytes() + Kind::Subject.bytes()).div_ceil(4_096))
}

/// A start: the snapshot, then all of the transaction at once.
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

/// A status.
#[must_use]
pub fn status(subject: &SubjectId) -> Request {
    Request::Query(partition(subject))
}

/// A guess, right or wrong; and a webhook that moves a call on.
#[must_use]
pub fn count(challenge: &Challenge) -> Request {
    Request::Update(update(challenge_key(&challenge.id.key), Kind::Challenge))
}

/// What a right guess goes on with, and the first status after a call was approved.
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

/// What the follow-up function makes of a batch with people of these countries.
#[must_use]
pub fn tally(countries: impl IntoIterator<Item = Country>, now: Timestamp) -> Request {
    let day = CountryRecord::day(now);
    let key = |country: Country| Key { partition: country_partition(country), sort: format!("verified#{day}") };
    Request::Transaction(countries.into_iter().map(|country| update(key(country), Kind::Verified)).collect())
}

/// A counter's item.
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
