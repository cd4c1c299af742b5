//! What a run counted.

use std::collections::BTreeMap;

use crate::quotas::Cause;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// login-page: the page and its files.
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
    /// All operations. Each has its own route and function.
    pub const ALL: [Self; 5] = [Self::Page, Self::Start, Self::Status, Self::Verify, Self::Callback];

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

/// The outcomes of an operation's requests.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub asked: u32,
    /// Requests that succeeded.
    pub done: u32,
    /// What stopped the other requests.
    pub stopped: BTreeMap<Cause, u32>,
    latencies: Vec<f32>,
}

impl Tally {
    /// Counts a request that succeeded after so many milliseconds, or was stopped.
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

    /// The latency in milliseconds that this share of successful requests stays below.
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

    /// The share of requests that `cause` stopped.
    #[must_use]
    pub fn stopped_by(&self, cause: Cause) -> f64 {
        f64::from(self.stopped.get(&cause).copied().unwrap_or_default()) / f64::from(self.asked.max(1))
    }
}

#[derive(Clone, Debug, Default)]
pub struct Report {
    /// By operation.
    pub operations: BTreeMap<Operation, Tally>,
    /// How much of each quota was asked for per second; for environments and concurrency, the most at once.
    pub asked: BTreeMap<Cause, f64>,
    /// Transaction conflicts, by item.
    pub conflicts: BTreeMap<String, u32>,
    pub approved: u32,
    pub messages: u32,
    pub calls: u32,
    /// Total milliseconds that functions ran.
    pub busy: f64,
    /// Refused starts of the one person who starts all the time.
    pub hot_refused: u32,
    /// Transactions per second that count verified subjects on the hot country's item.
    pub tallies: f64,
    /// How many seconds of the run were counted.
    pub seconds: f64,
}

impl Report {
    #[must_use]
    pub fn of(&self, operation: Operation) -> Tally {
        self.operations.get(&operation).cloned().unwrap_or_default()
    }

    #[must_use]
    pub fn polls_per_login(&self) -> f64 {
        f64::from(self.of(Operation::Status).asked) / f64::from(self.of(Operation::Start).asked)
    }

    #[must_use]
    pub fn approved_each_second(&self) -> f64 {
        f64::from(self.approved) / self.seconds
    }

    #[must_use]
    pub fn asked_of(&self, cause: Cause) -> f64 {
        self.asked.get(&cause).copied().unwrap_or_default()
    }
}
