//! What the domain needs from the outside. Each store operation is one atomic operation of the domain, so
//! that no caller can check first and act later.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::administration::Occasion;
use crate::budget::CountryRecord;
use crate::call::{CallEvent, CallToken};
use crate::challenge::Challenge;
use crate::channel::Channel;
use crate::code::{Code, MacKeys};
use crate::delivery::Delivery;
use crate::delivery::SendFailure;
use crate::follow_up::{Notice, Tally};
use crate::identity::{Administrator, ChallengeId, ChallengeKey, Reservation, SubjectId};
use crate::locale::Locale;
use crate::phone::{Country, PhoneNumber};
use crate::policy::Policy;
use crate::purpose::Purpose;
use crate::quota::Counter;
use crate::receipt::{Fate, MessageId, Receipt, ReceiptToken};
use crate::refusal::{Refusal, Refused};
use crate::snapshot::Snapshot;
use crate::start_transaction::StartTransaction;
use crate::subject::NumberBlock;
use crate::switches::Switches;
use crate::time::Timestamp;

/// Stores challenges and subjects. Every operation is one request to the store, unless its contract says
/// otherwise; a fraud report also reads its challenge. A client may repeat a request that got no answer: at
/// worst, one guess counts twice. An answer other than `Ok` approves nothing and refunds nothing.
pub trait ChallengeStore: Sync {
    /// Reads everything stored about a subject, consistently.
    fn load(&self, subject: &SubjectId) -> impl Future<Output = Result<Snapshot, StoreError>> + Send;

    /// Applies a whole transaction, if neither the subject nor the challenge it was decided on has changed
    /// and every limit it is charged to allows it. Returns [`StoreError::Conflict`] if one of the two has
    /// changed, and [`Started::Refused`] if a limit is reached. Closes the races between two starts, between
    /// a start and a guess on the generation it replaces, and between any number of sends under one limit.
    fn start(&self, transaction: &StartTransaction) -> impl Future<Output = Result<Started, StoreError>> + Send;

    /// Records a refused start, so that it leaves a trace. If the refusal has a consequence, that is written
    /// instead, and is the trace.
    fn note_refusal(
        &self,
        refused: &Refused<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Reads a country's record, not necessarily the latest version.
    fn country(&self, country: Country) -> impl Future<Output = Result<CountryRecord, StoreError>> + Send;

    /// Corrects the send that a transaction made at `sent_at` and recorded as being sent, unless a later send
    /// has replaced it. A send that certainly failed is given back to the challenge and, in the same write,
    /// to the counters `given_back` (see [`StartTransaction::given_back`]), so that a later enrolment does
    /// not give it back to them again. It is never given back to the subject's windows. Closes the races
    /// between a correction and its own repetition, and between a correction and an enrolment that gives back
    /// the same charge.
    fn record_send(
        &self,
        challenge: &ChallengeId,
        channel: Channel,
        sent_at: Timestamp,
        delivery: Delivery,
        given_back: &[Counter],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Counts one guess before it is compared. Returns the challenge to judge it against, or `None` if it is
    /// not open. Closes the race between parallel guesses: every guess that is judged has been counted within
    /// the limit.
    fn count_guess(
        &self,
        key: &ChallengeKey,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Challenge>, StoreError>> + Send;

    /// Makes an approval final, together with the subject: approves a challenge that a code has
    /// [proven](Challenge::proven), or completes the approval of one that a call approved. The subject must
    /// not be blocked, and must be bound to the same number or to none. A challenge that nothing has proven
    /// is refused.
    ///
    /// If nothing but the number or the binding stands in the way, a second write closes the challenge as
    /// [refused](crate::challenge::Outcome::Refused), so that no later request takes it for pending. Closes the race between
    /// that write and another settlement of the same challenge, and a start that has replaced it.
    ///
    /// Resets the subject's failures. Enrols the number if the subject had none, or if it replaces one that
    /// was proven; the accounts that may enrol the same number are limited. Closes the races between two
    /// right guesses, between an approval and a change, reset, denial or block of the subject, and between
    /// two accounts that enrol one number.
    fn settle(
        &self,
        challenge: &Challenge,
        policy: &Policy,
        now: Timestamp,
    ) -> impl Future<Output = Result<Settlement, StoreError>> + Send;

    /// Applies a webhook of the call with `token` if it moves the call forward, and returns the challenge as
    /// it is afterwards. Only an open challenge is approved:
    ///
    /// - by `#`, if the mode is press-pound, the purpose is to sign in, the challenge is not contested and a
    ///   human answered;
    /// - by the page's four digits, where `#` is not enough to sign in;
    /// - by its two digits, if the mode is match-digits and a human answered.
    ///
    /// A code to be spoken is added only by the webhook that answers the call, and only if no stored code is the same.
    ///
    /// `0` counts once in a call that a human answered, until [`Policy::REPORT_WINDOW`] after it was placed,
    /// whatever became of the challenge, and also if another call or generation has replaced it. It denies the
    /// challenge unless [that is too late](Challenge::outlives_a_report), and blocks the call's number if it was only being enrolled. If fraud was
    /// already reported within [`Policy::REPORT_MEMORY`], in another call or by [`Key::Block`](crate::call::Key)
    /// in this one, it denies every other pending challenge of the subject too and blocks the subject. Closes the
    /// races between a report and an approval, a next generation, and a report in another call.
    /// Where a machine is asked for four digits, `0` is a wrong entry.
    ///
    /// Digits that do not match end the call and count as a guess, in one write. An entry has already been
    /// compared when it gets here, and still none is judged without being counted: right or wrong, its write
    /// requires a pending challenge and an answered call, and either write makes that condition false. If
    /// several entries arrive at once, the first decides and the others change nothing.
    fn advance_call(
        &self,
        challenge: &ChallengeId,
        token: &CallToken,
        event: CallEvent,
        policy: &Policy,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Challenge>, StoreError>> + Send;
}

/// Acts on subjects. Each operation is one write, applied completely or not at all, that records on the
/// subject who acted and when. It is applied only to the version it was decided on; otherwise it returns
/// [`StoreError::Conflict`] and changes nothing.
pub trait Administration: Sync {
    /// Forgives all failures and drops every reservation except those in `kept`, whose challenges' guesses so
    /// far no longer count. Closes the race with a guess: counted before this write, it is forgiven; counted
    /// after it, it counts. Also closes the race with a start: one decided on the old budget is refused.
    fn unlock(
        &self,
        occasion: &Occasion,
        kept: &BTreeMap<Reservation, u32>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends the subject's block and, with it, the number's. If another subject's report has blocked the
    /// number again, that block stays. Closes the race with a new fraud report, whose block stays.
    fn unblock(
        &self,
        occasion: &Occasion,
        number: Option<&NumberBlock>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lets the subject, which has no number, enrol one that is typed, until then. Creates one that is not known. Closes the
    /// race with an enrolment: before this write, it has a number, after it, it has used the opening up.
    fn open_enrolment(
        &self,
        occasion: &Occasion,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets the number `released` and denies everything that started before and is not settled. Closes the
    /// race with a settlement: before this write it is a success on the old binding, after it, it is refused.
    /// The version increases, so that no later enrolment gets a binding that was seen before.
    fn reset_phone(
        &self,
        occasion: &Occasion,
        released: Option<&PhoneNumber>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Stores what operators have switched.
pub trait SwitchStore: Sync {
    /// Reads all switches, consistently: once a change was answered, no later read misses it.
    fn switches(&self) -> impl Future<Output = Result<Switches, StoreError>> + Send;

    /// Replaces all switches with `after` and raises the version, if they are still those of its version that it was decided
    /// on; otherwise returns [`StoreError::Conflict`] and changes nothing. Records who did it and when. Closes the race
    /// between two operators, neither of whom undoes what the other does.
    fn switch(
        &self,
        after: &Switches,
        by: &Administrator,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Stores the statistics that the budgets of countries are computed from.
pub trait Statistics: Sync {
    /// Adds a tally completely or not at all, and only once, however often the same one is added within ten
    /// minutes. Closes the race between a count and its own repetition by a caller that never got the answer.
    fn count_verified(&self, tally: &Tally) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Stores what became of messages.
pub trait ReceiptStore: Sync {
    /// Records a receipt if its digest is that of the challenge's latest message and it [ranks](Fate::rank) higher than
    /// what is known, and changes nothing but what is known of that message. Closes the races between receipts of one
    /// message, whatever their order and however often each comes, between a receipt and the next message, and between
    /// a receipt and the deletion of its challenge, which it does not bring back.
    fn record_receipt(
        &self,
        challenge: &ChallengeKey,
        receipt: &Receipt,
        now: Timestamp,
    ) -> impl Future<Output = Result<Recorded, StoreError>> + Send;
}

/// The outcome of recording a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is what is known now. Before, it was this.
    Applied(Option<Fate>),
    /// It says nothing new, or is not about the latest message of a challenge that is still stored.
    Ignored,
}

/// The outcome of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    Applied,
    /// A limit is reached, or the number may not be enrolled: nothing was applied.
    Refused(Refusal),
}

/// The outcome of a settlement.
#[derive(Clone, Debug)]
pub enum Settlement {
    /// Challenge and subject agree. This is the challenge as it is now stored.
    Settled(Box<Challenge>),
    /// They do not agree, or another request was first. No token may be issued. This is the challenge that its
    /// login session has now.
    Refused(Box<Challenge>),
}

/// Why the store did not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Something it depended on has changed, or another transaction interfered.
    #[error("the stored state has changed since it was read")]
    Conflict,
    /// There was no answer, or not in time. Whether the request was applied is unknown.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The store holds something that this version cannot read.
    #[error("a stored item cannot be read: {0}")]
    Unreadable(&'static str),
}

/// Provides the current MAC keys.
pub trait KeySource: Sync {
    /// The keys as of `now`.
    fn keys(&self, now: Timestamp) -> impl Future<Output = Result<Arc<MacKeys>, KeyError>> + Send;
}

#[derive(Debug, Error)]
#[error("the MAC keys are unavailable")]
pub struct KeyError(#[source] pub Box<dyn Error + Send + Sync>);

/// A message to send.
pub struct Message<'a> {
    pub to: &'a PhoneNumber,
    /// Decides what it is sent from.
    pub country: Country,
    pub code: &'a Code,
    /// How much longer the code is valid.
    pub life: Duration,
    pub purpose: Purpose,
    pub locale: Locale,
    /// Which challenge its receipts are for.
    pub challenge: &'a ChallengeId,
    pub receipt: &'a ReceiptToken,
}

/// A send that the provider accepted, as the log names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The id of the message, or the SID of the call.
    pub id: String,
    /// What it was sent from, if this deployment chose it.
    pub sender: Option<String>,
}

/// Sends messages. Never retries: a repeated message would cost twice.
pub trait SmsSender: Sync {
    /// Sends one message, within `limit`.
    fn send(&self, message: &Message<'_>, limit: Duration) -> impl Future<Output = Result<Sent, SendError>> + Send;
}

/// Notifies replaced numbers. Never retries: a repeated notice would cost twice.
pub trait Notifier: Sync {
    /// Sends one notice, within `limit`.
    fn notify(&self, notice: &Notice, limit: Duration) -> impl Future<Output = Result<Sent, SendError>> + Send;
}

/// Tells the provider which messages served their purpose. Telling it again changes nothing, so it is tried again.
pub trait Feedback: Sync {
    /// Tells it of one message, within `limit`.
    fn converted(&self, message: &MessageId, limit: Duration)
    -> impl Future<Output = Result<(), FeedbackError>> + Send;
}

#[derive(Debug, Error)]
#[error("the provider did not take the feedback")]
pub struct FeedbackError(#[source] pub Box<dyn Error + Send + Sync>);

/// Places calls. Never retries: the phone would ring twice.
pub trait CallPlacer: Sync {
    /// Has the provider call `to` and report to the webhooks of `challenge` and `token`.
    fn call(
        &self,
        to: &PhoneNumber,
        challenge: &ChallengeId,
        token: &CallToken,
        limit: Duration,
    ) -> impl Future<Output = Result<Sent, SendError>> + Send;
}

/// Why a send failed.
#[derive(Debug, Error)]
#[error("{kind:?}")]
pub struct SendError {
    pub kind: SendFailure,
    /// The provider's answer, for the log.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}
