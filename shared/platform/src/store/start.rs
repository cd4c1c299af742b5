//! Applying a draft: the subject and its challenge in one transaction.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use domain::call::CallState;
use domain::challenge::Delivery;
use domain::channel::Channel;
use domain::identity::ChallengeId;
use domain::ports::StoreError;
use domain::start::{Draft, Former, Replaces};
use domain::subject::Subject;
use domain::time::Timestamp;

use super::challenge_item::PENDING;
use super::fault::{Updated, cancelled, unavailable};
use super::item::{Word, bytes, number, text, time, times};
use super::verbs::transaction;
use super::{DynamoStore, challenge_item, challenge_key, expression, subject_item, subject_key};

impl DynamoStore {
    pub(super) async fn apply(&self, draft: &Draft) -> Result<(), StoreError> {
        let mut writes = vec![self.subject_at_start(draft)];
        writes.extend(draft.contests.iter().map(|other| self.contested(other)));
        let challenge = match draft.replaces {
            Replaces::Nothing => Some(self.first_generation(draft)?),
            Replaces::Generation(former) => Some(self.next_generation(draft, former)?),
            Replaces::Continues => {
                writes.push(self.continued(draft));
                None
            }
        };
        let mut writes = transaction(writes)?;
        writes.extend(challenge);
        match self.client.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(()),
            Err(error) => cancelled(error).and_then(|_| Err(StoreError::Conflict)),
        }
    }

    pub(super) async fn correct_send(
        &self,
        challenge: &ChallengeId,
        channel: Channel,
        sent_at: Timestamp,
        delivery: Delivery,
    ) -> Result<(), StoreError> {
        let failed = delivery == Delivery::Failed;
        let (update, condition) = match channel {
            Channel::Sms if failed => (expression::SMS_FAILED, expression::SMS_TAKEN_FOR_ACCEPTED),
            Channel::Sms => (expression::SMS_UNKNOWN, expression::SMS_TAKEN_FOR_ACCEPTED),
            Channel::Call if failed => (expression::CALL_FAILED, expression::CALL_TAKEN_FOR_ACCEPTED),
            Channel::Call => (expression::CALL_UNKNOWN, expression::CALL_TAKEN_FOR_ACCEPTED),
        };
        let mut update = self
            .update(challenge_key(&challenge.key), update, condition)
            .expression_attribute_values(":generation", number(challenge.generation))
            .expression_attribute_values(":at", time(sent_at))
            .expression_attribute_values(":accepted", text(Delivery::Accepted.word()))
            .expression_attribute_values(":delivery", text(delivery.word()));
        if failed {
            update = update.expression_attribute_values(":one", number(1_u32));
        }
        if failed && channel == Channel::Call {
            update = update.expression_attribute_values(":failed", text(CallState::Failed.word()));
        }
        match self.send_update(update).await? {
            Updated::Done(_) | Updated::Refused(_) => Ok(()), // refused: a later generation or send stands
        }
    }

    fn subject_at_start(&self, draft: &Draft) -> UpdateBuilder {
        let subject = &draft.subject;
        let key = subject_key(&draft.challenge.id.key.subject);
        let is_new = *subject == Subject::default() || subject.version == 0;
        let condition = if is_new { expression::SUBJECT_IS_NEW } else { expression::SUBJECT_UNMOVED };
        let mut update = expression::SUBJECT_AT_START.to_owned();
        if subject.last_failure_at.is_some() {
            update.push_str(expression::AND_LAST_FAILURE);
        }
        let mut write = self
            .write(key, update, condition)
            .expression_attribute_values(":next", number(subject.version + 1))
            .expression_attribute_values(":failures", number(subject.failures))
            .expression_attribute_values(":reserved", subject_item::reserved(subject))
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

    fn contested(&self, other: &ChallengeId) -> UpdateBuilder {
        self.write(challenge_key(&other.key), expression::CONTEST, expression::EXISTS)
            .expression_attribute_values(":true", AttributeValue::Bool(true))
    }

    fn first_generation(&self, draft: &Draft) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(challenge_item::begin(&draft.challenge, draft.keep_until)))
            .condition_expression(expression::NO_CHALLENGE);
        Ok(TransactWriteItem::builder().put(put.build().map_err(unavailable)?).build())
    }

    fn next_generation(&self, draft: &Draft, former: Former) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(challenge_item::begin(&draft.challenge, draft.keep_until)))
            .condition_expression(expression::GENERATION_UNMOVED)
            .expression_attribute_values(":generation", number(former.generation))
            .expression_attribute_values(":attempts", number(former.attempts))
            .expression_attribute_values(":messages", number(former.messages))
            .expression_attribute_values(":calls", number(former.calls))
            .expression_attribute_values(":pending", text(PENDING));
        Ok(TransactWriteItem::builder().put(put.build().map_err(unavailable)?).build())
    }

    fn continued(&self, draft: &Draft) -> UpdateBuilder {
        let challenge = &draft.challenge;
        let key = challenge_key(&challenge.id.key);
        let write = match (draft.channel, &challenge.call) {
            (Channel::Call, Some(call)) => self
                .write(key, expression::CALL_AGAIN, expression::SAME_OPEN_AND_CALLS_UNMOVED)
                .expression_attribute_values(":token", bytes(&call.token))
                .expression_attribute_values(":calling", text(CallState::Calling.word()))
                .expression_attribute_values(":zero", number(0_u32)),
            _ => self
                .write(key, expression::RESEND_SMS, expression::SAME_OPEN_AND_SMS_UNMOVED)
                .expression_attribute_values(":codes", challenge_item::codes(challenge)),
        };
        let used = challenge.sends(draft.channel).used.saturating_sub(1); // the draft counts its own
        write
            .expression_attribute_values(":used", number(used))
            .expression_attribute_values(":one", number(1_u32))
            .expression_attribute_values(":now", time(draft.at))
            .expression_attribute_values(":accepted", text(Delivery::Accepted.word()))
            .expression_attribute_values(":pending", text(PENDING))
            .expression_attribute_values(":generation", number(challenge.id.generation))
            .expression_attribute_values(":expiresAt", time(challenge.expires_at))
            .expression_attribute_values(":locale", text(challenge.locale.word()))
            .expression_attribute_values(":ttl", time(draft.keep_until))
            .expression_attribute_names("#ttl", "ttl")
    }
}
