//! Attribute values to write.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::identity::Reservation;
use domain::time::Timestamp;

use crate::item::subject::reservation_name;

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl Into<u64>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

pub(super) fn time(value: Timestamp) -> AttributeValue {
    number(value.as_unix())
}

pub(super) fn times(values: &[Timestamp]) -> AttributeValue {
    AttributeValue::L(values.iter().copied().map(time).collect())
}

pub(super) fn bytes(value: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// A set with one member.
pub(super) fn bytes_set(value: &[u8]) -> AttributeValue {
    AttributeValue::Bs(vec![Blob::new(value)])
}

pub(super) fn reserved(guesses: &BTreeMap<Reservation, u32>) -> AttributeValue {
    let entries = guesses.iter().map(|(reservation, guesses)| (reservation_name(reservation), number(*guesses)));
    AttributeValue::M(entries.collect())
}
