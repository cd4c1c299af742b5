//! The model's settlements: a challenge, its subject and its number change together, or not at all.

use domain::challenge::{Challenge, NumberSource, Outcome};
use domain::phone::PhoneNumber;
use domain::policy::Policy;
use domain::ports::Settlement;
use domain::snapshot::Snapshot;
use domain::subject::{Binding, Subject};
use domain::time::Timestamp;

use super::{Model, Sabotage};

impl Model {
    /// `ChallengeStore::settle`.
    pub fn settle(&mut self, challenge: &Challenge, policy: &Policy, now: Timestamp) -> Settlement {
        self.try_to_settle(challenge, policy, now).unwrap_or_else(|| self.refuse(challenge))
    }

    /// The first write of `ChallengeStore::settle`. `None` if the subject or the number does not allow it, so that
    /// the second write has to close the challenge.
    pub fn try_to_settle(&mut self, challenge: &Challenge, policy: &Policy, now: Timestamp) -> Option<Settlement> {
        let (at, by) = match challenge.outcome {
            Outcome::Approved { at, by, settled: false } => (at, by),
            Outcome::Approved { settled: true, .. } => return Some(Settlement::Settled(Box::new(challenge.clone()))),
            Outcome::Pending | Outcome::Denied | Outcome::Refused => return Some(refused(challenge)),
        };
        let outcome = Outcome::Approved { at, by, settled: true };
        let key = challenge.id.key;
        let stored = self.challenge(&key)?;
        if !self.may_settle(challenge, stored, by.is_by_call(), now) {
            return Some(completed_by_another(challenge, stored));
        }
        let settled = match stored.outcome {
            Outcome::Approved { at, by, .. } if challenge_is_by_call(challenge) => {
                Outcome::Approved { at, by, settled: true }
            }
            _ => outcome,
        };
        let subject = self.subjects.get(&key.subject).filter(|subject| self.agrees(subject, challenge, now)).cloned();
        let Some(mut subject) = subject else { return self.denied(challenge) };
        if challenge.source.enrols() && !self.has_room(challenge, policy.max_accounts, now, ROOM_AT_SETTLING) {
            return None;
        }
        let charged = stored.charged.clone(); // as it is now, not as it was read
        let forgets = self.does(Sabotage::ForgetReservations);
        subject.version += 1;
        subject.failures = 0;
        subject.locked_at = None;
        subject.last_success_at = Some(now);
        subject.reserved.retain(|reservation, _| !forgets && *reservation != challenge.reservation());
        if challenge.source.enrols() {
            subject.enrolment_open_until = None;
            subject.binding = Some(Binding {
                number: challenge.phone.clone(),
                country: challenge.country,
                line: challenge.line,
                version: subject.version,
            });
            self.enrol(challenge, &charged);
        }
        self.subjects.insert(key.subject, subject);
        if let Some(stored) = self.challenge_mut(&key) {
            stored.outcome = settled;
        }
        Some(Settlement::Settled(Box::new(Challenge { outcome, charged, ..challenge.clone() })))
    }

    /// The second write of `ChallengeStore::settle`.
    pub fn refuse(&mut self, challenge: &Challenge) -> Settlement {
        let Some(stored) = self.challenge_mut(&challenge.id.key) else {
            return refused(&Challenge { outcome: Outcome::Refused, ..challenge.clone() });
        };
        let unsettled = matches!(stored.outcome, Outcome::Pending | Outcome::Approved { settled: false, .. });
        if stored.id == challenge.id && unsettled {
            stored.outcome = Outcome::Refused;
        }
        completed_by_another(challenge, &stored.clone())
    }

    /// The settlement of a challenge that its subject's denial covers, which needs no second write.
    fn denied(&self, challenge: &Challenge) -> Option<Settlement> {
        let subject = self.subjects.get(&challenge.id.key.subject)?.clone();
        let stored = Snapshot::of(subject, vec![challenge.clone()]);
        stored.challenges.iter().find(|challenge| challenge.outcome == Outcome::Denied).map(refused)
    }

    fn may_settle(&self, challenge: &Challenge, stored: &Challenge, by_call: bool, now: Timestamp) -> bool {
        let same = self.holds(Sabotage::SettleOtherGeneration, stored.id == challenge.id);
        let approvable = match (by_call, stored.outcome) {
            (false, outcome) => {
                self.holds(Sabotage::SettleTwice, outcome == Outcome::Pending)
                    && self.holds(Sabotage::SettleExpired, stored.expires_at > now)
            }
            (true, Outcome::Approved { at, settled, .. }) => {
                let oldest = Timestamp::from_unix(now.as_unix().saturating_sub(Policy::RESULT_LIFE.as_secs()));
                !settled && self.holds(Sabotage::CompleteOldApproval, at > oldest)
            }
            (true, _) => false,
        };
        same && approvable
    }

    fn agrees(&self, subject: &Subject, challenge: &Challenge, now: Timestamp) -> bool {
        let bound_to = |number: &PhoneNumber, version: u64| {
            let same = |binding: &Binding| binding.version == version && binding.number == *number;
            subject.binding.as_ref().is_some_and(same)
        };
        let bound = match (challenge.source, &challenge.former) {
            (NumberSource::Enrolled(version), _) => bound_to(&challenge.phone, version),
            (NumberSource::Replacing(version), Some(former)) => bound_to(&former.number, version),
            (NumberSource::Replacing(_), None) => false,
            (NumberSource::Claimed | NumberSource::Typed | NumberSource::Test, _) => subject.binding.is_none(),
        };
        let denied = subject.denied_version.is_some_and(|version| challenge.subject_version <= version);
        subject.version > 0
            && self.holds(Sabotage::SettleBlocked, subject.blocked(now).is_none())
            && self.holds(Sabotage::SettleDenied, !denied)
            && self.holds(Sabotage::SettleOtherBinding, bound)
    }
}

const ROOM_AT_SETTLING: [Sabotage; 2] = [Sabotage::EnrolBeyondAccounts, Sabotage::EnrolBlockedNumber];

fn challenge_is_by_call(challenge: &Challenge) -> bool {
    matches!(challenge.outcome, Outcome::Approved { by, .. } if by.is_by_call())
}

/// Two status calls may settle the same approval: the second finds it done.
fn completed_by_another(challenge: &Challenge, stored: &Challenge) -> Settlement {
    match stored.outcome {
        Outcome::Approved { settled: true, .. } if stored.id == challenge.id && challenge_is_by_call(challenge) => {
            Settlement::Settled(Box::new(stored.clone()))
        }
        _ => refused(stored),
    }
}

fn refused(challenge: &Challenge) -> Settlement {
    Settlement::Refused(Box::new(challenge.clone()))
}
