//! What breaks first when many people sign in at once: a simulation of the deployment under a step of load.
//!
//! A discrete-event simulation with a fixed seed. The domain decides what is charged and when a page asks again:
//! [`transactions`] and [`polls`] ask it. [`requests`] says what that writes where, and `tests/integration`
//! compares it with what the store sends. [`quotas`] and [`times`] are those of AWS and of the template,
//! [`people`] says who signs in, `visits` what they request, and [`gateway`] and [`table`] what limits them.
//! [`model`] runs it all, and [`ladder`] raises quotas until none that can be raised still refuses.
//!
//! A request waits where the SDK would retry, and is refused where it would not; see
//! [`quotas::Cause::patience`]. How services queue requests internally near a limit is not public and is
//! left out, so latencies near a quota are too low.
//!
//! Not modelled: `DynamoDB`'s splitting of a hot partition (an item never gets more than one partition's
//! capacity anyway); items held by a cancelled transaction; that a table or an origination number takes longer
//! to warm up than a quota takes to raise; pages that retry; the country record that each environment
//! reads once a minute; the correction of a failed send; the functions behind the stream, except for their
//! counts; how origination numbers share the rate; fraud (see `pumping`).

pub mod cost;
pub mod transactions;
pub mod gateway;
pub mod ladder;
pub mod model;
pub mod people;
pub mod polls;
pub mod quotas;
pub mod report;
pub mod requests;
pub mod table;
pub mod times;
mod visits;
