//! Switches that make the phone's providers fail: set with `POST /faults`, read at each request.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How each provider fails at the moment, and how messages are reported.
#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct Faults {
    pub(crate) sms: SmsFault,
    pub(crate) receipts: Receipts,
    pub(crate) voice: VoiceFault,
}

/// A change to the switches; those not named stay as they are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    sms: Option<SmsFault>,
    receipts: Option<Receipts>,
    voice: Option<VoiceFault>,
}

/// What `Timeout` does at both providers: no answer for longer than anybody waits.
pub(crate) async fn silence() {
    tokio::time::sleep(Duration::from_mins(1)).await;
}

/// How SNS and End User Messaging fail.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq)]
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
    /// Refused: the account is disabled. Only End User Messaging says this and what follows: SNS accepts the message,
    /// which never arrives.
    Disabled,
    /// Refused: the account's reputation with AWS is insufficient.
    Reputation,
    /// Refused: the account is in the sandbox, and the number is not verified there.
    Unverified,
    /// Refused: the account's protect configuration blocks the country.
    CountryBlocked,
    /// Refused: the account's protect configuration blocks the number.
    NumberBlocked,
    /// Refused: the account has no sender for this country.
    NoSender,
    /// Refused: the sender doesn't exist.
    UnknownSender,
    /// Refused: the sender cannot send to this country.
    UnfitSender,
    /// Refused: the month's budget is spent.
    SpendLimit,
}

/// How AWS reports on the messages that End User Messaging sends. SNS reports nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Receipts {
    /// Delivered after a second.
    #[default]
    Delivered,
    /// The message doesn't arrive.
    Undeliverable,
    /// The message arrives at once, its receipt after 45 seconds.
    Late,
    /// The same event twice.
    Doubled,
    /// Delivered, then an older event.
    OutOfOrder,
    /// The message arrives, but no receipt does.
    Never,
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
        Self {
            sms: change.sms.unwrap_or(self.sms),
            receipts: change.receipts.unwrap_or(self.receipts),
            voice: change.voice.unwrap_or(self.voice),
        }
    }
}
