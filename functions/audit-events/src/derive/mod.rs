//! From a change of an item to its events: a pure function of the item before and after.
//!
//! The change of state *is* the event. So no event is lost between a write and its publication, and none is published
//! for a write that did not happen. Deriving again gives the same events under the same ids.

mod challenge;
mod shared;
mod subject;
mod switches;

use domain::identity::{ChallengeKey, SubjectId};
use domain::time::Timestamp;
use platform::encoding::from_base64url;
use platform::events::Entry;
use platform::invocation::request_of;
use platform::item::attribute::{PK, SK, WRITTEN_BY};
use platform::item::key::{SubjectSort, subject_of};
use platform::item::{Attribute, JsonValue, Reader, Stored, Unreadable};
use platform::stream::{Change, Record};
use thiserror::Error;

use crate::correlation::CorrelationKey;
use crate::event::Event;

#[derive(Debug, Error)]
pub enum Underivable {
    #[error("a change in the table cannot be read")]
    Unreadable(#[from] Unreadable),
    #[error("an event cannot be written as JSON")]
    Unwritable(#[from] serde_json::Error),
}

/// The events of one record, in the order of publication.
pub fn entries(record: &Record, key: &CorrelationKey, issuer: &str) -> Result<Vec<Entry>, Underivable> {
    let (events, request) = (events(record, key)?, request(&record.change));
    let entry = |(index, event): (usize, Event)| event.entry(&format!("{}-{index}", record.id), issuer, request);
    Ok(events.into_iter().enumerate().map(entry).collect::<Result<_, _>>()?)
}

/// The request that made the change, if one did: a write by hand, or by a version before this, leaves the name of the
/// write before it. No event is held up for want of it.
fn request(change: &Change) -> Option<&str> {
    let name = change.after()?.text(WRITTEN_BY).ok();
    let before = change.before().and_then(|item| item.text(WRITTEN_BY).ok());
    name.filter(|_| name != before).map(request_of)
}

/// A deleted item has no events, by TTL or otherwise: what it was about had ended before.
fn events(record: &Record, key: &CorrelationKey) -> Result<Vec<Event>, Unreadable> {
    let Some(new) = record.change.after() else { return Ok(Vec::new()) };
    let step = Step { old: record.change.before(), new, at: record.change.at()? };
    let (partition, sort) = (new.text(PK)?, new.text(SK)?);
    let Some(subject) = subject_of(partition) else { return shared::events(&step, partition, sort, key) };
    match SubjectSort::parse(sort)? {
        SubjectSort::Subject => subject::events(&step, subject, key),
        SubjectSort::Refusal => subject::refusals(&step, subject),
        SubjectSort::Challenge(session) => {
            let id = SubjectId::from_bytes(from_base64url(subject).ok_or(Unreadable(PK.name))?);
            challenge::events(&step, ChallengeKey { subject: id, session }, key)
        }
        SubjectSort::Unknown => Ok(Vec::new()),
    }
}

/// One change of an item.
struct Step<'a> {
    old: Option<Item<'a>>,
    new: Item<'a>,
    at: Timestamp,
}

type Item<'a> = Reader<'a, JsonValue>;

impl Step<'_> {
    /// Whether the step has set the attribute, to another value than before.
    fn set<T>(&self, attribute: Attribute<T>) -> bool {
        self.new.has(attribute) && self.old.and_then(|old| old.value(attribute)) != self.new.value(attribute)
    }

    fn removed<T>(&self, attribute: Attribute<T>) -> bool {
        !self.new.has(attribute) && self.old.is_some_and(|old| old.has(attribute))
    }

    /// The attribute before the step.
    fn before<T: Stored>(&self, attribute: Attribute<T>) -> Result<Option<T>, Unreadable> {
        Ok(self.old.map(|old| old.get(attribute)).transpose()?.flatten())
    }

    /// The time that the step has put into the attribute, else that of the step itself.
    fn time(&self, attribute: Attribute<Timestamp>) -> Result<Timestamp, Unreadable> {
        if self.set(attribute) { self.new.require(attribute) } else { Ok(self.at) }
    }
}
