//! What must never happen, in any interleaving. Each rule is checked against the past, which knows more than
//! any function does.

mod answer;
mod approval;
mod change;
mod denial;
mod receipt;
mod shared;
mod switches;
mod tally;

use std::fmt;

use domain::call::{CallEvent, CallToken};
use domain::challenge::Challenge;
use domain::channel::Channel;
use domain::delivery::Delivery;
use domain::identity::{ChallengeId, ChallengeKey};
use domain::quota::Counter;
use domain::receipt::Receipt;
use domain::refusal::Refused;
use domain::snapshot::Snapshot;
use domain::start_transaction::StartTransaction;

pub(crate) use self::answer::{answered, signed};
pub(crate) use self::approval::LONGEST_REQUEST;
pub(crate) use self::receipt::Expected;
pub(crate) use self::shared::shared;
pub(crate) use self::switches::switched;
pub(crate) use self::tally::{counted, sends, started};
use crate::world::World;

/// A write to the store, by its intent.
pub(crate) enum Effect<'a> {
    Start(&'a StartTransaction),
    RecordSend(Channel, Delivery, &'a [Counter]),
    CountGuess,
    Settle(&'a Challenge),
    AdvanceCall(&'a ChallengeId, &'a CallToken, CallEvent),
    NoteRefusal(&'a Refused<'a>),
    Receipt(&'a ChallengeKey, &'a Receipt),
    Sweep,
}

impl fmt::Debug for Effect<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(transaction) => write!(out, "start {:?} {:?}", transaction.channel, transaction.replaces),
            Self::RecordSend(channel, delivery, _) => write!(out, "record {channel:?} {delivery:?}"),
            Self::CountGuess => out.write_str("count a guess"),
            Self::Settle(challenge) => write!(out, "settle generation {}", challenge.id.generation),
            Self::AdvanceCall(id, _, event) => {
                write!(out, "advance the call of generation {}: {event:?}", id.generation)
            }
            Self::NoteRefusal(refused) => write!(out, "note {:?}", refused.refusal),
            Self::Receipt(_, receipt) => write!(out, "record {:?}", receipt.fate),
            Self::Sweep => out.write_str("forget"),
        }
    }
}

type Verdict = Result<(), String>;

/// Fails with the given violation unless the condition holds.
macro_rules! hold {
    ($condition:expr, $($violation:tt)+) => {
        if !$condition {
            return Err(format!($($violation)+));
        }
    };
}
use hold;

/// Checks a change to one subject's state against every rule.
pub(crate) fn check(world: &mut World, before: &Snapshot, after: &Snapshot, effect: &Effect<'_>) -> Verdict {
    change::subject(before, after, effect)?;
    denial::reported(world, before, after, effect);
    denial::counted(world, before, after, effect)?;
    for challenge in &after.challenges {
        let old = before.challenge(&challenge.id.key);
        change::challenge(old, challenge, effect)?;
        if let (Effect::RecordSend(channel, Delivery::Failed, counters), Some(old)) = (effect, old)
            && old.sends(*channel) != challenge.sends(*channel)
        {
            tally::given_back(world, &challenge.id, *channel);
            shared::given_back(world, &challenge.id, counters);
        }
        if let (Effect::AdvanceCall(..), Some(old)) = (effect, old.filter(|old| old.attempts < challenge.attempts)) {
            tally::count_wrong_digits(world, old, challenge)?;
        }
        if let (Effect::AdvanceCall(_, token, CallEvent::Entered { matches: false }), Some(old)) = (effect, old) {
            approval::wrong_digits_end_the_call(world, old, challenge, token)?;
        }
        denial::held(world, old, challenge)?;
        approval::outcome(world, before, after, challenge, effect)?;
    }
    for old in &before.challenges {
        if after.challenge(&old.id.key).is_none() {
            change::forgotten(world, old, effect)?;
        }
    }
    receipt::known(world, before, after, effect)?;
    approval::settled(world, before, after, effect)
}

/// What a write changed, for the trace.
pub(crate) fn difference(before: &Snapshot, after: &Snapshot) -> String {
    let mut lines = Vec::new();
    let (old, new) = (format!("{:#?}", before.subject), format!("{:#?}", after.subject));
    lines.extend(changed_lines(&old, &new));
    for challenge in &after.challenges {
        let old = before.challenge(&challenge.id.key).map(|old| format!("{old:#?}")).unwrap_or_default();
        lines.extend(changed_lines(&old, &format!("{challenge:#?}")));
    }
    if lines.is_empty() { "nothing changes".to_owned() } else { lines.join(" ") }
}

fn changed_lines(old: &str, new: &str) -> Vec<String> {
    let old: Vec<_> = old.lines().collect();
    new.lines().filter(|line| !old.contains(line)).map(|line| line.trim().to_owned()).collect()
}
