//! Guesses and sends, counted independently of the product's own counts (I1, I3, I9).

use std::time::Duration;

use domain::call::CallState;
use domain::challenge::{Challenge, Outcome};
use domain::channel::Channel;
use domain::identity::{ChallengeId, SessionId, SubjectId};
use domain::phone::PhoneNumber;
use domain::policy::Policy;
use domain::start_transaction::{Replaces, StartTransaction};

use super::{Verdict, hold, receipt, shared, switches};
use crate::cast::Asked;
use crate::coverage::Seen;
use crate::providers::mac_keys;
use crate::world::World;

/// Records a counted guess, and checks the counts against the limits.
pub(crate) fn counted(world: &mut World, challenge: &Challenge) {
    let Asked::Guess(code) = world.errand().asked.clone() else {
        return world.breaks("a request that is not a guess was counted as one".to_owned());
    };
    let right = world.past.is_right(&challenge.id, &code) || is_lucky(world, challenge, &code);
    if !right && world.past.codes.iter().any(|sent| sent.code == code) {
        world.saw(Seen::ForeignCode);
    }
    let key = challenge.id.key;
    let clock = world.clock;
    let errand = world.errand();
    let own = errand.login == Some(key);
    errand.counted = Some((challenge.id, right));
    let first = world.past.first_of(&challenge.id);
    let guesses = world.past.guesses.entry(first).or_default();
    *guesses += 1;
    let on_challenge = *guesses;
    let tally = world.past.tallies.entry(key.subject).or_default();
    tally.guesses += 1;
    let on_subject = tally.guesses;
    let (per_challenge, per_subject) = (world.policy.max_guesses, world.policy.lock_at_failures);
    if !own {
        world.breaks("a guess was counted on another login session's challenge".to_owned());
    }
    if on_challenge > per_challenge {
        world.breaks(format!("guess {on_challenge} of {per_challenge} was judged on one challenge"));
    }
    if on_subject > per_subject {
        world.breaks(format!("guess {on_subject} of {per_subject} since the last success was judged"));
    }
    if challenge.outcome != Outcome::Pending || challenge.expires_at + super::approval::LONGEST_REQUEST <= clock {
        world.breaks("a guess was judged on a challenge that was not open".to_owned());
    }
    world.say(|| format!("  judges a {} guess, {on_subject} since success", if right { "right" } else { "wrong" }));
}

/// Wrong digits are a guess, too.
pub(super) fn count_wrong_digits(world: &mut World, old: &Challenge, new: &Challenge) -> Verdict {
    let first = world.past.first_of(&new.id);
    let guesses = world.past.guesses.entry(first).or_default();
    *guesses += 1;
    let (on_challenge, most) = (*guesses, world.policy.max_guesses);
    world.past.tallies.entry(new.id.key.subject).or_default().guesses += 1;
    hold!(new.attempts == old.attempts + 1, "one entry counted as {} guesses", new.attempts - old.attempts);
    hold!(on_challenge <= most, "guess {on_challenge} of {most} was entered on one challenge");
    let over = new.call.as_ref().is_some_and(|call| call.state == CallState::Ended);
    hold!(over, "wrong digits did not end the call");
    world.saw(Seen::WrongDigits);
    Ok(())
}

/// Whether the guess equals a code that was drawn but never handed to a provider.
fn is_lucky(world: &World, challenge: &Challenge, code: &str) -> bool {
    let sent = world.past.codes.iter().filter(|sent| !sent.spoken && sent.challenge == challenge.id).count();
    let code = domain::code::Code::parse(code);
    let hidden = challenge.codes.len() > sent || !challenge.spoken.is_empty();
    hidden && code.is_ok_and(|code| challenge.judge(&mac_keys(), &code).is_some())
}

/// Records a start that was applied, and checks its send against the windows.
pub(crate) fn started(world: &mut World, transaction: &StartTransaction, former: Option<&Challenge>) {
    let id = transaction.challenge.id;
    if transaction.replaces == Replaces::Continues && !former.is_some_and(|former| former.is_open(transaction.at)) {
        world.breaks("sent for a closed challenge".to_owned());
    }
    match transaction.replaces {
        Replaces::Continues if transaction.challenge.sends(transaction.channel).used > 1 => world.saw(Seen::Resent),
        Replaces::Continues => world.saw(Seen::SecondChannel),
        Replaces::Nothing | Replaces::Proof { .. } => {}
        Replaces::Generation(_) => replaced(world, transaction, former),
        Replaces::Refused(_) => world.saw(Seen::RefusedReplaced),
    }
    receipt::started(world, transaction);
    switches::started(world, transaction);
    contest(world, &id);
    within_windows(world, id.key.subject, transaction.channel);
    shared::charged(world, transaction);
    let most = world.policy.max_sends;
    let first = world.past.first_of(&id);
    *world.past.sends.entry((first, transaction.channel)).or_default() += 1;
    for channel in Channel::ALL {
        let sends = world.past.sends.get(&(first, channel)).copied().unwrap_or_default();
        let counted = world.model.challenge(&id.key).map_or(0, |stored| stored.sends(channel).used);
        if sends > most || counted < sends {
            world.breaks(format!("{sends} sends by {channel:?} on one challenge, {counted} counted, {most} allowed"));
        }
    }
}

pub(super) fn given_back(world: &mut World, id: &ChallengeId, channel: Channel) {
    let first = world.past.first_of(id);
    if let Some(sends) = world.past.sends.get_mut(&(first, channel)) {
        *sends -= 1;
    }
}

/// A generation that was replaced while it was open passes on its guesses.
fn replaced(world: &mut World, transaction: &StartTransaction, former: Option<&Challenge>) {
    let Some(former) = former.filter(|former| former.is_open(transaction.at)) else {
        return world.saw(Seen::NextGeneration);
    };
    world.saw(Seen::NumberChanged);
    let first = world.past.first_of(&former.id);
    world.past.origin.insert(transaction.challenge.id, first);
}

/// Login sessions of one subject are contested that are open at the same true time, and one that sends within ten
/// minutes of another's.
fn contest(world: &mut World, id: &ChallengeId) {
    let clock = world.clock;
    let stored = world.model.load(&id.key.subject);
    let own = id.key.session;
    let same_login = |other: SessionId| other == own || other.to_change() == own || own.to_change() == other;
    let others = stored.challenges.iter().filter(|other| !same_login(other.id.key.session));
    let recent = |at| clock.since(at) + Policy::CLOCK_SKEW < Policy::CONTEST_WINDOW;
    if others.clone().any(|other| recent(other.last_active_at())) {
        world.past.contested.insert(*id);
    }
    let others: Vec<_> = others.filter(|other| other.is_open(clock)).map(|other| other.id).collect();
    if !others.is_empty() {
        world.saw(Seen::Contested);
        world.past.contested.insert(*id);
        world.past.contested.extend(others);
    }
}

/// By the true time, in windows that are shorter than the real ones by the clock skew.
fn within_windows(world: &mut World, subject: SubjectId, channel: Channel) {
    let (clock, policy) = (world.clock, world.policy.clone());
    let sends = &mut world.past.tallies.entry(subject).or_default().sends;
    sends.push((clock, channel));
    let within = |window: Duration, calls_only: bool| {
        let counts = |of: Channel| !calls_only || of == Channel::Call;
        let inside = sends.iter().filter(|(at, of)| counts(*of) && clock.since(*at) + Policy::CLOCK_SKEW < window);
        inside.count()
    };
    let (short, long) = (within(Policy::SHORT_WINDOW, false), within(Policy::LONG_WINDOW, false));
    let calls = within(Policy::SHORT_WINDOW, true);
    if short > policy.max_sends_short || long > policy.max_sends_long {
        world.breaks(format!("{short} sends in 10 minutes and {long} in a day"));
    }
    // One that a machine answered may be given back.
    if channel == Channel::Call && calls > policy.max_calls_short + 1 {
        world.breaks(format!("{calls} calls in 10 minutes"));
    }
}

/// Checks a send against the start that must have been stored before it, and returns its challenge.
pub(crate) fn sends(world: &mut World, channel: Channel, to: &PhoneNumber) -> Option<ChallengeId> {
    let Some((challenge, of, phone)) = world.errand().to_send.take() else {
        world.breaks("sent something that was not stored first, or sent it twice".to_owned());
        return None;
    };
    if of != channel || phone != *to {
        world.breaks("sent something other than what was stored".to_owned());
    }
    Some(challenge)
}
