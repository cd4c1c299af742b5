//! The two ways to a phone.

/// The channels by which a challenge reaches a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// A code by text message.
    Sms,
    /// A call to be confirmed with `#`.
    Call,
}

impl Channel {
    /// Both channels.
    pub const ALL: [Self; 2] = [Self::Sms, Self::Call];

    /// Its name in the API, the logs and the metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Call => "call",
        }
    }
}
