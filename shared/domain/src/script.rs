//! What the user hears next in a call, decided from what is stored and never from the webhook alone.

use crate::call::{Call, CallState, CallToken, FraudReport};
use crate::challenge::{Challenge, Outcome};
use crate::code::{Code, SpokenCodeMacs};
use crate::policy::{CallMode, Policy};
use crate::purpose::Purpose;
use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script<'a> {
    /// Asks for the pound key.
    Prompt,
    /// Says that the key has no meaning and asks again.
    PromptAgain,
    /// Says that no key can approve a number change, and asks for the fraud key if the user did not request it.
    CannotApprove,
    /// Says that the challenge is closed, but still asks for the fraud key: guesses used up by somebody else
    /// must not keep the user from reporting them.
    TooLate,
    /// Asks for the digits on the page.
    EnterDigits,
    /// Asks up to `prompts` times for the four digits on the page, where `#` would not be enough.
    EnterFourDigits {
        prompts: u32,
        /// Whether `0` reports fraud: only in a call that a human answered.
        reports: bool,
    },
    /// Says that the digits were wrong, which ends the call.
    WrongDigits,
    /// Says the code, which is valid from now on.
    SpeakCode(&'a Code),
    /// Says that the code was already said: only its MAC is stored, so no call can repeat it.
    SaidOnce,
    /// Says to look at the screen, which tells whether it is approved: that is not settled yet.
    Approved,
    /// Says that a code was entered meanwhile, and asks for the fraud key if it was not the user.
    CodeEntered,
    /// Says that fraud was reported, and asks whether to block all sign-ins.
    Reported {
        /// Whether that stopped this sign-in.
        in_time: bool,
        /// Whether to say that the block lasts 24 hours.
        for_a_day: bool,
    },
    /// Says that all sign-ins are blocked.
    Blocked,
    /// Says that the sign-in was stopped.
    Denied,
    /// Tells an answerer who was not judged human that a code works too.
    UseCode,
    /// Says that the call is no longer needed.
    Over,
}

impl<'a> Script<'a> {
    /// What the call with `token` says next, given its challenge after this webhook and the code that this
    /// webhook drew. The code is said only if it was stored. The code of a repeated webhook is not stored.
    /// Nor is one that the challenge already has (three in a million), which then leaves the call unanswered.
    #[must_use]
    pub fn next(
        challenge: Option<&Challenge>,
        token: &CallToken,
        drawn: Option<&'a (Code, SpokenCodeMacs)>,
        policy: &Policy,
        now: Timestamp,
    ) -> Self {
        let Some(challenge) = challenge else { return Self::Over };
        let Some(call) = challenge.call.as_ref().filter(|call| call.has_token(token)) else {
            let former = challenge.former_call(token);
            return former
                .map_or(Self::Over, |former| Self::of_report(challenge, &former.call, Self::TooLate, policy, now));
        };
        if call.report.is_some() {
            return Self::of_report(challenge, call, Self::Over, policy, now);
        }
        let may_approve = call.answered_by.is_some_and(|by| by.may_approve(policy));
        let is_open = challenge.is_open(now);
        let four_digits = challenge.asks_for_four_digits(policy);
        let takes_digits = policy.call_mode == CallMode::MatchDigits || four_digits;
        let is_judged = takes_digits && call.state == CallState::Ended;
        match challenge.outcome {
            Outcome::Approved { by, .. } if by.is_by_call() => Self::Approved,
            Outcome::Approved { .. } => Self::of_report(challenge, call, Self::CodeEntered, policy, now),
            Outcome::Denied => Self::Denied,
            Outcome::Refused => Self::Over,
            Outcome::Pending if is_judged => Self::WrongDigits,
            Outcome::Pending if call.wrong_keys >= Policy::MAX_WRONG_KEYS => Self::Over,
            Outcome::Pending if !is_open => Self::of_report(challenge, call, Self::TooLate, policy, now),
            Outcome::Pending if four_digits => {
                let prompts = Policy::MAX_WRONG_KEYS - call.wrong_keys;
                Self::EnterFourDigits { prompts, reports: may_approve }
            }
            Outcome::Pending if !may_approve => Self::UseCode,
            Outcome::Pending => Self::in_talk(challenge, call, drawn, policy.call_mode),
        }
    }

    /// Where nothing can be approved any more: says what a report has done, or asks for one with `script`.
    fn of_report(challenge: &Challenge, call: &Call, script: Self, policy: &Policy, now: Timestamp) -> Self {
        let in_time = !challenge.is_approved();
        match call.report {
            Some(FraudReport::Blocked) => Self::Blocked,
            Some(FraudReport::Stopped) if call.may_report(policy, now) => {
                Self::Reported { in_time, for_a_day: policy.fraud_block == Policy::REPORT_MEMORY }
            }
            Some(FraudReport::Stopped) if in_time => Self::Denied,
            None if call.may_report(policy, now) => script,
            Some(FraudReport::Stopped) | None => Self::Over,
        }
    }

    fn in_talk(challenge: &Challenge, call: &Call, drawn: Option<&'a (Code, SpokenCodeMacs)>, mode: CallMode) -> Self {
        match mode {
            CallMode::PressPound if challenge.purpose == Purpose::Change => Self::CannotApprove,
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
