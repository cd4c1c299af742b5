//! The two ways to reach a phone.

use crate::words::words;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// A text message with a code.
    Sms,
    /// A phone call; what it asks for is the [`CallMode`](crate::policy::CallMode).
    Call,
}

words!(Channel {
    Sms => "sms",
    Call => "call",
});
