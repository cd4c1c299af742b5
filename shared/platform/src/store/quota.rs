//! The counters that subjects share, and what is kept of a number whoever uses it.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::{ConditionCheckBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{ConditionCheck, ReturnValuesOnConditionCheckFailure};
use domain::challenge::Challenge;
use domain::identity::SubjectId;
use domain::phone::{Country, PhoneNumber};
use domain::ports::StoreError;
use domain::quota::{Charge, Counter, Scope};
use domain::time::Timestamp;

use super::item::{bytes, bytes_set, number, parse_number, time};
use super::{DynamoStore, Item, expression, shared_key};
use crate::encoding::base64url;

/// A counter is forgotten this long after its window: nothing asks for it any more.
const MEMORY: Duration = Duration::from_hours(48);

pub(super) fn number_partition(digest: &[u8; 32]) -> String {
    format!("number#{}", base64url(digest))
}

pub(super) fn number_key(digest: &[u8; 32]) -> Item {
    shared_key(number_partition(digest), "number".to_owned())
}

pub(super) fn country_partition(country: Country) -> String {
    format!("country#{}", country.as_str())
}

fn counter_key(counter: &Counter) -> Item {
    let partition = match &counter.scope {
        Scope::Number(phone) => number_partition(&phone.digest()),
        Scope::Network(network) => format!("network#{network}"),
        Scope::Range(phone) => format!("range#{}", phone.range()),
        Scope::Country(country) => country_partition(*country),
    };
    shared_key(partition, sort_key(counter))
}

fn sort_key(counter: &Counter) -> String {
    format!("{}#{}#{}", counter.policy, counter.window, counter.shard)
}

/// The limit, window and shard that a counter's sort key names.
pub(super) fn parse_sort_key(sort: &str) -> Option<(&str, u64, u32)> {
    let mut parts = sort.split('#');
    let (policy, window, shard) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then_some((policy, window.parse().ok()?, shard.parse().ok()?))
}

/// What an enrolment gives back, as a challenge keeps it.
pub(super) fn charged(challenge: &Challenge) -> AttributeValue {
    let entries = challenge.charged.iter();
    AttributeValue::M(entries.map(|(counter, sends)| (sort_key(counter), number(*sends))).collect())
}

/// The names by which an update speaks of what is kept of these counters in a challenge.
pub(super) fn named<'a>(write: UpdateBuilder, counters: impl IntoIterator<Item = &'a Counter>) -> UpdateBuilder {
    counters.into_iter().fold(write, |write, counter| {
        let name = match counter.scope {
            Scope::Number(_) => "#number",
            Scope::Network(_) => "#network",
            Scope::Range(_) => "#range",
            Scope::Country(_) => "#country",
        };
        write.expression_attribute_names(name, sort_key(counter))
    })
}

pub(super) fn read_charged(
    item: &Item,
    phone: &PhoneNumber,
    country: Country,
) -> Result<Vec<(Counter, u32)>, StoreError> {
    let charged = item.get("charged").and_then(|value| value.as_m().ok()).ok_or(StoreError::Unreadable("charged"))?;
    let read = |(sort, sends): (&String, &AttributeValue)| {
        let (name, window, shard) = parse_sort_key(sort)?;
        let policy = domain::quota::GIVEN_BACK.into_iter().find(|policy| *policy == name)?;
        let scope = match policy {
            domain::quota::NUMBER => Scope::Number(phone.clone()),
            domain::quota::RANGE => Scope::Range(phone.clone()),
            _ => Scope::Country(country),
        };
        Some((Counter { scope, policy, window, shard }, parse_number(sends)?))
    };
    let charged: Option<Vec<_>> = charged.iter().map(read).collect();
    let mut charged = charged.ok_or(StoreError::Unreadable("charged"))?;
    charged.sort_by_key(|(counter, _)| (counter.policy, counter.window, counter.shard));
    Ok(charged)
}

impl DynamoStore {
    pub(super) fn charge(&self, charge: &Charge) -> UpdateBuilder {
        let key = counter_key(&charge.counter);
        let write = if charge.enforced {
            self.write(key, expression::CHARGE, expression::BELOW_QUOTA)
        } else {
            self.blind_write(key, expression::CHARGE)
        };
        write
            .expression_attribute_values(":zero", number(0_u32))
            .expression_attribute_values(":one", number(1_u32))
            .expression_attribute_values(":quota", number(charge.quota))
            .expression_attribute_values(":ttl", time(charge.ends_at() + MEMORY))
            .expression_attribute_names("#ttl", "ttl")
    }

    /// Gives back what the challenge's unverified sends were charged, since it enrols the number. Without
    /// a condition, as a counter may be forgotten; one that is written anew then counts below zero.
    pub(super) fn refund(&self, counter: &Counter, sends: u32, now: Timestamp) -> UpdateBuilder {
        self.blind_write(counter_key(counter), expression::REFUND)
            .expression_attribute_values(":back", AttributeValue::N(format!("-{sends}")))
            .expression_attribute_values(":ttl", time(now + MEMORY))
            .expression_attribute_names("#ttl", "ttl")
    }

    /// Whether the challenge's number may get one more account, before anything is sent to it.
    pub(super) fn may_enrol(&self, challenge: &Challenge, most: u32, now: Timestamp) -> ConditionCheckBuilder {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(number_key(&challenge.phone.digest())))
            .condition_expression(room(challenge))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .expression_attribute_values(":subject", bytes(challenge.id.key.subject.as_bytes()))
            .expression_attribute_values(":most", number(most));
        if challenge.source.is_unverified() { check.expression_attribute_values(":now", time(now)) } else { check }
    }

    /// Makes the subject one of its number's accounts.
    pub(super) fn enrolled(&self, challenge: &Challenge, most: u32, now: Timestamp) -> UpdateBuilder {
        let subject = challenge.id.key.subject.as_bytes();
        let write = self
            .write(number_key(&challenge.phone.digest()), expression::ADD_ACCOUNT, room(challenge))
            .expression_attribute_values(":subject", bytes(subject))
            .expression_attribute_values(":account", bytes_set(subject))
            .expression_attribute_values(":most", number(most));
        if challenge.source.is_unverified() { write.expression_attribute_values(":now", time(now)) } else { write }
    }

    /// The subject is none of the number's accounts any more.
    pub(super) fn left(&self, phone: &PhoneNumber, subject: &SubjectId) -> UpdateBuilder {
        self.blind_write(number_key(&phone.digest()), expression::REMOVE_ACCOUNT)
            .expression_attribute_values(":account", bytes_set(subject.as_bytes()))
    }
}

/// A number that was reported stays closed to those who type it, not to whom a first factor vouches for:
/// else a stranger could keep its owner out.
fn room(challenge: &Challenge) -> &'static str {
    if challenge.source.is_unverified() { expression::HAS_ROOM_AND_IS_NOT_BLOCKED } else { expression::HAS_ROOM }
}
