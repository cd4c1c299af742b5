//! A text message, as the phone shows it, with what it was sent with.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    pub(crate) id: Uuid,
    pub(crate) to: String,
    pub(crate) text: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) at_millis: u64,
}
