//! What an administrator can see of a subject and do to it.
//!
//! | Action | Does | Leaves alone |
//! |---|---|---|
//! | unlock | forgives every wrong guess so far; ends a lock or a delay | live challenges: their next guesses count |
//! | unblock | forgets reports of fraud: ends the block, the pause of calls and the number's block | what was denied stays denied |
//! | reset the phone | forgets the enrolled number, denies everything pending, ends an opening | failures, lock and block |
//! | open enrolment | lets an account without a number type one, for a day | everything else |
//!
//! None of them changes the send windows. Each is decided on what was read and applied only if the subject
//! has not changed since. Repeating an action changes nothing more, but records it again.
//!
//! Unlocking neither loses nor returns a guess. The reservation of a challenge that is over or deleted is
//! dropped, and its guesses with it. A live challenge keeps its reservation, so that its remaining guesses
//! stay within the new budget; those made so far are marked as counted in the same write, so that they can
//! never come back as failures. Denying the challenge instead would stop the user who is being helped.

use crate::call::CallState;
use crate::challenge::{Challenge, Outcome};
use crate::channel::Channel;
use crate::identity::{Administrator, SubjectId};
use crate::phone::PhoneNumber;
use crate::policy::Policy;
use crate::snapshot::Snapshot;
use crate::status::State;
use crate::subject::{Binding, Lockout, NumberBlock, Subject};
use crate::time::Timestamp;
use crate::words::words;

/// What an administrator can do to a subject, as it is stored with the last action. An opening is stored with who made it
/// instead: the version before could not read another word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    ResetPhone,
    Unlock,
    Unblock,
}

words!(Action { ResetPhone => "reset", Unlock => "unlock", Unblock => "unblock" });

/// Which version of a subject an action was decided on, by whom and when.
#[derive(Clone, Debug)]
pub struct Occasion {
    pub subject: SubjectId,
    pub version: u64,
    pub by: Administrator,
    pub at: Timestamp,
}

/// What is stored once a subject is unlocked.
#[must_use]
pub fn unlocked(stored: &Snapshot, now: Timestamp) -> Snapshot {
    let mut after = stored.clone();
    let mut live: Vec<_> = after.challenges.iter_mut().filter(|challenge| !challenge.is_over(now)).collect();
    after
        .subject
        .reserved
        .retain(|reservation, _| live.iter().any(|challenge| challenge.reservation() == *reservation));
    for challenge in &mut live {
        challenge.carried = challenge.attempts;
    }
    after.subject = Subject { failures: 0, last_failure_at: None, locked_at: None, ..after.subject };
    after
}

/// What is stored once a subject is unblocked, and the number's block that ends with it.
#[must_use]
pub fn unblocked(stored: &Snapshot) -> (Snapshot, Option<NumberBlock>) {
    let subject = Subject { reported_at: None, blocked_until: None, reported_number: None, ..stored.subject.clone() };
    (Snapshot { subject, ..stored.clone() }, stored.subject.reported_number)
}

/// What is stored once a subject's phone is reset. Everything that is not settled is denied, even if no
/// number is enrolled, since a running challenge may be about to enrol one.
#[must_use]
pub fn phone_reset(stored: &Snapshot) -> Snapshot {
    let denied_version = Some(stored.subject.version);
    let subject = Subject { binding: None, denied_version, enrolment_open_until: None, ..stored.subject.clone() };
    Snapshot::of(subject, stored.challenges.clone())
}

/// Until when enrolment is opened by an action of `now`. `None` if a number is enrolled: that has to be reset first.
#[must_use]
pub fn opening(stored: &Snapshot, now: Timestamp) -> Option<Timestamp> {
    stored.subject.binding.is_none().then_some(now + Policy::OPENING)
}

/// A subject's state as an administrator sees it: nothing that helps to impersonate the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub binding: Option<Binding>,
    /// Wrong guesses that count, those of live challenges included.
    pub failures: u32,
    /// Whether the subject is locked until an administrator unlocks it.
    pub locked: bool,
    /// When a delay after failures ends.
    pub delayed_until: Option<Timestamp>,
    /// When fraud was last reported.
    pub reported_at: Option<Timestamp>,
    /// When a block ends.
    pub blocked_until: Option<Timestamp>,
    /// When an opening ends.
    pub enrolment_open_until: Option<Timestamp>,
    /// Messages and calls in the short and in the long window.
    pub sends: [(Channel, usize, usize); 2],
    pub challenges: Vec<Live>,
}

/// A challenge that has not expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    pub state: State,
    pub phone: PhoneNumber,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub attempts_left: u32,
    pub call: Option<CallState>,
    /// Whether another login of the subject was active within ten minutes (see [`Challenge::contested`]).
    pub contested: bool,
}

#[must_use]
pub fn report(stored: &Snapshot, policy: &Policy, now: Timestamp) -> Report {
    let subject = &stored.subject;
    let lockout = subject.lockout(&stored.challenges, policy, now);
    let sent = |channel, window| subject.sent_within(channel, window, now).count();
    Report {
        binding: subject.binding.clone(),
        failures: subject.failures_so_far(&stored.challenges, now).0,
        locked: lockout == Lockout::Locked,
        delayed_until: if let Lockout::Delayed(until) = lockout { Some(until) } else { None },
        reported_at: subject.reported_at,
        blocked_until: subject.blocked(now),
        enrolment_open_until: subject.enrolment_open(now),
        sends: Channel::ALL
            .map(|channel| (channel, sent(channel, Policy::SHORT_WINDOW), sent(channel, Policy::LONG_WINDOW))),
        challenges: stored
            .challenges
            .iter()
            .filter(|challenge| challenge.expires_at > now)
            .map(|challenge| live(challenge, policy))
            .collect(),
    }
}

fn live(challenge: &Challenge, policy: &Policy) -> Live {
    let state = match challenge.outcome {
        Outcome::Approved { settled: true, .. } => State::Approved,
        Outcome::Denied => State::Denied,
        Outcome::Refused => State::Refused,
        Outcome::Pending if challenge.is_exhausted() => State::Exhausted,
        Outcome::Pending | Outcome::Approved { settled: false, .. } => State::Pending,
    };
    Live {
        state,
        phone: challenge.phone.clone(),
        created_at: challenge.created_at,
        expires_at: challenge.expires_at,
        attempts_left: challenge.attempts_left(),
        call: challenge.call.as_ref().map(|call| call.shown_state(policy)),
        contested: challenge.contested,
    }
}
