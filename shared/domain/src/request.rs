//! A request to send, as far as it has been parsed.

use crate::channel::Channel;
use crate::identity::{ChallengeKey, Network};
use crate::locale::Locale;
use crate::phone::{PhoneNumber, Subscriber};
use crate::purpose::Purpose;
use crate::time::Timestamp;

/// A request to send, as far as it has been parsed.
#[derive(Clone, Debug)]
pub struct Request {
    /// The challenge that it asks for.
    pub key: ChallengeKey,
    /// What it is for.
    pub purpose: Purpose,
    /// The account, as the first factor names it.
    pub sub: String,
    /// By which channel.
    pub channel: Channel,
    /// The number typed at the prompt.
    pub typed: Option<Subscriber>,
    /// The number that the first factor vouches for.
    pub claimed: Option<PhoneNumber>,
    /// Where it comes from.
    pub network: Network,
    /// The language to use.
    pub locale: Locale,
    /// Until when the challenge must be remembered, so that its deletion revives nothing.
    pub keep_until: Timestamp,
}
