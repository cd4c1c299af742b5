//! What a deployment allows.

use std::collections::BTreeSet;

use crate::channel::Channel;
use crate::code::Code;
use crate::phone::{Country, Line, PhoneNumber, Reach};
use crate::policy::{CallMode, Policy};
use crate::purpose::Purpose;
use crate::time::Timestamp;
use crate::words::words;

/// Whether a number may be typed at the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolment {
    /// Whoever has passed the first factor may enrol a number where none is known.
    SelfService,
    /// Numbers come from the first factor's verified claims only.
    ClaimsOnly,
}

words!(Enrolment {
    SelfService => "self",
    ClaimsOnly => "claims-only",
});

/// A number for smoke tests and the reviewers of apps: its code is fixed, and nothing is sent to it.
#[derive(Clone, Debug)]
pub struct TestNumber {
    /// The number as it is typed.
    pub number: PhoneNumber,
    /// The code that is right for it.
    pub code: Code,
    /// The `sub`s of the only accounts that may use it.
    pub subjects: BTreeSet<String>,
    /// When it ceases to be one.
    pub until: Timestamp,
}

/// What a deployment allows.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The numbers.
    pub policy: Policy,
    /// The channels in use.
    pub channels: BTreeSet<Channel>,
    /// The countries it sends to.
    pub reach: Reach,
    /// Who may enrol a number.
    pub enrolment: Enrolment,
    /// Test numbers; none in most deployments.
    pub test_numbers: Vec<TestNumber>,
}

impl Rules {
    /// The test number that `number` is for the account `sub`.
    #[must_use]
    pub fn test_number(&self, number: &PhoneNumber, sub: &str, now: Timestamp) -> Option<&TestNumber> {
        let is_meant = |test: &&TestNumber| test.number == *number && test.until > now && test.subjects.contains(sub);
        self.test_numbers.iter().find(is_meant)
    }

    /// Whether `channel` can be used with a number of that country and line.
    #[must_use]
    pub fn serves(&self, country: Country, line: Line, channel: Channel) -> bool {
        self.channels.contains(&channel) && self.reach.serves(country, line, channel)
    }

    /// Whether `channel` can do it. A change takes a secret from phone to page or from page to phone: `#`
    /// would say that whoever took the call agreed, and not to what.
    #[must_use]
    pub fn proves(&self, purpose: Purpose, channel: Channel) -> bool {
        let by_pound = channel == Channel::Call && self.policy.call_mode == CallMode::PressPound;
        purpose == Purpose::Login || !by_pound
    }
}
