//! An administrator's actions: each changes the subject, and whatever must change with it, in one transaction.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use domain::administration::{Action, Occasion};
use domain::identity::{Administrator, ChallengeKey, Reservation, SubjectId};
use domain::phone::PhoneNumber;
use domain::ports::{Administration, StoreError};
use domain::subject::NumberBlock;
use domain::time::Timestamp;

use super::expression;
use super::fault::Cancelled;
use super::key::{challenge_key, number_key, subject_key};
use super::table::DynamoStore;
use super::value::{number, reserved, text, time};
use super::write::as_writes;
use crate::item::attribute::{ADMIN_AT, ADMIN_BY, UNTIL};

impl Administration for DynamoStore {
    async fn unlock(&self, occasion: &Occasion, kept: &BTreeMap<Reservation, u32>) -> Result<(), StoreError> {
        let subject = self
            .administered(occasion, Action::Unlock, expression::UNLOCK)
            .expression_attribute_values(":reserved", reserved(kept));
        let live = kept.keys().map(|reservation| self.forgiven(&occasion.subject, reservation));
        self.act([subject].into_iter().chain(live)).await
    }

    async fn unblock(&self, occasion: &Occasion, number: Option<&NumberBlock>) -> Result<(), StoreError> {
        let subject = || self.administered(occasion, Action::Unblock, expression::UNBLOCK);
        let Some(number) = number else { return self.act([subject()]).await };
        match self.attempt([subject(), self.unblocked(number)]).await? {
            Some(cancelled) if cancelled.refused(0).is_some() => Err(StoreError::Conflict),
            Some(_) => self.act([subject()]).await, // the number is no longer blocked, or another report blocked it
            None => Ok(()),
        }
    }

    async fn open_enrolment(&self, occasion: &Occasion, until: Timestamp) -> Result<(), StoreError> {
        let Occasion { subject, version, by, at } = occasion;
        let (key, opening) = (subject_key(subject), opening(by, *at, until));
        let write = match version {
            0 => self.write(key, expression::OPEN_ENROLMENT, expression::SUBJECT_IS_NEW),
            _ => self
                .write(key, expression::OPEN_ENROLMENT, expression::SUBJECT_UNMOVED)
                .expression_attribute_values(":version", number(*version)),
        };
        let write = write
            .expression_attribute_values(":zero", number(0_u32))
            .expression_attribute_values(":one", number(1_u32))
            .expression_attribute_values(":opening", opening);
        self.act([write]).await
    }

    async fn reset_phone(&self, occasion: &Occasion, released: Option<&PhoneNumber>) -> Result<(), StoreError> {
        let subject = self.administered(occasion, Action::ResetPhone, expression::RESET_PHONE);
        let released = released.map(|phone| self.remove_account(phone, &occasion.subject));
        self.act([subject].into_iter().chain(released)).await
    }
}

fn opening(by: &Administrator, at: Timestamp, until: Timestamp) -> AttributeValue {
    let entries = [(UNTIL.name, time(until)), (ADMIN_BY.name, text(by.as_str())), (ADMIN_AT.name, time(at))];
    AttributeValue::M(entries.map(|(name, value)| (name.to_owned(), value)).into())
}

impl DynamoStore {
    async fn act(&self, writes: impl IntoIterator<Item = UpdateBuilder>) -> Result<(), StoreError> {
        self.attempt(writes).await?.map_or(Ok(()), |_| Err(StoreError::Conflict))
    }

    /// Applies all the writes or none, and then says which of them failed.
    async fn attempt(&self, writes: impl IntoIterator<Item = UpdateBuilder>) -> Result<Option<Cancelled>, StoreError> {
        self.transact(as_writes(writes)?).await
    }

    fn administered(&self, occasion: &Occasion, action: Action, update: &str) -> UpdateBuilder {
        self.write(subject_key(&occasion.subject), update, expression::SUBJECT_UNMOVED)
            .expression_attribute_values(":version", number(occasion.version))
            .expression_attribute_values(":zero", number(0_u32))
            .expression_attribute_values(":one", number(1_u32))
            .expression_attribute_values(":action", text(action.as_str()))
            .expression_attribute_values(":by", text(occasion.by.as_str()))
            .expression_attribute_values(":at", time(occasion.at))
    }

    fn unblocked(&self, block: &NumberBlock) -> UpdateBuilder {
        self.write(number_key(&block.number), expression::UNBLOCK_NUMBER, expression::BLOCKED_BY_THE_SAME)
            .expression_attribute_values(":until", time(block.until))
    }

    /// The guesses made so far, however many there are by now, no longer count as failures.
    fn forgiven(&self, subject: &SubjectId, reservation: &Reservation) -> UpdateBuilder {
        let key = challenge_key(&ChallengeKey { subject: *subject, session: reservation.session });
        self.write(key, expression::FORGIVE, expression::SAME_GENERATION)
            .expression_attribute_values(":generation", number(reservation.generation))
    }
}
