//! The events of a challenge's item.

use domain::challenge::{NumberSource, Outcome};
use domain::channel::Channel;
use domain::delivery::Delivery;
use domain::identity::{ChallengeId, ChallengeKey};
use domain::phone::Line;
use domain::purpose::Purpose;
use domain::receipt::{Arrival, Fate};
use domain::time::Timestamp;
use platform::encoding::base64url;
use platform::item::Unreadable;
use platform::item::attribute::{
    ATTEMPTS, CLAIM_MISMATCH, CONTESTED, COUNTRY, CREATED_AT, GENERATION, LAST_GUESS_AT, LINE, MAX_ATTEMPTS, OUTCOME,
    PHONE, PURPOSE, RECEIPT_AT, RECEIPT_MESSAGE, RECEIPT_PRICE, SETTLED, SMS_AT,
};
use platform::item::challenge::{CALLS, SMS, SendAttributes, call, fate, former_calls, outcome, source};

use super::{Item, Step};
use crate::correlation::CorrelationKey;
use crate::event::{About, Event, Fact, Reported};

/// Another generation is another challenge: it begins as if the item were new.
pub(super) fn events(step: &Step<'_>, id: ChallengeKey, key: &CorrelationKey) -> Result<Vec<Event>, Unreadable> {
    let generation = step.new.require(GENERATION)?;
    let same_generation = step.before(GENERATION)? == Some(generation);
    let step = Step { old: step.old.filter(|_| same_generation), ..*step };
    let mut facts = Vec::new();
    beginning(&step, &mut facts)?;
    let source = source(step.new)?;
    if source != NumberSource::Test {
        facts.extend(send(&step, Channel::Sms, &SMS)?);
        facts.extend(send(&step, Channel::Call, &CALLS)?);
        facts.extend(message(&step)?);
    }
    ending(&step, &mut facts)?;
    if facts.is_empty() {
        return Ok(Vec::new());
    }
    let about = about(step.new, ChallengeId { key: id, generation }, source, key)?;
    Ok(facts.into_iter().map(|(at, fact)| Event { at, about: about.clone(), fact }).collect())
}

type Facts = Vec<(Timestamp, Fact)>;

fn beginning(step: &Step<'_>, facts: &mut Facts) -> Result<(), Unreadable> {
    if step.old.is_none() {
        let at = step.new.require(CREATED_AT)?;
        facts.push((at, Fact::ChallengeStarted));
        if step.new.get_or_default(CLAIM_MISMATCH)? {
            facts.push((at, Fact::PhoneClaimMismatch));
        }
    }
    if step.set(CONTESTED) && step.new.get_or_default(CONTESTED)? {
        facts.push((step.at, Fact::ChallengeContested));
    }
    Ok(())
}

/// A send is stored before it is made, and corrected if the provider did not accept it. Nothing is sent to a test number.
fn send(
    step: &Step<'_>,
    channel: Channel,
    attributes: &SendAttributes,
) -> Result<Option<(Timestamp, Fact)>, Unreadable> {
    if !step.set(attributes.at) && !step.set(attributes.delivery) {
        return Ok(None);
    }
    let channel = channel.as_str();
    Ok(match step.new.require(attributes.delivery)? {
        Delivery::Sending | Delivery::Accepted => {
            Some((step.new.require(attributes.at)?, Fact::ChallengeSent { channel }))
        }
        delivery => Some((step.at, Fact::ChallengeSendFailed { channel, delivery: delivery.as_str() })),
    })
}

/// Whether the latest message arrived, if that has changed: what its receipts told before is told no more once the next
/// message is sent.
fn message(step: &Step<'_>) -> Result<Option<(Timestamp, Fact)>, Unreadable> {
    let Some(now) = fate(step.new) else { return Ok(None) };
    let before = step.old.and_then(fate).and_then(Fate::arrival);
    let Some(arrival) = now.arrival().filter(|arrival| before != Some(*arrival)) else { return Ok(None) };
    let at = step.new.require(RECEIPT_AT)?;
    let message = Reported {
        message_id: step.new.require(RECEIPT_MESSAGE)?.as_str().to_owned(),
        seconds: at.since(step.new.require(SMS_AT)?).as_secs(),
        price_micros: step.new.get(RECEIPT_PRICE)?,
    };
    Ok(Some(match arrival {
        Arrival::Delivered => (at, Fact::MessageDelivered { message }),
        Arrival::NotDelivered => (at, Fact::MessageFailed { reason: now.as_str(), message }),
    }))
}

fn ending(step: &Step<'_>, facts: &mut Facts) -> Result<(), Unreadable> {
    let (before, guesses) = (step.old.map(spent).transpose()?, spent(step.new)?);
    if let (Some(None), Some(guesses)) = (before, guesses) {
        facts.push((step.time(LAST_GUESS_AT)?, Fact::ChallengeExhausted { guesses }));
    }
    let outcome = outcome(step.new)?;
    if matches!(outcome, Outcome::Approved { .. }) && is_reported(step)? {
        facts.push((step.at, Fact::ChallengeReported));
    }
    match outcome {
        Outcome::Denied if step.set(OUTCOME) => facts.push((step.at, Fact::ChallengeDenied)),
        Outcome::Refused if step.set(OUTCOME) => facts.push((step.at, Fact::ChallengeNotSettled)),
        Outcome::Approved { at, by, settled: true } if step.set(SETTLED) => {
            facts.push((at, Fact::ChallengeApproved { method: by.as_str(), channel: by.channel().as_str() }));
        }
        Outcome::Denied | Outcome::Refused | Outcome::Approved { .. } | Outcome::Pending => {}
    }
    Ok(())
}

/// Whether the step has noted the first report of one of its calls. A call that another one replaces takes its report
/// along.
fn is_reported(step: &Step<'_>) -> Result<bool, Unreadable> {
    let Some(old) = step.old else { return Ok(false) };
    let (before, after) = (reports(old)?, reports(step.new)?);
    Ok(after.iter().any(|token| !before.contains(token)))
}

/// The tokens of the calls in which fraud was reported.
fn reports(item: Item<'_>) -> Result<Vec<[u8; 32]>, Unreadable> {
    let former = former_calls(item)?.into_iter().map(|former| former.call);
    let calls = call(item)?.into_iter().chain(former);
    Ok(calls.filter(|call| call.report.is_some()).map(|call| call.token).collect())
}

/// The guesses counted, if they are all that may be judged.
fn spent(item: Item<'_>) -> Result<Option<u32>, Unreadable> {
    let guesses = item.require(ATTEMPTS)?;
    Ok((guesses >= item.require(MAX_ATTEMPTS)?).then_some(guesses))
}

/// Outside, a challenge is named by its digest, which is the `jti` of its result.
fn about(item: Item<'_>, id: ChallengeId, source: NumberSource, key: &CorrelationKey) -> Result<About, Unreadable> {
    let about = About {
        subject: Some(base64url(id.key.subject.as_bytes())),
        challenge: Some(base64url(&id.digest())),
        test: (source == NumberSource::Test).then_some(true),
        purpose: item.get(PURPOSE)?.map(Purpose::as_str),
        number_source: Some(source.as_str()),
        country: item.get(COUNTRY)?.map(|country| country.as_str().to_owned()),
        line: item.get(LINE)?.map(Line::as_str),
        ..About::default()
    };
    Ok(about.with_phone(&item.require(PHONE)?, key))
}
