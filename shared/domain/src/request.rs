//! A request to send, after parsing.

use crate::channel::Channel;
use crate::identity::{ChallengeKey, Network};
use crate::locale::Locale;
use crate::phone::{PhoneNumber, Subscriber};
use crate::purpose::Purpose;
use crate::time::Timestamp;

#[derive(Clone, Debug)]
pub struct Request {
    /// The challenge to start or continue.
    pub key: ChallengeKey,
    pub purpose: Purpose,
    /// The account, as the first factor names it.
    pub sub: String,
    pub channel: Channel,
    /// The number typed at the prompt.
    pub typed: Option<Subscriber>,
    /// The number that the first factor vouches for.
    pub claimed: Option<PhoneNumber>,
    pub network: Network,
    pub locale: Locale,
    /// Until when the challenge must be kept, so that deleting it lets nobody start over in the same login
    /// session.
    pub keep_until: Timestamp,
}
