//! Limits that subjects share: on one number, one network, one range of numbers and one country.
//!
//! A send charges one counter for each limit that applies, in the transaction that starts it and on condition
//! that the counter is below its quota. So nothing has to be read first, and no number of parallel sends
//! exceeds the quota. The windows are fixed, counted from the Unix epoch, since a counter that is written
//! without being read cannot slide: across the boundary of two windows, at most twice the quota passes. (A
//! subject's own windows, which are read anyway, do slide: see [`crate::limits`].)
//!
//! Verified and unverified uses of a number are counted separately: a stranger who types somebody's number
//! cannot use up the owner's allowance.

use std::time::Duration;

use crate::identity::Network;
use crate::limit::Limit;
use crate::phone::{Country, PhoneNumber};
use crate::policy::Policy;
use crate::time::Timestamp;

/// What a counter counts sends for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    Number(PhoneNumber),
    Network(Network),
    /// The range that this number is in.
    Range(PhoneNumber),
    Country(Country),
}

/// A counter of one fixed window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    pub scope: Scope,
    pub limit: Limit,
    /// The sequence number of the window, counted from the Unix epoch.
    pub window: u64,
    /// Which of the counters that share the quota: there are several where one would be written too often.
    pub shard: u32,
}

/// A limit on sends that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendLimit {
    pub limit: Limit,
    /// Sends allowed per window.
    pub quota: usize,
    pub window: Duration,
    /// When the next send is allowed.
    pub retry_at: Timestamp,
}

/// What one send adds to a counter, and the condition for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    pub counter: Counter,
    /// What this counter allows.
    pub quota: u32,
    /// The window's length.
    pub length: Duration,
    /// Whether a counter at its quota refuses the send, or is only reported.
    pub enforced: bool,
    /// What a refused caller is told. If several counters share a quota, this has the total.
    pub told: SendLimit,
}

impl Charge {
    /// A charge on the window of `length` that contains `now`.
    #[must_use]
    pub fn new(scope: Scope, limit: Limit, quota: u32, length: Duration, now: Timestamp) -> Self {
        let window = window(length, now);
        let told = SendLimit { limit, quota: quota as usize, window: length, retry_at: end(window, length) };
        Self { counter: Counter { scope, limit, window, shard: 0 }, quota, length, enforced: true, told }
    }

    /// Tells a refused caller to try again at `at`, unless the window ends earlier. Where other users'
    /// charges are given back, there is room again long before the window ends.
    #[must_use]
    pub fn cap_retry_at(mut self, at: Timestamp) -> Self {
        self.told.retry_at = self.told.retry_at.min(at);
        self
    }

    /// Whether enrolling the number gives back the charge.
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

/// The sequence number of the fixed window of `length` that contains `at`.
#[must_use]
pub fn window(length: Duration, at: Timestamp) -> u64 {
    at.as_unix() / length.as_secs()
}

/// The charges for a send to `phone`, except those on the budgets of range and country.
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
