//! A number's own item: the accounts that enrolled it, and its block.

use aws_sdk_dynamodb::types::ConditionCheck;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use aws_sdk_dynamodb::types::builders::{ConditionCheckBuilder, UpdateBuilder};
use domain::challenge::Challenge;
use domain::identity::SubjectId;
use domain::phone::PhoneNumber;
use domain::time::Timestamp;

use super::expression;
use super::key::number_key;
use super::table::DynamoStore;
use super::value::{bytes, bytes_set, number, time};

impl DynamoStore {
    /// Checks, before anything is sent, that the number may get one more account.
    pub(super) fn may_enrol(&self, challenge: &Challenge, most: u32, now: Timestamp) -> ConditionCheckBuilder {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(number_key(&challenge.phone.digest())))
            .condition_expression(room(challenge))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .expression_attribute_values(":subject", bytes(challenge.id.key.subject.as_bytes()))
            .expression_attribute_values(":most", number(most));
        if challenge.is_typed() { check.expression_attribute_values(":now", time(now)) } else { check }
    }

    pub(super) fn add_account(&self, challenge: &Challenge, most: u32, now: Timestamp) -> UpdateBuilder {
        let subject = challenge.id.key.subject.as_bytes();
        let write = self
            .write(number_key(&challenge.phone.digest()), expression::ADD_ACCOUNT, room(challenge))
            .expression_attribute_values(":subject", bytes(subject))
            .expression_attribute_values(":account", bytes_set(subject))
            .expression_attribute_values(":most", number(most));
        if challenge.is_typed() { write.expression_attribute_values(":now", time(now)) } else { write }
    }

    pub(super) fn remove_account(&self, phone: &PhoneNumber, subject: &SubjectId) -> UpdateBuilder {
        self.blind_write(number_key(&phone.digest()), expression::REMOVE_ACCOUNT)
            .expression_attribute_values(":account", bytes_set(subject.as_bytes()))
    }

    pub(super) fn block_number(&self, phone: &PhoneNumber, until: Timestamp) -> UpdateBuilder {
        self.blind_write(number_key(&phone.digest()), expression::BLOCK_NUMBER)
            .expression_attribute_values(":until", time(until))
    }
}

/// A reported number is closed to users who type it, but not to those for whom a first factor vouches: otherwise a
/// stranger could lock its owner out.
fn room(challenge: &Challenge) -> &'static str {
    if challenge.is_typed() { expression::HAS_ROOM_AND_IS_NOT_BLOCKED } else { expression::HAS_ROOM }
}
