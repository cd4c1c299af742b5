//! A deterministic simulation of the functions: the real handlers over a store that fails, with
//! every message, webhook, guess and clock in the hands of one seeded random source.
//!
//! [`model`] is the store. Everything else is a test: requests are futures that are polled by hand,
//! so that each verb of a port is a place where another request may come between, an answer may be
//! lost, time may pass or the function may end. After every write the whole history is held against
//! what must never happen.

pub mod model;

#[cfg(test)]
mod apps;
#[cfg(test)]
mod cast;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod exploration;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod past;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod run;
#[cfg(test)]
mod store;
#[cfg(test)]
mod world;
