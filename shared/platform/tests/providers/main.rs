//! The adapters against the worst that a provider, a network or a frozen process can do to them.
//!
//! Time is tokio's paused clock wherever a limit is measured, so that nothing here waits or depends
//! on the speed of the machine.

#![cfg(test)]

mod events;
mod fixture;
mod secrets;
mod signer;
mod sms;
mod store;
mod stub;
mod voice;
