//! How long each step takes where nothing stands in its way.
//!
//! Those of the table were measured by somebody else from a Lambda function (alexdebrie.com, "DynamoDB
//! Transactions Performance Testing", 2020, 400 requests each). The others are assumptions: no
//! measurement was found that could be named, and a deployment has to put its own in their place. What a
//! service queues inside itself as it nears a limit is not public, and in none of them.

/// A step of a request: half take the first figure in milliseconds or less, 99 of 100 the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step(pub f64, pub f64);

/// `UpdateItem`: the page's `PutItem`.
pub const UPDATE: Step = Step(7.6, 16.2);
/// A query of one partition: taken to be what a write is, since a read is not slower.
pub const QUERY: Step = UPDATE;
/// `TransactWriteItems`: the page's with five items; ours have five to seven.
pub const TRANSACTION: Step = Step(25.3, 92.5);
/// For how long a transaction keeps others off its items, in microseconds: at most what it takes longer
/// than a write does, for an item is held from its prepare to its commit ("Distributed Transactions at Scale
/// in Amazon DynamoDB", USENIX ATC 2023).
pub const HELD: u64 = 17_700;

/// Assumed: SNS takes a message.
pub const PUBLISH: Step = Step(60.0, 250.0);
/// Assumed: the voice provider takes a call.
pub const CALL: Step = Step(150.0, 600.0);
/// Assumed: KMS signs with an RSA key.
pub const SIGN: Step = Step(12.0, 50.0);
/// Assumed: API Gateway with its authorizer, and the way to the function.
pub const GATEWAY: Step = Step(10.0, 50.0);
/// Assumed: the function's own work on 128 MB, a fourteenth of a processor.
pub const OWN: Step = Step(4.0, 12.0);
/// Assumed: an environment wakes, connections included.
pub const COLD: Step = Step(150.0, 400.0);
