//! What breaks first when many sign in at once: a simulation of the deployment under a step of load.
//!
//! A fixed seed, events in the order of their time. Who is charged what, the domain decides: [`transactions`]
//! asks it for a real transaction of each start. What that writes where is in [`requests`], which `tests/integration`
//! holds against what the store sends. [`quotas`] and [`times`] are those of the cloud and of the template,
//! [`people`] are who signs in, `visits` what they ask for, [`gateway`] and [`table`] what stands in the way.
//! [`model`] lets it happen, and [`ladder`] raises what refuses most, until nothing does that can be raised.
//!
//! A request waits in line for what the SDK would try again, and is refused what it would not; see
//! [`quotas::Cause::patience`]. What a service queues inside itself as it nears a limit is not public and
//! left out, so near a quota the latencies are too low.
//!
//! Not modelled: `DynamoDB`'s splitting of a hot partition (an item never gets more than one partition's
//! worth either way); items that a cancelled transaction holds; that a table or a number that sends is
//! slower to warm than a quota is to raise; pages that try again; the snapshot of a country that each
//! environment reads once a minute; the correction of a failed send; the functions behind the stream but
//! for their counts; how the origination numbers share the rate; fraud (see `pumping`).

pub mod cost;
pub mod transactions;
pub mod gateway;
pub mod ladder;
pub mod model;
pub mod people;
pub mod quotas;
pub mod report;
pub mod requests;
pub mod table;
pub mod times;
mod visits;
