//! A challenge's item.

use domain::call::{Call, FormerCall};
use domain::challenge::{Challenge, Former, NumberSource, Outcome, Sends};
use domain::delivery::Delivery;
use domain::identity::{ChallengeId, ChallengeKey};
use domain::limit::Limit;
use domain::phone::{Country, PhoneNumber};
use domain::quota::{Counter, Scope};
use domain::receipt::{Fate, Receipts};
use domain::time::Timestamp;

use super::attribute::{
    ANSWERED_BY, ANSWERS, APPROVED_AT, APPROVED_BY, ATTEMPTS, Attribute, BINDING, CALL_ANSWERED_AT, CALL_PLACED_AT,
    CALL_REPORT, CALL_STATE, CALL_TOKEN, CALLS_AT, CALLS_DELIVERY, CALLS_USED, CARRIED, CHARGED, CLAIM_MISMATCH, CODES,
    CONTESTED, COUNTRY, CREATED_AT, EXPIRES_AT, FORMER_CALLS, FORMER_PHONE, FORMER_PROVEN_AT, GENERATION,
    LAST_GUESS_AT, LINE, LOCALE, MACHINE_ANSWERED_AT, MAX_ATTEMPTS, NUMBER_SOURCE, OUTCOME, PHONE, PURPOSE,
    RECEIPT_DIGESTS, RECEIPT_SAYS, SETTLED, SMS_AT, SMS_DELIVERY, SMS_USED, SPOKEN_CODES, SUBJECT_VERSION, UNVERIFIED,
    WRONG_KEYS,
};
use super::key::parse_counter;
use super::reader::{Reader, Unreadable};
use super::value::{Stored as _, Value};

pub const PENDING: &str = "pending";
pub const APPROVED: &str = "approved";
pub const DENIED: &str = "denied";
pub const REFUSED: &str = "refused";

/// The attributes of one channel's sends.
pub struct SendAttributes {
    pub used: Attribute<u32>,
    pub at: Attribute<Timestamp>,
    pub delivery: Attribute<Delivery>,
}

pub const SMS: SendAttributes = SendAttributes { used: SMS_USED, at: SMS_AT, delivery: SMS_DELIVERY };
pub const CALLS: SendAttributes = SendAttributes { used: CALLS_USED, at: CALLS_AT, delivery: CALLS_DELIVERY };

pub fn read<V: Value>(key: ChallengeKey, item: Reader<'_, V>) -> Result<Challenge, Unreadable> {
    let (phone, country) = (item.require(PHONE)?, item.require(COUNTRY)?);
    let charged = charged(item, &phone, country)?;
    Ok(Challenge {
        id: ChallengeId { key, generation: item.require(GENERATION)? },
        phone,
        country,
        line: item.require(LINE)?,
        source: source(item)?,
        former: former(item)?,
        purpose: item.require(PURPOSE)?,
        claim_mismatch: item.get_or_default(CLAIM_MISMATCH)?,
        locale: item.require(LOCALE)?,
        subject_version: item.require(SUBJECT_VERSION)?,
        created_at: item.require(CREATED_AT)?,
        expires_at: item.require(EXPIRES_AT)?,
        attempts: item.require(ATTEMPTS)?,
        carried: item.require(CARRIED)?,
        max_attempts: item.require(MAX_ATTEMPTS)?,
        last_guess_at: item.get(LAST_GUESS_AT)?,
        outcome: outcome(item)?,
        codes: item.get_or_default(CODES)?,
        spoken: item.get_or_default(SPOKEN_CODES)?,
        sms: sends(item, &SMS)?,
        receipts: receipts(item)?,
        calls: sends(item, &CALLS)?,
        call: call(item)?,
        former_calls: former_calls(item)?,
        contested: item.get_or_default(CONTESTED)?,
        machine_answered_at: item.get(MACHINE_ANSWERED_AT)?,
        answers: item.get_or_default(ANSWERS)?,
        charged,
    })
}

pub fn source<V: Value>(item: Reader<'_, V>) -> Result<NumberSource, Unreadable> {
    NumberSource::parse(item.text(NUMBER_SOURCE)?, item.get(BINDING)?).ok_or(Unreadable(NUMBER_SOURCE.name))
}

pub fn outcome<V: Value>(item: Reader<'_, V>) -> Result<Outcome, Unreadable> {
    match item.text(OUTCOME)? {
        PENDING => Ok(Outcome::Pending),
        DENIED => Ok(Outcome::Denied),
        REFUSED => Ok(Outcome::Refused),
        APPROVED => Ok(Outcome::Approved {
            at: item.require(APPROVED_AT)?,
            by: item.require(APPROVED_BY)?,
            settled: item.get_or_default(SETTLED)?,
        }),
        _ => Err(Unreadable(OUTCOME.name)),
    }
}

fn former<V: Value>(item: Reader<'_, V>) -> Result<Option<Former>, Unreadable> {
    let Some(number) = item.get(FORMER_PHONE)? else { return Ok(None) };
    Ok(Some(Former { number, proven_at: item.require(FORMER_PROVEN_AT)? }))
}

fn sends<V: Value>(item: Reader<'_, V>, attributes: &SendAttributes) -> Result<Sends, Unreadable> {
    let last = match item.get(attributes.at)? {
        Some(at) => Some((at, item.require(attributes.delivery)?)),
        None => None,
    };
    Ok(Sends { used: item.require(attributes.used)?, last })
}

/// Messages that an older version sent have no digests.
fn receipts<V: Value>(item: Reader<'_, V>) -> Result<Option<Receipts>, Unreadable> {
    let Some(digests) = item.get(RECEIPT_DIGESTS)? else { return Ok(None) };
    Ok(Some(Receipts { digests, fate: fate(item) }))
}

/// What became of the message. A word of a later version reads as nothing: no sign-in may fail for it.
#[must_use]
pub fn fate<V: Value>(item: Reader<'_, V>) -> Option<Fate> {
    item.get(RECEIPT_SAYS).unwrap_or_default()
}

pub fn call<V: Value>(item: Reader<'_, V>) -> Result<Option<Call>, Unreadable> {
    let Some(token) = item.get(CALL_TOKEN)? else { return Ok(None) };
    Ok(Some(Call {
        token,
        placed_at: item.require(CALL_PLACED_AT)?,
        state: item.require(CALL_STATE)?,
        answered_by: item.get(ANSWERED_BY)?,
        answered_at: item.get(CALL_ANSWERED_AT)?,
        wrong_keys: item.require(WRONG_KEYS)?,
        report: item.get(CALL_REPORT)?,
    }))
}

/// Each is stored under its token, so that a condition can name it.
pub fn former_calls<V: Value>(item: Reader<'_, V>) -> Result<Vec<FormerCall>, Unreadable> {
    let unreadable = Unreadable(FORMER_CALLS.name);
    let Some(calls) = item.map(FORMER_CALLS)? else { return Ok(Vec::new()) };
    let read = |stored: &V| {
        let item = Reader(stored.map().ok_or(unreadable)?);
        let (phone, is_unverified) = (item.require(PHONE)?, item.get_or_default(UNVERIFIED)?);
        Ok(FormerCall { call: call(item)?.ok_or(unreadable)?, phone, is_unverified })
    };
    let mut calls = calls.values().map(read).collect::<Result<Vec<_>, _>>()?;
    calls.sort_by_key(|former| (former.call.placed_at, former.call.token));
    Ok(calls)
}

fn charged<V: Value>(
    item: Reader<'_, V>,
    phone: &PhoneNumber,
    country: Country,
) -> Result<Vec<(Counter, u32)>, Unreadable> {
    let unreadable = Unreadable(CHARGED.name);
    let charged = item.map(CHARGED)?.ok_or(unreadable)?;
    let read = |(name, sends): (&String, &V)| {
        let (limit, window, shard) = parse_counter(name)?;
        let limit = Limit::parse(limit)?;
        let scope = match limit {
            Limit::NumberUnverified => Scope::Number(phone.clone()),
            Limit::RangeUnverified => Scope::Range(phone.clone()),
            Limit::CountrySms | Limit::CountryCall => Scope::Country(country),
            _ => return None, // not given back
        };
        Some((Counter { scope, limit, window, shard }, u32::read(sends)?))
    };
    let mut charged: Vec<_> = charged.iter().map(read).collect::<Option<_>>().ok_or(unreadable)?;
    charged.sort_by_key(|(counter, _)| (counter.limit, counter.window, counter.shard));
    Ok(charged)
}
