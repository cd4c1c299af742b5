//! The events of a challenge's item.

use domain::identity::{ChallengeId, ChallengeKey, SessionId, SubjectId};
use domain::time::Timestamp;
use platform::encoding::{base64url, from_base64url};

use super::{LINES, Step};
use crate::correlation::CorrelationKey;
use crate::event::{About, Event, Fact};
use platform::stream::{Image, Unreadable};

const PURPOSES: [&str; 2] = ["login", "change"];
const SOURCES: [&str; 5] = ["enrolled", "claimed", "typed", "replacing", TEST];
const TEST: &str = "test";
const DELIVERIES: [&str; 3] = ["accepted", "failed", "unknown"];
const OUTCOMES: [&str; 3] = ["pending", "approved", "denied"];
/// What may approve, each with the channel whose phone it proves.
const METHODS: [(&str, &str); 4] =
    [("sms-code", "sms"), ("press-pound", "call"), ("match-digits", "call"), ("spoken-code", "call")];

/// A channel, and the attributes of its latest send.
const SENDS: [(&str, &str, &str); 2] = [("sms", "smsAt", "smsDelivery"), ("call", "callsAt", "callsDelivery")];

/// What a step of the challenge of this subject's session tells. Another generation is another
/// challenge: it begins as if nothing had been there.
pub(super) fn events(
    step: &Step<'_>,
    subject: &str,
    session: &str,
    key: &CorrelationKey,
) -> Result<Vec<Event>, Unreadable> {
    let generation = step.new.number("generation")?;
    let old = match step.old {
        Some(old) if old.number("generation")? == generation => Some(old),
        _ => None,
    };
    let step = Step { old, ..*step };
    let mut facts = Vec::new();
    beginning(&step, &mut facts)?;
    for (channel, at, delivery) in SENDS {
        facts.extend(send(&step, channel, at, delivery)?);
    }
    ending(&step, &mut facts)?;
    if facts.is_empty() {
        return Ok(Vec::new());
    }
    let about = about(step.new, subject, &identify(subject, session, generation)?, key)?;
    Ok(facts.into_iter().map(|(at, fact)| Event { at, about: about.clone(), fact }).collect())
}

type Facts = Vec<(Timestamp, Fact)>;

fn beginning(step: &Step<'_>, facts: &mut Facts) -> Result<(), Unreadable> {
    if step.old.is_none() {
        let at = step.new.time("createdAt")?;
        facts.push((at, Fact::ChallengeStarted {}));
        if step.new.flag("claimMismatch")? {
            facts.push((at, Fact::PhoneClaimMismatch {}));
        }
    }
    if step.set("contested") && step.new.flag("contested")? {
        facts.push((step.at, Fact::ChallengeContested {}));
    }
    Ok(())
}

/// A send is noted as accepted before it is made, and corrected when it was not. To a test number none is
/// made.
fn send(
    step: &Step<'_>,
    channel: &'static str,
    at: &'static str,
    delivery: &'static str,
) -> Result<Option<(Timestamp, Fact)>, Unreadable> {
    let is_test = step.new.word("numberSource", &SOURCES)? == TEST;
    if is_test || (!step.set(at) && !step.set(delivery)) {
        return Ok(None);
    }
    Ok(match step.new.word(delivery, &DELIVERIES)? {
        "accepted" => Some((step.new.time(at)?, Fact::ChallengeSent { channel })),
        delivery => Some((step.at, Fact::ChallengeSendFailed { channel, delivery })),
    })
}

fn ending(step: &Step<'_>, facts: &mut Facts) -> Result<(), Unreadable> {
    let (before, guesses) = (step.old.map(spent).transpose()?, spent(step.new)?);
    if let (Some(None), Some(guesses)) = (before, guesses) {
        facts.push((step.time("lastGuessAt")?, Fact::ChallengeExhausted { guesses }));
    }
    let outcome = step.new.word("outcome", &OUTCOMES)?;
    if outcome == "denied" && step.set("outcome") {
        facts.push((step.at, Fact::ChallengeDenied {}));
    }
    if outcome == "approved" && step.set("settled") {
        let by = step.new.text("approvedBy")?;
        let (method, channel) = METHODS.into_iter().find(|known| known.0 == by).ok_or(Unreadable("approvedBy"))?;
        facts.push((step.new.time("approvedAt")?, Fact::ChallengeApproved { method, channel }));
    }
    Ok(())
}

/// The guesses counted, if no more are judged.
fn spent(image: &Image) -> Result<Option<u64>, Unreadable> {
    let guesses = image.number("attempts")?;
    Ok((guesses >= image.number("maxAttempts")?).then_some(guesses))
}

/// The digest that names the challenge to the outside: the `jti` of its result.
fn identify(subject: &str, session: &str, generation: u64) -> Result<String, Unreadable> {
    let subject = SubjectId::from_bytes(from_base64url(subject).ok_or(Unreadable("pk"))?);
    let session = SessionId::from_bytes(from_base64url(session).ok_or(Unreadable("sk"))?);
    let generation = u32::try_from(generation).map_err(|_| Unreadable("generation"))?;
    let challenge = ChallengeId { key: ChallengeKey { subject, session }, generation };
    Ok(base64url(&challenge.digest()))
}

fn about(image: &Image, subject: &str, challenge: &str, key: &CorrelationKey) -> Result<About, Unreadable> {
    let source = image.word("numberSource", &SOURCES)?;
    let about = About {
        subject: Some(subject.to_owned()),
        challenge: Some(challenge.to_owned()),
        test: (source == TEST).then_some(true),
        purpose: image.maybe_word("purpose", &PURPOSES)?,
        number_source: Some(source),
        country: image.country()?.map(|country| country.as_str().to_owned()),
        line: image.maybe_word("line", &LINES)?,
        ..About::default()
    };
    let phone = image.phone("phone")?.ok_or(Unreadable("phone"))?;
    Ok(about.with_phone(&phone, key))
}
