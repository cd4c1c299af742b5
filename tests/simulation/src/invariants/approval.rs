//! What can approve, deny and settle a challenge (I1, I5, I7).

use std::time::Duration;

use domain::call::{AnsweredBy, Call, CallEvent, CallState, CallToken, Key};
use domain::challenge::{Challenge, Method, NumberSource, Outcome};
use domain::policy::{CallMode, Policy};
use domain::purpose::Purpose;
use domain::snapshot::Snapshot;
use domain::subject::Binding;
use domain::time::Timestamp;

use super::{Effect, Verdict, hold, shared, switches};
use crate::cast::{Asked, Report};
use crate::coverage::Seen;
use crate::world::World;

/// A function's clock is never behind by more than the time that its request may take.
pub(crate) const LONGEST_REQUEST: Duration = Duration::from_secs(15);

/// Checks a challenge's new outcome against its cause.
pub(super) fn outcome(
    world: &mut World,
    before: &Snapshot,
    after: &Snapshot,
    challenge: &Challenge,
    effect: &Effect<'_>,
) -> Verdict {
    let old = before.challenge(&challenge.id.key).filter(|old| old.id == challenge.id);
    let was = old.map_or(Outcome::Pending, |old| old.outcome);
    match (was, challenge.outcome) {
        (Outcome::Pending, Outcome::Pending) => {
            if let (Some(old), Effect::AdvanceCall(id, token, event)) = (old, effect) {
                note(world, old, (old.id == **id).then_some(token), *event);
            }
            Ok(())
        }
        (Outcome::Pending, Outcome::Approved { at, by, .. }) => {
            let open = old.filter(|old| old.outcome == Outcome::Pending);
            approved(world, open.ok_or("approved from nothing")?, at, by, effect)
        }
        (Outcome::Pending | Outcome::Approved { .. }, Outcome::Denied) => denied(world, before, after, effect),
        (Outcome::Approved { settled: false, .. }, Outcome::Approved { settled: true, .. }) => {
            world.saw(Seen::SettledByStatus);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn approved(world: &mut World, old: &Challenge, at: Timestamp, by: Method, effect: &Effect<'_>) -> Verdict {
    hold!(old.expires_at > at, "approved after expiry, by the function's own clock");
    hold!(old.expires_at + LONGEST_REQUEST > world.clock, "approved after expiry, by the true time");
    hold!(old.attempts <= old.max_attempts, "approved beyond the limit of guesses");
    match (by, effect) {
        (Method::SmsCode | Method::SpokenCode, Effect::Settle(_)) => approved_by_code(world, old, by),
        (Method::PressPound, Effect::AdvanceCall(_, token, CallEvent::Pressed(Key::Approve))) => {
            hold!(
                world.policy.call_mode == CallMode::PressPound,
                "`#` approves in a mode that asks for something else"
            );
            hold!(!world.past.contested.contains(&old.id), "`#` approves one of two pending sign-ins");
            hold!(reported(world, token, Report::Pound), "approved by a key that nobody pressed");
            approved_by_call(world, old, token)
        }
        (Method::MatchDigits, Effect::AdvanceCall(_, token, CallEvent::Entered { matches: true })) => {
            if world.policy.call_mode == CallMode::PressPound {
                return approved_by_four_digits(world, old, token);
            }
            hold!(
                world.policy.call_mode == CallMode::MatchDigits,
                "digits approve in a mode that asks for something else"
            );
            hold!(reported(world, token, Report::Digits), "approved by digits that nobody entered");
            world.saw(Seen::DigitsMatched);
            approved_by_call(world, old, token)
        }
        _ => Err(format!("{effect:?} approved by {by:?}")),
    }
}

/// Of four digits, a machine knows as little as another sign-in.
fn approved_by_four_digits(world: &mut World, old: &Challenge, token: &CallToken) -> Verdict {
    let machine = old.call.as_ref().is_some_and(|call| call.is_answered_by_machine(&world.policy));
    hold!(reported(world, token, Report::FourDigits), "approved by digits that nobody entered");
    hold!(old.contested || machine, "four digits approve in a call that does not ask for them");
    hold!(old.purpose == Purpose::Login, "four digits change a number");
    world.saw(if machine { Seen::FourDigitsForMachine } else { Seen::FourDigitsMatched });
    approved_in_this_call(world, old, token)
}

fn approved_by_code(world: &mut World, old: &Challenge, by: Method) -> Verdict {
    let errand = world.errand();
    hold!(matches!(errand.asked, Asked::Guess(_)), "a code approves, but nobody typed one");
    hold!(errand.login == Some(old.id.key), "one login session's code approves another");
    match errand.counted {
        None => return Err("approved by a guess that was not counted".to_owned()),
        Some((challenge, _)) if challenge != old.id => {
            return Err("a guess counted on one generation approves another".to_owned());
        }
        Some((_, false)) => return Err("a wrong guess approves".to_owned()),
        Some((_, true)) => {}
    }
    switches::approved(world, old, by.channel());
    world.saw(if by == Method::SpokenCode { Seen::SpokenCode } else { Seen::ApprovedByCode });
    Ok(())
}

fn approved_by_call(world: &mut World, old: &Challenge, token: &CallToken) -> Verdict {
    let call = old.call.as_ref().ok_or("approved by a call that was never placed")?;
    let human = call.answered_by == Some(AnsweredBy::Human) && reported(world, token, Report::Human);
    let unjudged = call.answered_by == Some(AnsweredBy::Unjudged) && reported(world, token, Report::Unjudged);
    hold!(human || (unjudged && !world.policy.machine_detection), "approved by a call that no human answered");
    approved_in_this_call(world, old, token)
}

fn approved_in_this_call(world: &mut World, old: &Challenge, token: &CallToken) -> Verdict {
    let call = old.call.as_ref().ok_or("approved by a call that was never placed")?;
    hold!(call.token == token.digest(), "approved by a key in another call");
    hold!(call.state == CallState::Answered, "approved by a call that is {:?}", call.state);
    hold!(old.attempts < old.max_attempts, "approved by a call although every guess was used up");
    world.saw(Seen::ApprovedByCall);
    Ok(())
}

/// A report stops its own sign-in, or blocks the subject and stops all.
fn denied(world: &mut World, before: &Snapshot, after: &Snapshot, effect: &Effect<'_>) -> Verdict {
    let Effect::AdvanceCall(_, token, CallEvent::Pressed(key @ (Key::Fraud | Key::Block))) = effect else {
        return Err(format!("{effect:?} denied a challenge"));
    };
    let pressed = if *key == Key::Block { Report::SecondZero } else { Report::Zero };
    hold!(reported(world, token, pressed), "denied, but nobody reported fraud");
    let blocked = before.subject.blocked_until != after.subject.blocked_until;
    world.saw(if blocked { Seen::DeniedBySecondReport } else { Seen::DeniedByFraudKey });
    Ok(())
}

/// Wrong digits must end the call, and be counted.
pub(super) fn wrong_digits_end_the_call(
    world: &mut World,
    old: &Challenge,
    new: &Challenge,
    token: &CallToken,
) -> Verdict {
    let now = world.errand().now;
    let may_key = |call: &Call| call.token == token.digest() && call.state == CallState::Answered;
    let judged = old.digits_to_enter(&world.policy).is_some() && old.is_open(now);
    if judged && old.call.as_ref().is_some_and(may_key) {
        hold!(new.attempts == old.attempts + 1, "digits were judged but not counted");
    }
    Ok(())
}

fn reported(world: &World, token: &CallToken, report: Report) -> bool {
    world.past.reported.contains(&(token.digest(), report))
}

/// A challenge and its subject are settled together, if the subject allows it, or not at all.
pub(super) fn settled(world: &mut World, before: &Snapshot, after: &Snapshot, effect: &Effect<'_>) -> Verdict {
    let is_settled = |stored: &Snapshot, challenge: &Challenge| {
        let same = stored.challenge(&challenge.id.key).filter(|other| other.id == challenge.id);
        same.is_some_and(|other| matches!(other.outcome, Outcome::Approved { settled: true, .. }))
    };
    let newly = |challenge: &&Challenge| is_settled(after, challenge) && !is_settled(before, challenge);
    let mut settled = after.challenges.iter().filter(newly);
    let (Some(challenge), Effect::Settle(_)) = (settled.next(), effect) else {
        hold!(after.subject.last_success_at == before.subject.last_success_at, "a success without an approval");
        hold!(after.challenges.iter().find(newly).is_none(), "{effect:?} settled a challenge");
        return Ok(());
    };
    hold!(settled.next().is_none(), "one settlement settled two challenges");
    let now = world.errand().now;
    hold!(world.errand().login == Some(challenge.id.key), "one login session settled another's challenge");
    hold!(before.subject.blocked(now).is_none(), "a blocked subject was settled");
    if let Outcome::Approved { at, .. } = challenge.outcome {
        hold!(now.since(at) < Policy::RESULT_LIFE, "an approval was settled after its result had expired");
    }
    enrolled(world, before, after, challenge)?;
    hold!(after.subject.failures == 0, "success did not reset the failures");
    world.past.tallies.entry(challenge.id.key.subject).or_default().guesses = 0;
    Ok(())
}

fn enrolled(world: &mut World, before: &Snapshot, after: &Snapshot, challenge: &Challenge) -> Verdict {
    let bound = after.subject.binding.as_ref().ok_or("a subject was settled without a number")?;
    if challenge.source.enrols() {
        shared::enrolled(world, challenge);
    }
    hold!(bound.number == challenge.phone, "the enrolled number is not the one that was proven");
    match (challenge.source, &before.subject.binding) {
        (NumberSource::Enrolled(version), Some(old)) => {
            hold!(old.version == version && old == bound, "a challenge for one binding was settled on another");
            world.saw(Seen::SettledEnrolled);
        }
        (NumberSource::Enrolled(_), None) => return Err("a deleted binding was settled".to_owned()),
        (NumberSource::Claimed | NumberSource::Typed, None) => world.saw(Seen::Enrolled),
        (NumberSource::Claimed | NumberSource::Typed, Some(_)) => {
            return Err("a number was enrolled although there already was one".to_owned());
        }
        (NumberSource::Replacing(version), Some(old)) => replaced(world, challenge, old, version)?,
        (NumberSource::Replacing(_), None) => return Err("a deleted number was replaced".to_owned()),
        (NumberSource::Test, _) => return Err("a test number was settled, but there are none".to_owned()),
    }
    let version = bound.version;
    if challenge.purpose == Purpose::Change && matches!(challenge.source, NumberSource::Enrolled(_)) {
        world.saw(Seen::ChangeProven);
        let clock = world.clock;
        world.past.proofs.insert(challenge.id.key, (challenge.phone.clone(), version, clock));
    }
    Ok(())
}

/// Replacing a number takes both proofs, in one login session, the older of which is recent.
fn replaced(world: &mut World, challenge: &Challenge, old: &Binding, version: u64) -> Verdict {
    hold!(old.version == version, "the replaced number is not the one that was proven");
    let proof = world.past.proofs.get(&challenge.id.key);
    let (number, of, at) = proof.ok_or("a number was replaced, but nobody had proven it")?;
    hold!(*number == old.number && *of == version, "a number was replaced on the proof of a different one");
    let latest = *at + Policy::CHANGE_WINDOW + Policy::MAX_CODE_LIFE + Policy::CLOCK_SKEW;
    hold!(world.clock < latest, "a number was replaced on a proof that was too old");
    world.saw(Seen::NumberReplaced);
    Ok(())
}

/// Records why a key did not approve.
fn note(world: &mut World, current: &Challenge, token: Option<&CallToken>, event: CallEvent) {
    let call = current.call.as_ref().filter(|call| token.is_some_and(|token| call.token == token.digest()));
    let Some(call) = call else { return world.saw(Seen::OldCall) };
    if !matches!(event, CallEvent::Pressed(Key::Approve)) {
        return;
    }
    if current.contested {
        world.saw(Seen::PoundOnContested);
    }
    if call.is_answered_by_machine(&world.policy) {
        world.saw(Seen::PoundByMachine);
    }
    if current.expires_at <= world.errand().now {
        world.saw(Seen::PoundTooLate);
    }
    if current.is_exhausted() {
        world.saw(Seen::PoundOnExhausted);
    }
}
