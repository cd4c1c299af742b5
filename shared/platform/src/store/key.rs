//! The keys of items as requests need them, built from [`crate::item::key`].

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::channel::Channel;
use domain::identity::{ChallengeKey, SubjectId};
use domain::phone::Country;
use domain::quota::Counter;

use crate::item::attribute::{PK, SK};
use crate::item::key::{
    breaker_sort, challenge_sort, counter_name, counter_partition, country_partition, number_partition, number_sort,
    refusal_sort, subject_partition, subject_sort, switches_partition, switches_sort, verified_sort,
};

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn subject_key(subject: &SubjectId) -> Item {
    key(subject_partition(subject), subject_sort())
}

pub(super) fn refusal_key(subject: &SubjectId) -> Item {
    key(subject_partition(subject), refusal_sort())
}

pub(super) fn challenge_key(challenge: &ChallengeKey) -> Item {
    key(subject_partition(&challenge.subject), challenge_sort(&challenge.session))
}

pub(super) fn number_key(digest: &[u8; 32]) -> Item {
    key(number_partition(digest), number_sort())
}

pub(super) fn verified_key(country: Country, day: u64) -> Item {
    key(country_partition(country), verified_sort(day))
}

pub(super) fn breaker_key(country: Country, channel: Channel) -> Item {
    key(country_partition(country), breaker_sort(channel))
}

pub(super) fn counter_key(counter: &Counter) -> Item {
    key(counter_partition(&counter.scope), counter_name(counter))
}

pub(super) fn switches_key() -> Item {
    key(switches_partition(), switches_sort())
}

fn key(partition: String, sort: String) -> Item {
    let keys = [(PK.name, partition), (SK.name, sort)];
    HashMap::from(keys.map(|(name, value)| (name.to_owned(), AttributeValue::S(value))))
}
