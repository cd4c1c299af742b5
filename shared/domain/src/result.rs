//! The result: what an approved challenge proves to the login that asked for it.

use crate::challenge::{Challenge, Method, NumberSource, Outcome};
use crate::identity::ChallengeId;
use crate::policy::Policy;
use crate::purpose::Purpose;
use crate::time::Timestamp;

/// The facts about an approval that go into the result token. The same challenge always yields the same
/// facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approval {
    pub id: ChallengeId,
    /// When it was approved.
    pub at: Timestamp,
    pub by: Method,
    /// Whether the number was typed and enrolled in this login.
    pub enrolled_now: bool,
    /// Whether it was a test number, which proves nothing.
    pub test: bool,
}

impl Approval {
    /// The `typ` of a result token.
    pub const TOKEN_TYPE: &str = "mfa-result+jwt";
    /// The assurance of an approval by a number that was known before this login.
    pub const PHONE: &str = "urn:alliance-mfa:acr:phone";
    /// The assurance if the number was typed and enrolled in this login.
    pub const PHONE_ENROLLED: &str = "urn:alliance-mfa:acr:phone-enrolled";
    /// The assurance of a test number's approval.
    pub const TEST_NUMBER: &str = "urn:alliance-mfa:acr:test-number";

    /// The approval of a settled challenge, until its result expires.
    #[must_use]
    pub fn of(challenge: &Challenge, now: Timestamp) -> Option<Self> {
        let Outcome::Approved { at, by, settled: true } = challenge.outcome else { return None };
        if challenge.purpose == Purpose::Change {
            return None; // a number change signs nobody in
        }
        let enrolled_now = challenge.source == NumberSource::Typed;
        let test = challenge.source == NumberSource::Test;
        let approval = Self { id: challenge.id, at, by, enrolled_now, test };
        (approval.expires_at() > now).then_some(approval)
    }

    /// When the result expires.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.at + Policy::RESULT_LIFE
    }

    /// The authentication context class: lower if the number was typed and enrolled in this login, and a
    /// separate one for a test number.
    #[must_use]
    pub const fn assurance(&self) -> &'static str {
        match (self.test, self.enrolled_now) {
            (true, _) => Self::TEST_NUMBER,
            (false, true) => Self::PHONE_ENROLLED,
            (false, false) => Self::PHONE,
        }
    }

    /// The authentication methods it adds to the first factor's (RFC 8176). A test number adds none, so that
    /// a backend that checks only for `mfa` does not accept it.
    #[must_use]
    pub const fn methods(&self) -> &'static [&'static str] {
        match self.by {
            _ if self.test => &[],
            Method::SmsCode => &["otp", "sms", "mfa"],
            Method::PressPound | Method::MatchDigits => &["tel", "mfa"],
            Method::SpokenCode => &["otp", "tel", "mfa"],
        }
    }
}
