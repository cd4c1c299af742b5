//! Limits that subjects share: on one number, one network, one range of numbers and one country.
//!
//! A send charges one counter for each limit that applies, in the very transaction that starts it and
//! on condition that the counter is below its quota: so nothing is read first, and no number of
//! parallel sends gets past. The windows are fixed ones, counted from the Unix epoch, since a counter
//! that is written without being read cannot slide: across the border of two windows, at most twice
//! the quota passes. (A subject's own windows, which are read anyway, do slide: see [`crate::limits`].)
//!
//! Verified and unverified use of a number count apart: a stranger who types somebody's number cannot
//! use up what its owner is allowed.

use std::time::Duration;

use crate::identity::Network;
use crate::limit::Limit;
use crate::phone::{Country, PhoneNumber};
use crate::policy::Policy;
use crate::time::Timestamp;

/// What a counter is kept of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One number.
    Number(PhoneNumber),
    /// One network that requests come from.
    Network(Network),
    /// The range that a number is in.
    Range(PhoneNumber),
    /// One country.
    Country(Country),
}

/// A counter of one fixed window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// What it is kept of.
    pub scope: Scope,
    pub limit: Limit,
    /// The window's number since the Unix epoch.
    pub window: u64,
    /// Which of several counters that share the quota, where one would be written too often.
    pub shard: u32,
}

/// Which limit on sends is reached, and when it gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendLimit {
    pub limit: Limit,
    /// Sends that it allows.
    pub quota: usize,
    /// The window over which it counts.
    pub window: Duration,
    /// When the next send is allowed.
    pub retry_at: Timestamp,
}

/// One send's charge on a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The counter.
    pub counter: Counter,
    /// What it allows.
    pub quota: u32,
    /// The window's length.
    pub length: Duration,
    /// Whether a counter at its quota refuses the send, or only tells of it.
    pub enforced: bool,
    /// What a refused caller is told. Of several counters that share a quota, the quota of them all.
    pub told: SendLimit,
}

impl Charge {
    /// A charge on the window of `length` that `now` is in.
    #[must_use]
    pub fn new(scope: Scope, limit: Limit, quota: u32, length: Duration, now: Timestamp) -> Self {
        let window = window(length, now);
        let told = SendLimit { limit, quota: quota as usize, window: length, retry_at: end(window, length) };
        Self { counter: Counter { scope, limit, window, shard: 0 }, quota, length, enforced: true, told }
    }

    /// Tells a refused caller to try again at `at`, unless the window ends before. Where others give back what
    /// they were charged, there is room again long before its end.
    #[must_use]
    pub fn cap_retry_at(mut self, at: Timestamp) -> Self {
        self.told.retry_at = self.told.retry_at.min(at);
        self
    }

    /// Whether enrolling the number gives it back.
    #[must_use]
    pub fn is_given_back(&self) -> bool {
        self.counter.limit.is_given_back()
    }

    /// When the window ends.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        end(self.counter.window, self.length)
    }
}

fn end(window: u64, length: Duration) -> Timestamp {
    Timestamp::from_unix((window + 1).saturating_mul(length.as_secs()))
}

/// The number of the fixed window of `length` that `at` is in.
#[must_use]
pub fn window(length: Duration, at: Timestamp) -> u64 {
    at.as_unix() / length.as_secs()
}

/// The charges of a send to `phone`, except those of the country budgets.
pub(crate) fn charges(
    phone: &PhoneNumber,
    unverified: bool,
    network: Network,
    policy: &Policy,
    now: Timestamp,
) -> Vec<Charge> {
    let number = || Scope::Number(phone.clone());
    let mut charges =
        vec![Charge::new(Scope::Network(network), Limit::Network, policy.max_sends_network, Policy::SHORT_WINDOW, now)];
    if unverified {
        let quota = policy.max_sends_number_unverified;
        charges.push(Charge::new(number(), Limit::NumberUnverified, quota, Policy::LONG_WINDOW, now));
    } else {
        let (short, long) = (policy.max_sends_number_short, policy.max_sends_number_long);
        charges.push(Charge::new(number(), Limit::NumberShort, short, Policy::SHORT_WINDOW, now));
        charges.push(Charge::new(number(), Limit::NumberLong, long, Policy::LONG_WINDOW, now));
    }
    charges
}
