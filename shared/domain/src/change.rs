//! Changing the number: the current number is proven first, then the new one.
//!
//! A change has its own challenge beside the login's, in the same login session. Its first generation goes to
//! the enrolled number. Once that is approved, the next one goes to the new number, and the write that
//! settles it replaces the old number with the new. Until then nothing has changed, and a first factor alone
//! changes nothing (NIST SP 800-63B-4 §4.1.2).

use crate::challenge::{Challenge, Former, NumberSource, Outcome};
use crate::phone::Subscriber;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::snapshot::Snapshot;
use crate::subject::Binding;
use crate::time::Timestamp;
use crate::words::words;

/// How far a number change has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The current number has to be proven.
    CurrentNumber,
    /// The current number is proven; the new one has to be given and proven.
    NewNumber,
    /// The new number is enrolled.
    Changed,
}

words!(Step {
    CurrentNumber => "current-number",
    NewNumber => "new-number",
    Changed => "changed",
});

/// How far the change with the challenge `own` has got.
#[must_use]
pub fn step(binding: Option<&Binding>, own: Option<&Challenge>, now: Timestamp) -> Step {
    match own.map(|own| (own.source, own.is_settled())) {
        Some((NumberSource::Replacing(_), true)) => Step::Changed,
        _ if former(binding, own, now).is_some() => Step::NewNumber,
        _ => Step::CurrentNumber,
    }
}

/// The number to prove next and, if that is the new one, the number it replaces.
pub(crate) fn number(
    stored: &Snapshot,
    request: &Request,
    now: Timestamp,
) -> Result<(Subscriber, NumberSource, Option<Former>), Refusal> {
    let own = stored.challenge(&request.key);
    let binding = stored.subject.binding.as_ref().ok_or(Refusal::NothingToChange)?;
    let former = former(Some(binding), own, now);
    let new = match (&request.typed, own) {
        (Some(typed), _) => Some(typed.clone()),
        (None, Some(own)) if matches!(own.source, NumberSource::Replacing(_)) => Some(own.subscriber()),
        (None, _) => None,
    };
    match (former, new) {
        (None, _) if request.typed.is_some() => Err(Refusal::ProofRequired),
        (None, _) => Ok((binding.subscriber(), NumberSource::Enrolled(binding.version), None)),
        (Some(_), None) => Err(Refusal::NumberRequired),
        (Some(_), Some(new)) if new.number.is_same_line(&binding.number) => Err(Refusal::NumberKnown),
        (Some(former), Some(new)) => Ok((new, NumberSource::Replacing(binding.version), Some(former))),
    }
}

/// The current number, if `own` has proven it recently enough.
fn former(binding: Option<&Binding>, own: Option<&Challenge>, now: Timestamp) -> Option<Former> {
    let (binding, own) = (binding?, own?);
    let former = match (own.source, own.outcome) {
        (NumberSource::Enrolled(version), Outcome::Approved { at, settled: true, .. })
            if version == binding.version =>
        {
            Former { number: binding.number.clone(), proven_at: at }
        }
        (NumberSource::Replacing(version), _) if version == binding.version => own.former.clone()?,
        _ => return None,
    };
    (now.since(former.proven_at) < Policy::CHANGE_WINDOW).then_some(former)
}
