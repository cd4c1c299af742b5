//! Switches that make the phone's providers fail, for tests: set by `POST /faults`, read per request.

use serde::{Deserialize, Serialize};

/// What fails at present.
#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct Faults {
    pub(crate) sms: SmsFault,
    pub(crate) voice: VoiceFault,
}

/// A change of switches: what is not named stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    sms: Option<SmsFault>,
    voice: Option<VoiceFault>,
}

/// How SNS fails.
#[derive(Clone, Copy, Default, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SmsFault {
    #[default]
    None,
    /// Refused for its rate.
    Throttle,
    /// Refused for want of permission.
    Auth,
    /// Delivered, but the caller never hears so.
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
    /// The call is placed and finds the line busy.
    Busy,
    /// The call is placed and cannot be connected.
    Failed,
    /// An internal error; no call is placed.
    #[serde(rename = "500")]
    Internal,
    /// Placed, but the caller never hears so.
    Timeout,
    /// Refused for its rate.
    #[serde(rename = "429")]
    Throttle,
}

impl Faults {
    /// These switches with `change` applied.
    pub(crate) fn with(self, change: &Change) -> Self {
        Self { sms: change.sms.unwrap_or(self.sms), voice: change.voice.unwrap_or(self.voice) }
    }
}
