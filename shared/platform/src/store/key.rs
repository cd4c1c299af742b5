//! The keys of every item: see the table in [`super`].

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::channel::Channel;
use domain::identity::{ChallengeKey, SubjectId};
use domain::phone::Country;
use domain::quota::{Counter, Scope};

use crate::encoding::base64url;

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) const SUBJECT: &str = "subject";
pub(super) const REFUSAL: &str = "refusal";
pub(super) const CHALLENGE_PREFIX: &str = "challenge#";
pub(super) const VERIFIED_PREFIX: &str = "verified#";
pub(super) const BREAKER_PREFIX: &str = "breaker#";
const NUMBER: &str = "number";

pub(super) fn subject_partition(subject: &SubjectId) -> String {
    format!("subject#{}", base64url(subject.as_bytes()))
}

pub(super) fn subject_key(subject: &SubjectId) -> Item {
    key(subject_partition(subject), SUBJECT.to_owned())
}

pub(super) fn refusal_key(subject: &SubjectId) -> Item {
    key(subject_partition(subject), REFUSAL.to_owned())
}

pub(super) fn challenge_key(challenge: &ChallengeKey) -> Item {
    let session = base64url(challenge.session.as_bytes());
    key(subject_partition(&challenge.subject), format!("{CHALLENGE_PREFIX}{session}"))
}

pub(super) fn number_key(digest: &[u8; 32]) -> Item {
    key(number_partition(digest), NUMBER.to_owned())
}

fn number_partition(digest: &[u8; 32]) -> String {
    format!("number#{}", base64url(digest))
}

pub(super) fn country_partition(country: Country) -> String {
    format!("country#{}", country.as_str())
}

pub(super) fn verified_key(country: Country, day: u64) -> Item {
    key(country_partition(country), format!("{VERIFIED_PREFIX}{day}"))
}

pub(super) fn breaker_key(country: Country, channel: Channel) -> Item {
    key(country_partition(country), format!("{BREAKER_PREFIX}{}", channel.as_str()))
}

pub(super) fn counter_key(counter: &Counter) -> Item {
    let partition = match &counter.scope {
        Scope::Number(phone) => number_partition(&phone.digest()),
        Scope::Network(network) => format!("network#{network}"),
        Scope::Range(phone) => format!("range#{}", phone.range()),
        Scope::Country(country) => country_partition(*country),
    };
    key(partition, counter_sort_key(counter))
}

pub(super) fn counter_sort_key(counter: &Counter) -> String {
    format!("{}#{}#{}", counter.policy, counter.window, counter.shard)
}

/// The limit, window and shard that a counter's sort key names.
pub(super) fn parse_counter_sort_key(sort: &str) -> Option<(&str, u64, u32)> {
    let mut parts = sort.split('#');
    let (policy, window, shard) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then_some((policy, window.parse().ok()?, shard.parse().ok()?))
}

fn key(partition: String, sort: String) -> Item {
    HashMap::from([("pk".to_owned(), AttributeValue::S(partition)), ("sk".to_owned(), AttributeValue::S(sort))])
}
