//! What may be done in a second.
//!
//! Each figure has its source beside it: the title of the public page that states it. What no page was
//! found for says so.

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
    /// Lambda's concurrent executions of the account; and ten times as many invocations in a second.
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

    /// What each allows in a second (of concurrency: at once) in a new account with the template's defaults.
    #[must_use]
    pub const fn at_first(self) -> f64 {
        match self {
            // infra/template.yaml. 20 SMS/s is the quota commonly quoted for SNS; its page could not be
            // checked. Each number that sends has a rate of its own too, see tests/growth/README.md.
            Self::StartsPerSecond | Self::SmsRate => 20.0,
            // infra/template.yaml: of each route.
            Self::RequestsPerSecond => 500.0,
            // "Amazon API Gateway quotas": 10,000 per account and region.
            Self::GatewayRate => 10_000.0,
            // "Understanding Lambda function scaling": 1,000 at once. "Lambda scaling behavior": a function gains
            // 1,000 environments in 10 s. "Request quotas - AWS KMS": 1,000 by all RSA keys together. "DynamoDB
            // warm throughput in different scenarios": 1,000 write units of a partition.
            Self::Concurrency | Self::LambdaRamp | Self::Signatures | Self::Partition => 1_000.0,
            // "DynamoDB on-demand capacity mode": what a new table is warm for. One table takes 40,000 of each
            // until its quota is raised ("Service, account, and table quotas in Amazon DynamoDB").
            Self::TableWrites => 4_000.0,
            Self::TableReads => 12_000.0,
            // "Calls per second", Twilio glossary: one per account. More are queued.
            Self::CallRate => 1.0,
            Self::Conflict | Self::SendLimit(_) => f64::INFINITY,
        }
    }

    /// How many milliseconds a request waits rather than be refused: the SDK tries a read, an update and a
    /// signature twice more, after 50 and 100 ms on average (`platform::aws`). A cancelled transaction it
    /// does not try again, and an SMS must not be. The provider queues calls; one that rings later than
    /// ten seconds has nobody waiting for it.
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

/// Milliseconds that the SDK's two retries wait on average.
pub const RETRIED: f64 = 150.0;
/// New environments that a function gets in a second, after the first thousand ("Lambda scaling behavior").
pub const RAMP: f64 = 100.0;
/// Invocations in a second for each environment ("Lambda scaling behavior": 1,000 of them, or 10,000 requests).
pub const INVOCATIONS: f64 = 10.0;

/// So much each second, saved for a tenth of one at the most, so that a short run is not one burst. Who
/// comes when nothing is left waits in line, if the line is short enough.
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

    /// Takes so many, and answers for how many milliseconds they have to be waited for; or takes nothing,
    /// if that would be more than `patience`.
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
    fn who_comes_when_nothing_is_left_waits_in_line_up_to_the_end_of_patience() {
        let mut bucket = Bucket::new(1_000.0);
        assert_eq!(bucket.take(0, 100.0, 0.0), Some(0.0), "a tenth of a second is saved");
        assert_eq!(bucket.take(0, 1.0, 0.0), None);
        assert_eq!(bucket.take(0, 50.0, 150.0), Some(50.0));
        assert_eq!(bucket.take(0, 50.0, 150.0), Some(100.0), "behind the one before");
        assert_eq!(bucket.take(0, 60.0, 150.0), None);
        assert_eq!(bucket.take(100_000, 1.0, 0.0), None, "what is owed comes first");
        assert_eq!(bucket.take(101_000, 1.0, 0.0), Some(0.0));
    }
}
