//! What follows from a change of a subject or a challenge, outside the request that made it.
//!
//! It is decided only from the item before and after the change, so that the result is the same however often the
//! change is delivered.

use std::collections::BTreeMap;

use crate::budget::CountryRecord;
use crate::challenge::Method;
use crate::channel::Channel;
use crate::digest::sha256;
use crate::locale::Locale;
use crate::phone::{Country, Line, PhoneNumber, Reach};
use crate::receipt::MessageId;
use crate::subject::Binding;
use crate::time::Timestamp;

/// A subject with an enrolled number, as of its last settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    pub binding: Binding,
    /// The language in which the number was enrolled.
    pub locale: Locale,
    /// When a challenge was last settled.
    pub last_success_at: Option<Timestamp>,
}

/// What follows from a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowUp {
    /// The subject counts for its country on this day: it was verified again by the same number as before,
    /// for the first time that day.
    Verified(Country, u64),
    /// The former number must be notified that it was replaced.
    Replaced(Notice),
    /// The provider must be told that the message served its purpose.
    Converted(MessageId),
}

/// A notice to a replaced number (NIST SP 800-63B-4 §4.6): if somebody else changed the number, its owner
/// learns of it on the one phone that is certainly theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The former number.
    pub to: PhoneNumber,
    pub country: Country,
    pub line: Line,
    /// The number that replaced it.
    pub new: PhoneNumber,
    /// The language in which the former number was enrolled. A person who changes the number must not choose
    /// how its owner is notified.
    pub locale: Locale,
}

impl Notice {
    /// Whether messages are sent to the former number. One that can only be called is not notified.
    #[must_use]
    pub fn can_be_sent(&self, reach: &Reach) -> bool {
        reach.serves(self.country, self.line, Channel::Sms)
    }
}

/// What follows from the change from `before` to `after`.
#[must_use]
pub fn follow_up(before: &Settled, after: &Settled) -> Option<FollowUp> {
    let (former, binding) = (&before.binding, &after.binding);
    if former.number != binding.number {
        let Binding { number: to, country, line, .. } = former.clone();
        return Some(FollowUp::Replaced(Notice {
            to,
            country,
            line,
            new: binding.number.clone(),
            locale: before.locale,
        }));
    }
    let day = |settled: &Settled| settled.last_success_at.map(CountryRecord::day);
    let (day_before, day) = (day(before)?, day(after)?);
    let again = former.version == binding.version && day > day_before;
    again.then_some(FollowUp::Verified(binding.country, day))
}

/// A challenge, as far as its latest message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messaged {
    /// Known once the message has a receipt.
    pub message: Option<MessageId>,
    pub approved_by: Option<Method>,
}

impl Messaged {
    /// The latest message of a challenge that a code sent by message has approved. If several were sent, an earlier one
    /// may have had that code; the provider learns of the latest.
    fn converted(&self) -> Option<&MessageId> {
        self.message.as_ref().filter(|_| self.approved_by == Some(Method::SmsCode))
    }
}

/// What follows from the change of a challenge, whichever came first: the receipt or the approval.
#[must_use]
pub fn conversion(before: &Messaged, after: &Messaged) -> Option<FollowUp> {
    let message = after.converted().filter(|message| before.converted() != Some(*message))?;
    Some(FollowUp::Converted(message.clone()))
}

/// Subjects verified again, by country and day, and the changes that showed it. The same changes make the
/// same tally, which the store counts only once.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    verified: BTreeMap<(Country, u64), u32>,
    changes: Vec<String>,
}

impl Tally {
    /// Adds a subject, verified according to the change with this name.
    pub fn add(&mut self, country: Country, day: u64, change: &str) {
        *self.verified.entry((country, day)).or_default() += 1;
        self.changes.push(change.to_owned());
    }

    /// How many subjects were verified again, by country and day.
    pub fn verified(&self) -> impl Iterator<Item = (Country, u64, u32)> {
        self.verified.iter().map(|((country, day), subjects)| (*country, *day, *subjects))
    }

    /// How many subjects there are in total.
    #[must_use]
    pub fn subjects(&self) -> usize {
        self.changes.len()
    }

    /// A digest of the changes, which identifies the tally.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let changes: Vec<_> =
            [b"tally".as_slice()].into_iter().chain(self.changes.iter().map(String::as_bytes)).collect();
        sha256(&changes)
    }
}
