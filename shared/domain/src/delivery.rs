//! What became of a send.

use crate::words::words;

/// What is known of a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The provider took it. Written before the send and corrected when the send does otherwise.
    Accepted,
    /// It surely was not sent.
    Failed,
    /// Nobody can tell; it counts as sent.
    Unknown,
}

words!(Delivery {
    Accepted => "accepted",
    Failed => "failed",
    Unknown => "unknown",
});

/// What is known of a send that was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendFailure {
    /// The provider does not take this number.
    NumberRefused,
    /// We lack permission, or a key is out of order: needs an operator.
    Unauthorized,
    /// The account's spending limit is reached: needs an operator.
    SpendLimit,
    /// Too many sends at once.
    Throttled,
    /// The provider is out of order, or answered what cannot be understood.
    ProviderFault,
    /// No answer in time: it may have been sent.
    Unknown,
}

words!(SendFailure {
    NumberRefused => "invalid",
    Unauthorized => "authorization",
    SpendLimit => "spend-limit",
    Throttled => "throttled",
    ProviderFault => "fault",
    Unknown => "unknown",
});

impl SendFailure {
    /// What to record of the send.
    #[must_use]
    pub const fn delivery(self) -> Delivery {
        match self {
            Self::Unknown => Delivery::Unknown,
            Self::NumberRefused | Self::Unauthorized | Self::SpendLimit | Self::Throttled | Self::ProviderFault => {
                Delivery::Failed
            }
        }
    }
}
