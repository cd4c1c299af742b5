//! What a fraud report ends: all pending challenges of the subject, for good.

use domain::call::{CallEvent, FraudReport, Key};
use domain::challenge::{Challenge, NumberSource, Outcome};
use domain::policy::Policy;
use domain::purpose::Purpose;
use domain::snapshot::Snapshot;

use super::{Effect, Verdict, hold};
use crate::coverage::Seen;
use crate::world::World;

/// Records what a report denies, by the true order of events.
pub(super) fn reported(world: &mut World, before: &Snapshot, after: &Snapshot, effect: &Effect<'_>) {
    let Effect::AdvanceCall(of, _, CallEvent::Pressed(Key::Fraud | Key::Block)) = effect else { return };
    let all = before.subject.blocked_until != after.subject.blocked_until;
    let stopped = after.challenge(&of.key).is_some_and(|own| own.outcome == Outcome::Denied);
    for challenge in before.challenges.iter().filter(|challenge| is_pending(challenge)) {
        let own = challenge.id.key == of.key;
        if all && !own {
            world.saw(Seen::DeniedByAnother);
        }
        if all || (own && stopped) {
            world.past.denied.insert(challenge.id);
        }
    }
}

/// `0` counts once in each call that somebody took who may approve, whatever became of its challenge. The next report
/// blocks.
pub(super) fn counted(world: &mut World, before: &Snapshot, after: &Snapshot, effect: &Effect<'_>) -> Verdict {
    let Effect::AdvanceCall(of, token, CallEvent::Pressed(key @ (Key::Fraud | Key::Block))) = effect else {
        return Ok(());
    };
    let Some(stored) = before.challenge(&of.key) else { return Ok(()) };
    let current = stored.call.as_ref().filter(|call| call.has_token(token));
    let former = stored.former_call(token);
    let call = current.or(former.map(|former| &former.call));
    let (now, until) = (world.errand().now, world.errand().now + world.policy.fraud_block);
    let expected = (*key == Key::Block).then_some(FraudReport::Stopped);
    let counts = call.is_some_and(|call| call.report == expected && call.may_report(&world.policy, now));
    if !counts {
        hold!(before.subject == after.subject, "a report was counted twice, or nobody made it");
        return Ok(());
    }
    hold!(after.subject.reported_at == Some(now), "a report was lost");
    let number = current.map(|_| (&stored.phone, stored.is_typed()));
    let number = number.or(former.map(|former| (&former.phone, former.is_unverified)));
    if let Some((phone, true)) = number {
        let closed = world.model.number(phone).blocked_until == Some(until);
        hold!(closed, "a number that was only being enrolled was not blocked");
    }
    let recent = before.subject.reported_at.is_some_and(|at| at + Policy::REPORT_MEMORY > now);
    let blocks = recent || *key == Key::Block;
    stopped(stored, after, blocks)?;
    if blocks {
        hold!(after.subject.blocked_until == Some(until), "a second report did not block the subject");
    } else {
        hold!(after.subject.blocked_until == before.subject.blocked_until, "a first report blocked the subject");
    }
    if current.is_none() {
        world.saw(Seen::FormerCallReported);
    }
    if stored.is_approved() {
        world.saw(Seen::ApprovedOneReported);
    }
    Ok(())
}

/// A report stops its own sign-in, unless that is approved. A second one takes back what is not settled.
fn stopped(stored: &Challenge, after: &Snapshot, blocks: bool) -> Verdict {
    let stays = match stored.outcome {
        Outcome::Approved { settled, .. } => !is_proof(stored) && (settled || !blocks),
        Outcome::Pending | Outcome::Denied => false,
        Outcome::Refused => return Ok(()), // its item may say that it is approved
    };
    let denied = after.challenge(&stored.id.key).is_some_and(|own| own.outcome == Outcome::Denied);
    hold!(stays || denied, "a report did not stop its sign-in");
    hold!(!stays || !denied, "a report took back an approval");
    Ok(())
}

fn is_proof(challenge: &Challenge) -> bool {
    challenge.purpose == Purpose::Change && matches!(challenge.source, NumberSource::Enrolled(_))
}

/// Whether it has not yet led to what it was started for.
fn is_pending(challenge: &Challenge) -> bool {
    match challenge.outcome {
        Outcome::Pending | Outcome::Approved { settled: false, .. } => true,
        Outcome::Approved { settled: true, .. } => is_proof(challenge),
        Outcome::Denied | Outcome::Refused => false,
    }
}

/// What was pending at a fraud report is never approved, settled or replaced afterwards.
pub(super) fn held(world: &World, old: Option<&Challenge>, new: &Challenge) -> Verdict {
    let denied = |challenge: &Challenge| world.past.denied.contains(&challenge.id);
    hold!(!denied(new) || new.outcome == Outcome::Denied, "pending at a fraud report, but now {:?}", new.outcome);
    let replaced = old.is_some_and(|old| old.id != new.id && denied(old));
    hold!(!replaced, "a challenge pending at a fraud report continues in a new generation");
    Ok(())
}
