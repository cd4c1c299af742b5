//! Switches that make the phone's providers fail: set with `POST /faults`, read at each request.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How each provider fails at the moment.
#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct Faults {
    pub(crate) sms: SmsFault,
    pub(crate) voice: VoiceFault,
}

/// A change to the switches; those not named stay as they are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    sms: Option<SmsFault>,
    voice: Option<VoiceFault>,
}

/// What `Timeout` does at both providers: no answer for longer than anybody waits.
pub(crate) async fn silence() {
    tokio::time::sleep(Duration::from_mins(1)).await;
}

/// How SNS fails.
#[derive(Clone, Copy, Default, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SmsFault {
    #[default]
    None,
    /// Refused: too many requests.
    Throttle,
    /// Refused: not authorized.
    Auth,
    /// Refused: the number has replied STOP.
    OptedOut,
    /// Delivered, but the sender never gets an answer.
    Timeout,
    /// An internal error; nothing is delivered.
    #[serde(rename = "500")]
    Internal,
}

/// How the voice provider fails.
#[derive(Clone, Copy, Default, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VoiceFault {
    #[default]
    None,
    /// The call is placed, but the line is busy.
    Busy,
    /// The call is placed, but cannot be connected.
    Failed,
    /// An internal error; no call is placed.
    #[serde(rename = "500")]
    Internal,
    /// The call is placed, but whoever ordered it never gets an answer.
    Timeout,
    /// Refused: too many requests.
    #[serde(rename = "429")]
    Throttle,
}

impl Faults {
    /// These switches with `change` applied.
    pub(crate) fn with(self, change: &Change) -> Self {
        Self { sms: change.sms.unwrap_or(self.sms), voice: change.voice.unwrap_or(self.voice) }
    }
}
