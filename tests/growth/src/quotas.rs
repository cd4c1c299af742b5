//! What may be done in a second, and how long it takes.

use std::fmt;

/// What refuses a request. All but the last three can be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The template's `StartsPerSecond`.
    StartsPerSecond,
    /// The template's `RequestsPerSecond`, of each route.
    RequestsPerSecond,
    /// API Gateway's requests per second of the account.
    GatewayRate,
    /// Lambda's concurrent executions of the account.
    Concurrency,
    /// New environments of one function: 1,000 at once, then 1,000 each ten seconds.
    LambdaRamp,
    /// The table's writes, or those that its partitions are warm for.
    TableWrites,
    /// The table's reads.
    TableReads,
    /// SMS per second of the account.
    SmsRate,
    /// Calls per second at the voice provider.
    CallRate,
    /// Signatures per second by RSA keys of the account.
    Signatures,
    /// One item's writes: those of a partition.
    Partition,
    /// Transactions on one item at the same time, twice in a row.
    Conflict,
    /// The product's own limit on sends.
    SendLimit(&'static str),
}

impl Cause {
    /// What can be raised, in no order.
    pub const RAISABLE: [Self; 10] = [
        Self::StartsPerSecond,
        Self::RequestsPerSecond,
        Self::GatewayRate,
        Self::Concurrency,
        Self::LambdaRamp,
        Self::TableWrites,
        Self::TableReads,
        Self::SmsRate,
        Self::CallRate,
        Self::Signatures,
    ];

    /// What each allows in a second (of concurrency: at once) in a new account with the template's
    /// defaults. Sources: infra/template.yaml for the first two; the quota pages of API Gateway, Lambda,
    /// `DynamoDB` (on-demand: 4,000 writes and 12,000 reads at first), SNS and KMS; Twilio, one call per second.
    #[must_use]
    pub const fn at_first(self) -> f64 {
        match self {
            Self::StartsPerSecond | Self::SmsRate => 20.0,
            Self::RequestsPerSecond => 500.0,
            Self::GatewayRate => 10_000.0,
            Self::Concurrency | Self::LambdaRamp | Self::Signatures | Self::Partition => 1_000.0,
            Self::TableWrites => 4_000.0,
            Self::TableReads => 12_000.0,
            Self::CallRate => 1.0,
            Self::Conflict | Self::SendLimit(_) => f64::INFINITY,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::StartsPerSecond => "StartsPerSecond (template)",
            Self::RequestsPerSecond => "RequestsPerSecond (template)",
            Self::GatewayRate => "API Gateway requests/s",
            Self::Concurrency => "Lambda concurrency",
            Self::LambdaRamp => "Lambda ramp (provision)",
            Self::TableWrites => "DynamoDB table writes/s",
            Self::TableReads => "DynamoDB table reads/s",
            Self::SmsRate => "SNS SMS/s",
            Self::CallRate => "voice calls/s",
            Self::Signatures => "KMS RSA signatures/s",
            Self::Partition => "one item's partition",
            Self::Conflict => "transaction conflict",
            Self::SendLimit(policy) => return write!(out, "send-limit {policy}"),
        })
    }
}

/// New environments that a function gets in a second, after the first thousand.
pub const RAMP: f64 = 100.0;

/// A step of a request: half take the first figure in milliseconds or less, 99 of 100 the second.
#[derive(Clone, Copy, Debug)]
pub struct Step(pub f64, pub f64);

/// Assumed, to be replaced by what a deployment measures: a table's query and update in the same region.
pub const READ: Step = Step(4.0, 15.0);
/// An update of one item.
pub const UPDATE: Step = Step(5.0, 18.0);
/// A transaction.
pub const TRANSACTION: Step = Step(12.0, 45.0);
/// SNS takes a message.
pub const PUBLISH: Step = Step(60.0, 250.0);
/// The voice provider takes a call.
pub const CALL: Step = Step(150.0, 600.0);
/// KMS signs.
pub const SIGN: Step = Step(12.0, 50.0);
/// API Gateway with its authorizer, and the function's own part.
pub const AROUND: Step = Step(12.0, 40.0);
/// An environment wakes: Rust on 128 MB, connections included.
pub const COLD: Step = Step(150.0, 400.0);
/// For how long a transaction keeps others off its items, in microseconds: at 100 transactions a second
/// on one item four in ten meet another, which is where conflicts are generally said to begin.
pub const HELD: u64 = 5_000;

/// So much each second, saved for a tenth of one at the most, so that a short run is not one burst.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    rate: f64,
    left: f64,
    at: u64,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub const fn new(rate: f64) -> Self {
        Self { rate, left: rate / 10.0, at: 0 }
    }

    /// Takes so many, if there are.
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a short run")]
    pub fn take(&mut self, now: u64, many: f64) -> bool {
        let passed = now.saturating_sub(self.at) as f64 / 1e6;
        self.left = passed.mul_add(self.rate, self.left).min((self.rate / 10.0).max(1.0));
        self.at = self.at.max(now);
        let taken = self.left >= many;
        if taken {
            self.left -= many;
        }
        taken
    }
}
