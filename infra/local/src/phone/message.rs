//! A text message: what it was sent with, and what became of it.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use crate::clock;

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    pub(crate) id: Uuid,
    pub(crate) provider: Provider,
    /// What the phone shows as the sender, if the provider was told.
    pub(crate) from: Option<String>,
    pub(crate) to: String,
    pub(crate) text: String,
    pub(crate) attributes: BTreeMap<String, String>,
    /// What comes back with each receipt.
    pub(crate) context: BTreeMap<String, String>,
    /// Whether the user received it, if the product said that it would tell.
    pub(crate) feedback: Option<Feedback>,
    pub(crate) at_millis: u64,
    /// Not if it never arrives, or has been cleared. The provider knows it all the same.
    #[serde(skip)]
    pub(crate) is_shown: bool,
}

/// Whom the product had send it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Provider {
    Sns,
    EndUserMessaging,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Feedback {
    Awaited,
    Received,
    Failed,
}

impl Message {
    /// A message sent now, with nothing but a number and a text.
    pub(crate) fn new(provider: Provider, to: String, text: String) -> Self {
        Self {
            id: Uuid::new_v4(),
            provider,
            from: None,
            to,
            text,
            attributes: BTreeMap::new(),
            context: BTreeMap::new(),
            feedback: None,
            at_millis: clock::epoch_millis(),
            is_shown: true,
        }
    }
}
