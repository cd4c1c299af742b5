//! The quotas, per second.
//!
//! Each figure names its source, by the title of the public page that states it, or says that none was found.

use std::fmt;

/// What can refuse a request. All but the last three can be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The template's `StartsPerSecond`.
    StartsPerSecond,
    /// The template's `RequestsPerSecond`, of each route.
    RequestsPerSecond,
    /// API Gateway's requests per second of the account.
    GatewayRate,
    /// The account's concurrent Lambda executions, and ten times as many invocations per second.
    Concurrency,
    /// New environments of one function: 1,000 at once, then 1,000 every ten seconds.
    LambdaRamp,
    /// The table's writes, or the writes that its partitions are warmed up for.
    TableWrites,
    /// The table's reads.
    TableReads,
    /// SMS per second of the account.
    SmsRate,
    /// Calls per second at the voice provider.
    CallRate,
    /// Signatures per second by RSA keys of the account.
    Signatures,
    /// Writes to one item, limited by its partition.
    Partition,
    /// Two transaction conflicts in a row.
    Conflict,
    /// The product's own limit on sends.
    SendLimit(&'static str),
}

impl Cause {
    /// Those that can be raised, in no particular order.
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

    /// What each allows per second (concurrency: at once) in a new account with the template's defaults.
    #[must_use]
    pub const fn at_first(self) -> f64 {
        match self {
            // infra/template.yaml. 20 SMS/s is the quota commonly quoted for SNS; its page could not be
            // checked. Each origination number also has its own rate, see tests/growth/README.md.
            Self::StartsPerSecond | Self::SmsRate => 20.0,
            // infra/template.yaml, per route.
            Self::RequestsPerSecond => 500.0,
            // "Amazon API Gateway quotas": 10,000 per account and region.
            Self::GatewayRate => 10_000.0,
            // "Understanding Lambda function scaling": 1,000 at once. "Lambda scaling behavior": a function gains
            // 1,000 environments in 10 s. "Request quotas - AWS KMS": 1,000 by all RSA keys together. "DynamoDB
            // warm throughput in different scenarios": 1,000 write units of a partition.
            Self::Concurrency | Self::LambdaRamp | Self::Signatures | Self::Partition => 1_000.0,
            // "DynamoDB on-demand capacity mode": what a new table is warmed up for. One table takes 40,000 of each
            // until its quota is raised ("Service, account, and table quotas in Amazon DynamoDB").
            Self::TableWrites => 4_000.0,
            Self::TableReads => 12_000.0,
            // "Calls per second", Twilio glossary: one per account. More are queued.
            Self::CallRate => 1.0,
            Self::Conflict | Self::SendLimit(_) => f64::INFINITY,
        }
    }

    /// How many milliseconds a request waits before it is refused. The SDK retries a read, an update or a
    /// signature twice, after 50 and 100 ms on average (`platform::aws`). It does not retry a cancelled
    /// transaction, and an SMS must not be retried. The provider queues calls; after ten seconds nobody
    /// waits for one any more.
    #[must_use]
    pub const fn patience(self) -> f64 {
        match self {
            Self::TableReads | Self::Signatures => RETRIED,
            Self::CallRate => 10_000.0,
            _ => 0.0,
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

/// Milliseconds that the SDK waits on average for its two retries.
pub const RETRIED: f64 = 150.0;
/// New environments per second for a function, after the first thousand ("Lambda scaling behavior").
pub const RAMP: f64 = 100.0;
/// Invocations per second per environment ("Lambda scaling behavior": 1,000 environments, or 10,000 requests).
pub const INVOCATIONS: f64 = 10.0;

/// A token bucket that holds at most a tenth of a second's worth, so that a short run is not one burst. When
/// it is empty, a request waits in line if the line is short enough.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    rate: f64,
    left: f64,
    at: u64,
}

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub const fn new(rate: f64) -> Self {
        Self { rate, left: rate / 10.0, at: 0 }
    }

    /// Takes so many and returns the wait in milliseconds, or takes nothing if the wait would be longer
    /// than `patience`.
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a short run")]
    pub fn take(&mut self, now: u64, many: f64, patience: f64) -> Option<f64> {
        let passed = now.saturating_sub(self.at) as f64 / 1e6;
        self.left = passed.mul_add(self.rate, self.left).min((self.rate / 10.0).max(1.0));
        self.at = self.at.max(now);
        let wait = (many - self.left).max(0.0) / self.rate * 1e3;
        (wait <= patience).then(|| {
            self.left -= many;
            wait
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_an_empty_bucket_requests_wait_in_line_as_long_as_their_patience_lasts() {
        let mut bucket = Bucket::new(1_000.0);
        assert_eq!(bucket.take(0, 100.0, 0.0), Some(0.0), "it holds a tenth of a second's worth");
        assert_eq!(bucket.take(0, 1.0, 0.0), None);
        assert_eq!(bucket.take(0, 50.0, 150.0), Some(50.0));
        assert_eq!(bucket.take(0, 50.0, 150.0), Some(100.0), "behind the previous one");
        assert_eq!(bucket.take(0, 60.0, 150.0), None);
        assert_eq!(bucket.take(100_000, 1.0, 0.0), None, "what is owed comes first");
        assert_eq!(bucket.take(101_000, 1.0, 0.0), Some(0.0));
    }
}
