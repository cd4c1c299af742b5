//! Why a request is refused, as far as its caller may know. Each variant is one problem type.

use crate::channel::Channel;
use crate::identity::{ChallengeId, SessionId, SubjectId};
use crate::phone::Country;
use crate::phone::PhoneRefusal;
use crate::quota::SendLimit;
use crate::subject::Subject;
use crate::switches::Pause;
use crate::time::Timestamp;

/// A refusal by the rules. Nothing was sent. All it may have changed: a guess was counted, and a refused start
/// leaves a trace or has a [`Consequence`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No number is known, and none was given.
    NumberRequired,
    /// The given number is not accepted.
    Number(PhoneRefusal),
    /// A number was given although one is already known.
    NumberKnown,
    /// The enrolled number is no longer valid: its country has changed its numbers.
    NumberOutdated,
    /// The current number has to be proven before it can be changed.
    ProofRequired,
    /// No number is enrolled.
    NothingToChange,
    /// No number is known, and this deployment or this login accepts none at the prompt.
    EnrolmentClosed,
    /// The channel is switched off, or cannot reach the number, or cannot be used for this purpose.
    ChannelUnavailable,
    /// An operator has stopped the channel, or the channel in the number's country, until this time.
    ChannelPaused(Timestamp),
    /// An operator has stopped that numbers are added or changed. The start can succeed from this time on.
    EnrolmentPaused(Timestamp),
    /// The login session was denied.
    Denied,
    /// The subject is blocked until this time, after a fraud report.
    Blocked(Timestamp),
    /// Too many failures: the factor is disabled until an administrator unlocks it.
    Locked,
    /// Too many failures: a new challenge has to wait until this time.
    TooManyFailures(Timestamp),
    SendLimit(SendLimit),
    /// The guess is not six digits. It was not counted.
    MalformedCode,
    /// The guess was counted and compared, and it is wrong.
    WrongCode {
        attempts_left: u32,
    },
    /// There is nothing to compare a guess with: no challenge was started, or it is used, expired or
    /// exhausted.
    Closed,
}

impl Refusal {
    /// The problem type's name.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NumberRequired => "phone-number-required",
            Self::Number(PhoneRefusal::Invalid) => "phone-number-invalid",
            Self::Number(PhoneRefusal::Ambiguous { .. }) => "phone-number-ambiguous",
            Self::Number(PhoneRefusal::Type) => "phone-number-type-refused",
            Self::Number(PhoneRefusal::Country(_)) => "country-refused",
            Self::Number(PhoneRefusal::Unavailable) => "phone-number-unavailable",
            Self::NumberKnown => "phone-number-known",
            Self::NumberOutdated => "phone-number-outdated",
            Self::ProofRequired => "proof-required",
            Self::NothingToChange => "nothing-to-change",
            Self::EnrolmentClosed => "enrolment-closed",
            Self::ChannelUnavailable => "channel-unavailable",
            Self::ChannelPaused(_) => "channel-paused",
            Self::EnrolmentPaused(_) => "enrolment-paused",
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

impl From<Pause> for Refusal {
    fn from(Pause { of_enrolment, until }: Pause) -> Self {
        if of_enrolment { Self::EnrolmentPaused(until) } else { Self::ChannelPaused(until) }
    }
}

/// A start that was refused before anything was written.
#[derive(Clone, Debug)]
pub struct Refused<'a> {
    pub subject: &'a SubjectId,
    pub channel: Channel,
    pub refusal: Refusal,
    /// What it changes, which is written instead of the trace.
    pub consequence: Option<Consequence>,
}

/// A login that was refused a call because another login's is live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contest {
    /// The challenge whose call is live, to be marked.
    pub call_of: ChallengeId,
    /// The login that was refused.
    pub refused: SessionId,
    /// The subject's version that this was decided on.
    pub version: u64,
}

/// What a refused start changes. It is written instead of the refusal's trace, and audited as what it is.
#[derive(Clone, Debug)]
pub enum Consequence {
    /// This subject, with its failures up to date, is locked from now on.
    Lock(Box<Subject>),
    /// Two logins compete: the call of one is contested, and the subject remembers that the other was refused one.
    Contest(Box<Contest>),
    /// The country's breaker opens for the channel, until this time.
    OpenBreaker(Country, Timestamp),
}
