//! The schema of what is stored: each attribute by its name and type, and the keys of the items.
//!
//! The store reads items as the SDK gives them, the functions behind the table's stream read them as JSON.
//! [`Reader`] serves both, so that an attribute is declared once, in [`attribute`].
//!
//! Own code, since `serde_dynamo` takes twice the instructions to read a challenge (22,300 against 11,000),
//! before the SDK's values are converted to its own.

// From the ground up: a file imports only from those above it.
mod value;
pub mod attribute;
mod reader;
pub mod key;
pub mod challenge;
pub mod subject;
pub mod switches;
#[cfg(feature = "stream")]
mod json;
#[cfg(feature = "dynamodb")]
mod sdk;

pub use attribute::Attribute;
#[cfg(feature = "stream")]
pub use json::JsonValue;
pub use reader::{Reader, Unreadable};
pub use value::{Shaped, Stored, Value};
