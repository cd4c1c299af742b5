//! Why a request is refused, as far as its caller may know. One variant, one problem type.

use crate::channel::Channel;
use crate::identity::{ChallengeId, SubjectId};
use crate::phone::Country;
use crate::phone::PhoneRefusal;
use crate::quota::SendLimit;
use crate::subject::Subject;
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

impl Refusal {
    /// The problem type's name.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NumberRequired => "phone-number-required",
            Self::Number(PhoneRefusal::Invalid) => "phone-number-invalid",
            Self::Number(PhoneRefusal::Type) => "phone-number-type-refused",
            Self::Number(PhoneRefusal::Country) => "country-refused",
            Self::Number(PhoneRefusal::Unavailable) => "phone-number-unavailable",
            Self::NumberKnown => "phone-number-known",
            Self::ProofRequired => "proof-required",
            Self::NothingToChange => "nothing-to-change",
            Self::EnrolmentClosed => "enrolment-closed",
            Self::ChannelUnavailable => "channel-unavailable",
            Self::Denied => "denied",
            Self::Blocked(_) => "blocked",
            Self::Locked => "locked",
            Self::TooManyFailures(_) => "too-many-failures",
            Self::SendLimit(_) => "send-limit",
            Self::MalformedCode => "code-malformed",
            Self::WrongCode { .. } => "code-wrong",
            Self::Closed => "challenge-closed",
        }
    }
}

/// A start that was refused before anything was written.
#[derive(Clone, Debug)]
pub struct Refused<'a> {
    /// Who asked.
    pub subject: &'a SubjectId,
    /// By which channel.
    pub channel: Channel,
    /// Why it was refused.
    pub refusal: Refusal,
    /// What else comes of it.
    pub consequence: Option<Consequence>,
}

/// What a refusal brings about beside its trace.
#[derive(Clone, Debug)]
pub enum Consequence {
    /// The subject, as its failures now stand, is locked from here on.
    Lock(Box<Subject>),
    /// The call of another login session is contested.
    Contest(ChallengeId),
    /// The country's breaker opens for the channel, until then.
    OpenBreaker(Country, Timestamp),
}
