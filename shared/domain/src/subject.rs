//! The subject: who signs in, their enrolled number, and what outlives single challenges.
//!
//! The guess budget belongs here. A challenge reserves its guesses when it starts; when it is over,
//! what was spent becomes failures and the rest is given back. So a wrong guess is one write on the
//! challenge alone, and still no new code, channel or login ever resets the count: only success does.

use std::collections::BTreeMap;

use crate::challenge::Challenge;
use crate::channel::Channel;
use crate::identity::Reservation;
use crate::phone::{Country, Line, PhoneNumber, Subscriber};
use crate::policy::Policy;
use crate::time::Timestamp;

/// An enrolled number. Its version changes with each enrolment, change and reset, so that a
/// challenge started for one binding can never be settled on another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The enrolled number.
    pub number: PhoneNumber,
    /// Its country.
    pub country: Country,
    /// What kind of line it is.
    pub line: Line,
    /// Which enrolment it is.
    pub version: u64,
}

impl Binding {
    /// The number and what was found of it when it was enrolled.
    #[must_use]
    pub fn subscriber(&self) -> Subscriber {
        Subscriber { number: self.number.clone(), country: Some(self.country), line: self.line }
    }
}

/// What is kept of a subject between challenges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Rises with every write that must not overtake another.
    pub version: u64,
    /// The enrolled number.
    pub binding: Option<Binding>,
    /// Wrong guesses since the last success, of challenges that are over.
    pub failures: u32,
    /// When the latest of these was made.
    pub last_failure_at: Option<Timestamp>,
    /// When a challenge was last settled.
    pub last_success_at: Option<Timestamp>,
    /// Guesses set aside for challenges not yet accounted for, by [`Reservation`].
    pub reserved: BTreeMap<Reservation, u32>,
    /// When messages were sent in the long window, latest last.
    pub sms_sent: Vec<Timestamp>,
    /// When calls were placed in the long window, latest last.
    pub calls_placed: Vec<Timestamp>,
    /// Until when everything is refused, after a report of fraud.
    pub blocked_until: Option<Timestamp>,
    /// The digest of the number that the same report blocked until then, where it was only being enrolled.
    pub reported_number: Option<[u8; 32]>,
    /// The version at which all that was pending was denied at once: no challenge that began by then can be
    /// approved. Versions tell what came before by no clock.
    pub denied_version: Option<u64>,
    /// When the failures were found to have reached the limit that only an administrator lifts.
    pub locked_at: Option<Timestamp>,
}

/// What failures keep a subject from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lockout {
    /// Nothing.
    Free,
    /// A new challenge before then.
    Delayed(Timestamp),
    /// A new challenge before an administrator unlocks.
    Locked,
}

impl Subject {
    /// Whether anything has ever been kept of it.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.version > 0
    }

    /// When the subject's block ends, if it is blocked now.
    #[must_use]
    pub fn blocked(&self, now: Timestamp) -> Option<Timestamp> {
        self.blocked_until.filter(|until| *until > now)
    }

    /// Turns the reservations of challenges that are over into failures. A challenge that is gone
    /// altogether, which the store forgets a month after it came to nothing, counts as spent.
    pub fn account_for(&mut self, challenges: &[Challenge], now: Timestamp) {
        let reserved = std::mem::take(&mut self.reserved);
        for (reservation, guesses) in reserved {
            match challenges.iter().find(|challenge| challenge.reservation() == reservation) {
                Some(challenge) if !challenge.is_over(now) => {
                    self.reserved.insert(reservation, guesses);
                }
                Some(challenge) => self.count(challenge),
                None => self.failures = self.failures.saturating_add(guesses),
            }
        }
    }

    /// Counts the guesses that `challenge` spent in vain and drops its reservation.
    pub fn count(&mut self, challenge: &Challenge) {
        self.reserved.remove(&challenge.reservation());
        self.failures = self.failures.saturating_add(self.failures_of(challenge));
        if challenge.attempts > challenge.carried {
            self.last_failure_at = self.last_failure_at.max(challenge.last_guess_at);
        }
    }

    /// Failures that count against the subject now, those of running challenges included.
    #[must_use]
    pub fn failures_so_far(&self, challenges: &[Challenge], now: Timestamp) -> (u32, Option<Timestamp>) {
        let mut seen = self.clone();
        seen.account_for(challenges, now);
        for challenge in challenges {
            if seen.reserved.contains_key(&challenge.reservation()) {
                seen.count(challenge);
            }
        }
        (seen.failures, seen.last_failure_at)
    }

    /// What the failures so far keep the subject from.
    #[must_use]
    pub fn lockout(&self, challenges: &[Challenge], policy: &Policy, now: Timestamp) -> Lockout {
        let (failures, last) = self.failures_so_far(challenges, now);
        if self.locked_at.is_some() || failures >= policy.lock_at_failures {
            return Lockout::Locked;
        }
        let until = last.map(|at| at + policy.delay_after(failures)).filter(|until| *until > now);
        until.map_or(Lockout::Free, Lockout::Delayed)
    }

    /// Guesses that a new challenge may reserve.
    #[must_use]
    pub fn budget(&self, policy: &Policy) -> u32 {
        let reserved = self.reserved.values().fold(0, |sum: u32, guesses| sum.saturating_add(*guesses));
        policy.lock_at_failures.saturating_sub(self.failures).saturating_sub(reserved).min(policy.max_guesses)
    }

    /// Sends of `channel` so far that count in the window that ends now.
    pub fn sent_within(
        &self,
        channel: Channel,
        window: std::time::Duration,
        now: Timestamp,
    ) -> impl Iterator<Item = Timestamp> {
        let log = match channel {
            Channel::Sms => &self.sms_sent,
            Channel::Call => &self.calls_placed,
        };
        log.iter().copied().filter(move |at| now.since(*at) < window)
    }

    /// Notes a send, and forgets those that no window counts any more.
    pub fn note_send(&mut self, channel: Channel, now: Timestamp) {
        let log = match channel {
            Channel::Sms => &mut self.sms_sent,
            Channel::Call => &mut self.calls_placed,
        };
        log.retain(|at| now.since(*at) < Policy::LONG_WINDOW);
        log.push(now);
    }

    /// A challenge's failures, unless a success has already made up for them that came later by any
    /// function's clock: a guess after the success may bear an earlier time.
    fn failures_of(&self, challenge: &Challenge) -> u32 {
        match (challenge.last_guess_at, self.last_success_at) {
            (Some(guess), Some(success)) if guess + Policy::CLOCK_SKEW < success => 0,
            _ => challenge.attempts.saturating_sub(challenge.carried),
        }
    }
}
