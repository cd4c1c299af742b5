//! The events of a subject's own item, and of the refusals noted beside it.

use domain::administration::Action;
use domain::call::FraudReport;
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use platform::clock::rfc3339;
use platform::item::Unreadable;
use platform::item::attribute::{
    ADMIN_ACTION, ADMIN_ACTIONS, ADMIN_AT, ADMIN_BY, BLOCKED_UNTIL, CHANNEL, DENIED_AT, DENIED_VERSION, FAILURES,
    LAST_SUCCESS_AT, LOCKED_AT, OPENING, PHONE, REASON, REFUSALS, REFUSED_AT, REPORTED_AT, UNTIL,
};
use platform::item::subject::{binding, opening};

use super::{Item, Step};
use crate::correlation::CorrelationKey;
use crate::event::{About, Event, Fact};

pub(super) fn events(step: &Step<'_>, subject: &str, key: &CorrelationKey) -> Result<Vec<Event>, Unreadable> {
    let admin = Admin::of(step)?;
    let mut events = Vec::new();
    events.extend(number(step, &admin, subject, key)?);
    let others =
        [fraud(step, &admin)?, locked(step)?, unlocked(step, &admin)?, unblocked(step, &admin)?, opened(step)?];
    for (at, fact) in others.into_iter().flatten() {
        events.push(Event { at, about: holder(step.new, subject, key)?, fact });
    }
    Ok(events)
}

type Timed = Option<(Timestamp, Fact)>;

/// What an administrator did in this step, through the API. Otherwise the product did it, or somebody edited the table
/// directly: such an event names nobody.
#[derive(Default)]
struct Admin {
    action: Option<Action>,
    by: Option<String>,
}

impl Admin {
    fn of(step: &Step<'_>) -> Result<Self, Unreadable> {
        let acted = step.set(ADMIN_ACTION) || step.set(ADMIN_ACTIONS) || step.set(ADMIN_BY) || step.set(ADMIN_AT);
        if !acted {
            return Ok(Self::default());
        }
        let action = Some(step.new.require(ADMIN_ACTION)?);
        Ok(Self { action, by: Some(step.new.text(ADMIN_BY)?.to_owned()) })
    }

    fn did(&self, action: Action) -> bool {
        self.action == Some(action)
    }
}

fn number(step: &Step<'_>, admin: &Admin, subject: &str, key: &CorrelationKey) -> Result<Option<Event>, Unreadable> {
    let (before, after) = (step.before(PHONE)?, step.new.get(PHONE)?);
    let of = |item: Option<Item<'_>>| item.map_or_else(|| Ok(about(subject)), |item| holder(item, subject, key));
    Ok(match (before, after) {
        (None, Some(_)) => {
            let at = step.time(LAST_SUCCESS_AT)?;
            Some(Event { at, about: of(Some(step.new))?, fact: Fact::PhoneEnrolled })
        }
        (Some(before), Some(after)) if before != after => {
            let at = step.time(LAST_SUCCESS_AT)?;
            Some(Event { at, about: of(Some(step.new))?, fact: changed(&before, key) })
        }
        (before, None) if before.is_some() || admin.did(Action::ResetPhone) => {
            let fact = Fact::PhoneReset { by: admin.by.clone() };
            Some(Event { at: step.time(ADMIN_AT)?, about: of(step.old)?, fact })
        }
        _ => None,
    })
}

fn changed(before: &PhoneNumber, key: &CorrelationKey) -> Fact {
    Fact::PhoneChanged { previous_phone: before.to_string(), previous_phone_digest: key.number(before) }
}

/// The first report stops one sign-in, and the calls. The next one blocks the subject and denies what was pending; no
/// administrator does that.
fn fraud(step: &Step<'_>, admin: &Admin) -> Result<Timed, Unreadable> {
    if admin.action.is_some() {
        return Ok(None);
    }
    if step.set(DENIED_VERSION) {
        let blocked_until = step.new.get(BLOCKED_UNTIL)?.map(rfc3339);
        let fact = Fact::FraudReported { stage: FraudReport::Blocked.as_str(), blocked_until };
        return Ok(Some((step.time(DENIED_AT)?, fact)));
    }
    let stopped = || Fact::FraudReported { stage: FraudReport::Stopped.as_str(), blocked_until: None };
    step.set(REPORTED_AT).then(|| Ok((step.new.require(REPORTED_AT)?, stopped()))).transpose()
}

fn locked(step: &Step<'_>) -> Result<Timed, Unreadable> {
    if !step.set(LOCKED_AT) {
        return Ok(None);
    }
    let failures = step.new.get(FAILURES)?;
    Ok(Some((step.new.require(LOCKED_AT)?, Fact::SubjectLocked { failures })))
}

fn unlocked(step: &Step<'_>, admin: &Admin) -> Result<Timed, Unreadable> {
    let lifted = admin.did(Action::Unlock) || step.removed(LOCKED_AT);
    let fact = || Fact::SubjectUnlocked { by: admin.by.clone() };
    lifted.then(|| Ok((step.time(ADMIN_AT)?, fact()))).transpose()
}

fn unblocked(step: &Step<'_>, admin: &Admin) -> Result<Timed, Unreadable> {
    let lifted = admin.did(Action::Unblock) || step.removed(BLOCKED_UNTIL);
    let fact = || Fact::SubjectUnblocked { by: admin.by.clone() };
    lifted.then(|| Ok((step.time(ADMIN_AT)?, fact()))).transpose()
}

/// An opening that is used up, or that a reset ends, is part of the enrolment or the reset.
fn opened(step: &Step<'_>) -> Result<Timed, Unreadable> {
    let Some(opening) = opening(step.new)?.filter(|_| step.set(OPENING)) else { return Ok(None) };
    let (by, until) = (opening.text(ADMIN_BY)?.to_owned(), rfc3339(opening.require(UNTIL)?));
    Ok(Some((opening.require(ADMIN_AT)?, Fact::SubjectEnrolmentOpened { by, until })))
}

pub(super) fn refusals(step: &Step<'_>, subject: &str) -> Result<Vec<Event>, Unreadable> {
    if !step.set(REFUSED_AT) && !step.set(REFUSALS) {
        return Ok(Vec::new());
    }
    let fact = Fact::ChallengeRefused {
        reason: step.new.text(REASON)?.to_owned(),
        channel: step.new.get(CHANNEL)?.map(domain::channel::Channel::as_str),
        refusals: step.new.get(REFUSALS)?,
    };
    Ok(vec![Event { at: step.new.require(REFUSED_AT)?, about: about(subject), fact }])
}

fn about(subject: &str) -> About {
    About { subject: Some(subject.to_owned()), ..About::default() }
}

/// The subject with the number that is enrolled, if one is.
fn holder(item: Item<'_>, subject: &str, key: &CorrelationKey) -> Result<About, Unreadable> {
    let Some(binding) = binding(item)? else { return Ok(about(subject)) };
    let about = About {
        country: Some(binding.country.as_str().to_owned()),
        line: Some(binding.line.as_str()),
        ..about(subject)
    };
    Ok(about.with_phone(&binding.number, key))
}
