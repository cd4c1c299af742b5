//! Connects the domain to AWS, the voice provider and API Gateway.
//!
//! Each external service has one module behind one feature, so that a function links only the clients
//! it uses. [`event`], [`request`] and [`first_factor`] parse what comes in, [`problem`] and [`reply`] render what
//! goes out; in between there are only the domain's types.

// From the ground up: a file imports only from those above it in this list. `tests/stack` checks it.

pub mod encoding;
pub mod clock;
pub mod invocation;
pub mod cache;
pub mod log;
pub mod html;
pub mod reply;
pub mod problem;
pub mod event;
pub mod preference;
pub mod request;
pub mod retry;

pub mod browser;
pub mod first_factor;
#[cfg(feature = "jws")]
pub mod jws;
#[cfg(feature = "jws")]
pub mod result_check;
pub mod iam;
pub mod settings;
pub mod telemetry;

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "outbound")]
pub mod outbound;
#[cfg(feature = "secrets")]
pub mod secrets;
#[cfg(feature = "secrets")]
pub mod edge;
#[cfg(feature = "kms")]
pub mod kms;
#[cfg(feature = "kms")]
pub mod signer;
#[cfg(feature = "door")]
pub mod door;
#[cfg(feature = "door")]
pub mod door_settings;
#[cfg(feature = "jwks")]
pub mod jwks;
#[cfg(feature = "jwks")]
pub mod openid;
#[cfg(feature = "numbering")]
mod renumbering;
#[cfg(feature = "numbering")]
pub mod numbering;
#[cfg(feature = "sms")]
pub mod sms;
#[cfg(feature = "voice")]
pub mod voice;
#[cfg(feature = "callback")]
pub mod callback;

#[cfg(any(feature = "dynamodb", feature = "stream"))]
pub mod item;
#[cfg(feature = "dynamodb")]
pub mod store;
#[cfg(feature = "stream")]
pub mod stream;
#[cfg(feature = "events")]
pub mod events;

pub mod run;
pub mod switchboard;
