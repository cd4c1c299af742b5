//! What follows from a change of a subject, outside of the request that made it.
//!
//! It is decided by the subject before and after the change and by nothing else, so that it comes out
//! the same however often the change is delivered.

use std::collections::BTreeMap;

use crate::budget::CountryRecord;
use crate::channel::Channel;
use crate::digest::sha256;
use crate::locale::Locale;
use crate::phone::{Country, Line, PhoneNumber, Reach};
use crate::subject::Binding;
use crate::time::Timestamp;

/// A subject with an enrolled number, as its last settlement left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The enrolled number.
    pub binding: Binding,
    /// The language in which it was enrolled.
    pub locale: Locale,
    /// When a challenge was last settled.
    pub last_success_at: Option<Timestamp>,
}

/// What follows from a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowUp {
    /// The subject counts for its country on this day: it was verified again, for the first time that
    /// day, by the same number as before.
    Verified(Country, u64),
    /// The former number has to be told that another has taken its place.
    Replaced(Notice),
}

/// A notice to a number that was replaced (NIST SP 800-63B-4 §4.6): an owner whose number was changed
/// by somebody else learns of it by the one thing that is surely theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The former number.
    pub to: PhoneNumber,
    /// Its country.
    pub country: Country,
    /// What kind of line it is.
    pub line: Line,
    /// The number in its place.
    pub new: PhoneNumber,
    /// The language in which the former number was enrolled: whoever changes it has no say in how its
    /// owner is told.
    pub locale: Locale,
}

impl Notice {
    /// Whether messages are sent to the former number. One that can only be called is not told.
    #[must_use]
    pub fn can_be_sent(&self, reach: &Reach) -> bool {
        reach.serves(self.country, self.line, Channel::Sms)
    }
}

/// What follows from the change of `before` into `after`.
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

/// Subjects verified again, by country and day, with the changes that told of them. The same changes
/// make the same tally, which the store counts once.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    verified: BTreeMap<(Country, u64), u32>,
    changes: Vec<String>,
}

impl Tally {
    /// Adds a subject, told of by the change of this name.
    pub fn add(&mut self, country: Country, day: u64, change: &str) {
        *self.verified.entry((country, day)).or_default() += 1;
        self.changes.push(change.to_owned());
    }

    /// How many subjects were verified again in each country and on each day.
    pub fn verified(&self) -> impl Iterator<Item = (Country, u64, u32)> {
        self.verified.iter().map(|((country, day), subjects)| (*country, *day, *subjects))
    }

    /// How many subjects there are in all.
    #[must_use]
    pub fn subjects(&self) -> usize {
        self.changes.len()
    }

    /// A digest of the changes.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let changes: Vec<_> =
            [b"tally".as_slice()].into_iter().chain(self.changes.iter().map(String::as_bytes)).collect();
        sha256(&changes)
    }
}
