//! The call: its state, and what its webhooks may change.
//!
//! Webhooks arrive twice, late and out of order. A call only ever moves forward through [`CallState`], so a
//! repeated or outdated webhook changes nothing. Once its challenge is closed, only who answered, a report of fraud
//! and the call's end are noted.
//!
//! | [`CallMode`] | What approves | What it shows |
//! |---|---|---|
//! | `press-pound` | `#` in the call | that somebody took the call and agreed |
//! | | where `#` is not enough: the page's four digits, entered in the call | that the person on the phone sees the page: 1 in 10,000 by chance |
//! | `match-digits` | the page's two digits, entered in the call | that the person on the phone sees the page: 1 in 90 by chance |
//! | `speak-code` | the call's six digits, typed on the page | that the person at the page took the call: 1 in a million by chance |

use std::fmt;

use rand::{CryptoRng, RngExt as _};
use subtle::ConstantTimeEq as _;

use crate::code::{MacKeys, MatchDigits, SpokenCodeMacs};
use crate::digest::sha256;
use crate::identity::ChallengeId;
use crate::phone::PhoneNumber;
use crate::policy::{CallMode, Policy};
use crate::time::Timestamp;
use crate::words::words;

/// The secret in the addresses of one call's webhooks: the webhook of a replayed or older call has a
/// different one.
#[derive(Clone)]
pub struct CallToken([u8; 16]);

impl CallToken {
    pub fn draw(random: &mut impl CryptoRng) -> Self {
        Self(random.random())
    }

    /// The token in a webhook's address.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the webhook's address.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }

    /// What is stored of it, so that somebody who can read the table cannot forge a webhook.
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

/// How far a call has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// Requested from the provider.
    Calling,
    Ringing,
    /// Answered by a person, or by something judged to be one.
    Answered,
    /// Answered by a machine.
    Voicemail,
    NoAnswer,
    Busy,
    /// The call could not be placed.
    Failed,
    /// Hung up after it was answered.
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

/// Who answered, as judged by the provider's machine detection before the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnsweredBy {
    Human,
    /// An answering machine, a fax, or something that the detection could not identify.
    NotHuman,
    /// The provider reported no judgement.
    Unjudged,
}

words!(AnsweredBy {
    Human => "human",
    NotHuman => "not-human",
    Unjudged => "unjudged",
});

impl AnsweredBy {
    /// Whether a key pressed in this call may approve: a greeting could contain a recorded `#`.
    #[must_use]
    pub const fn may_approve(self, policy: &Policy) -> bool {
        match self {
            Self::Human => true,
            Self::NotHuman => false,
            Self::Unjudged => !policy.machine_detection,
        }
    }

    /// The weakest judgement that may still approve.
    #[must_use]
    pub const fn least_judged(policy: &Policy) -> Self {
        if Self::Unjudged.may_approve(policy) { Self::Unjudged } else { Self::Human }
    }

    /// The call's state after this answer. Where `#` approves, a call that no human seems to have answered goes
    /// on and asks for the page's digits, which no recording knows.
    #[must_use]
    pub const fn state(self, policy: &Policy) -> CallState {
        match policy.call_mode {
            CallMode::PressPound => CallState::Answered,
            _ if self.may_approve(policy) => CallState::Answered,
            CallMode::MatchDigits | CallMode::SpeakCode => CallState::Voicemail,
        }
    }
}

/// A call of a challenge, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The digest of its [`CallToken`].
    pub token: [u8; 32],
    pub placed_at: Timestamp,
    pub state: CallState,
    pub answered_by: Option<AnsweredBy>,
    pub answered_at: Option<Timestamp>,
    /// How many keys without a meaning were pressed.
    pub wrong_keys: u32,
    /// What reporting fraud in this call has led to, if it was reported.
    pub report: Option<FraudReport>,
}

/// What a report of fraud has led to. One call can lead to each of them once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FraudReport {
    /// The sign-in is stopped, and nobody is called for a while.
    Stopped,
    /// The subject is blocked, and everything pending is denied.
    Blocked,
}

words!(FraudReport {
    Stopped => "stopped",
    Blocked => "blocked",
});

/// A call that another call or another generation has replaced. Whoever took it may still report it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerCall {
    pub call: Call,
    pub phone: PhoneNumber,
    /// Whether the number was only being enrolled.
    pub is_unverified: bool,
}

impl Call {
    /// A call about to be placed.
    #[must_use]
    pub fn place(token: &CallToken, now: Timestamp) -> Self {
        Self {
            token: token.digest(),
            placed_at: now,
            state: CallState::Calling,
            answered_by: None,
            answered_at: None,
            wrong_keys: 0,
            report: None,
        }
    }

    /// Whether it was answered by something that was not judged human.
    #[must_use]
    pub fn is_answered_by_machine(&self, policy: &Policy) -> bool {
        self.answered_by.is_some_and(|by| !by.may_approve(policy))
    }

    #[must_use]
    pub fn has_token(&self, token: &CallToken) -> bool {
        self.token.ct_eq(&token.digest()).into()
    }

    /// Whether `0` in this call reports fraud: somebody took it who may approve, not long ago.
    #[must_use]
    pub fn may_report(&self, policy: &Policy, now: Timestamp) -> bool {
        let human = self.answered_by.is_some_and(|by| by.may_approve(policy));
        human && now.since(self.placed_at) < Policy::REPORT_WINDOW
    }

    /// Whether it was taken, or may still be, not long ago. Calls that failed cannot push such a one out.
    #[must_use]
    pub fn may_still_be_reported(&self, now: Timestamp) -> bool {
        let is_missed = self.state.is_over() && self.answered_by.is_none();
        !is_missed && now.since(self.placed_at) < Policy::REPORT_WINDOW
    }

    /// The state to show: a call that a machine answered shows as voicemail once it has ended.
    #[must_use]
    pub fn shown_state(&self, policy: &Policy) -> CallState {
        let machine = self.state == CallState::Ended && self.is_answered_by_machine(policy);
        if machine { CallState::Voicemail } else { self.state }
    }

    /// Whether the call may still be in progress.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.state.is_over() && now.since(self.placed_at) < Policy::RING + Policy::TALK
    }
}

/// What a webhook does to its call.
#[derive(Clone, Copy, Debug)]
pub enum CallEvent {
    Answered(AnsweredBy),
    /// The call was answered and is about to say a code.
    Speaks(AnsweredBy, SpokenCodeMacs),
    Pressed(Key),
    /// Digits were entered, in a call that matches them with the page's.
    Entered {
        /// Whether the page shows them.
        matches: bool,
    },
    /// The provider reported progress.
    Progress(CallState),
}

impl CallEvent {
    /// What entering `entry` in a call of `challenge` does. Without the keys no digits match.
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
            (Entry::SecondZero, _) => Self::Pressed(Key::Block),
            (Entry::Pound, CallMode::PressPound) => Self::Pressed(Key::Approve),
            (Entry::Nothing, _) | (_, CallMode::SpeakCode) | (Entry::Other, CallMode::PressPound) => {
                Self::Pressed(Key::Other)
            }
            (Entry::Digits(digits), mode) if mode.digits() == Some(digits.count()) => {
                let matches = keys.is_some_and(|keys| keys.match_digits(challenge, &token.digest(), digits));
                Self::Entered { matches }
            }
            (Entry::Digits(_) | Entry::NotDigits | Entry::Pound | Entry::Other, _) => Self::Entered { matches: false },
        }
    }
}

/// What was entered, as far as it has a meaning in any mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A lone `#`.
    Pound,
    /// A lone `0`.
    Zero,
    /// A lone `0`, where a call that was reported asks for it again.
    SecondZero,
    /// Digits that a page could show.
    Digits(MatchDigits),
    /// Nothing, where digits were asked for: `#` out of habit.
    Nothing,
    /// Anything else, where digits were asked for.
    NotDigits,
    /// Any other key.
    Other,
}

impl Entry {
    /// Parses what was entered. Only an exact match has a meaning.
    #[must_use]
    pub fn parse(keyed: &str) -> Self {
        match keyed {
            "#" => Self::Pound,
            "0" => Self::Zero,
            _ => MatchDigits::parse(keyed).map_or(Self::Other, Self::Digits),
        }
    }

    /// Parses what was entered where only `0` was asked for, a second time.
    #[must_use]
    pub fn parse_second_zero(keyed: &str) -> Self {
        if keyed == "0" { Self::SecondZero } else { Self::Other }
    }

    /// Parses what was entered where four digits were asked for, ended by `#` or by waiting. A lone key is an entry
    /// too: it is judged, unless it is `0`.
    #[must_use]
    pub fn parse_four_digits(keyed: &str) -> Self {
        match keyed {
            "" => Self::Nothing,
            "0" => Self::Zero,
            _ if keyed.len() == 4 => MatchDigits::parse(keyed).map_or(Self::NotDigits, Self::Digits),
            _ => Self::NotDigits,
        }
    }
}

/// A key, by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `#`: it is me.
    Approve,
    /// `0`: it is not me. The same in all modes.
    Fraud,
    /// `0` once more, where a call that was reported asks whether to block the account.
    Block,
    /// Any other.
    Other,
}
