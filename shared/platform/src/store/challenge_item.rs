//! A challenge's item.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::call::{AnsweredBy, Call, CallState};
use domain::challenge::{Challenge, Delivery, Former, Method, NumberSource, Outcome, Purpose, Sends};
use domain::code::CodeMac;
use domain::identity::{ChallengeId, ChallengeKey, SessionId, SubjectId};
use domain::locale::Locale;
use domain::phone::Line;
use domain::ports::StoreError;
use domain::time::Timestamp;

use super::counter;
use super::item::{Reader, Word, bytes, number, text, time};
use super::key::{CHALLENGE_PREFIX, Item, challenge_key};
use crate::encoding::from_base64url;

/// Reads a challenge of `subject`, whose partition the item came from.
pub(super) fn read(subject: &SubjectId, item: &Item) -> Result<Challenge, StoreError> {
    let reader = Reader(item);
    let session = reader.text("sk")?.strip_prefix(CHALLENGE_PREFIX).and_then(from_base64url);
    let session = SessionId::from_bytes(session.ok_or(StoreError::Unreadable("sk"))?);
    let (phone, country) = (reader.phone("phone")?, reader.country()?);
    let charged = counter::read_charged(item, &phone, country)?;
    Ok(Challenge {
        id: ChallengeId { key: ChallengeKey { subject: *subject, session }, generation: reader.number("generation")? },
        phone,
        country,
        line: reader.word("line", Line::from_word)?,
        source: source(&reader)?,
        former: if reader.has("formerPhone") { Some(former(&reader)?) } else { None },
        purpose: reader.word("purpose", Purpose::from_word)?,
        claim_mismatch: reader.flag("claimMismatch")?,
        locale: Locale::from_tag(reader.text("locale")?),
        subject_version: reader.number("subjectVersion")?,
        created_at: reader.time("createdAt")?,
        expires_at: reader.time("expiresAt")?,
        attempts: reader.number("attempts")?,
        carried: reader.number("carried")?,
        max_attempts: reader.number("maxAttempts")?,
        last_guess_at: reader.maybe_time("lastGuessAt")?,
        outcome: outcome(&reader)?,
        codes: reader.digests("codes")?.into_iter().map(CodeMac::from_bytes).collect(),
        spoken: reader.digests("spokenCodes")?.into_iter().map(CodeMac::from_bytes).collect(),
        sms: sends(&reader, &SMS)?,
        calls: sends(&reader, &CALLS)?,
        call: if reader.has("callToken") { Some(call(&reader)?) } else { None },
        contested: reader.flag("contested")?,
        charged,
    })
}

/// How long a challenge that came to nothing is remembered beyond its login: the next start finds what it
/// really cost. One that is gone counts as spent.
const MEMORY: Duration = Duration::from_hours(24 * 30);

/// When to forget a challenge that is never settled. One that is, is not needed longer than its login.
pub(super) fn forget_at(keep_until: Timestamp) -> AttributeValue {
    time(keep_until + MEMORY)
}

/// The whole item of a challenge that begins, whose login ends by `keep_until`.
pub(super) fn begin(challenge: &Challenge, keep_until: Timestamp) -> Item {
    let mut item = challenge_key(&challenge.id.key);
    let mut put = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
    put("generation", number(challenge.id.generation));
    put("phone", text(challenge.phone.expose()));
    put("country", text(challenge.country.as_str()));
    put("line", text(challenge.line.word()));
    let (source, version) = match challenge.source {
        NumberSource::Enrolled(version) => ("enrolled", Some(version)),
        NumberSource::Claimed => ("claimed", None),
        NumberSource::Typed => ("typed", None),
        NumberSource::Replacing(version) => ("replacing", Some(version)),
        NumberSource::Test => ("test", None),
    };
    put("numberSource", text(source));
    if let Some(version) = version {
        put("binding", number(version));
    }
    if let Some(former) = &challenge.former {
        put("formerPhone", text(former.number.expose()));
        put("formerProvenAt", time(former.proven_at));
    }
    put("purpose", text(challenge.purpose.word()));
    if challenge.claim_mismatch {
        put("claimMismatch", AttributeValue::Bool(true));
    }
    put("charged", counter::charged(challenge));
    put("locale", text(challenge.locale.tag()));
    put("subjectVersion", number(challenge.subject_version));
    put("createdAt", time(challenge.created_at));
    put("expiresAt", time(challenge.expires_at));
    put("attempts", number(challenge.attempts));
    put("carried", number(challenge.carried));
    put("maxAttempts", number(challenge.max_attempts));
    put("outcome", text(PENDING));
    put("codes", codes(challenge));
    for (sends, names) in [(&challenge.sms, &SMS), (&challenge.calls, &CALLS)] {
        put(names.used, number(sends.used));
        if let Some((at, delivery)) = sends.last {
            put(names.at, time(at));
            put(names.delivery, text(delivery.word()));
        }
    }
    if let Some(call) = &challenge.call {
        put("callToken", bytes(&call.token));
        put("callPlacedAt", time(call.placed_at));
        put("callState", text(call.state.word()));
        put("wrongKeys", number(call.wrong_keys));
    }
    if challenge.contested {
        put("contested", AttributeValue::Bool(true));
    }
    put("keepUntil", time(keep_until));
    put("ttl", forget_at(keep_until));
    item
}

pub(super) fn codes(challenge: &Challenge) -> AttributeValue {
    AttributeValue::L(challenge.codes.iter().map(|mac| bytes(mac.as_bytes())).collect())
}

/// The attributes of one channel's sends.
pub(super) struct SendNames {
    pub(super) used: &'static str,
    pub(super) at: &'static str,
    pub(super) delivery: &'static str,
}

pub(super) static SMS: SendNames = SendNames { used: "smsUsed", at: "smsAt", delivery: "smsDelivery" };
pub(super) static CALLS: SendNames = SendNames { used: "callsUsed", at: "callsAt", delivery: "callsDelivery" };

pub(super) const PENDING: &str = "pending";
pub(super) const APPROVED: &str = "approved";
pub(super) const DENIED: &str = "denied";

fn source(reader: &Reader<'_>) -> Result<NumberSource, StoreError> {
    match reader.text("numberSource")? {
        "enrolled" => Ok(NumberSource::Enrolled(reader.number("binding")?)),
        "claimed" => Ok(NumberSource::Claimed),
        "typed" => Ok(NumberSource::Typed),
        "replacing" => Ok(NumberSource::Replacing(reader.number("binding")?)),
        "test" => Ok(NumberSource::Test),
        _ => Err(StoreError::Unreadable("numberSource")),
    }
}

fn former(reader: &Reader<'_>) -> Result<Former, StoreError> {
    Ok(Former { number: reader.phone("formerPhone")?, proven_at: reader.time("formerProvenAt")? })
}

fn outcome(reader: &Reader<'_>) -> Result<Outcome, StoreError> {
    match reader.text("outcome")? {
        PENDING => Ok(Outcome::Pending),
        DENIED => Ok(Outcome::Denied),
        APPROVED => Ok(Outcome::Approved {
            at: reader.time("approvedAt")?,
            by: reader.word("approvedBy", Method::from_word)?,
            settled: reader.flag("settled")?,
        }),
        _ => Err(StoreError::Unreadable("outcome")),
    }
}

fn sends(reader: &Reader<'_>, names: &SendNames) -> Result<Sends, StoreError> {
    let last = match reader.maybe_time(names.at)? {
        Some(at) => Some((at, reader.word(names.delivery, Delivery::from_word)?)),
        None => None,
    };
    Ok(Sends { used: reader.number(names.used)?, last })
}

fn call(reader: &Reader<'_>) -> Result<Call, StoreError> {
    let answered_by =
        if reader.has("answeredBy") { Some(reader.word("answeredBy", AnsweredBy::from_word)?) } else { None };
    Ok(Call {
        token: reader.digest("callToken")?,
        placed_at: reader.time("callPlacedAt")?,
        state: reader.word("callState", CallState::from_word)?,
        answered_by,
        wrong_keys: reader.number("wrongKeys")?,
    })
}
