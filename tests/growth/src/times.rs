//! How long each step takes when nothing slows it down.
//!
//! The table's times were measured by a third party from a Lambda function (alexdebrie.com, "DynamoDB
//! Transactions Performance Testing", 2020, 400 requests each). The others are assumptions, because no
//! published measurement was found: replace them with those of your deployment. How services queue
//! requests internally near a limit is not public, and in none of these figures.

/// The median and the 99th percentile of a step, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step(pub f64, pub f64);

/// `UpdateItem`: the page's `PutItem`.
pub const UPDATE: Step = Step(7.6, 16.2);
/// A query of one partition: assumed to take as long as a write, since a read is not slower.
pub const QUERY: Step = UPDATE;
/// `TransactWriteItems`: the page's with five items; ours have five to seven.
pub const TRANSACTION: Step = Step(25.3, 92.5);
/// How long a transaction locks its items, in microseconds: from prepare to commit ("Distributed Transactions
/// at Scale in Amazon DynamoDB", USENIX ATC 2023), so at most as much as it takes longer than a write.
pub const HELD: u64 = 17_700;

/// Assumed: SNS accepts a message.
pub const PUBLISH: Step = Step(60.0, 250.0);
/// Assumed: the voice provider accepts a call.
pub const CALL: Step = Step(150.0, 600.0);
/// Assumed: KMS signs with an RSA key.
pub const SIGN: Step = Step(12.0, 50.0);
/// Assumed: API Gateway with its authorizer, and invoking the function.
pub const GATEWAY: Step = Step(10.0, 50.0);
/// Assumed: the function's own work with 256 MB, which gets a seventh of a CPU.
pub const OWN: Step = Step(4.0, 12.0);
/// Assumed: a cold start, including connections.
pub const COLD: Step = Step(150.0, 400.0);
