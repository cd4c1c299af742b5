//! The rules of the phone second factor.
//!
//! Everything here is pure: the time and the random source are arguments, and storage, networks and
//! the environment are behind the traits of [`ports`]. Start with [`challenge`] for the state
//! machine, [`start`] for what a request to send may do, and [`policy`] for every number.

pub mod administration;
pub mod budget;
pub mod call;
pub mod challenge;
pub mod change;
pub mod channel;
pub mod code;
pub mod delivery;
mod digest;
pub mod draft;
pub mod follow_up;
pub mod identity;
pub mod limits;
pub mod locale;
pub mod phone;
pub mod policy;
pub mod ports;
pub mod purpose;
pub mod quota;
pub mod refusal;
pub mod request;
pub mod result;
pub mod rules;
pub mod script;
pub mod snapshot;
pub mod start;
pub mod status;
pub mod subject;
pub mod time;
