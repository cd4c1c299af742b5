//! The outcome of a send.

use crate::words::words;

/// What is known about a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It is about to be sent. Stored before the send and left so if the provider accepts it, so that a send
    /// that goes well costs no second write.
    Sending,
    /// The provider accepted it.
    Accepted,
    /// It was certainly not sent.
    Failed,
    /// It may have been sent; it counts as sent.
    Unknown,
}

words!(Delivery {
    Sending => "sending",
    Accepted => "accepted",
    Failed => "failed",
    Unknown => "unknown",
});

/// Why a send was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendFailure {
    /// The provider does not accept this number.
    NumberRefused,
    /// The number's owner has stopped messages, with a reply of STOP.
    OptedOut,
    /// We lack permission, or a key is invalid: needs an operator.
    Unauthorized,
    /// AWS sends nothing from this account to this number or its country, which an operator can change: the country is
    /// blocked, or the account is in the sandbox.
    NotPermitted,
    /// The account's spending limit is reached: needs an operator.
    SpendLimit,
    /// Too many sends at once.
    Throttled,
    /// The provider failed, or its answer could not be understood.
    ProviderFault,
    /// No answer in time: it may have been sent.
    Unknown,
}

words!(SendFailure {
    NumberRefused => "invalid",
    OptedOut => "opted-out",
    Unauthorized => "authorization",
    NotPermitted => "not-permitted",
    SpendLimit => "spend-limit",
    Throttled => "throttled",
    ProviderFault => "fault",
    Unknown => "unknown",
});

impl SendFailure {
    /// What to record about the send.
    #[must_use]
    pub const fn delivery(self) -> Delivery {
        match self {
            Self::Unknown => Delivery::Unknown,
            Self::NumberRefused
            | Self::OptedOut
            | Self::Unauthorized
            | Self::NotPermitted
            | Self::SpendLimit
            | Self::Throttled
            | Self::ProviderFault => Delivery::Failed,
        }
    }
}
