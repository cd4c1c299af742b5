//! What a fraud report ends: all pending challenges of the subject, for good.

use domain::call::{CallEvent, Key};
use domain::challenge::{Challenge, NumberSource, Outcome};
use domain::purpose::Purpose;
use domain::snapshot::Snapshot;

use super::{Effect, Verdict, hold};
use crate::coverage::Seen;
use crate::world::World;

/// Records what was pending when fraud was reported, by the true order of events.
pub(super) fn reported(world: &mut World, before: &Snapshot, after: &Snapshot, effect: &Effect<'_>) {
    let Effect::AdvanceCall(of, _, CallEvent::Pressed(Key::Fraud)) = effect else { return };
    let is_denied = |stored: &Snapshot| stored.challenge(&of.key).is_some_and(|of| of.outcome == Outcome::Denied);
    if !is_denied(after) || is_denied(before) {
        return;
    }
    for challenge in before.challenges.iter().filter(|challenge| is_pending(challenge)) {
        if challenge.id != **of {
            world.saw(Seen::DeniedByAnother);
        }
        world.past.denied.insert(challenge.id);
    }
}

/// Whether it has not yet led to what it was started for.
fn is_pending(challenge: &Challenge) -> bool {
    let is_proof = challenge.purpose == Purpose::Change && matches!(challenge.source, NumberSource::Enrolled(_));
    match challenge.outcome {
        Outcome::Pending | Outcome::Approved { settled: false, .. } => true,
        Outcome::Approved { settled: true, .. } => is_proof,
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
