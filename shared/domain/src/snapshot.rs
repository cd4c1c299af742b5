//! Everything stored about a subject, as one request reads it.

use crate::challenge::{Challenge, NumberSource, Outcome};
use crate::channel::Channel;
use crate::identity::{ChallengeKey, SessionId};
use crate::policy::Policy;
use crate::subject::{Binding, Lockout, Subject};
use crate::time::Timestamp;

/// A consistent read of one subject.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The subject; empty if it was never seen.
    pub subject: Subject,
    pub challenges: Vec<Challenge>,
}

impl Snapshot {
    /// A subject and its challenges as they are stored. Challenges that the subject's denial covers are
    /// denied, though their own items do not say so. That includes the proof of the current number in a
    /// number change. Challenges that contradict the subject's binding are refused: the store will never settle them.
    #[must_use]
    pub fn of(subject: Subject, mut challenges: Vec<Challenge>) -> Self {
        for challenge in &mut challenges {
            let covered = subject.denied_version.is_some_and(|version| challenge.subject_version <= version);
            if covered && (!challenge.is_settled() || challenge.is_proof()) {
                challenge.outcome = Outcome::Denied;
            } else if contradicts(&subject, challenge) {
                challenge.outcome = Outcome::Refused;
            }
        }
        Self { subject, challenges }
    }

    /// The challenge of a login session.
    #[must_use]
    pub fn challenge(&self, key: &ChallengeKey) -> Option<&Challenge> {
        self.challenges.iter().find(|challenge| challenge.id.key == *key)
    }

    /// Whether the read caught a start half-way: a query sees each item as committed, but not all items as of
    /// the same moment. Every start accounts for challenges that are gone, so if a reservation has no
    /// challenge, either the subject has no recent sends or the challenge was not visible yet.
    #[must_use]
    pub fn is_torn(&self, now: Timestamp) -> bool {
        let window = Policy::SHORT_WINDOW + Policy::CLOCK_SKEW;
        let recent =
            Channel::ALL.into_iter().any(|channel| self.subject.sent_within(channel, window, now).next().is_some());
        let seen = |reservation| self.challenges.iter().any(|challenge| challenge.reservation() == reservation);
        recent && self.subject.reserved.keys().any(|reservation| !seen(*reservation))
    }

    /// Replaces a challenge with its state after settling, whether it was settled or refused. If it was
    /// settled, also binds the number that it has proven.
    pub fn settle(&mut self, challenge: Challenge) {
        if challenge.is_settled() && challenge.source != NumberSource::Test {
            let version = match challenge.source {
                NumberSource::Enrolled(version) => version,
                _ => self.subject.version + 1, // the version that the enrolling write stored
            };
            let (number, country, line) = (challenge.phone.clone(), challenge.country, challenge.line);
            if challenge.source.enrols() {
                self.subject.enrolment_open_until = None;
            }
            self.subject.binding = Some(Binding { number, country, line, version });
        }
        self.replace(challenge);
    }

    /// What keeps the login session whose challenge is `own` from a new one: failures, or challenges in progress that
    /// have reserved every guess that is left.
    #[must_use]
    pub fn lockout(&self, own: Option<&Challenge>, policy: &Policy, now: Timestamp) -> Lockout {
        match self.subject.lockout(&self.challenges, policy, now) {
            Lockout::Free => self.reserved_elsewhere(own, policy, now).map_or(Lockout::Free, Lockout::Delayed),
            found => found,
        }
    }

    /// The subject as the successor of `own` finds it, with the guesses of `own` and of all that is over accounted for.
    #[must_use]
    pub fn accounted_for(&self, own: Option<&Challenge>, now: Timestamp) -> Subject {
        let mut subject = self.subject.clone();
        subject.account_for(&self.challenges, now);
        if let Some(own) = own.filter(|own| subject.reserved.contains_key(&own.reservation())) {
            subject.count(own);
        }
        subject
    }

    /// When the first of the reservations ends, if no guess is left until then.
    fn reserved_elsewhere(&self, own: Option<&Challenge>, policy: &Policy, now: Timestamp) -> Option<Timestamp> {
        let subject = self.accounted_for(own, now);
        let holds = |challenge: &&Challenge| subject.reserved.contains_key(&challenge.reservation());
        let ends = self.challenges.iter().filter(holds).map(|challenge| challenge.expires_at + Policy::CLOCK_SKEW);
        ends.min().filter(|_| subject.budget(policy) == 0)
    }

    /// The challenges of other logins.
    pub fn others(&self, own: &SessionId) -> impl Iterator<Item = &Challenge> {
        self.challenges.iter().filter(move |other| !other.id.key.session.is_same_login(own))
    }

    /// Whether another login of the subject competes with `own`: it is live, or was active or refused a call within
    /// [`Policy::CONTEST_WINDOW`].
    #[must_use]
    pub fn contests(&self, own: &SessionId, now: Timestamp) -> bool {
        let recent = |at: Timestamp| now.since(at) < Policy::CONTEST_WINDOW;
        let refused = self.subject.refused_call.is_some_and(|(other, at)| !other.is_same_login(own) && recent(at));
        refused || self.others(own).any(|other| !other.is_over(now) || recent(other.last_active_at()))
    }

    /// Calls that the limit on calls gives back: one, if a machine has answered a call within its window.
    #[must_use]
    pub fn calls_given_back(&self, now: Timestamp) -> usize {
        let mut answered = self.challenges.iter().filter_map(|challenge| challenge.machine_answered_at);
        usize::from(answered.any(|at| now.since(at) < Policy::SHORT_WINDOW))
    }

    /// Replaces the challenge of the same login session.
    pub fn replace(&mut self, challenge: Challenge) {
        self.challenges.retain(|other| other.id.key != challenge.id.key);
        self.challenges.push(challenge);
    }
}

/// Whether the subject is bound otherwise than the challenge's settlement requires, unless the read may have
/// caught a write half-way: the start of the challenge, or its settlement, which binds the number as of the
/// subject's new version and drops the challenge's reservation.
fn contradicts(subject: &Subject, challenge: &Challenge) -> bool {
    let open = match challenge.outcome {
        Outcome::Pending | Outcome::Approved { settled: false, .. } => true,
        Outcome::Approved { settled: true, .. } | Outcome::Denied | Outcome::Refused => false,
    };
    let required = match challenge.source {
        NumberSource::Enrolled(version) | NumberSource::Replacing(version) => Some(version),
        NumberSource::Claimed | NumberSource::Typed | NumberSource::Test => None,
    };
    let bound = subject.binding.as_ref().map(|binding| binding.version);
    let just_settled = bound == Some(subject.version) && !subject.reserved.contains_key(&challenge.reservation());
    open && required != bound && challenge.subject_version <= subject.version && !just_settled
}
