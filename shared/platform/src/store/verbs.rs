//! The store's verbs: reading, counting, settling. Starting and calling have files of their own.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use domain::budget::CountryRecord;
use domain::call::{CallEvent, CallToken};
use domain::challenge::{Challenge, Delivery, Method, NumberSource, Outcome};
use domain::channel::Channel;
use domain::draft::Draft;
use domain::identity::{ChallengeId, ChallengeKey, SubjectId};
use domain::phone::Country;
use domain::policy::Policy;
use domain::ports::{ChallengeStore, Refused, Settlement, Started, StoreError};
use domain::quota::Counter;
use domain::snapshot::Snapshot;
use domain::subject::Subject;
use domain::time::Timestamp;

use super::challenge_item::{APPROVED, PENDING};
use super::fault::{Cancelled, Updated, cancelled, refused_update, unavailable};
use super::item::{Word, number, text, time};
use super::refusal::REFUSAL;
use super::{
    DynamoStore, Item, SUBJECT, challenge_item, challenge_key, expression, partition, quota, subject_item, subject_key,
};

impl ChallengeStore for DynamoStore {
    async fn load(&self, subject: &SubjectId) -> Result<Snapshot, StoreError> {
        let (mut stored, mut challenges, mut next) = (Subject::default(), Vec::new(), None);
        loop {
            let query = self.partition(partition(subject)).consistent_read(true).set_exclusive_start_key(next);
            let page = Box::pin(query.send()).await.map_err(unavailable)?;
            for item in page.items() {
                match item.get("sk").and_then(|sort| sort.as_s().ok()).map(String::as_str) {
                    Some(SUBJECT) => stored = subject_item::read(item)?,
                    Some(REFUSAL) => {}
                    _ => challenges.push(challenge_item::read(subject, item)?),
                }
            }
            next = page.last_evaluated_key;
            if next.is_none() {
                break;
            }
        }
        Ok(Snapshot::of(stored, challenges))
    }

    async fn start(&self, draft: &Draft) -> Result<Started, StoreError> {
        self.apply(draft).await
    }

    async fn note_refusal(&self, refused: &Refused<'_>, now: Timestamp) -> Result<(), StoreError> {
        self.note(refused, now).await
    }

    async fn country(&self, country: Country) -> Result<CountryRecord, StoreError> {
        self.country_record(country).await
    }

    async fn record_send(
        &self,
        challenge: &ChallengeId,
        channel: Channel,
        sent_at: Timestamp,
        delivery: Delivery,
        given_back: &[Counter],
    ) -> Result<(), StoreError> {
        self.correct_send(challenge, channel, sent_at, delivery, given_back).await
    }

    async fn count_guess(&self, key: &ChallengeKey, now: Timestamp) -> Result<Option<Challenge>, StoreError> {
        let values = [(":one", number(1_u32)), (":now", time(now)), (":pending", text(PENDING))];
        let update = self.update(challenge_key(key), expression::COUNT_GUESS, expression::IS_OPEN, values);
        match self.send_update(update).await? {
            Updated::Done(item) => challenge_item::read(&key.subject, &item).map(Some),
            Updated::Refused(_) => Ok(None),
        }
    }

    async fn settle(&self, challenge: &Challenge, policy: &Policy, now: Timestamp) -> Result<Settlement, StoreError> {
        let mut challenge = challenge.clone();
        loop {
            let (at, by) = match challenge.outcome {
                Outcome::Approved { at, by, settled: false } => (at, by),
                Outcome::Approved { settled: true, .. } => return Ok(Settlement::Settled(Box::new(challenge))),
                Outcome::Pending | Outcome::Denied => return Ok(Settlement::Refused),
            };
            let writes = transaction(self.settlement(&challenge, at, by, policy, now))?;
            let Some(cancelled) = self.transact(writes).await? else {
                challenge.outcome = Outcome::Approved { at, by, settled: true };
                return Ok(Settlement::Settled(Box::new(challenge)));
            };
            let Some(stored) = refused_challenge(&challenge, &cancelled)? else {
                return Ok(Settlement::Refused);
            };
            if stored.id != challenge.id || stored.charged == challenge.charged {
                return Ok(completed_by_another(&challenge, stored));
            }
            challenge.charged = stored.charged; // another send was recorded meanwhile, of the few that there may be
        }
    }

    async fn advance_call(
        &self,
        challenge: &ChallengeId,
        token: &CallToken,
        event: CallEvent,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        self.advance(challenge, token, event, policy, now).await
    }
}

impl DynamoStore {
    /// One page of a partition. The SDK's paginator would spawn a stream for what is one page nearly always.
    pub(super) fn partition(&self, partition: AttributeValue) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.table).key_condition_expression("pk = :pk");
        query.expression_attribute_values(":pk", partition)
    }

    /// A conditional update that answers the item, whether the condition holds or not.
    pub(super) fn update<V>(&self, key: Item, update: &str, condition: &str, values: V) -> UpdateItemFluentBuilder
    where
        V: IntoIterator<Item = (&'static str, AttributeValue)>,
    {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    pub(super) async fn send_update(&self, update: UpdateItemFluentBuilder) -> Result<Updated, StoreError> {
        match Box::pin(update.send()).await {
            Ok(output) => output.attributes.map(Updated::Done).ok_or(StoreError::Unreadable("attributes")),
            Err(error) => refused_update(error),
        }
    }

    /// Sends a transaction, and answers which of its writes kept all from being applied.
    pub(super) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<Option<Cancelled>, StoreError> {
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        Box::pin(request.send()).await.err().map(cancelled).transpose()
    }

    /// A conditional update as a part of a transaction.
    pub(super) fn write(&self, key: Item, update: impl Into<String>, condition: &str) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(update)
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// An update that nothing stands in the way of.
    pub(super) fn unconditional(&self, key: Item, update: &str) -> UpdateItemFluentBuilder {
        let request = self.client.update_item().table_name(&self.table).set_key(Some(key));
        request.update_expression(update).return_values(ReturnValue::AllNew)
    }

    /// The same as a part of a transaction.
    pub(super) fn blind_write(&self, key: Item, update: &str) -> UpdateBuilder {
        Update::builder().table_name(&self.table).set_key(Some(key)).update_expression(update)
    }

    /// The challenge, its subject and, where it enrols a number, the accounts and what is given back.
    fn settlement(
        &self,
        challenge: &Challenge,
        at: Timestamp,
        by: Method,
        policy: &Policy,
        now: Timestamp,
    ) -> Vec<UpdateBuilder> {
        let mut writes = vec![self.settled_challenge(challenge, at, by, now), self.settled_subject(challenge, now)];
        if challenge.source.enrols() {
            writes.push(self.enrolled(challenge, policy.max_accounts, now));
            let former = challenge.former.iter();
            writes.extend(former.map(|former| self.left(&former.number, &challenge.id.key.subject)));
            let charged = challenge.charged.iter().filter(|(_, sends)| *sends > 0);
            writes.extend(charged.map(|(counter, sends)| self.refund(counter, *sends, now)));
        }
        writes
    }

    fn settled_challenge(&self, challenge: &Challenge, at: Timestamp, by: Method, now: Timestamp) -> UpdateBuilder {
        let key = challenge_key(&challenge.id.key);
        let write = if by.is_by_call() {
            let oldest = Timestamp::from_unix(now.as_unix().saturating_sub(Policy::RESULT_LIFE.as_secs()));
            self.write(key, expression::COMPLETE_APPROVAL, expression::APPROVED_BY_CALL)
                .expression_attribute_values(":oldest", time(oldest))
        } else {
            self.write(key, expression::APPROVE_BY_CODE, expression::OPEN_FOR_CODE)
                .expression_attribute_values(":pending", text(PENDING))
                .expression_attribute_values(":now", time(now))
                .expression_attribute_values(":at", time(at))
                .expression_attribute_values(":method", text(by.word()))
        };
        write
            .expression_attribute_values(":approved", text(APPROVED))
            .expression_attribute_values(":generation", number(challenge.id.generation))
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":charged", quota::charged(challenge))
            .expression_attribute_names("#ttl", "ttl")
    }

    fn settled_subject(&self, challenge: &Challenge, now: Timestamp) -> UpdateBuilder {
        let key = subject_key(&challenge.id.key.subject);
        let write = match challenge.source {
            NumberSource::Enrolled(_) => self
                .write(key, expression::SETTLE, expression::BOUND_ALIKE)
                .expression_attribute_values(":phone", text(challenge.phone.expose())),
            NumberSource::Test => self.write(key, expression::SETTLE, expression::NOT_BOUND),
            NumberSource::Claimed | NumberSource::Typed => {
                enrolling(self.write(key, expression::SETTLE_AND_ENROL, expression::NOT_BOUND), challenge)
            }
            NumberSource::Replacing(_) => {
                enrolling(self.write(key, expression::SETTLE_AND_ENROL, expression::BOUND_TO_FORMER), challenge)
            }
        };
        let write = match challenge.source {
            NumberSource::Enrolled(version) | NumberSource::Replacing(version) => {
                write.expression_attribute_values(":binding", number(version))
            }
            NumberSource::Claimed | NumberSource::Typed | NumberSource::Test => write,
        };
        write
            .expression_attribute_values(":zero", number(0_u32))
            .expression_attribute_values(":one", number(1_u32))
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":began", number(challenge.subject_version))
            .expression_attribute_names("#reservation", subject_item::reservation_name(&challenge.reservation()))
    }
}

/// The values of a number that is enrolled, and of the one it replaces.
fn enrolling(write: UpdateBuilder, challenge: &Challenge) -> UpdateBuilder {
    let write = write
        .expression_attribute_values(":phone", text(challenge.phone.expose()))
        .expression_attribute_values(":country", text(challenge.country.as_str()))
        .expression_attribute_values(":line", text(challenge.line.word()))
        .expression_attribute_values(":locale", text(challenge.locale.tag()));
    match &challenge.former {
        Some(former) => write.expression_attribute_values(":former", text(former.number.expose())),
        None => write,
    }
}

/// The parts of a transaction.
pub(super) fn transaction(
    writes: impl IntoIterator<Item = UpdateBuilder>,
) -> Result<Vec<TransactWriteItem>, StoreError> {
    writes
        .into_iter()
        .map(|write| Ok(TransactWriteItem::builder().update(write.build().map_err(unavailable)?).build()))
        .collect()
}

/// The challenge as it is stored, where that is what refused its settlement.
fn refused_challenge(challenge: &Challenge, cancelled: &Cancelled) -> Result<Option<Challenge>, StoreError> {
    cancelled.refused(0).map(|item| challenge_item::read(&challenge.id.key.subject, item)).transpose()
}

/// Two status calls may complete one approval: the second finds it done.
fn completed_by_another(challenge: &Challenge, stored: Challenge) -> Settlement {
    let by_call = matches!(challenge.outcome, Outcome::Approved { by, .. } if by.is_by_call());
    let same_approval = stored.id == challenge.id && by_call;
    match stored.outcome {
        Outcome::Approved { settled: true, .. } if same_approval => Settlement::Settled(Box::new(stored)),
        _ => Settlement::Refused,
    }
}
