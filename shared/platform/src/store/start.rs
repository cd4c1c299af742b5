//! Starting a challenge, resending or adding a channel, in one transaction.

use std::ops::Range;

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use domain::call::CallState;
use domain::channel::Channel;
use domain::delivery::Delivery;
use domain::identity::ChallengeId;
use domain::phone::PhoneRefusal;
use domain::ports::{Started, StoreError};
use domain::quota::Counter;
use domain::refusal::Refusal;
use domain::start_transaction::{Predecessor, Replaces, StartTransaction};

use super::expression::and;
use super::fault::unavailable;
use super::key::{challenge_key, subject_key};
use super::table::DynamoStore;
use super::value::{bytes, number, reserved, text, time, times};
use super::write::{as_writes, put_by_request};
use super::{challenge_item, counter, expression};
use crate::item::attribute::TTL;
use crate::item::challenge::{APPROVED, PENDING, REFUSED};

impl DynamoStore {
    /// The order of the writes: the subject, the contested challenges, the charges, the check that the number may be
    /// enrolled, the challenge.
    pub(super) async fn start(&self, transaction: &StartTransaction) -> Result<Started, StoreError> {
        let mut writes = vec![self.subject_at_start(transaction)];
        writes.extend(transaction.contests.iter().map(|other| self.contested(other)));
        let charges = writes.len()..writes.len() + transaction.charges.len();
        writes.extend(transaction.charges.iter().map(|charge| self.charge(charge)));
        let mut writes = as_writes(writes)?;
        let enrolment =
            transaction.max_accounts.map(|most| self.may_enrol(&transaction.challenge, most, transaction.at));
        if let Some(check) = enrolment {
            writes.push(TransactWriteItem::builder().condition_check(check.build().map_err(unavailable)?).build());
        }
        writes.push(self.challenge_at_start(transaction)?);
        let count = writes.len();
        let Some(cancelled) = self.transact(writes).await? else { return Ok(Started::Applied) };
        let refused: Vec<usize> = (0..count).filter(|position| cancelled.refused(*position).is_some()).collect();
        refusal(transaction, &charges, &refused).map(Started::Refused).ok_or(StoreError::Conflict)
    }

    fn challenge_at_start(&self, transaction: &StartTransaction) -> Result<TransactWriteItem, StoreError> {
        let put = || {
            let item = challenge_item::new(&transaction.challenge, transaction.keep_until);
            Put::builder()
                .table_name(&self.table)
                .set_item(Some(put_by_request(item)))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        };
        let unmoved = |former: Predecessor, condition| {
            put()
                .condition_expression(condition)
                .expression_attribute_values(":answers", number(former.answers))
                .expression_attribute_values(":generation", number(former.generation))
                .expression_attribute_values(":attempts", number(former.attempts))
                .expression_attribute_values(":messages", number(former.messages))
                .expression_attribute_values(":calls", number(former.calls))
                .expression_attribute_values(":pending", text(PENDING))
        };
        let put = match transaction.replaces {
            Replaces::Nothing => put().condition_expression(expression::NO_CHALLENGE),
            Replaces::Generation(former) => unmoved(former, expression::GENERATION_UNMOVED),
            Replaces::Refused(former) => unmoved(former, expression::UNSETTLED_GENERATION_UNMOVED)
                .expression_attribute_values(":approved", text(APPROVED))
                .expression_attribute_values(":refused", text(REFUSED)),
            Replaces::Proof { generation, answers } => put()
                .condition_expression(expression::PROVEN_GENERATION)
                .expression_attribute_values(":answers", number(answers))
                .expression_attribute_values(":generation", number(generation))
                .expression_attribute_values(":approved", text(APPROVED))
                .expression_attribute_values(":true", AttributeValue::Bool(true)),
            Replaces::Continues => {
                let update = self.continued(transaction).build().map_err(unavailable)?;
                return Ok(TransactWriteItem::builder().update(update).build());
            }
        };
        Ok(TransactWriteItem::builder().put(put.build().map_err(unavailable)?).build())
    }

    fn subject_at_start(&self, transaction: &StartTransaction) -> UpdateBuilder {
        let subject = &transaction.subject;
        let key = subject_key(&transaction.challenge.id.key.subject);
        let is_new = subject.version == 0;
        let condition = if is_new { expression::SUBJECT_IS_NEW } else { expression::SUBJECT_UNMOVED };
        let mut update = expression::SUBJECT_AT_START.to_owned();
        if subject.last_failure_at.is_some() {
            update.push_str(expression::AND_LAST_FAILURE);
        }
        let mut write = self
            .write(key, update, condition)
            .expression_attribute_values(":next", number(subject.version + 1))
            .expression_attribute_values(":failures", number(subject.failures))
            .expression_attribute_values(":reserved", reserved(&subject.reserved))
            .expression_attribute_values(":smsSent", times(&subject.sms_sent))
            .expression_attribute_values(":callsPlaced", times(&subject.calls_placed));
        if let Some(at) = subject.last_failure_at {
            write = write.expression_attribute_values(":lastFailureAt", time(at));
        }
        if !is_new {
            write = write.expression_attribute_values(":version", number(subject.version));
        }
        write
    }

    pub(super) fn contested(&self, other: &ChallengeId) -> UpdateBuilder {
        self.write(challenge_key(&other.key), expression::CONTEST, expression::EXISTS)
            .expression_attribute_values(":true", AttributeValue::Bool(true))
    }

    fn continued(&self, transaction: &StartTransaction) -> UpdateBuilder {
        let challenge = &transaction.challenge;
        let key = challenge_key(&challenge.id.key);
        let charged: Vec<&Counter> = transaction.enrolment_gives_back().collect();
        let update = |update| {
            let update = and(update, expression::AND_CONTESTED, challenge.contested);
            and(&update, expression::AND_CHARGED, !charged.is_empty())
        };
        let write = match (transaction.channel, &challenge.call) {
            (Channel::Call, Some(call)) => self
                .write(key, update(expression::CALL_AGAIN), expression::SAME_OPEN_AND_CALLS_UNMOVED)
                .expression_attribute_values(":token", bytes(&call.token))
                .expression_attribute_values(":calling", text(CallState::Calling.as_str()))
                .expression_attribute_values(":answers", number(challenge.answers))
                .expression_attribute_values(":formerCalls", challenge_item::former_calls(challenge))
                .expression_attribute_values(":zero", number(0_u32)),
            _ => self
                .write(key, update(expression::RESEND_SMS), expression::SAME_OPEN_AND_SMS_UNMOVED)
                .expression_attribute_values(":codes", challenge_item::codes(challenge))
                .expression_attribute_values(":digests", challenge_item::digests(challenge)),
        };
        let write = if challenge.contested {
            write.expression_attribute_values(":true", AttributeValue::Bool(true))
        } else {
            write
        };
        let write = if charged.is_empty() { write } else { write.expression_attribute_values(":none", number(0_u32)) };
        let sends = challenge.sends(transaction.channel);
        let used = sends.used.saturating_sub(1); // the transaction already counts this send
        let delivery = sends.last.map_or(Delivery::Sending, |(_, delivery)| delivery);
        counter::named(write, charged)
            .expression_attribute_values(":used", number(used))
            .expression_attribute_values(":one", number(1_u32))
            .expression_attribute_values(":now", time(transaction.at))
            .expression_attribute_values(":sent", text(delivery.as_str()))
            .expression_attribute_values(":pending", text(PENDING))
            .expression_attribute_values(":generation", number(challenge.id.generation))
            .expression_attribute_values(":expiresAt", time(challenge.expires_at))
            .expression_attribute_values(":locale", text(challenge.locale.tag()))
            .expression_attribute_values(":keepUntil", time(transaction.keep_until))
            .expression_attribute_values(":ttl", challenge_item::delete_at(transaction.keep_until))
            .expression_attribute_names("#ttl", TTL.name)
    }
}

/// Why the transaction is refused, given the positions of the writes that failed. `None` if something that it was decided on
/// has changed: then the start must be decided again.
fn refusal(transaction: &StartTransaction, charges: &Range<usize>, refused: &[usize]) -> Option<Refusal> {
    let enrolment = transaction.max_accounts.map(|_| charges.end);
    let of_limits = |position: &usize| charges.contains(position) || enrolment == Some(*position);
    if !refused.iter().all(of_limits) {
        return None;
    }
    if refused.iter().any(|position| enrolment == Some(*position)) {
        return Some(Refusal::Number(PhoneRefusal::Unavailable));
    }
    let reached = refused.iter().filter_map(|position| transaction.charges.get(position - charges.start));
    let limits = reached.map(|charge| charge.told);
    limits.max_by_key(|limit| limit.retry_at).map(Refusal::SendLimit)
}
