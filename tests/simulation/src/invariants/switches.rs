//! What operators have stopped: nothing new is sent, and what was sent still counts.

use std::time::Duration;

use domain::challenge::{Challenge, NumberSource};
use domain::channel::Channel;
use domain::purpose::Purpose;
use domain::start_transaction::StartTransaction;
use domain::switches::{Switch, Switches};
use domain::time::Timestamp;

use super::approval::LONGEST_REQUEST;
use super::{Verdict, hold};
use crate::cast::Asked;
use crate::coverage::Seen;
use crate::world::World;

/// How long a start may not know of a switch: what it read is 30 seconds old at most, by clocks that differ by less than
/// 45, when it arrives.
const UNKNOWN: Duration = Duration::from_secs(30 + 45 + LONGEST_REQUEST.as_secs());
/// How long after a failed read the start may do without one, by such clocks.
const UNREAD: Duration = Duration::from_secs(5 + 45 + LONGEST_REQUEST.as_secs());

/// Checks a change of the switches, and remembers since when each is set.
pub(crate) fn switched(world: &mut World, before: &Switches) {
    if let Err(violation) = changes_one(world, before) {
        world.breaks(violation);
    }
}

/// Whatever else is in force stays: two operators never undo what the other did.
fn changes_one(world: &mut World, before: &Switches) -> Verdict {
    let after = world.model.switches().clone();
    if after == *before {
        return Ok(());
    }
    let Asked::Operate { switch, until } = world.errand().asked.clone() else {
        return Err("a request that is no operator's changed a switch".to_owned());
    };
    let (asked, now, clock) = (Switch::parse(switch), world.errand().now, world.clock);
    let others = |switches: &Switches| -> Vec<_> {
        let others = switches.in_force(now).filter(|(other, _)| Some(*other) != asked);
        others.map(|(other, setting)| (other, setting.clone())).collect()
    };
    hold!(others(before) == others(&after), "{switch} was changed, and another switch with it");
    let kept: Vec<_> = after.stored().map(|(switch, _)| switch).collect();
    world.past.stopped.retain(|stopped, _| kept.contains(stopped));
    if let Some(asked) = asked.filter(|_| until.is_some()) {
        world.past.stopped.insert(asked, clock);
    }
    world.saw(if until.is_some() { Seen::SwitchSet } else { Seen::SwitchCleared });
    Ok(())
}

/// Checks a start that was applied.
pub(super) fn started(world: &mut World, transaction: &StartTransaction) {
    let errand = world.errand();
    let (now, read, tried_again) = (errand.now, errand.read_switches, errand.conflicts > 0);
    let given_up = world.past.unreadable_switches_at.is_some_and(|at| world.clock.since(at) <= UNREAD);
    let reads = matches!(read, Some(Ok(_))) && !tried_again;
    let known_until = known_until(world.clock, read, tried_again).filter(|_| reads || !given_up);
    let Some(known_until) = known_until else {
        return world.saw(Seen::OldSwitchesUsed);
    };
    if stopping(world, transaction, now).any(|since| since < known_until) {
        world.breaks("sent although an operator had stopped it".to_owned());
    } else if stopping(world, transaction, now).next().is_some() {
        world.saw(Seen::SentSoonAfterAStop);
    }
}

/// Switches that were set before then must be known to the start, unless it could not read any.
fn known_until(clock: Timestamp, read: Option<Result<Timestamp, ()>>, tried_again: bool) -> Option<Timestamp> {
    let least = Timestamp::from_unix(clock.as_unix() - UNKNOWN.as_secs());
    match read {
        Some(Err(())) => None,
        Some(Ok(read)) if !tried_again => Some(read),
        _ => Some(least),
    }
}

/// Since when each switch that is set stops this start.
fn stopping<'a>(
    world: &'a World,
    transaction: &'a StartTransaction,
    now: Timestamp,
) -> impl Iterator<Item = Timestamp> + 'a {
    let Challenge { country, source, purpose, .. } = transaction.challenge;
    let adds = match source {
        NumberSource::Enrolled(_) => false,
        NumberSource::Replacing(_) => purpose == Purpose::Change,
        NumberSource::Claimed | NumberSource::Typed | NumberSource::Test => true,
    };
    let channel = transaction.channel;
    let stops = move |switch: Switch| match switch {
        Switch::Channel(stopped) => stopped == channel,
        Switch::Country(stopped, of) => (stopped, of) == (channel, country),
        Switch::Enrolment => adds,
        Switch::UnverifiedBudget => false,
    };
    let set = world.model.switches().in_force(now).filter(move |(switch, _)| stops(*switch));
    set.filter_map(|(switch, _)| world.past.stopped.get(&switch).copied())
}

/// A code that was sent before is accepted, whatever is stopped.
pub(super) fn approved(world: &mut World, challenge: &Challenge, channel: Channel) {
    let now = world.errand().now;
    if world.model.switches().pause(channel, &[challenge.country], challenge.source.enrols(), now).is_some() {
        world.saw(Seen::ApprovedWhileStopped);
    }
}
