//! What is known of a message: only from its own receipts, by the surest of them, and nothing else follows (I6).

use domain::challenge::Challenge;
use domain::channel::Channel;
use domain::identity::ChallengeKey;
use domain::receipt::{Fate, Receipt};
use domain::snapshot::Snapshot;
use domain::start_transaction::{Replaces, StartTransaction};
use serde_json::Value;

use super::{Effect, Verdict, hold};
use crate::coverage::Seen;
use crate::world::World;

/// The receipts that a challenge's latest message can have, and the surest that has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    digests: Vec<[u8; 32]>,
    fate: Option<Fate>,
}

/// Notes the message that an applied start is about to send.
pub(super) fn started(world: &mut World, transaction: &StartTransaction) {
    let key = transaction.challenge.id.key;
    match (transaction.channel, transaction.replaces) {
        (Channel::Sms, _) => {
            let digests = transaction.challenge.receipts.iter().flat_map(|receipts| receipts.digests.clone()).collect();
            world.past.receipts.insert(key, Expected { digests, fate: None });
        }
        (Channel::Call, Replaces::Continues) => {}
        (Channel::Call, _) => _ = world.past.receipts.remove(&key),
    }
    let told = world.model.challenge(&key).map(|stored| as_expected(world, stored));
    if let Some(Err(violation)) = told {
        world.breaks(violation);
    }
}

/// Checks what a write made of the receipts. A start's is checked once it is applied.
pub(super) fn known(world: &mut World, before: &Snapshot, after: &Snapshot, effect: &Effect<'_>) -> Verdict {
    if let Effect::Receipt(key, receipt) = effect {
        note(world, key, receipt);
        nothing_else_changed(before, after)?;
    }
    for old in before.challenges.iter().filter(|old| after.challenge(&old.id.key).is_none()) {
        world.past.receipts.remove(&old.id.key);
    }
    if !matches!(effect, Effect::Start(_)) {
        after.challenges.iter().try_for_each(|challenge| as_expected(world, challenge))?;
    }
    Ok(())
}

fn note(world: &mut World, key: &ChallengeKey, receipt: &Receipt) {
    let expected = world.past.receipts.get_mut(key);
    let Some(expected) = expected.filter(|expected| expected.digests.contains(&receipt.digest)) else {
        return world.saw(Seen::ReceiptOfNoMessage);
    };
    if expected.fate.is_none_or(|known| known.rank() < receipt.fate.rank()) {
        expected.fate = Some(receipt.fate);
        world.saw(Seen::ReceiptRecorded);
    } else {
        world.saw(Seen::ReceiptOfNoNews);
    }
}

fn nothing_else_changed(before: &Snapshot, after: &Snapshot) -> Verdict {
    let rest = |stored: &Snapshot| {
        let without = |challenge: &Challenge| Challenge { receipts: None, ..challenge.clone() };
        let challenges: Vec<_> = stored.challenges.iter().map(without).collect();
        format!("{:?} {challenges:?}", stored.subject)
    };
    hold!(rest(before) == rest(after), "a receipt changed more than what is known of a message");
    Ok(())
}

fn as_expected(world: &World, challenge: &Challenge) -> Verdict {
    let known = challenge.receipts.as_ref().and_then(|receipts| receipts.fate);
    let expected = world.past.receipts.get(&challenge.id.key).and_then(|expected| expected.fate);
    hold!(known == expected, "a message is known as {known:?}, by its receipts it is {expected:?}");
    Ok(())
}

/// Checks what is told of the latest message while no other request runs.
pub(super) fn told(world: &mut World, key: &ChallengeKey, body: &str) -> Verdict {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let Some(told) = body["channels"]["sms"]["lastSend"].as_str() else { return Ok(()) }; // no challenge is shown
    let fate = world.past.receipts.get(key).and_then(|expected| expected.fate);
    let expected = fate.and_then(Fate::told);
    match expected {
        Some(arrival) => {
            hold!(told == arrival.as_str(), "a message that was {} is told as {told}", arrival.as_str());
            world.saw(Seen::ArrivalShown);
        }
        None => hold!(!told.ends_with("delivered"), "a message without such a receipt is told as {told}"),
    }
    Ok(())
}
