//! The two ways to a phone.

use crate::words::words;

/// The channels by which a challenge reaches a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// A code by text message.
    Sms,
    /// A call to be confirmed with `#`.
    Call,
}

words!(Channel {
    Sms => "sms",
    Call => "call",
});
