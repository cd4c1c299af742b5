//! The keys of every item: partitions, and sort keys within them. The store's table lists them all.

use domain::channel::Channel;
use domain::identity::{SessionId, SubjectId};
use domain::phone::Country;
use domain::quota::{Counter, Scope};

use super::attribute::SK;
use super::reader::Unreadable;
use crate::encoding::{base64url, from_base64url};

const SUBJECT: &str = "subject";
const REFUSAL: &str = "refusal";
const CHALLENGE: &str = "challenge";
const NUMBER: &str = "number";
const NETWORK: &str = "network";
const RANGE: &str = "range";
const COUNTRY: &str = "country";
const VERIFIED: &str = "verified";
const BREAKER: &str = "breaker";
const SWITCHES: &str = "switches";

/// The kinds of partitions that have counters: what a limit is on.
pub const SCOPES: [&str; 4] = [NUMBER, NETWORK, RANGE, COUNTRY];

/// The digest of the subject whose partition it is.
#[must_use]
pub fn subject_of(partition: &str) -> Option<&str> {
    partition.strip_prefix(SUBJECT)?.strip_prefix('#')
}

/// The code of the country whose partition it is.
#[must_use]
pub fn country_of(partition: &str) -> Option<&str> {
    partition.strip_prefix(COUNTRY)?.strip_prefix('#')
}

#[must_use]
pub fn subject_partition(subject: &SubjectId) -> String {
    format!("{SUBJECT}#{}", base64url(subject.as_bytes()))
}

#[must_use]
pub fn number_partition(digest: &[u8; 32]) -> String {
    format!("{NUMBER}#{}", base64url(digest))
}

#[must_use]
pub fn country_partition(country: Country) -> String {
    format!("{COUNTRY}#{}", country.as_str())
}

#[must_use]
pub fn counter_partition(scope: &Scope) -> String {
    match scope {
        Scope::Number(phone) => number_partition(&phone.digest()),
        Scope::Network(network) => format!("{NETWORK}#{network}"),
        Scope::Range(phone) => format!("{RANGE}#{}", phone.range()),
        Scope::Country(country) => country_partition(*country),
    }
}

/// Of the one item that holds them all.
#[must_use]
pub fn switches_partition() -> String {
    SWITCHES.to_owned()
}

/// The sort key of a counter, and its name in what a challenge was charged.
#[must_use]
pub fn counter_name(counter: &Counter) -> String {
    format!("{}#{}#{}", counter.limit.as_str(), counter.window, counter.shard)
}

/// The limit, window and shard that a counter's name holds.
pub(super) fn parse_counter(name: &str) -> Option<(&str, u64, u32)> {
    let mut parts = name.split('#');
    let (limit, window, shard) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then_some((limit, window.parse().ok()?, shard.parse().ok()?))
}

/// The sort keys in a subject's partition.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SubjectSort {
    Subject,
    Refusal,
    Challenge(SessionId),
    /// A later version's.
    Unknown,
}

impl SubjectSort {
    pub fn parse(sort: &str) -> Result<Self, Unreadable> {
        match sort.split_once('#') {
            None if sort == SUBJECT => Ok(Self::Subject),
            None if sort == REFUSAL => Ok(Self::Refusal),
            Some((CHALLENGE, session)) => {
                let session = from_base64url(session).ok_or(Unreadable(SK.name))?;
                Ok(Self::Challenge(SessionId::from_bytes(session)))
            }
            _ => Ok(Self::Unknown),
        }
    }
}

/// The sort keys in the partitions that subjects share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedSort<'a> {
    Number,
    Breaker(Channel),
    Switches,
    /// The subjects of a country that were verified on this day.
    Verified(u64),
    Counter {
        limit: &'a str,
        window: u64,
        shard: u32,
    },
    /// A later version's.
    Unknown,
}

impl<'a> SharedSort<'a> {
    pub fn parse(sort: &'a str) -> Result<Self, Unreadable> {
        match sort.split_once('#') {
            None if sort == NUMBER => Ok(Self::Number),
            None if sort == SWITCHES => Ok(Self::Switches),
            Some((BREAKER, channel)) => Channel::parse(channel).map(Self::Breaker).ok_or(Unreadable(SK.name)),
            Some((VERIFIED, day)) => day.parse().map(Self::Verified).map_err(|_| Unreadable(SK.name)),
            _ => Ok(match parse_counter(sort) {
                Some((limit, window, shard)) => Self::Counter { limit, window, shard },
                None => Self::Unknown,
            }),
        }
    }
}

#[must_use]
pub fn subject_sort() -> String {
    SUBJECT.to_owned()
}

#[must_use]
pub fn refusal_sort() -> String {
    REFUSAL.to_owned()
}

#[must_use]
pub fn challenge_sort(session: &SessionId) -> String {
    format!("{CHALLENGE}#{}", base64url(session.as_bytes()))
}

#[must_use]
pub fn number_sort() -> String {
    NUMBER.to_owned()
}

#[must_use]
pub fn breaker_sort(channel: Channel) -> String {
    format!("{BREAKER}#{}", channel.as_str())
}

#[must_use]
pub fn verified_sort(day: u64) -> String {
    format!("{VERIFIED}#{day}")
}

#[must_use]
pub fn switches_sort() -> String {
    SWITCHES.to_owned()
}
