//! Counters of sends that subjects share: per number, network, range and country.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use domain::challenge::Challenge;
use domain::quota::{Charge, Counter, Scope};
use domain::time::Timestamp;

use super::expression;
use super::key::counter_key;
use super::table::DynamoStore;
use super::value::{number, time};
use crate::item::attribute::TTL;
use crate::item::key::counter_name;

/// A counter is deleted this long after its window, when nothing reads it any more.
const MEMORY: Duration = Duration::from_hours(48);

/// What an enrolment gives back, as the challenge stores it.
pub(super) fn charged(challenge: &Challenge) -> AttributeValue {
    let entries = challenge.charged.iter();
    AttributeValue::M(entries.map(|(counter, sends)| (counter_name(counter), number(*sends))).collect())
}

/// Adds the placeholders of these counters in the map `charged`.
pub(super) fn named<'a>(write: UpdateBuilder, counters: impl IntoIterator<Item = &'a Counter>) -> UpdateBuilder {
    counters.into_iter().fold(write, |write, counter| {
        let name = match counter.scope {
            Scope::Number(_) => "#number",
            Scope::Network(_) => "#network",
            Scope::Range(_) => "#range",
            Scope::Country(_) => "#country",
        };
        write.expression_attribute_names(name, counter_name(counter))
    })
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
            .expression_attribute_names("#ttl", TTL.name)
    }

    /// Gives back what the challenge's unverified sends were charged. Unconditional, since the counter may have been
    /// deleted: then it is created below zero.
    pub(super) fn refund(&self, counter: &Counter, sends: u32, now: Timestamp) -> UpdateBuilder {
        self.blind_write(counter_key(counter), expression::REFUND)
            .expression_attribute_values(":back", AttributeValue::N(format!("-{sends}")))
            .expression_attribute_values(":ttl", time(now + MEMORY))
            .expression_attribute_names("#ttl", TTL.name)
    }
}
