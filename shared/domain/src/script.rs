//! What the phone hears next, decided from what the store holds and never from the webhook alone.

use subtle::ConstantTimeEq as _;

use crate::call::CallToken;
use crate::challenge::{Challenge, Outcome};
use crate::locale::Phrases;
use crate::policy::Policy;
use crate::time::Timestamp;

/// What the phone hears next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Asks for a key.
    Prompt,
    /// Says that the key meant nothing and asks again.
    PromptAgain,
    /// Says that the sign-in is approved.
    Approved,
    /// Says that the sign-in was stopped.
    Denied,
    /// Says to whoever was not judged human that a code works too.
    UseCode,
    /// Says that the call is not needed any more.
    Over,
}

impl Script {
    /// The next words of the call with `token`, given its challenge as it now stands.
    #[must_use]
    pub fn next(challenge: Option<&Challenge>, token: &CallToken, policy: &Policy, now: Timestamp) -> Self {
        let Some((challenge, call)) = challenge.and_then(|challenge| Some((challenge, challenge.call.as_ref()?)))
        else {
            return Self::Over;
        };
        if !bool::from(call.token.ct_eq(&token.digest())) {
            return Self::Over;
        }
        match challenge.outcome {
            Outcome::Approved { .. } => Self::Approved,
            Outcome::Denied => Self::Denied,
            Outcome::Pending if !challenge.is_open(now) || call.wrong_keys >= Policy::MAX_WRONG_KEYS => Self::Over,
            Outcome::Pending => match call.answered_by {
                Some(by) if by.may_approve(policy) && !challenge.contested => {
                    if call.wrong_keys > 0 {
                        Self::PromptAgain
                    } else {
                        Self::Prompt
                    }
                }
                _ => Self::UseCode,
            },
        }
    }

    /// What to say.
    #[must_use]
    pub const fn words(self, phrases: &Phrases) -> &'static str {
        match self {
            Self::Prompt => phrases.prompt,
            Self::PromptAgain => phrases.wrong_key,
            Self::Approved => phrases.approved,
            Self::Denied => phrases.denied,
            Self::UseCode => phrases.use_code,
            Self::Over => phrases.over,
        }
    }

    /// Whether a key is awaited.
    #[must_use]
    pub const fn listens(self) -> bool {
        matches!(self, Self::Prompt | Self::PromptAgain)
    }
}
