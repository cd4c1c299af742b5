//! Tests the adapters against the worst that a provider, a network or a frozen process can do.
//!
//! Time limits are measured on tokio's paused clock, so nothing here waits or depends on how fast the
//! machine is.

#![cfg(test)]

mod door;
mod end_user_messaging;
mod events;
mod fixture;
mod jws;
mod secrets;
mod signer;
mod sms;
mod store;
mod stub;
mod voice;
