//! What breaks first when many sign in at once: a simulation of the deployment under a step of load.
//!
//! A fixed seed, events in the order of their time. Who is charged what, and which items a start and a
//! settlement write, the domain decides: [`writes`] asks it for a real draft of each start. [`quotas`]
//! are those of the cloud and of the template, [`people`] are who signs in, [`model`] lets them, and
//! [`ladder`] raises what refuses most, until nothing does that can be raised.
//!
//! Not modelled: `DynamoDB`'s splitting of a hot partition (an item never gets more than one partition's
//! worth either way), retries of the SDK after a throttle (they shift the load, and do not lessen it),
//! pages that try again, the correction of a failed send, the audit function, fraud (see `pumping`).

pub mod cost;
pub mod ladder;
pub mod model;
pub mod people;
pub mod quotas;
pub mod writes;
