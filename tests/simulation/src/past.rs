//! Everything that has happened in a run, including what no function in it can know.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use domain::call::CallToken;
use domain::channel::Channel;
use domain::identity::{ChallengeId, ChallengeKey, SubjectId};
use domain::phone::PhoneNumber;
use domain::quota::Counter;
use domain::receipt::ReceiptToken;
use domain::switches::Switch;
use domain::time::Timestamp;

use crate::cast::{Asked, Report};
use crate::invariants::Expected;

/// One request and what has become of it.
pub(crate) struct Errand {
    pub(crate) asked: Asked,
    /// The challenge of the login session that sent it; none for a webhook.
    pub(crate) login: Option<ChallengeKey>,
    /// The time by the function's own clock when it arrived.
    pub(crate) now: Timestamp,
    /// Whether it must be refused before it reaches the store.
    pub(crate) stops_at_door: bool,
    /// Whether it ran into a fault, so that an error is an acceptable answer.
    pub(crate) disturbed: bool,
    /// When it read the switches, if it did, or that it could not.
    pub(crate) read_switches: Option<Result<Timestamp, ()>>,
    /// The number of requests to the store.
    pub(crate) round_trips: u32,
    /// How often it had to try again.
    pub(crate) conflicts: u32,
    /// The start that was applied for it, until it is sent.
    pub(crate) to_send: Option<(ChallengeId, Channel, PhoneNumber)>,
    /// The challenge on which its guess was counted, and whether the guess was right.
    pub(crate) counted: Option<(ChallengeId, bool)>,
    /// The challenge for which it got a token.
    pub(crate) signed: Option<ChallengeId>,
}

/// A code that was handed to a provider.
pub(crate) struct SentCode {
    pub(crate) challenge: ChallengeId,
    pub(crate) code: String,
    /// Whether it was spoken in a call.
    pub(crate) spoken: bool,
    /// Whether it reached the phone.
    pub(crate) arrived: bool,
}

/// A call that was handed to the voice provider.
#[derive(Clone)]
pub(crate) struct PlacedCall {
    pub(crate) challenge: ChallengeId,
    pub(crate) token: CallToken,
    pub(crate) to: PhoneNumber,
    /// How far the provider's reports have got.
    pub(crate) stage: usize,
}

/// A message that was handed to a provider, by what its receipts name.
#[derive(Clone)]
pub(crate) struct SentMessage {
    pub(crate) challenge: ChallengeId,
    pub(crate) token: ReceiptToken,
    pub(crate) to: PhoneNumber,
}

#[derive(Default)]
pub(crate) struct Tally {
    /// Guesses counted since the last success.
    pub(crate) guesses: u32,
    /// Every send, with its true time.
    pub(crate) sends: Vec<(Timestamp, Channel)>,
}

/// Everything a run remembers.
#[derive(Default)]
pub(crate) struct Past {
    pub(crate) errands: Vec<Errand>,
    pub(crate) codes: Vec<SentCode>,
    pub(crate) calls: Vec<PlacedCall>,
    pub(crate) messages: Vec<SentMessage>,
    /// What must be known of each challenge's latest message.
    pub(crate) receipts: HashMap<ChallengeKey, Expected>,
    /// What the provider really reported, by the digest of the call's token.
    pub(crate) reported: HashSet<([u8; 32], Report)>,
    pub(crate) tallies: HashMap<SubjectId, Tally>,
    /// Guesses counted on each challenge. A generation that replaced an open one shares its count.
    pub(crate) guesses: HashMap<ChallengeId, u32>,
    /// Sends per channel on each challenge, without those given back. Shared in the same way.
    pub(crate) sends: HashMap<(ChallengeId, Channel), u32>,
    /// For each generation that replaced an open one, the challenge whose counts it shares.
    pub(crate) origin: HashMap<ChallengeId, ChallengeId>,
    /// Challenges that were open at the same time as another login session's.
    pub(crate) contested: HashSet<ChallengeId>,
    pub(crate) denied: HashSet<ChallengeId>,
    /// What each counter was charged for sends that did not lead to an enrolment.
    pub(crate) charges: HashMap<(String, String), i64>,
    /// The counters charged for each challenge's unverified sends, once per send.
    pub(crate) refundable: HashMap<ChallengeId, Vec<Counter>>,
    /// For each number change, the number and binding that were proven, and the true time.
    pub(crate) proofs: HashMap<ChallengeKey, (PhoneNumber, u64, Timestamp)>,
    pub(crate) tokens: HashMap<ChallengeId, String>,
    /// When the switches could not be read last: for a while nobody tries again.
    pub(crate) unreadable_switches_at: Option<Timestamp>,
    /// Since when each switch has stopped what it stops, by the true time.
    pub(crate) stopped: BTreeMap<Switch, Timestamp>,
    /// The only body that may say that there is nothing to confirm.
    pub(crate) closed: Option<String>,
}

impl Past {
    /// Whether `code` was sent for `challenge`.
    pub(crate) fn is_right(&self, challenge: &ChallengeId, code: &str) -> bool {
        self.codes.iter().any(|sent| sent.challenge == *challenge && sent.code == code)
    }

    /// The first of the generations that share a count with `challenge`.
    pub(crate) fn first_of(&self, challenge: &ChallengeId) -> ChallengeId {
        self.origin.get(challenge).copied().unwrap_or(*challenge)
    }
}

impl fmt::Debug for PlacedCall {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the call of generation {} to {}", self.challenge.generation, self.to)
    }
}
