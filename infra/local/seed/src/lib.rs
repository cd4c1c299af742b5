//! Writes the challenge that a sample event needs, so that the function finds in the table what a real
//! login would have left there. It uses the product's own rules and store; only the code is fixed. A crate
//! of its own, because nothing else here needs the AWS SDK.

pub mod fixed;
mod fixture;
mod needs;

pub use fixture::Fixture;
pub use needs::{fixture, of_message};
