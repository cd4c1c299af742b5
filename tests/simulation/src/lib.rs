//! A deterministic simulation of the functions: the real handlers over a store that fails, with every
//! message, webhook, guess and clock decided by one seeded random source.
//!
//! [`model`] is the store. Everything else is a test: requests are futures that are polled by hand, so that
//! at every call to a port another request can run, an answer can get lost, time can pass or the function
//! can be killed. After every write the whole history is checked for what must never happen.

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
