//! The call: how far it has come, and what its webhooks may report.
//!
//! Webhooks arrive twice, late and out of order. A call only ever moves forward through
//! [`CallState`], and only while its challenge is open, so a repeated or overtaken webhook changes
//! nothing.
//!
//! | [`CallMode`] | What approves | What it shows |
//! |---|---|---|
//! | `press-pound` | `#` in the call | that somebody took the call and agreed |
//! | `match-digits` | the page's two digits, keyed in the call | that who took the call sees the page: 1 in 90 by chance |
//! | `speak-code` | the call's six digits, typed on the page | that who sees the page took the call: 1 in a million |

use std::fmt;

use rand::{CryptoRng, RngExt as _};

use crate::code::{MacKeys, MatchDigits, SpokenCodeMacs};
use crate::digest::sha256;
use crate::identity::ChallengeId;
use crate::policy::{CallMode, Policy};
use crate::time::Timestamp;
use crate::words::words;

/// The secret of one call's webhook addresses: a replayed or older call's webhook has another.
#[derive(Clone)]
pub struct CallToken([u8; 16]);

impl CallToken {
    /// Draws a token.
    pub fn draw(random: &mut impl CryptoRng) -> Self {
        Self(random.random())
    }

    /// The token of a webhook's address.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the webhook's address.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }

    /// What is stored of it, so that who reads the table cannot forge a webhook.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256(&[b"call token", &self.0])
    }
}

impl fmt::Debug for CallToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CallToken(…)")
    }
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// Asked of the provider.
    Calling,
    /// The phone rings.
    Ringing,
    /// Someone, or something judged human, has answered.
    Answered,
    /// A machine has answered.
    Voicemail,
    /// Nobody has answered.
    NoAnswer,
    /// The line was busy.
    Busy,
    /// It could not be placed.
    Failed,
    /// It was hung up after an answer.
    Ended,
}

words!(CallState {
    Calling => "calling",
    Ringing => "ringing",
    Answered => "answered",
    Voicemail => "voicemail",
    NoAnswer => "no-answer",
    Busy => "busy",
    Failed => "failed",
    Ended => "ended",
});

impl CallState {
    /// Whether the call is over.
    #[must_use]
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Calling | Self::Ringing | Self::Answered)
    }
}

/// Who answered, as the provider's machine detection judged before the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnsweredBy {
    /// A person.
    Human,
    /// An answering machine, a fax, or nothing the detection could name.
    NotHuman,
    /// Nobody judged.
    Unjudged,
}

words!(AnsweredBy {
    Human => "human",
    NotHuman => "not-human",
    Unjudged => "unjudged",
});

impl AnsweredBy {
    /// Whether a key pressed in this call may approve: a fixed `#` can be recorded as a greeting.
    #[must_use]
    pub const fn may_approve(self, policy: &Policy) -> bool {
        match self {
            Self::Human => true,
            Self::NotHuman => false,
            Self::Unjudged => !policy.machine_detection,
        }
    }

    /// The state that an answer leads to.
    #[must_use]
    pub const fn state(self, policy: &Policy) -> CallState {
        if self.may_approve(policy) { CallState::Answered } else { CallState::Voicemail }
    }
}

/// A call of a challenge, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The digest of its token.
    pub token: [u8; 32],
    /// When it was placed.
    pub placed_at: Timestamp,
    /// How far it has come.
    pub state: CallState,
    /// Who answered.
    pub answered_by: Option<AnsweredBy>,
    /// Keys pressed that mean nothing.
    pub wrong_keys: u32,
}

impl Call {
    /// A call about to be placed.
    #[must_use]
    pub fn place(token: &CallToken, now: Timestamp) -> Self {
        Self { token: token.digest(), placed_at: now, state: CallState::Calling, answered_by: None, wrong_keys: 0 }
    }

    /// Whether the call may still be going on.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.state.is_over() && now.since(self.placed_at) < Policy::RING + Policy::TALK
    }
}

/// What a webhook does to its call.
#[derive(Clone, Copy, Debug)]
pub enum CallEvent {
    /// The call was answered.
    Answered(AnsweredBy),
    /// The call was answered and is about to say a code.
    Speaks(AnsweredBy, SpokenCodeMacs),
    /// A key was pressed.
    Pressed(Key),
    /// Digits were keyed that the page shows, or that it does not.
    Entered {
        /// Whether it does.
        matches: bool,
    },
    /// The provider reports progress.
    Progress(CallState),
}

impl CallEvent {
    /// What keying `entry` in a call of `challenge` does. Only where digits are matched is it compared
    /// with them, and without the keys nothing matches.
    #[must_use]
    pub fn keyed(
        entry: Entry,
        mode: CallMode,
        keys: Option<&MacKeys>,
        challenge: &ChallengeId,
        token: &CallToken,
    ) -> Self {
        match (entry, mode) {
            (Entry::Zero, _) => Self::Pressed(Key::Fraud),
            (Entry::Pound, CallMode::PressPound) => Self::Pressed(Key::Approve),
            (_, CallMode::PressPound | CallMode::SpeakCode) => Self::Pressed(Key::Other),
            (Entry::Digits(digits), CallMode::MatchDigits) => {
                let matches = keys.is_some_and(|keys| keys.match_digits(challenge, &token.digest(), digits));
                Self::Entered { matches }
            }
            (Entry::Pound | Entry::Other, CallMode::MatchDigits) => Self::Entered { matches: false },
        }
    }
}

/// What was keyed, as far as it can mean something in any mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A lone `#`.
    Pound,
    /// A lone `0`.
    Zero,
    /// Two digits that a page may show.
    Digits(MatchDigits),
    /// Anything else.
    Other,
}

impl Entry {
    /// Reads what was keyed, which means something exactly or not at all.
    #[must_use]
    pub fn parse(keyed: &str) -> Self {
        match keyed {
            "#" => Self::Pound,
            "0" => Self::Zero,
            _ => MatchDigits::parse(keyed).map_or(Self::Other, Self::Digits),
        }
    }
}

/// A key, by what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `#`: it is me.
    Approve,
    /// `0`: it is not me. The same in all modes.
    Fraud,
    /// Any other.
    Other,
}
