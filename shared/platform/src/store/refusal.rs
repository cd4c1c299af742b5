//! Recording a refused start, in the one write from which its audit event is derived.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use domain::identity::SubjectId;
use domain::phone::Country;
use domain::ports::StoreError;
use domain::refusal::{Consequence, Contest, Refused};
use domain::subject::Subject;
use domain::time::Timestamp;

use super::expression;
use super::fault::Updated;
use super::key::{breaker_key, refusal_key, subject_key};
use super::table::DynamoStore;
use super::value::{bytes, number, reserved, text, time};
use super::write::as_writes;
use crate::item::attribute::TTL;

/// How long a refusal is kept.
const MEMORY: std::time::Duration = std::time::Duration::from_hours(24 * 30);

impl DynamoStore {
    pub(super) async fn note_refusal(&self, refused: &Refused<'_>, now: Timestamp) -> Result<(), StoreError> {
        let update = match &refused.consequence {
            Some(Consequence::Lock(subject)) => self.lock(refused, subject, now),
            Some(Consequence::OpenBreaker(country, until)) => self.open_breaker(refused, *country, *until, now),
            Some(Consequence::Contest(contest)) => return self.contest(refused.subject, contest, now).await,
            None => self.trace(refused, now),
        };
        match self.send_update(update).await? {
            Updated::Done(_) | Updated::Refused(_) => Ok(()), // refused: another request has already done it
        }
    }

    /// Under the subject's version, so that the next start of either login sees it.
    async fn contest(&self, subject: &SubjectId, contest: &Contest, now: Timestamp) -> Result<(), StoreError> {
        let remembered = self
            .write(subject_key(subject), expression::REFUSED_A_CALL, expression::SUBJECT_UNMOVED)
            .expression_attribute_values(":session", bytes(contest.refused.as_bytes()))
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":one", number(1_u32))
            .expression_attribute_values(":version", number(contest.version));
        let writes = as_writes([remembered, self.contested(&contest.call_of)])?;
        self.transact(writes).await?.map_or(Ok(()), |_| Err(StoreError::Conflict))
    }

    fn trace(&self, refused: &Refused<'_>, now: Timestamp) -> UpdateItemFluentBuilder {
        self.unconditional(refusal_key(refused.subject), expression::NOTE_REFUSAL)
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":reason", text(refused.refusal.as_str()))
            .expression_attribute_values(":channel", text(refused.channel.as_str()))
            .expression_attribute_values(":zero", number(0_u32))
            .expression_attribute_values(":one", number(1_u32))
            .expression_attribute_values(":ttl", time(now + MEMORY))
            .expression_attribute_names("#ttl", TTL.name)
    }

    fn lock(&self, refused: &Refused<'_>, subject: &Subject, now: Timestamp) -> UpdateItemFluentBuilder {
        let values = [
            (":now", time(now)),
            (":failures", number(subject.failures)),
            (":reserved", reserved(&subject.reserved)),
            (":next", number(subject.version + 1)),
            (":version", number(subject.version)),
        ];
        self.update(subject_key(refused.subject), expression::LOCK, expression::SUBJECT_UNMOVED, values)
    }

    fn open_breaker(
        &self,
        refused: &Refused<'_>,
        country: Country,
        until: Timestamp,
        now: Timestamp,
    ) -> UpdateItemFluentBuilder {
        let key = breaker_key(country, refused.channel);
        let values = [(":now", time(now)), (":until", time(until)), (":ttl", time(until + MEMORY))];
        self.update(key, expression::OPEN_BREAKER, expression::BREAKER_IS_CLOSED, values)
            .expression_attribute_names("#ttl", TTL.name)
    }
}
