//! The limits on sends, by the names that a refused caller sees.

use crate::channel::Channel;
use crate::words::words;

/// A limit on sends. A subject's own limits have sliding windows and are in [`crate::limits`]; limits that
/// subjects share are counters of fixed windows, in [`crate::quota`] and [`crate::budget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// Sends on one channel within one challenge.
    Challenge,
    SubjectShort,
    SubjectLong,
    SubjectCalls,
    /// One call at a time.
    CallLive,
    /// Calls after a report of fraud.
    CallReported,
    NumberShort,
    NumberLong,
    /// Sends to one number by subjects for whom it is unverified.
    NumberUnverified,
    Network,
    /// Unverified sends to one range of numbers.
    RangeUnverified,
    /// Unverified sends to one country.
    CountrySms,
    CountryCall,
}

words!(Limit {
    Challenge => "challenge",
    SubjectShort => "subject-short",
    SubjectLong => "subject-long",
    SubjectCalls => "subject-calls",
    CallLive => "call-live",
    CallReported => "call-reported",
    NumberShort => "number-short",
    NumberLong => "number-long",
    NumberUnverified => "number-unverified",
    Network => "network",
    RangeUnverified => "range-unverified",
    CountrySms => "country-sms",
    CountryCall => "country-call",
});

impl Limit {
    /// The limit on a country's unverified sends on `channel`.
    #[must_use]
    pub const fn of_country(channel: Channel) -> Self {
        match channel {
            Channel::Sms => Self::CountrySms,
            Channel::Call => Self::CountryCall,
        }
    }

    /// Whether enrolling the number gives back what its sends were charged: the number is verified from then
    /// on.
    #[must_use]
    pub const fn is_given_back(self) -> bool {
        matches!(self, Self::NumberUnverified | Self::RangeUnverified | Self::CountrySms | Self::CountryCall)
    }
}
