//! The events of a subject's own item, and of the refusals noted beside it.

use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use platform::clock::rfc3339;

use super::{CHANNELS, LINES, Step};
use crate::correlation::CorrelationKey;
use crate::event::{About, Event, Fact};
use platform::stream::{Image, Unreadable};

const ACTIONS: [&str; 3] = ["reset", "unlock", "unblock"];

/// What a step of the subject's item tells.
pub(super) fn events(step: &Step<'_>, subject: &str, key: &CorrelationKey) -> Result<Vec<Event>, Unreadable> {
    let admin = Admin::of(step)?;
    let mut events = Vec::new();
    events.extend(number(step, &admin, subject, key)?);
    for (at, fact) in
        [fraud(step, &admin)?, locked(step)?, unlocked(step, &admin)?, unblocked(step, &admin)?].into_iter().flatten()
    {
        events.push(Event { at, about: holder(step.new, subject, key)?, fact });
    }
    Ok(events)
}

type Told = Option<(Timestamp, Fact)>;

/// What an administrator did in this step, through the API. A step without is the product's own, or
/// an edit of the table past the API, which is told without a name.
#[derive(Default)]
struct Admin {
    action: Option<&'static str>,
    by: Option<String>,
}

impl Admin {
    fn of(step: &Step<'_>) -> Result<Self, Unreadable> {
        if !["adminAction", "adminActions", "adminBy", "adminAt"].into_iter().any(|name| step.set(name)) {
            return Ok(Self::default());
        }
        let action = Some(step.new.word("adminAction", &ACTIONS)?);
        Ok(Self { action, by: Some(step.new.text("adminBy")?.to_owned()) })
    }

    fn did(&self, action: &str) -> bool {
        self.action == Some(action)
    }
}

/// What became of the enrolled number.
fn number(step: &Step<'_>, admin: &Admin, subject: &str, key: &CorrelationKey) -> Result<Option<Event>, Unreadable> {
    let before = step.old.map(|old| old.phone("phone")).transpose()?.flatten();
    let after = step.new.phone("phone")?;
    let of = |image: Option<&Image>| image.map_or_else(|| Ok(about(subject)), |image| holder(image, subject, key));
    Ok(match (before, after) {
        (None, Some(_)) => {
            let at = step.time("lastSuccessAt")?;
            Some(Event { at, about: of(Some(step.new))?, fact: Fact::PhoneEnrolled {} })
        }
        (Some(before), Some(after)) if before != after => {
            let at = step.time("lastSuccessAt")?;
            Some(Event { at, about: of(Some(step.new))?, fact: changed(&before, key) })
        }
        (before, None) if before.is_some() || admin.did("reset") => {
            let fact = Fact::PhoneReset { by: admin.by.clone() };
            Some(Event { at: step.time("adminAt")?, about: of(step.old)?, fact })
        }
        _ => None,
    })
}

fn changed(before: &PhoneNumber, key: &CorrelationKey) -> Fact {
    Fact::PhoneChanged { previous_phone: before.to_string(), previous_phone_digest: key.number(before) }
}

/// The fraud key blocks the subject and denies what was pending; no administrator does that.
fn fraud(step: &Step<'_>, admin: &Admin) -> Result<Told, Unreadable> {
    if admin.action.is_some() || !step.set("deniedVersion") {
        return Ok(None);
    }
    let blocked_until = step.new.maybe_time("blockedUntil")?.map(rfc3339);
    Ok(Some((step.time("deniedAt")?, Fact::FraudReported { blocked_until })))
}

fn locked(step: &Step<'_>) -> Result<Told, Unreadable> {
    if !step.set("lockedAt") {
        return Ok(None);
    }
    let failures = step.new.maybe_number("failures")?;
    Ok(Some((step.new.time("lockedAt")?, Fact::SubjectLocked { failures })))
}

fn unlocked(step: &Step<'_>, admin: &Admin) -> Result<Told, Unreadable> {
    let lifted = admin.did("unlock") || step.removed("lockedAt");
    let fact = || Fact::SubjectUnlocked { by: admin.by.clone() };
    lifted.then(|| Ok((step.time("adminAt")?, fact()))).transpose()
}

fn unblocked(step: &Step<'_>, admin: &Admin) -> Result<Told, Unreadable> {
    let lifted = admin.did("unblock") || step.removed("blockedUntil");
    let fact = || Fact::SubjectUnblocked { by: admin.by.clone() };
    lifted.then(|| Ok((step.time("adminAt")?, fact()))).transpose()
}

/// A start that was refused, which leaves a note of its own.
pub(super) fn refusals(step: &Step<'_>, subject: &str) -> Result<Vec<Event>, Unreadable> {
    if !step.set("refusedAt") && !step.set("refusals") {
        return Ok(Vec::new());
    }
    let fact = Fact::ChallengeRefused {
        reason: step.new.text("reason")?.to_owned(),
        channel: step.new.maybe_word("channel", &CHANNELS)?,
        refusals: step.new.maybe_number("refusals")?,
    };
    Ok(vec![Event { at: step.new.time("refusedAt")?, about: about(subject), fact }])
}

fn about(subject: &str) -> About {
    About { subject: Some(subject.to_owned()), ..About::default() }
}

/// The subject with the number that is enrolled in `image`, if one is.
fn holder(image: &Image, subject: &str, key: &CorrelationKey) -> Result<About, Unreadable> {
    let Some(phone) = image.phone("phone")? else { return Ok(about(subject)) };
    let about = About {
        country: image.country()?.map(|country| country.as_str().to_owned()),
        line: image.maybe_word("line", &LINES)?,
        ..about(subject)
    };
    Ok(about.with_phone(&phone, key))
}
