//! Why a request is refused, as far as its caller may know. One variant, one problem type.

use std::time::Duration;

use crate::phone::PhoneRefusal;
use crate::time::Timestamp;

/// A refusal of the rules. Nothing was sent, and nothing changed but a counted guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No number is known, and none was given.
    NumberRequired,
    /// The number given is not taken.
    Number(PhoneRefusal),
    /// A number was given although one is known.
    NumberKnown,
    /// The number cannot be changed before the current one is proven.
    ProofRequired,
    /// There is no number to change.
    NothingToChange,
    /// No number is known, and this deployment takes none at the prompt.
    EnrolmentClosed,
    /// The channel is switched off, or cannot reach the number.
    ChannelUnavailable,
    /// The login session was denied by its owner.
    Denied,
    /// The subject is blocked after a report of fraud.
    Blocked(Timestamp),
    /// Too many failures: the factor is disabled until an administrator unlocks it.
    Locked,
    /// Too many failures for now.
    TooManyFailures(Timestamp),
    /// A limit on sends is reached.
    SendLimit(SendLimit),
    /// The guess is not six digits. It was not counted.
    MalformedCode,
    /// The guess was counted, judged and wrong.
    WrongCode {
        /// Guesses left.
        attempts_left: u32,
    },
    /// There is nothing to judge a guess against: never was, used, expired or exhausted.
    Closed,
}

/// Which limit on sends is reached, and when it gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendLimit {
    /// The limit's name in the API.
    pub policy: &'static str,
    /// Sends that it allows.
    pub quota: usize,
    /// The window over which it counts.
    pub window: Duration,
    /// When the next send is allowed.
    pub retry_at: Timestamp,
}
