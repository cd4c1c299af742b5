//! What the first factor says of the login that asks, and a request to send, after parsing.

use crate::channel::Channel;
use crate::identity::{ChallengeKey, Network};
use crate::locale::Locale;
use crate::phone::{PhoneNumber, Subscriber};
use crate::purpose::Purpose;
use crate::rules::Enrolment;
use crate::time::Timestamp;

/// A login, as its first factor describes it.
#[derive(Clone, Copy, Debug)]
pub struct Login<'a> {
    /// Its challenge.
    pub key: ChallengeKey,
    pub purpose: Purpose,
    /// The account, as the first factor names it.
    pub sub: &'a str,
    /// The number that the first factor vouches for.
    pub claimed: Option<&'a PhoneNumber>,
    /// Whether it may add a number that is typed. The deployment may allow less.
    pub enrolment: Enrolment,
}

#[derive(Clone, Debug)]
pub struct Request {
    /// The challenge to start or continue.
    pub key: ChallengeKey,
    pub purpose: Purpose,
    /// The account, as the first factor names it.
    pub sub: String,
    pub channel: Channel,
    /// The number typed at the prompt.
    pub typed: Option<Subscriber>,
    /// The number that the first factor vouches for.
    pub claimed: Option<PhoneNumber>,
    /// Whether this login may add a number that is typed.
    pub enrolment: Enrolment,
    pub network: Network,
    pub locale: Locale,
    /// Until when the challenge must be kept, so that deleting it lets nobody start over in the same login
    /// session.
    pub keep_until: Timestamp,
}

impl Request {
    /// The login that asks.
    #[must_use]
    pub const fn login(&self) -> Login<'_> {
        let Self { key, purpose, enrolment, .. } = *self;
        Login { key, purpose, sub: self.sub.as_str(), claimed: self.claimed.as_ref(), enrolment }
    }
}
