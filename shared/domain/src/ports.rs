//! What the rules need of the world. Each store verb is one atomic operation of the domain, so that
//! no caller can check first and act later.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::administration::{NumberBlock, Occasion};
use crate::budget::CountryRecord;
use crate::call::{CallEvent, CallToken};
use crate::challenge::Challenge;
use crate::channel::Channel;
use crate::code::{Code, MacKeys};
use crate::delivery::Delivery;
use crate::delivery::SendFailure;
use crate::follow_up::{Notice, Tally};
use crate::identity::{ChallengeId, ChallengeKey, Reservation, SubjectId};
use crate::locale::Locale;
use crate::phone::{Country, PhoneNumber};
use crate::policy::Policy;
use crate::purpose::Purpose;
use crate::quota::Counter;
use crate::refusal::{Refusal, Refused};
use crate::snapshot::Snapshot;
use crate::start_transaction::StartTransaction;
use crate::time::Timestamp;

/// Keeps challenges and subjects. Every verb is at most one request to the store; an answer other
/// than `Ok` has approved nothing and refunded nothing.
pub trait ChallengeStore: Sync {
    /// Reads all of a subject, consistently.
    fn load(&self, subject: &SubjectId) -> impl Future<Output = Result<Snapshot, StoreError>> + Send;

    /// Applies a transaction whole, if neither the subject nor the challenge it was decided on has moved,
    /// and if every limit it is charged to allows it; answers [`StoreError::Conflict`] in the first
    /// case and [`Started::Refused`] in the second. Closes the race of two starts, of a start with a
    /// guess on the generation it replaces, and of any number of sends under one limit.
    fn start(&self, transaction: &StartTransaction) -> impl Future<Output = Result<Started, StoreError>> + Send;

    /// Notes a refused start, so that it leaves a trace.
    fn note_refusal(
        &self,
        refused: &Refused<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Reads what is known of a country, not necessarily the latest.
    fn country(&self, country: Country) -> impl Future<Output = Result<CountryRecord, StoreError>> + Send;

    /// Corrects the send that a transaction made at `sent_at` and took for accepted, unless a later send has
    /// taken its place. One that surely failed is given back to the challenge, and in the same write to
    /// the counters `given_back` (see [`StartTransaction::given_back`]), of which enrolling then gives back nothing;
    /// never to the subject's windows. Closes the race of a correction with its own repetition, and with
    /// an enrolment that gives the same back.
    fn record_send(
        &self,
        challenge: &ChallengeId,
        channel: Channel,
        sent_at: Timestamp,
        delivery: Delivery,
        given_back: &[Counter],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Counts one guess before anybody compares it. Answers the challenge to judge it against, or
    /// `None` when it is not open. Closes the race of parallel guesses: each judged guess has been
    /// counted under the limit.
    fn count_guess(
        &self,
        key: &ChallengeKey,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Challenge>, StoreError>> + Send;

    /// Makes an approval final: approves a challenge that a code has [proven](Challenge::proven), or
    /// completes the approval of one that a call approved, together with its subject: not blocked, and
    /// bound to the same number or to none. What nothing has proven is refused. Resets the subject's
    /// failures, and enrols the number where none was or where it replaces one that was proven, as one
    /// of the accounts that the number may have. Closes the race of two right guesses, of an approval
    /// with a change, reset, denial or block of the subject, and of two accounts that enrol one number.
    fn settle(
        &self,
        challenge: &Challenge,
        policy: &Policy,
        now: Timestamp,
    ) -> impl Future<Output = Result<Settlement, StoreError>> + Send;

    /// Applies a webhook of the call with `token` if that moves the call forward, and answers the
    /// challenge as it then stands. Only an open challenge is approved, and only in a call answered by
    /// one who may: by matching digits where the policy has digits matched, by `#` where it has `#`
    /// pressed, to sign in, while no other login waits. `0` denies the challenge and every other pending one of its
    /// subject, blocks the subject and, where the number was only being enrolled, the number. A code to
    /// be spoken is added only by the webhook that answers the call, and only if no code is the same.
    ///
    /// Digits that do not match end the call and count as a guess, in one write. An entry comes here
    /// compared already, and still none is judged that is not counted: right or wrong, its write needs
    /// the pending challenge and the answered call that either write ends. Of any number of entries at
    /// once the first decides, and the others change nothing.
    fn advance_call(
        &self,
        challenge: &ChallengeId,
        token: &CallToken,
        event: CallEvent,
        policy: &Policy,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Challenge>, StoreError>> + Send;
}

/// Acts on subjects. Each verb is one write, applied whole or not at all, that leaves who acted and
/// when on the subject. It is applied only to the version that it was decided on, else it answers
/// [`StoreError::Conflict`] and nothing has happened.
pub trait Administration: Sync {
    /// Forgives all failures and every reservation but those `kept`, whose challenges' guesses so
    /// far count no more. Closes the race with a guess: counted before this write it is forgiven,
    /// after it it counts. And that with a start: one decided on the old budget is refused.
    fn unlock(
        &self,
        occasion: &Occasion,
        kept: &BTreeMap<Reservation, u32>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends the block, and with it that of the number, which may have been blocked anew by another
    /// subject's report: that block stays. Closes the race with a new report of fraud, whose block stays.
    fn unblock(
        &self,
        occasion: &Occasion,
        number: Option<&NumberBlock>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets the number `released` and denies whatever began before and is not settled. Closes the race with a settling: before this write it is a success on the old
    /// binding, after it it is refused. The version rises, so that no later enrolment has a binding
    /// that was seen before.
    fn reset_phone(
        &self,
        occasion: &Occasion,
        released: Option<&PhoneNumber>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Keeps the statistics that the budgets of countries follow from.
pub trait Statistics: Sync {
    /// Adds a tally: all of it or nothing, and once, however often the same is added within ten minutes.
    /// Closes the race of a count with its own repetition, by a caller who never heard its answer.
    fn count_verified(&self, tally: &Tally) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// How a start ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// The transaction is applied.
    Applied,
    /// A limit is reached, or the number may not be enrolled: nothing is applied.
    Refused(Refusal),
}

/// How a settlement ended.
#[derive(Clone, Debug)]
pub enum Settlement {
    /// Challenge and subject agree: the challenge as it now stands.
    Settled(Box<Challenge>),
    /// They do not, or someone else was first. No token may be issued.
    Refused,
}

/// Why the store did not do as asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Something it depended on has moved, or another transaction was in the way.
    #[error("the stored state has changed since it was read")]
    Conflict,
    /// It did not answer, or not in time. What it did is unknown.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It holds what this version cannot read.
    #[error("a stored item cannot be read: {0}")]
    Unreadable(&'static str),
}

/// Keeps the MAC keys fresh.
pub trait KeySource: Sync {
    /// The keys as of now.
    fn keys(&self, now: Timestamp) -> impl Future<Output = Result<Arc<MacKeys>, KeyError>> + Send;
}

/// The keys cannot be had.
#[derive(Debug, Error)]
#[error("the MAC keys are unavailable")]
pub struct KeyError(#[source] pub Box<dyn Error + Send + Sync>);

/// A message to send.
pub struct Message<'a> {
    /// To whom.
    pub to: &'a PhoneNumber,
    /// The code it carries.
    pub code: &'a Code,
    /// What the code is for.
    pub purpose: Purpose,
    /// In which language.
    pub locale: Locale,
}

/// Sends messages. Never tries twice: a repeated send would cost twice.
pub trait SmsSender: Sync {
    /// Sends one message, within `limit`.
    fn send(&self, message: &Message<'_>, limit: Duration) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// Tells numbers that they were replaced. Never tries twice: a repeated notice would cost twice.
pub trait Notifier: Sync {
    /// Sends one notice, within `limit`.
    fn notify(&self, notice: &Notice, limit: Duration) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// Places calls. Never tries twice: a repeated call would ring twice.
pub trait CallPlacer: Sync {
    /// Has the provider call `to` and report to the webhooks of `challenge` and `token`.
    fn call(
        &self,
        to: &PhoneNumber,
        challenge: &ChallengeId,
        token: &CallToken,
        limit: Duration,
    ) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// How a send went wrong.
#[derive(Debug, Error)]
#[error("{kind:?}")]
pub struct SendError {
    /// What is known of it.
    pub kind: SendFailure,
    /// What the provider said, for the log.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}
