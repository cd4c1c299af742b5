//! What the phone hears next, decided from what the store holds and never from the webhook alone.

use subtle::ConstantTimeEq as _;

use crate::call::{Call, CallState, CallToken};
use crate::challenge::{Challenge, Outcome};
use crate::code::{Code, SpokenCodeMacs};
use crate::policy::{CallMode, Policy};
use crate::purpose::Purpose;
use crate::time::Timestamp;

/// What the phone hears next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script<'a> {
    /// Asks for the pound key.
    Prompt,
    /// Says that the key meant nothing and asks again.
    PromptAgain,
    /// Says why no key approves here, and asks for the fraud key if it is none of theirs.
    CannotApprove,
    /// Says that the challenge is closed, and asks for the fraud key all the same: guesses that were spent
    /// elsewhere must not keep the phone from reporting them.
    TooLate,
    /// Asks for the digits on the page.
    EnterDigits,
    /// Says that the digits were wrong, which ends the call.
    WrongDigits,
    /// Says the code, which is good from now on.
    SpeakCode(&'a Code),
    /// Says that the code was said: only its MAC is kept, so that no call can say it again.
    SaidOnce,
    /// Says that the sign-in is approved.
    Approved,
    /// Says that the sign-in was stopped.
    Denied,
    /// Says to whoever was not judged human that a code works too.
    UseCode,
    /// Says that the call is not needed any more.
    Over,
}

impl<'a> Script<'a> {
    /// The next words of the call with `token`, given its challenge as it now stands and the code that
    /// this webhook drew. It is said only if it is stored: a repeated webhook's is not, nor one that is a
    /// code of the challenge already (three in a million), which then leaves the call unanswered.
    #[must_use]
    pub fn next(
        challenge: Option<&Challenge>,
        token: &CallToken,
        drawn: Option<&'a (Code, SpokenCodeMacs)>,
        policy: &Policy,
        now: Timestamp,
    ) -> Self {
        let Some((challenge, call)) = challenge.and_then(|challenge| Some((challenge, challenge.call.as_ref()?)))
        else {
            return Self::Over;
        };
        if !bool::from(call.token.ct_eq(&token.digest())) {
            return Self::Over;
        }
        let may_approve = call.answered_by.is_some_and(|by| by.may_approve(policy));
        let is_open = challenge.is_open(now);
        let is_judged = policy.call_mode == CallMode::MatchDigits && call.state == CallState::Ended;
        match challenge.outcome {
            Outcome::Approved { .. } => Self::Approved,
            Outcome::Denied => Self::Denied,
            Outcome::Pending if is_judged => Self::WrongDigits,
            Outcome::Pending if call.wrong_keys >= Policy::MAX_WRONG_KEYS => Self::Over,
            Outcome::Pending if !is_open && !may_approve => Self::Over,
            Outcome::Pending if !is_open => Self::TooLate,
            Outcome::Pending if !may_approve => Self::UseCode,
            Outcome::Pending => Self::in_talk(challenge, call, drawn, policy.call_mode),
        }
    }

    fn in_talk(challenge: &Challenge, call: &Call, drawn: Option<&'a (Code, SpokenCodeMacs)>, mode: CallMode) -> Self {
        match mode {
            CallMode::PressPound if challenge.contested || challenge.purpose == Purpose::Change => Self::CannotApprove,
            CallMode::PressPound if call.wrong_keys > 0 => Self::PromptAgain,
            CallMode::PressPound => Self::Prompt,
            CallMode::MatchDigits => Self::EnterDigits,
            CallMode::SpeakCode => match drawn {
                Some((code, macs)) if macs.is_stored(&challenge.spoken) => Self::SpeakCode(code),
                _ => Self::SaidOnce,
            },
        }
    }
}
