//! What the store holds of one subject, as a request finds it.

use crate::challenge::{Challenge, NumberSource, Outcome};
use crate::channel::Channel;
use crate::identity::ChallengeKey;
use crate::policy::Policy;
use crate::purpose::Purpose;
use crate::subject::{Binding, Subject};
use crate::time::Timestamp;

/// All that the store holds of a subject, read consistently.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The subject; empty for one never seen.
    pub subject: Subject,
    /// The challenges of its login sessions.
    pub challenges: Vec<Challenge>,
}

impl Snapshot {
    /// A subject and its challenges as they are stored. Those that the subject's denial covers are
    /// denied, though their own items do not say so; also the proof of a number that shall be changed,
    /// which is settled but has not done its work yet.
    #[must_use]
    pub fn of(subject: Subject, mut challenges: Vec<Challenge>) -> Self {
        for challenge in &mut challenges {
            let covered = subject.denied_version.is_some_and(|version| challenge.subject_version <= version);
            let is_proof =
                challenge.purpose == Purpose::Change && matches!(challenge.source, NumberSource::Enrolled(_));
            if covered && (!challenge.is_settled() || is_proof) {
                challenge.outcome = Outcome::Denied;
            }
        }
        Self { subject, challenges }
    }

    /// The challenge of a login session.
    #[must_use]
    pub fn challenge(&self, key: &ChallengeKey) -> Option<&Challenge> {
        self.challenges.iter().find(|challenge| challenge.id.key == *key)
    }

    /// Whether the read met a start half-way: a query sees each item as committed, not all as of one
    /// moment. Every start accounts for what is gone, so a reservation without its challenge is either
    /// older than any recent send or not yet to be seen.
    #[must_use]
    pub fn is_torn(&self, now: Timestamp) -> bool {
        let window = Policy::SHORT_WINDOW + Policy::CLOCK_SKEW;
        let recent =
            Channel::ALL.into_iter().any(|channel| self.subject.sent_within(channel, window, now).next().is_some());
        let seen = |reservation| self.challenges.iter().any(|challenge| challenge.reservation() == reservation);
        recent && self.subject.reserved.keys().any(|reservation| !seen(*reservation))
    }

    /// Puts a challenge that was just settled, or refused to be, in its place; and the number that it
    /// has proven where the subject now has it.
    pub fn settle(&mut self, challenge: Challenge) {
        if challenge.is_settled() && challenge.source != NumberSource::Test {
            let version = match challenge.source {
                NumberSource::Enrolled(version) => version,
                _ => self.subject.version + 1, // as the write that enrolled it has counted
            };
            let (number, country, line) = (challenge.phone.clone(), challenge.country, challenge.line);
            self.subject.binding = Some(Binding { number, country, line, version });
        }
        self.replace(challenge);
    }

    /// Puts a challenge in the place of its login session's former one.
    pub fn replace(&mut self, challenge: Challenge) {
        self.challenges.retain(|other| other.id.key != challenge.id.key);
        self.challenges.push(challenge);
    }
}
