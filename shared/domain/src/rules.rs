//! What a deployment allows.

use std::collections::BTreeSet;

use crate::channel::Channel;
use crate::code::Code;
use crate::phone::{Country, Line, PhoneNumber, Reach};
use crate::policy::{CallMode, Policy};
use crate::purpose::Purpose;
use crate::time::Timestamp;
use crate::words::words;

/// Whether a number may be typed at the prompt, in a deployment or in one login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolment {
    /// Any user who has passed the first factor may enrol a number if none is known.
    SelfService,
    /// Numbers come only from the first factor's verified claims.
    ClaimsOnly,
}

words!(Enrolment {
    SelfService => "self",
    ClaimsOnly => "claims-only",
});

/// A number for smoke tests and app reviewers: its code is fixed, and nothing is sent to it.
#[derive(Clone, Debug)]
pub struct TestNumber {
    pub number: PhoneNumber,
    pub code: Code,
    /// The `sub`s of the only accounts that may use it.
    pub subjects: BTreeSet<String>,
    /// When it stops being valid.
    pub until: Timestamp,
}

#[derive(Clone, Debug)]
pub struct Rules {
    pub policy: Policy,
    /// The channels that are switched on.
    pub channels: BTreeSet<Channel>,
    /// The countries to send to, and by which channels.
    pub reach: Reach,
    pub enrolment: Enrolment,
    /// Empty in most deployments.
    pub test_numbers: Vec<TestNumber>,
}

impl Rules {
    /// The test number with this `number`, if the account `sub` may use it now.
    #[must_use]
    pub fn test_number(&self, number: &PhoneNumber, sub: &str, now: Timestamp) -> Option<&TestNumber> {
        let is_meant = |test: &&TestNumber| test.number == *number && test.until > now && test.subjects.contains(sub);
        self.test_numbers.iter().find(is_meant)
    }

    /// Whether `channel` is switched on and reaches a number of this country and line.
    #[must_use]
    pub fn serves(&self, country: Country, line: Line, channel: Channel) -> bool {
        self.channels.contains(&channel) && self.reach.serves(country, line, channel)
    }

    /// Whether `channel` is good enough for `purpose`. A number change needs a secret that passes between
    /// phone and page: `#` would only show that the person who took the call agreed, but not to what.
    #[must_use]
    pub fn proves(&self, purpose: Purpose, channel: Channel) -> bool {
        let by_pound = channel == Channel::Call && self.policy.call_mode == CallMode::PressPound;
        purpose == Purpose::Login || !by_pound
    }
}
