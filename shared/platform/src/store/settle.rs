//! Settling an approval: the challenge and its subject and, if that enrols a number, the number's item and the counters,
//! all in one transaction.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use domain::challenge::{Challenge, Method, NumberSource, Outcome};
use domain::policy::Policy;
use domain::ports::{Settlement, StoreError};
use domain::time::Timestamp;

use super::fault::{Cancelled, Updated};
use super::key::{challenge_key, subject_key};
use super::table::DynamoStore;
use super::value::{number, text, time};
use super::write::as_writes;
use super::{challenge_item, counter, expression};
use crate::item::Reader;
use crate::item::attribute::{DENIED_VERSION, TTL};
use crate::item::challenge::{APPROVED, PENDING, REFUSED};
use crate::item::subject::reservation_name;

/// The positions of a settlement's first two writes.
const CHALLENGE: usize = 0;
const SUBJECT: usize = 1;

impl DynamoStore {
    pub(super) async fn settle(
        &self,
        challenge: &Challenge,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Settlement, StoreError> {
        let mut challenge = challenge.clone();
        loop {
            let (at, by) = match challenge.outcome {
                Outcome::Approved { at, by, settled: false } => (at, by),
                Outcome::Approved { settled: true, .. } => return Ok(Settlement::Settled(Box::new(challenge))),
                Outcome::Pending | Outcome::Denied | Outcome::Refused => {
                    return Ok(Settlement::Refused(Box::new(challenge)));
                }
            };
            let writes = as_writes(self.settlement(&challenge, at, by, policy, now))?;
            let Some(cancelled) = self.transact(writes).await? else {
                challenge.outcome = Outcome::Approved { at, by, settled: true };
                return Ok(Settlement::Settled(Box::new(challenge)));
            };
            let Some(stored) = refused_challenge(&challenge, &cancelled)? else {
                return self.refuse(challenge, &cancelled).await;
            };
            if stored.id != challenge.id || stored.charged == challenge.charged {
                return Ok(completed_by_another(&challenge, stored));
            }
            challenge.charged = stored.charged; // a send was recorded in the meantime; there are only a few
        }
    }

    /// Closes a challenge that its subject or its number does not allow to settle. A denied one needs no write: its
    /// subject says so already.
    async fn refuse(&self, challenge: Challenge, cancelled: &Cancelled) -> Result<Settlement, StoreError> {
        let denied =
            cancelled.refused(SUBJECT).map(|subject| Reader(subject).get(DENIED_VERSION)).transpose()?.flatten();
        if denied.is_some_and(|version| challenge.subject_version <= version) {
            return Ok(Settlement::Refused(Box::new(Challenge { outcome: Outcome::Denied, ..challenge })));
        }
        let values = [
            (":generation", number(challenge.id.generation)),
            (":pending", text(PENDING)),
            (":approved", text(APPROVED)),
            (":refused", text(REFUSED)),
        ];
        let key = challenge_key(&challenge.id.key);
        match self.send_update(self.update(key, expression::REFUSE, expression::NOT_SETTLED, values)).await? {
            Updated::Done(item) | Updated::Refused(Some(item)) => {
                let stored = challenge_item::read(&challenge.id.key.subject, &item)?;
                Ok(completed_by_another(&challenge, stored))
            }
            Updated::Refused(None) => {
                Ok(Settlement::Refused(Box::new(Challenge { outcome: Outcome::Refused, ..challenge })))
            }
        }
    }

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
            writes.push(self.add_account(challenge, policy.max_accounts, now));
            let former = challenge.former.iter();
            writes.extend(former.map(|former| self.remove_account(&former.number, &challenge.id.key.subject)));
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
                .expression_attribute_values(":method", text(by.as_str()))
        };
        write
            .expression_attribute_values(":approved", text(APPROVED))
            .expression_attribute_values(":generation", number(challenge.id.generation))
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":charged", counter::charged(challenge))
            .expression_attribute_names("#ttl", TTL.name)
    }

    fn settled_subject(&self, challenge: &Challenge, now: Timestamp) -> UpdateBuilder {
        let key = subject_key(&challenge.id.key.subject);
        let write = match challenge.source {
            NumberSource::Enrolled(_) => self
                .write(key, expression::SETTLE, expression::SAME_BINDING)
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
            .expression_attribute_names("#reservation", reservation_name(&challenge.reservation()))
    }
}

fn enrolling(write: UpdateBuilder, challenge: &Challenge) -> UpdateBuilder {
    let write = write
        .expression_attribute_values(":phone", text(challenge.phone.expose()))
        .expression_attribute_values(":country", text(challenge.country.as_str()))
        .expression_attribute_values(":line", text(challenge.line.as_str()))
        .expression_attribute_values(":locale", text(challenge.locale.tag()));
    match &challenge.former {
        Some(former) => write.expression_attribute_values(":former", text(former.number.expose())),
        None => write,
    }
}

/// The current challenge, if it is what refused the settlement.
fn refused_challenge(challenge: &Challenge, cancelled: &Cancelled) -> Result<Option<Challenge>, StoreError> {
    cancelled.refused(CHALLENGE).map(|item| challenge_item::read(&challenge.id.key.subject, item)).transpose()
}

/// Two status calls may complete the same approval: then the second finds it settled.
fn completed_by_another(challenge: &Challenge, stored: Challenge) -> Settlement {
    let by_call = matches!(challenge.outcome, Outcome::Approved { by, .. } if by.is_by_call());
    let same_approval = stored.id == challenge.id && by_call;
    match stored.outcome {
        Outcome::Approved { settled: true, .. } if same_approval => Settlement::Settled(Box::new(stored)),
        _ => Settlement::Refused(Box::new(stored)),
    }
}
