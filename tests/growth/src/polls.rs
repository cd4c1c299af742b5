//! How often the page asks for the state of one login: each answer advises the next request, as in the handlers.

use std::time::Duration;

use domain::call::{AnsweredBy, Call, CallState, CallToken};
use domain::challenge::Challenge;
use domain::policy::Policy;
use domain::polling::poll_after;

use crate::people::NOON;

/// How long a page waits for the user.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// When the call is answered, if one is.
    pub answered: Option<Duration>,
    pub ends: Duration,
}

impl Wait {
    /// The same for somebody who takes so many times as long.
    #[must_use]
    pub fn times(self, pace: f64) -> Self {
        Self { answered: self.answered.map(|after| after.mul_f64(pace)), ends: self.ends.mul_f64(pace) }
    }

    /// The requests after the answer to the start, at noon, until the wait ends. The page stays in front.
    #[must_use]
    pub fn polls(self, policy: &Policy, challenge: &Challenge) -> u32 {
        let (mut challenge, mut passed, mut polls) = (challenge.clone(), Duration::ZERO, 0);
        loop {
            challenge.call = challenge.calls.last.map(|_| self.call_after(passed));
            passed += poll_after(policy, &challenge, NOON + passed);
            if passed >= self.ends {
                return polls;
            }
            polls += 1;
        }
    }

    fn call_after(self, passed: Duration) -> Call {
        let call = Call::place(&CallToken::from_bytes([0; 16]), NOON);
        match self.answered.filter(|at| *at <= passed) {
            Some(at) => Call {
                state: CallState::Answered,
                answered_by: Some(AnsweredBy::Human),
                answered_at: Some(NOON + at),
                ..call
            },
            None if passed >= Policy::RING => Call { state: CallState::NoAnswer, ..call },
            None => call,
        }
    }
}
