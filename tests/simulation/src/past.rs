//! All that has happened in a run, as nobody within it can see it.

use std::collections::{HashMap, HashSet};
use std::fmt;

use domain::call::CallToken;
use domain::channel::Channel;
use domain::identity::{ChallengeId, ChallengeKey, SubjectId};
use domain::phone::PhoneNumber;
use domain::quota::Counter;
use domain::time::Timestamp;

use crate::cast::{Asked, Report};

/// One request, from its arrival on.
pub(crate) struct Errand {
    pub(crate) asked: Asked,
    /// The challenge of the login session that asks; a webhook has none.
    pub(crate) login: Option<ChallengeKey>,
    /// The function's own clock when it arrived.
    pub(crate) now: Timestamp,
    /// Nothing that the request says may reach the store.
    pub(crate) stops_at_door: bool,
    /// It met a fault, so that it need not be answered well.
    pub(crate) disturbed: bool,
    /// Requests to the store.
    pub(crate) round_trips: u32,
    /// The start that it had applied, until it is sent.
    pub(crate) to_send: Option<(ChallengeId, Channel, PhoneNumber)>,
    /// The challenge on which its guess was counted, and whether the guess is right there.
    pub(crate) counted: Option<(ChallengeId, bool)>,
    /// The challenge for which it was given a token.
    pub(crate) signed: Option<ChallengeId>,
}

/// A code that went to the message provider.
pub(crate) struct SentCode {
    pub(crate) challenge: ChallengeId,
    pub(crate) code: String,
    /// Whether a call has said it.
    pub(crate) spoken: bool,
    /// Whether the phone has it.
    pub(crate) arrived: bool,
}

/// A call that went to the voice provider.
#[derive(Clone)]
pub(crate) struct PlacedCall {
    pub(crate) challenge: ChallengeId,
    pub(crate) token: CallToken,
    pub(crate) to: PhoneNumber,
    /// How far the provider has reported.
    pub(crate) stage: usize,
}

/// The guesses and sends of one subject.
#[derive(Default)]
pub(crate) struct Tally {
    /// Guesses counted since the last success.
    pub(crate) guesses: u32,
    /// Every send that was to be made, in true time.
    pub(crate) sends: Vec<(Timestamp, Channel)>,
}

/// What a run remembers.
#[derive(Default)]
pub(crate) struct Past {
    pub(crate) errands: Vec<Errand>,
    pub(crate) codes: Vec<SentCode>,
    pub(crate) calls: Vec<PlacedCall>,
    /// What the provider truly reported, by the digest of the call's token.
    pub(crate) reported: HashSet<([u8; 32], Report)>,
    pub(crate) tallies: HashMap<SubjectId, Tally>,
    /// Guesses counted on each challenge; generations replaced while open share one.
    pub(crate) guesses: HashMap<ChallengeId, u32>,
    /// Sends of each channel on each challenge, those given back not counted; likewise shared.
    pub(crate) sends: HashMap<(ChallengeId, Channel), u32>,
    /// Which challenge a generation that was replaced while open goes back to.
    pub(crate) origin: HashMap<ChallengeId, ChallengeId>,
    /// Challenges that were open beside another login session's.
    pub(crate) contested: HashSet<ChallengeId>,
    /// Challenges that were pending when their subject reported fraud.
    pub(crate) denied: HashSet<ChallengeId>,
    /// What each counter was charged for sends that have enrolled nothing.
    pub(crate) charges: HashMap<(String, String), i64>,
    /// The counters of unverified sends of each challenge, once for each send.
    pub(crate) refundable: HashMap<ChallengeId, Vec<Counter>>,
    /// The number and binding that each change's challenge has proven, and when in true time.
    pub(crate) proofs: HashMap<ChallengeKey, (PhoneNumber, u64, Timestamp)>,
    /// The result token of each challenge.
    pub(crate) tokens: HashMap<ChallengeId, String>,
    /// The one body that says that there is nothing to confirm.
    pub(crate) closed: Option<String>,
}

impl Past {
    /// Whether `code` was sent for `challenge`.
    pub(crate) fn is_right(&self, challenge: &ChallengeId, code: &str) -> bool {
        self.codes.iter().any(|sent| sent.challenge == *challenge && sent.code == code)
    }

    /// The first of the generations that share their guesses with `challenge`.
    pub(crate) fn first_of(&self, challenge: &ChallengeId) -> ChallengeId {
        self.origin.get(challenge).copied().unwrap_or(*challenge)
    }
}

impl fmt::Debug for PlacedCall {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the call of generation {} to {}", self.challenge.generation, self.to)
    }
}
