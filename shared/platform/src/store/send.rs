//! Correcting a send that was stored as being sent.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use domain::call::CallState;
use domain::channel::Channel;
use domain::delivery::Delivery;
use domain::identity::ChallengeId;
use domain::ports::StoreError;
use domain::quota::Counter;
use domain::time::Timestamp;

use super::key::challenge_key;
use super::table::DynamoStore;
use super::value::{number, text, time};
use super::write::as_writes;
use super::{counter, expression};

impl DynamoStore {
    pub(super) async fn record_send(
        &self,
        challenge: &ChallengeId,
        channel: Channel,
        sent_at: Timestamp,
        delivery: Delivery,
        given_back: &[Counter],
    ) -> Result<(), StoreError> {
        let corrected = self.corrected(challenge, channel, sent_at, delivery, given_back);
        let refunds = given_back.iter().map(|counter| self.refund(counter, 1, sent_at));
        let writes = as_writes([corrected].into_iter().chain(refunds))?;
        self.transact(writes).await.map(drop) // refused by its condition: a later generation or send is not touched
    }

    fn corrected(
        &self,
        challenge: &ChallengeId,
        channel: Channel,
        sent_at: Timestamp,
        delivery: Delivery,
        given_back: &[Counter],
    ) -> UpdateBuilder {
        let failed = delivery == Delivery::Failed;
        let (update, condition) = match channel {
            Channel::Sms if failed => (expression::SMS_FAILED, expression::SMS_BEING_SENT),
            Channel::Sms => (expression::SMS_UNKNOWN, expression::SMS_BEING_SENT),
            Channel::Call if failed => (expression::CALL_FAILED, expression::CALL_BEING_SENT),
            Channel::Call => (expression::CALL_UNKNOWN, expression::CALL_BEING_SENT),
        };
        let update = expression::and(update, expression::AND_GIVEN_BACK, !given_back.is_empty());
        let mut write = self
            .write(challenge_key(&challenge.key), update, condition)
            .expression_attribute_values(":generation", number(challenge.generation))
            .expression_attribute_values(":at", time(sent_at))
            .expression_attribute_values(":sending", text(Delivery::Sending.as_str()))
            .expression_attribute_values(":delivery", text(delivery.as_str()));
        if failed || !given_back.is_empty() {
            write = write.expression_attribute_values(":one", number(1_u32));
        }
        if failed && channel == Channel::Call {
            write = write.expression_attribute_values(":failed", text(CallState::Failed.as_str()));
        }
        counter::named(write, given_back)
    }
}
