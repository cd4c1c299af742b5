//! Who sends the messages.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmsProvider {
    Sns,
    EndUserMessaging,
}

impl SmsProvider {
    pub const ALL: [Self; 2] = [Self::Sns, Self::EndUserMessaging];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sns => "sns",
            Self::EndUserMessaging => "end-user-messaging",
        }
    }
}
