//! A model of the challenge store: the port's contract on two maps, with each operation taking effect at once.
//!
//! It handles whole subjects and challenges wherever the contract does, so that a new field needs no change
//! here. The integration tests check that it does what the real store does: they apply the same random
//! operations to both and compare the results.

mod call;
mod sabotage;
mod settling;
mod shared;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::challenge::{Challenge, Method, Outcome};
use domain::channel::Channel;
use domain::delivery::Delivery;
use domain::identity::{ChallengeId, ChallengeKey, SessionId, SubjectId};
use domain::phone::Country;
use domain::ports::{Recorded, Started, StoreError};
use domain::quota::Counter;
use domain::receipt::{Arrival, Receipt};
use domain::refusal::{Consequence, Refused};
use domain::snapshot::Snapshot;
use domain::start_transaction::{Replaces, StartTransaction};
use domain::subject::Subject;
use domain::switches::Switches;
use domain::time::Timestamp;

pub use self::sabotage::Sabotage;
pub use self::shared::{Number, counter_key};
pub use self::store::ModelStore;

#[derive(Clone, Debug, Default)]
pub struct Model {
    subjects: BTreeMap<SubjectId, Subject>,
    challenges: BTreeMap<(SubjectId, SessionId), Kept>,
    /// Each counter's value. It can be negative, if more was given back than counted.
    counters: BTreeMap<(String, String), i64>,
    numbers: BTreeMap<String, Number>,
    breakers: BTreeMap<(Country, Channel), Timestamp>,
    switches: Switches,
    sabotage: Option<Sabotage>,
}

#[derive(Clone, Debug)]
struct Kept {
    challenge: Challenge,
    /// When its login ends.
    until: Timestamp,
}

/// How long a challenge without success is kept after its login has ended.
const MEMORY: Duration = Duration::from_hours(24 * 30);

impl Model {
    /// A model with one fault built in, to check that the fault is found.
    #[must_use]
    pub fn sabotaged(sabotage: Option<Sabotage>) -> Self {
        Self { sabotage, ..Self::default() }
    }

    /// Adds a subject, as if from an earlier login.
    pub fn remember(&mut self, id: SubjectId, subject: Subject) {
        self.subjects.insert(id, subject);
    }

    /// Subjects with a challenge that may be deleted by now.
    #[must_use]
    pub fn overdue(&self, now: Timestamp) -> BTreeSet<SubjectId> {
        let overdue = self.challenges.iter().filter(|(_, kept)| self.is_overdue(kept, now));
        overdue.map(|((subject, _), _)| *subject).collect()
    }

    /// Deletes a subject's challenges that need not be kept any longer.
    pub fn sweep(&mut self, subject: &SubjectId, now: Timestamp) {
        let mut challenges = std::mem::take(&mut self.challenges);
        challenges.retain(|(of, _), kept| of != subject || !self.is_overdue(kept, now));
        self.challenges = challenges;
    }

    fn is_overdue(&self, kept: &Kept, now: Timestamp) -> bool {
        let until = match kept.challenge.is_settled() {
            _ if self.does(Sabotage::SweepAtExpiry) => kept.challenge.expires_at,
            true => kept.until,
            false => kept.until + MEMORY,
        };
        until <= now
    }

    /// `SwitchStore::switches`.
    #[must_use]
    pub const fn switches(&self) -> &Switches {
        &self.switches
    }

    /// `SwitchStore::switch`, except for who did it.
    pub fn switch(&mut self, after: &Switches) -> Result<(), StoreError> {
        if !self.holds(Sabotage::SwitchOverAnother, after.version == self.switches.version) {
            return Err(StoreError::Conflict);
        }
        let version = self.switches.version + 1;
        self.switches.clone_from(after);
        self.switches.version = version;
        Ok(())
    }

    /// One login session's current challenge.
    #[must_use]
    pub fn challenge(&self, key: &ChallengeKey) -> Option<&Challenge> {
        self.challenges.get(&(key.subject, key.session)).map(|kept| &kept.challenge)
    }

    /// `ChallengeStore::load`.
    #[must_use]
    pub fn load(&self, subject: &SubjectId) -> Snapshot {
        let (subject, challenges) = self.items(subject);
        Snapshot::of(subject, challenges)
    }

    /// A subject and its challenges, each from its own item.
    #[must_use]
    pub fn items(&self, subject: &SubjectId) -> (Subject, Vec<Challenge>) {
        let all = (*subject, SessionId::from_bytes([0; 32]))..=(*subject, SessionId::from_bytes([255; 32]));
        let challenges = self.challenges.range(all).map(|(_, kept)| kept.challenge.clone()).collect();
        (self.subjects.get(subject).cloned().unwrap_or_default(), challenges)
    }

    /// `ChallengeStore::start`.
    pub fn start(&mut self, transaction: &StartTransaction) -> Result<Started, StoreError> {
        let key = transaction.challenge.id.key;
        let version = self.subjects.get(&key.subject).map_or(0, |subject| subject.version);
        let unmoved = self.holds(Sabotage::StartOverMovedSubject, version == transaction.subject.version);
        let contested = transaction.contests.iter().all(|other| self.challenge(&other.key).is_some());
        if !unmoved || !contested || !self.may_take_place(transaction) {
            return Err(StoreError::Conflict);
        }
        if let Some(refusal) = self.refuses(transaction) {
            return Ok(Started::Refused(refusal));
        }
        for charge in &transaction.charges {
            self.charge(charge);
        }
        self.subjects.insert(key.subject, at_start(self.subjects.get(&key.subject), &transaction.subject));
        let marks = !self.does(Sabotage::ContestUnmarked);
        for other in &transaction.contests {
            if let Some(other) = self.challenge_mut(&other.key).filter(|_| marks) {
                other.contested = true;
            }
        }
        let challenge = match (transaction.replaces, self.challenge(&key)) {
            (Replaces::Continues, Some(stored)) => self.continued(stored, transaction),
            _ => transaction.challenge.clone(),
        };
        self.challenges.insert((key.subject, key.session), Kept { challenge, until: transaction.keep_until });
        Ok(Started::Applied)
    }

    fn may_take_place(&self, transaction: &StartTransaction) -> bool {
        let stored = self.challenge(&transaction.challenge.id.key);
        match (transaction.replaces, stored) {
            (Replaces::Nothing, stored) => stored.is_none(),
            (Replaces::Continues, Some(stored)) => {
                stored.id.generation == transaction.challenge.id.generation
                    && self.holds(Sabotage::ContinueOverSends, same_sends(stored, transaction))
                    && (transaction.channel == Channel::Sms || stored.answers == transaction.challenge.answers)
                    && self.holds(Sabotage::ContinueSettled, stored.outcome == Outcome::Pending)
                    && self.holds(Sabotage::ContinueExpired, stored.expires_at > transaction.at)
                    && self.holds(Sabotage::ContinueExhausted, !stored.is_exhausted())
            }
            (Replaces::Generation(former), Some(stored)) => {
                let (sent, carried) = ((stored.sms.used, stored.calls.used), (former.messages, former.calls));
                stored.id.generation == former.generation
                    && self.holds(Sabotage::ReplaceSettled, stored.outcome == Outcome::Pending)
                    && self.holds(Sabotage::ReplaceMovedGeneration, stored.attempts == former.attempts)
                    && self.holds(Sabotage::ReplaceOverSends, sent == carried)
                    && stored.answers == former.answers
            }
            (Replaces::Refused(former), Some(stored)) => {
                let (sent, carried) = ((stored.sms.used, stored.calls.used), (former.messages, former.calls));
                let unsettled = stored.outcome != Outcome::Denied && !stored.is_settled();
                stored.id.generation == former.generation
                    && self.holds(Sabotage::ReplaceSettled, unsettled)
                    && self.holds(Sabotage::ReplaceMovedGeneration, stored.attempts == former.attempts)
                    && self.holds(Sabotage::ReplaceOverSends, sent == carried)
                    && stored.answers == former.answers
            }
            (Replaces::Proof { generation, answers }, Some(stored)) => {
                self.holds(Sabotage::ReplaceOtherProof, stored.id.generation == generation)
                    && self.holds(Sabotage::ReplaceNonProof, stored.is_settled())
                    && stored.answers == answers
            }
            (_, None) => false,
        }
    }

    /// A send within the same generation writes only what belongs to the send, and keeps what guesses and
    /// webhooks have changed meanwhile.
    fn continued(&self, stored: &Challenge, transaction: &StartTransaction) -> Challenge {
        let planned = &transaction.challenge;
        let mut challenge = stored.clone();
        challenge.expires_at = planned.expires_at;
        challenge.locale = planned.locale;
        challenge.contested |= planned.contested;
        for counter in transaction.enrolment_gives_back() {
            challenge.note_charge(counter);
        }
        match transaction.channel {
            Channel::Sms if self.does(Sabotage::ResendDropsCodes) => {
                challenge.codes = planned.codes.last().copied().into_iter().collect();
            }
            Channel::Sms => challenge.codes.clone_from(&planned.codes),
            Channel::Call => {
                challenge.call.clone_from(&planned.call);
                challenge.former_calls.clone_from(&planned.former_calls);
            }
        }
        if transaction.channel == Channel::Sms && !self.does(Sabotage::ResendKeepsReceipts) {
            challenge.receipts.clone_from(&planned.receipts);
        }
        let sends = challenge.sends_mut(transaction.channel);
        sends.used += 1;
        sends.last = planned.sends(transaction.channel).last;
        challenge
    }

    /// `ChallengeStore::note_refusal`, as far as other operations read what it writes.
    pub fn note_refusal(&mut self, refused: &Refused<'_>, now: Timestamp) -> Result<(), StoreError> {
        match &refused.consequence {
            Some(Consequence::Lock(seen)) => {
                let subject = self.subjects.get_mut(refused.subject);
                if let Some(subject) = subject.filter(|subject| subject.version == seen.version) {
                    subject.locked_at = Some(now);
                    subject.failures = seen.failures;
                    subject.reserved.clone_from(&seen.reserved);
                    subject.version += 1;
                }
            }
            Some(Consequence::Contest(contest)) => {
                let is_there = self.challenge(&contest.call_of.key).is_some();
                let subject = self.subjects.get_mut(refused.subject);
                let subject = subject.filter(|subject| is_there && subject.version == contest.version);
                let subject = subject.ok_or(StoreError::Conflict)?;
                subject.refused_call = Some((contest.refused, now));
                subject.version += 1;
                if let Some(other) = self.challenge_mut(&contest.call_of.key) {
                    other.contested = true;
                }
            }
            Some(Consequence::OpenBreaker(country, until)) => {
                self.open_breaker(*country, refused.channel, *until, now);
            }
            None => {}
        }
        Ok(())
    }

    /// `ChallengeStore::record_send`.
    pub fn record_send(
        &mut self,
        challenge: &ChallengeId,
        channel: Channel,
        sent_at: Timestamp,
        delivery: Delivery,
        given_back: &[Counter],
    ) {
        let refunds = delivery == Delivery::Failed && self.does(Sabotage::RefundWindows);
        let Some(stored) = self.challenge_mut(&challenge.key) else { return };
        let being_sent = stored.sends(channel).last == Some((sent_at, Delivery::Sending));
        if stored.id == *challenge && being_sent && !stored.is_settled() {
            stored.correct_send(channel, delivery);
            for (_, sends) in stored.charged.iter_mut().filter(|(counter, _)| given_back.contains(counter)) {
                *sends -= 1;
            }
            for counter in given_back {
                self.give_back(counter, 1);
            }
            if let Some(subject) = self.subjects.get_mut(&challenge.key.subject).filter(|_| refunds) {
                subject.sms_sent.pop();
                subject.calls_placed.pop();
            }
        }
    }

    /// `ReceiptStore::record_receipt`.
    pub fn record_receipt(&mut self, key: &ChallengeKey, receipt: &Receipt) -> Recorded {
        let (other, worse) = (self.does(Sabotage::ReceiptOfOtherMessage), self.does(Sabotage::ReceiptSaysLess));
        let approves = self.does(Sabotage::ReceiptApproves) && receipt.fate.arrival() == Some(Arrival::Delivered);
        let Some(stored) = self.challenge_mut(key) else { return Recorded::Ignored };
        let Some(known) = &mut stored.receipts else { return Recorded::Ignored };
        let before = known.fate;
        let is_ours = other || known.digests.contains(&receipt.digest);
        let says_more = worse || before.is_none_or(|before| before.rank() < receipt.fate.rank());
        if !is_ours || !says_more {
            return Recorded::Ignored;
        }
        known.fate = Some(receipt.fate);
        if approves {
            stored.outcome = Outcome::Approved { at: receipt.at, by: Method::SmsCode, settled: false };
        }
        Recorded::Applied(before)
    }

    /// `ChallengeStore::count_guess`.
    pub fn count_guess(&mut self, key: &ChallengeKey, now: Timestamp) -> Option<Challenge> {
        let stored = self.challenge(key)?;
        let open = self.holds(Sabotage::CountWhenSettled, stored.outcome == Outcome::Pending)
            && self.holds(Sabotage::CountWhenExpired, stored.expires_at > now)
            && self.holds(Sabotage::CountBeyondLimit, !stored.is_exhausted());
        if !open {
            return None;
        }
        let mut counted = stored.clone();
        counted.attempts += 1;
        counted.last_guess_at = Some(now);
        if !self.does(Sabotage::CompareUncounted) {
            self.challenge_mut(key)?.clone_from(&counted);
        }
        Some(counted)
    }

    fn challenge_mut(&mut self, key: &ChallengeKey) -> Option<&mut Challenge> {
        self.challenges.get_mut(&(key.subject, key.session)).map(|kept| &mut kept.challenge)
    }

    fn does(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }

    /// A term of a condition, unless it is the one to leave out.
    fn holds(&self, left_out: Sabotage, term: bool) -> bool {
        term || self.does(left_out)
    }
}

/// A start counts its own send on top of those that it read.
fn same_sends(stored: &Challenge, transaction: &StartTransaction) -> bool {
    stored.sends(transaction.channel).used + 1 == transaction.challenge.sends(transaction.channel).used
}

/// A start writes only the parts of its subject that it is responsible for.
fn at_start(stored: Option<&Subject>, planned: &Subject) -> Subject {
    let stored = stored.cloned().unwrap_or_default();
    Subject {
        version: planned.version + 1,
        failures: planned.failures,
        last_failure_at: planned.last_failure_at.or(stored.last_failure_at),
        reserved: planned.reserved.clone(),
        sms_sent: planned.sms_sent.clone(),
        calls_placed: planned.calls_placed.clone(),
        ..stored
    }
}
