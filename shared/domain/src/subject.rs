//! The subject: a user, their enrolled number, and everything else that outlives a single challenge.
//!
//! The guess budget belongs here. A challenge reserves its guesses when it starts; when it is over, the
//! guesses used become failures and the rest is given back. So a wrong guess writes only the challenge, and
//! still no new code, channel or login ever resets the count: only a success does.

use std::collections::BTreeMap;

use crate::challenge::Challenge;
use crate::channel::Channel;
use crate::identity::{Reservation, SessionId};
use crate::phone::{Country, Line, PhoneNumber, Subscriber};
use crate::policy::Policy;
use crate::time::Timestamp;

/// An enrolled number. Its version changes with each enrolment, change and reset, so that a challenge started
/// for one binding can never be settled on another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    pub number: PhoneNumber,
    pub country: Country,
    pub line: Line,
    /// Identifies the enrolment.
    pub version: u64,
}

impl Binding {
    /// The number, with the country and line found when it was enrolled.
    #[must_use]
    pub fn subscriber(&self) -> Subscriber {
        Subscriber { number: self.number.clone(), country: Some(self.country), line: self.line }
    }
}

/// A number that a report of this subject has blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberBlock {
    /// The number's digest.
    pub number: [u8; 32],
    /// When it ends. If a number's block ends at a different time, it comes from another report.
    pub until: Timestamp,
}

/// What is stored about a subject besides its challenges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Increases with every write that must not overwrite a concurrent one.
    pub version: u64,
    pub binding: Option<Binding>,
    /// Wrong guesses since the last success, in challenges that are over.
    pub failures: u32,
    pub last_failure_at: Option<Timestamp>,
    /// When a challenge was last settled.
    pub last_success_at: Option<Timestamp>,
    /// Guesses reserved for challenges that are not accounted for yet.
    pub reserved: BTreeMap<Reservation, u32>,
    /// When messages were sent in the long window, oldest first.
    pub sms_sent: Vec<Timestamp>,
    /// When calls were placed in the long window, oldest first.
    pub calls_placed: Vec<Timestamp>,
    /// The login session that was last refused a call because the call of another, uncontested, was live. It may
    /// have no challenge that would tell.
    pub refused_call: Option<(SessionId, Timestamp)>,
    /// When fraud was last reported.
    pub reported_at: Option<Timestamp>,
    /// Until when everything is refused, after a second report.
    pub blocked_until: Option<Timestamp>,
    /// The number that was last reported while it was only being enrolled, with its block.
    pub reported_number: Option<NumberBlock>,
    /// The version at which everything pending was denied at once: no challenge that started at this version
    /// or before can be approved. Versions show what came before without relying on a clock.
    pub denied_version: Option<u64>,
    /// When the failures were found to have reached the limit. Only an administrator can unlock.
    pub locked_at: Option<Timestamp>,
    /// Until when a number may be typed though the login or the deployment is closed.
    pub enrolment_open_until: Option<Timestamp>,
}

/// What a subject's failures prevent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lockout {
    /// Nothing.
    Free,
    /// A new challenge until this time.
    Delayed(Timestamp),
    /// A new challenge until an administrator unlocks the subject.
    Locked,
}

impl Subject {
    /// Whether anything has ever been stored about it.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.version > 0
    }

    /// When the subject's block ends, if it is blocked now.
    #[must_use]
    pub fn blocked(&self, now: Timestamp) -> Option<Timestamp> {
        self.blocked_until.filter(|until| *until > now)
    }

    /// When the opening ends, if there is one now.
    #[must_use]
    pub fn enrolment_open(&self, now: Timestamp) -> Option<Timestamp> {
        self.enrolment_open_until.filter(|until| *until > now)
    }

    /// Until when nobody is called after a report of fraud, if that is not over.
    #[must_use]
    pub fn calls_paused(&self, now: Timestamp) -> Option<Timestamp> {
        self.reported_at.map(|at| at + Policy::CALL_PAUSE).filter(|until| *until > now)
    }

    /// Turns the reservations of challenges that are over into failures. If a challenge no longer exists, all
    /// its guesses count as used: the store deletes a challenge without success a month after its login.
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

    /// Counts the guesses of `challenge` as failures and drops its reservation.
    pub fn count(&mut self, challenge: &Challenge) {
        self.reserved.remove(&challenge.reservation());
        self.failures = self.failures.saturating_add(self.failures_of(challenge));
        if challenge.attempts > challenge.carried {
            self.last_failure_at = self.last_failure_at.max(challenge.last_guess_at);
        }
    }

    /// Failures that count now, those of live challenges included, and when the last guess among them was
    /// made.
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

    /// What the failures so far prevent.
    #[must_use]
    pub fn lockout(&self, challenges: &[Challenge], policy: &Policy, now: Timestamp) -> Lockout {
        let (failures, last) = self.failures_so_far(challenges, now);
        if self.locked_at.is_some() || failures >= policy.lock_at_failures {
            return Lockout::Locked;
        }
        let until = last.map(|at| at + policy.delay_after(failures)).filter(|until| *until > now);
        until.map_or(Lockout::Free, Lockout::Delayed)
    }

    /// How many guesses a new challenge may reserve.
    #[must_use]
    pub fn budget(&self, policy: &Policy) -> u32 {
        let reserved = self.reserved.values().fold(0, |sum: u32, guesses| sum.saturating_add(*guesses));
        policy.lock_at_failures.saturating_sub(self.failures).saturating_sub(reserved).min(policy.max_guesses)
    }

    /// Sends of `channel` in the window that ends now.
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

    /// Notes a send, and forgets those that no window counts any longer.
    pub fn note_send(&mut self, channel: Channel, now: Timestamp) {
        let log = match channel {
            Channel::Sms => &mut self.sms_sent,
            Channel::Call => &mut self.calls_placed,
        };
        log.retain(|at| now.since(*at) < Policy::LONG_WINDOW);
        log.push(now);
    }

    /// A challenge's failures, or none if a later success has made up for them. The success must be later by
    /// every function's clock, since a guess made after it may carry an earlier time.
    fn failures_of(&self, challenge: &Challenge) -> u32 {
        match (challenge.last_guess_at, self.last_success_at) {
            (Some(guess), Some(success)) if guess + Policy::CLOCK_SKEW < success => 0,
            _ => challenge.attempts.saturating_sub(challenge.carried),
        }
    }
}
