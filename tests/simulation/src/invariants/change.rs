//! What a write may change: nothing goes backwards, and nothing settled changes (I4, I5, I6).

use domain::call::{Call, CallEvent, CallState, Key};
use domain::challenge::{Challenge, NumberSource, Outcome};
use domain::channel::Channel;
use domain::delivery::Delivery;
use domain::policy::Policy;
use domain::purpose::Purpose;
use domain::snapshot::Snapshot;
use domain::start_transaction::Replaces;
use domain::subject::Subject;

use super::{Effect, Verdict, hold};
use crate::coverage::Seen;
use crate::world::World;

/// Only a start, a settlement, a lock or a fraud report changes the subject, and its version then rises.
pub(super) fn subject(before: &Snapshot, after: &Snapshot, effect: &Effect<'_>) -> Verdict {
    let (old, new) = (&before.subject, &after.subject);
    if old == new {
        return Ok(());
    }
    hold!(new.version > old.version, "a subject changed without a new version");
    match effect {
        Effect::Start(_) => {
            hold!(new.failures >= old.failures, "a start reset failures");
            hold!(new.last_success_at == old.last_success_at, "a start counted as a success");
            same_binding(old, new)?;
            hold!(new.blocked_until == old.blocked_until, "a start changed a block");
            hold!(new.reported_at == old.reported_at, "a start changed a report");
            hold!(
                (new.denied_version, new.locked_at) == (old.denied_version, old.locked_at),
                "a start changed what ends a block"
            );
        }
        Effect::Settle(_) => {
            hold!(new.blocked_until == old.blocked_until, "a settlement changed a block");
            hold!(new.sms_sent == old.sms_sent && new.calls_placed == old.calls_placed, "a success reset the sends");
            hold!(new.denied_version == old.denied_version, "a success changed a denial");
            let replaces = matches!(effect, Effect::Settle(of) if matches!(of.source, NumberSource::Replacing(_)));
            let unmoved = old.binding.is_none() || new.binding == old.binding;
            hold!(unmoved || replaces, "an enrolled number was replaced");
        }
        Effect::NoteRefusal(_) => {
            let locked = new.locked_at.is_some() && old.locked_at.is_none();
            // A read that saw the subject without its challenge may note the same again.
            let rest = Subject { version: old.version, refused_call: old.refused_call, ..new.clone() };
            let refused_a_call = new.refused_call.is_some() && rest == *old;
            hold!(locked || refused_a_call, "a refusal changed a subject without locking it");
            hold!(new.failures >= old.failures, "a lock reset failures");
            hold!(new.last_success_at == old.last_success_at, "a lock counted as a success");
            hold!(
                (new.denied_version, new.blocked_until) == (old.denied_version, old.blocked_until),
                "a lock changed a block"
            );
            same_binding(old, new)?;
        }
        Effect::AdvanceCall(..) => {
            let (until, former) = (new.blocked_until.unwrap_or_default(), old.blocked_until.unwrap_or_default());
            // The block of a second report, by a slower clock, may end slightly earlier than the first.
            hold!(until + Policy::CLOCK_SKEW > former, "a fraud report shortened a block");
            hold!(new.failures == old.failures && new.reserved == old.reserved, "a webhook changed the guess budget");
            hold!(new.reported_at.is_some(), "a webhook changed a subject without reporting fraud");
            same_binding(old, new)?;
        }
        Effect::RecordSend(..) | Effect::CountGuess | Effect::Receipt(..) | Effect::Sweep => {
            return Err(format!("{effect:?} changed the subject"));
        }
    }
    Ok(())
}

fn same_binding(old: &Subject, new: &Subject) -> Verdict {
    hold!(old.binding == new.binding, "the enrolled number changed without a proof");
    Ok(())
}

/// A challenge only moves forward, and only by its own writes.
pub(super) fn challenge(old: Option<&Challenge>, new: &Challenge, effect: &Effect<'_>) -> Verdict {
    hold!(new.attempts <= new.max_attempts, "more guesses counted than the challenge allows");
    hold!(new.expires_at <= new.created_at + Policy::MAX_CODE_LIFE, "a code lives too long");
    let Some(old) = old else {
        hold!(matches!(effect, Effect::Start(_)), "{effect:?} created a challenge");
        return Ok(());
    };
    if old.id != new.id {
        return replaced(old, new, effect);
    }
    hold!(old.phone == new.phone && old.source == new.source, "a challenge's number changed");
    hold!(old.created_at == new.created_at, "a challenge's time of creation changed");
    hold!(old.max_attempts == new.max_attempts && old.carried == new.carried, "a challenge's budget changed");
    hold!(new.attempts >= old.attempts, "a guess was refunded");
    hold!(new.contested || !old.contested, "a contested challenge is no longer contested");
    outcome(old, new, effect)?;
    codes(old, new)?;
    sends(old, new, effect)?;
    match (&old.call, &new.call) {
        (Some(old), Some(new)) if old.token == new.token => call(old, new),
        (Some(_), None) => Err("a call was forgotten".to_owned()),
        (_, Some(_)) if !matches!(effect, Effect::Start(_)) && old.call.is_none() => {
            Err(format!("{effect:?} placed a call"))
        }
        _ => Ok(()),
    }
}

fn replaced(old: &Challenge, new: &Challenge, effect: &Effect<'_>) -> Verdict {
    let Effect::Start(transaction) = effect else { return Err(format!("{effect:?} replaced a generation")) };
    hold!(
        matches!(transaction.replaces, Replaces::Generation(_) | Replaces::Refused(_) | Replaces::Proof { .. }),
        "a generation was replaced, but the start did not say so"
    );
    hold!(new.id.generation > old.id.generation, "an older generation came back");
    let is_proof = is_proof(old) && matches!(transaction.replaces, Replaces::Proof { .. }) && old.is_settled();
    let is_refused = matches!(transaction.replaces, Replaces::Refused(_)) && old.is_refused(transaction.at);
    hold!(
        is_proof || is_refused || old.outcome == Outcome::Pending,
        "a challenge that is {:?} was replaced",
        old.outcome
    );
    Ok(())
}

/// Whether it is the proof of the number that a change replaces, which is its only use.
fn is_proof(challenge: &Challenge) -> bool {
    challenge.purpose == Purpose::Change && matches!(challenge.source, NumberSource::Enrolled(_))
}

fn outcome(old: &Challenge, new: &Challenge, effect: &Effect<'_>) -> Verdict {
    let reports = matches!(effect, Effect::AdvanceCall(_, _, CallEvent::Pressed(Key::Fraud | Key::Block)));
    let deniable = reports && (is_proof(old) || !old.is_settled());
    let (old, new) = (old.outcome, new.outcome);
    let forward = match (old, new) {
        (_, Outcome::Denied) if deniable => true,
        (Outcome::Pending, _) | (Outcome::Approved { settled: false, .. }, Outcome::Refused) => true,
        (Outcome::Approved { at, by, settled }, Outcome::Approved { at: now_at, by: now_by, settled: now_settled }) => {
            (at, by) == (now_at, now_by) && (now_settled || !settled)
        }
        (old, new) => old == new,
    };
    hold!(forward, "{old:?} became {new:?}");
    Ok(())
}

/// Every code sent stays valid. Only one that was certainly not sent may make room for the next.
fn codes(old: &Challenge, new: &Challenge) -> Verdict {
    let unsent = matches!(old.sms.last, Some((_, Delivery::Failed)));
    let kept = old.codes.len() - usize::from(unsent && !old.codes.is_empty());
    let same = |(old, new): (&domain::code::CodeMac, &domain::code::CodeMac)| old.as_bytes() == new.as_bytes();
    let still_good = new.codes.len() >= kept && old.codes[..kept].iter().zip(&new.codes).all(same);
    hold!(still_good, "a code that was sent is no longer valid");
    Ok(())
}

fn sends(old: &Challenge, new: &Challenge, effect: &Effect<'_>) -> Verdict {
    for channel in Channel::ALL {
        let (old, new) = (old.sends(channel), new.sends(channel));
        let may_change = match effect {
            Effect::Start(transaction) => transaction.channel == channel && new.used == old.used + 1,
            Effect::RecordSend(of, Delivery::Failed, _) => *of == channel && new.used + 1 == old.used,
            Effect::RecordSend(of, ..) => *of == channel && new.used == old.used,
            _ => false,
        };
        hold!(old == new || may_change, "{effect:?} changed the sends by {channel:?}");
    }
    Ok(())
}

fn call(old: &Call, new: &Call) -> Verdict {
    hold!(rank(new.state) >= rank(old.state), "a call went from {:?} back to {:?}", old.state, new.state);
    hold!(!old.state.is_over() || old.state == new.state, "a call that was over changed");
    hold!(old.answered_by.is_none() || old.answered_by == new.answered_by, "who answered a call changed");
    hold!(new.wrong_keys >= old.wrong_keys, "the count of wrong keys went down");
    Ok(())
}

const fn rank(state: CallState) -> u8 {
    match state {
        CallState::Calling => 0,
        CallState::Ringing => 1,
        CallState::Answered => 2,
        _ => 3,
    }
}

/// A challenge is deleted only when nobody can return to it.
pub(super) fn forgotten(world: &mut World, old: &Challenge, effect: &Effect<'_>) -> Verdict {
    hold!(matches!(effect, Effect::Sweep), "{effect:?} deleted a challenge");
    hold!(old.created_at + std::time::Duration::from_hours(1) <= world.clock, "a challenge was deleted too early");
    world.saw(Seen::Swept);
    Ok(())
}
