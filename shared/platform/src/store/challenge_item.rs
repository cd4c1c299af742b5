//! A challenge's item, as it is read and as its start writes it.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::call::{Call, FormerCall};
use domain::challenge::{Challenge, NumberSource, Sends};
use domain::identity::{ChallengeKey, SubjectId};
use domain::ports::StoreError;
use domain::time::Timestamp;

use super::counter;
use super::key::{Item, challenge_key};
use super::value::{bytes, number, text, time};
use crate::encoding::base64url;
use crate::item::attribute::{
    ANSWERED_BY, ATTEMPTS, BINDING, CALL_ANSWERED_AT, CALL_PLACED_AT, CALL_REPORT, CALL_STATE, CALL_TOKEN, CARRIED,
    CHARGED, CLAIM_MISMATCH, CODES, CONTESTED, COUNTRY, CREATED_AT, EXPIRES_AT, FORMER_CALLS, FORMER_PHONE,
    FORMER_PROVEN_AT, GENERATION, KEEP_UNTIL, LINE, LOCALE, MACHINE_ANSWERED_AT, MAX_ATTEMPTS, NUMBER_SOURCE, OUTCOME,
    PHONE, PURPOSE, RECEIPT_DIGESTS, SK, SUBJECT_VERSION, TTL, UNVERIFIED, WRONG_KEYS,
};
use crate::item::challenge::{CALLS, PENDING, SMS, SendAttributes};
use crate::item::key::SubjectSort;
use crate::item::{Attribute, Reader, Unreadable};

pub(super) fn read(subject: &SubjectId, item: &Item) -> Result<Challenge, StoreError> {
    let item = Reader(item);
    let SubjectSort::Challenge(session) = SubjectSort::parse(item.text(SK)?)? else {
        return Err(Unreadable(SK.name).into());
    };
    Ok(crate::item::challenge::read(ChallengeKey { subject: *subject, session }, item)?)
}

/// How long a challenge that came to nothing is kept beyond its login: the next start reads how many of its guesses
/// were really spent. Once it is gone, all of them count as spent.
const MEMORY: Duration = Duration::from_hours(24 * 30);

/// When to delete a challenge that is never settled. A settled one is not needed longer than its login.
pub(super) fn delete_at(keep_until: Timestamp) -> AttributeValue {
    time(keep_until + MEMORY)
}

/// A new challenge whose login ends by `keep_until`.
pub(super) fn new(challenge: &Challenge, keep_until: Timestamp) -> Item {
    let mut item = NewItem(challenge_key(&challenge.id.key));
    item.put(GENERATION, number(challenge.id.generation));
    item.put_number(challenge);
    item.put(PURPOSE, text(challenge.purpose.as_str()));
    item.put_flag(CLAIM_MISMATCH, challenge.claim_mismatch);
    item.put(CHARGED, counter::charged(challenge));
    item.put(LOCALE, text(challenge.locale.tag()));
    item.put(SUBJECT_VERSION, number(challenge.subject_version));
    item.put(CREATED_AT, time(challenge.created_at));
    item.put(EXPIRES_AT, time(challenge.expires_at));
    item.put(ATTEMPTS, number(challenge.attempts));
    item.put(CARRIED, number(challenge.carried));
    item.put(MAX_ATTEMPTS, number(challenge.max_attempts));
    item.put(OUTCOME, text(PENDING));
    item.put(CODES, codes(challenge));
    item.put_sends(&SMS, &challenge.sms);
    if challenge.receipts.is_some() {
        item.put(RECEIPT_DIGESTS, digests(challenge));
    }
    item.put_sends(&CALLS, &challenge.calls);
    if let Some(call) = &challenge.call {
        item.put_call(call);
    }
    if !challenge.former_calls.is_empty() {
        item.put(FORMER_CALLS, former_calls(challenge));
    }
    item.put_flag(CONTESTED, challenge.contested);
    if let Some(at) = challenge.machine_answered_at {
        item.put(MACHINE_ANSWERED_AT, time(at));
    }
    item.put(KEEP_UNTIL, time(keep_until));
    item.put(TTL, delete_at(keep_until));
    item.0
}

pub(super) fn codes(challenge: &Challenge) -> AttributeValue {
    AttributeValue::L(challenge.codes.iter().map(|mac| bytes(mac.as_bytes())).collect())
}

pub(super) fn digests(challenge: &Challenge) -> AttributeValue {
    let digests = challenge.receipts.iter().flat_map(|receipts| &receipts.digests);
    AttributeValue::L(digests.map(|digest| bytes(digest)).collect())
}

pub(super) fn former_calls(challenge: &Challenge) -> AttributeValue {
    let entry = |former: &FormerCall| {
        let mut item = NewItem(Item::new());
        item.put_call(&former.call);
        item.put(PHONE, text(former.phone.expose()));
        item.put_flag(UNVERIFIED, former.is_unverified);
        (call_name(&former.call.token), AttributeValue::M(item.0))
    };
    AttributeValue::M(challenge.former_calls.iter().map(entry).collect())
}

/// The name of a call in the map of former ones.
pub(super) fn call_name(token: &[u8; 32]) -> String {
    base64url(token)
}

struct NewItem(Item);

impl NewItem {
    fn put<T>(&mut self, attribute: Attribute<T>, value: AttributeValue) {
        self.0.insert(attribute.name.to_owned(), value);
    }

    /// A flag that is not set is not stored.
    fn put_flag(&mut self, attribute: Attribute<bool>, set: bool) {
        if set {
            self.put(attribute, AttributeValue::Bool(true));
        }
    }

    fn put_number(&mut self, challenge: &Challenge) {
        self.put(PHONE, text(challenge.phone.expose()));
        self.put(COUNTRY, text(challenge.country.as_str()));
        self.put(LINE, text(challenge.line.as_str()));
        self.put(NUMBER_SOURCE, text(challenge.source.as_str()));
        if let NumberSource::Enrolled(version) | NumberSource::Replacing(version) = challenge.source {
            self.put(BINDING, number(version));
        }
        if let Some(former) = &challenge.former {
            self.put(FORMER_PHONE, text(former.number.expose()));
            self.put(FORMER_PROVEN_AT, time(former.proven_at));
        }
    }

    fn put_sends(&mut self, attributes: &SendAttributes, sends: &Sends) {
        self.put(attributes.used, number(sends.used));
        if let Some((at, delivery)) = sends.last {
            self.put(attributes.at, time(at));
            self.put(attributes.delivery, text(delivery.as_str()));
        }
    }

    fn put_call(&mut self, call: &Call) {
        self.put(CALL_TOKEN, bytes(&call.token));
        self.put(CALL_PLACED_AT, time(call.placed_at));
        self.put(CALL_STATE, text(call.state.as_str()));
        self.put(WRONG_KEYS, number(call.wrong_keys));
        if let Some(by) = call.answered_by {
            self.put(ANSWERED_BY, text(by.as_str()));
        }
        if let Some(at) = call.answered_at {
            self.put(CALL_ANSWERED_AT, time(at));
        }
        if let Some(report) = call.report {
            self.put(CALL_REPORT, text(report.as_str()));
        }
    }
}
