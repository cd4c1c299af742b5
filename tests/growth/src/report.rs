//! What a run has counted.

use std::collections::BTreeMap;

use crate::quotas::Cause;

/// What the functions do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// login-page: the page and what it is made of.
    Page,
    /// start-challenge.
    Start,
    /// get-challenge.
    Status,
    /// verify-code.
    Verify,
    /// call-callback.
    Callback,
}

impl Operation {
    /// All of them, each a route and a function of its own.
    pub const ALL: [Self; 5] = [Self::Page, Self::Start, Self::Status, Self::Verify, Self::Callback];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Start => "start",
            Self::Status => "status",
            Self::Verify => "verify",
            Self::Callback => "callback",
        }
    }
}

/// What became of an operation's requests.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Requests.
    pub asked: u32,
    /// Those that did what they should.
    pub done: u32,
    /// What stopped the others.
    pub stopped: BTreeMap<Cause, u32>,
    latencies: Vec<f32>,
}

impl Tally {
    /// Notes a request that ended after so many milliseconds, or was stopped.
    pub fn note(&mut self, ended: Result<f64, Cause>) {
        self.asked += 1;
        match ended {
            Ok(latency) => {
                self.done += 1;
                #[expect(clippy::cast_possible_truncation, reason = "seven digits of milliseconds are plenty")]
                self.latencies.push(latency as f32);
            }
            Err(cause) => *self.stopped.entry(cause).or_default() += 1,
        }
    }

    /// The latency in milliseconds that this share of the successful stays below.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    pub fn latency(&self, share: f64) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        sorted.get((sorted.len() as f64 * share) as usize).copied().map_or(0.0, f64::from)
    }

    /// The share of requests that this stopped.
    #[must_use]
    pub fn stopped_by(&self, cause: Cause) -> f64 {
        f64::from(self.stopped.get(&cause).copied().unwrap_or_default()) / f64::from(self.asked.max(1))
    }
}

/// What was used, and could not be had.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// By operation.
    pub operations: BTreeMap<Operation, Tally>,
    /// What each quota was asked for in a second; of environments and concurrency, the most at once.
    pub asked: BTreeMap<Cause, f64>,
    /// Transactions that met another, by what they met.
    pub conflicts: BTreeMap<String, u32>,
    /// Logins that were approved.
    pub approved: u32,
    /// Messages that were sent.
    pub messages: u32,
    /// Calls that were placed.
    pub calls: u32,
    /// For how many milliseconds functions were at work.
    pub busy: f64,
    /// Starts of the one hot person that were refused.
    pub hot_refused: u32,
    /// Transactions per second that count verified subjects on the hot country's item.
    pub tallies: f64,
    /// Seconds that were counted.
    pub seconds: f64,
}

impl Report {
    /// What became of an operation's requests.
    #[must_use]
    pub fn of(&self, operation: Operation) -> Tally {
        self.operations.get(&operation).cloned().unwrap_or_default()
    }

    /// Logins per second that were approved.
    #[must_use]
    pub fn approved_each_second(&self) -> f64 {
        f64::from(self.approved) / self.seconds
    }

    /// What a second asks of a quota.
    #[must_use]
    pub fn asked_of(&self, cause: Cause) -> f64 {
        self.asked.get(&cause).copied().unwrap_or_default()
    }
}
