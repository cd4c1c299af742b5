//! Connects the domain to AWS, the voice provider and API Gateway.
//!
//! Each external service has one module behind one feature, so that a function links only the clients
//! it uses. [`request`] and [`first_factor`] parse what comes in, [`problem`] and [`reply`] render what
//! goes out; in between there are only the domain's types.

pub mod clock;
pub mod config;
pub mod encoding;
pub mod first_factor;
pub mod iam;
pub mod log;
pub mod problem;
pub mod reply;
pub mod request;
pub mod run;
pub mod settings;
pub mod telemetry;

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "callback")]
pub mod callback;
#[cfg(feature = "events")]
pub mod events;
#[cfg(any(feature = "dynamodb", feature = "stream"))]
pub mod item;
#[cfg(feature = "jwks")]
pub mod jwks;
#[cfg(feature = "numbering")]
pub mod numbering;
#[cfg(feature = "secrets")]
pub mod secrets;
#[cfg(feature = "kms")]
pub mod signer;
#[cfg(feature = "sms")]
pub mod sms;
#[cfg(feature = "dynamodb")]
pub mod store;
#[cfg(feature = "stream")]
pub mod stream;
#[cfg(feature = "voice")]
pub mod voice;
