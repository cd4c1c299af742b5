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

#[cfg(test)]
mod tests {
    use domain::channel::Channel;

    use super::*;
    use crate::people::{self, Person};
    use crate::quotas::Cause;
    use crate::transactions;

    fn polls(wait: Wait, channel: Channel) -> u32 {
        let (person, rules) = (Person(1), transactions::rules());
        let started = transactions::transaction(&rules, &transactions::known(person, 0), person, channel, 1);
        wait.polls(&rules.policy, &started.expect("a transaction").challenge)
    }

    #[test]
    fn a_code_takes_few_polls_and_a_call_many() {
        assert_eq!(polls(people::MESSAGE, Channel::Sms), 2, "after 5 and 10 s");
        assert_eq!(polls(people::LEFT, Channel::Sms), 5, "after 5, 10, 20, 30 and 45 s");
        assert_eq!(polls(people::CALL, Channel::Call), 5 + 11, "each two seconds, then twice a second");
        assert_eq!(polls(people::LEFT, Channel::Call), 10 + 2, "while it rings; then after 30 and 45 s");
    }

    #[test]
    fn the_templates_limits_fit_logins_that_are_all_by_call() {
        let starts = Cause::StartsPerSecond.at_first();
        let each = f64::from(polls(people::CALL, Channel::Call) + 2); // with the first look and the last
        assert!(starts * each < Cause::RequestsPerSecond.at_first());
    }
}
