//! From a change of an item to its events: a pure function of the item before and after.
//!
//! A change of state *is* the event. So none can be lost between a write and its event, and none can
//! be told of a write that never was. Deriving again gives the same events under the same ids.

mod challenge;
mod shared;
mod subject;

use domain::time::Timestamp;
use platform::events::Entry;
use thiserror::Error;

use crate::correlation::CorrelationKey;
use crate::event::Event;
use crate::stream::{Image, Record, Unreadable};

/// A record has no events that could be told.
#[derive(Debug, Error)]
pub enum Underivable {
    /// It has an item that is not as it should be.
    #[error("a change in the table cannot be read")]
    Unreadable(#[from] Unreadable),
    /// An event could not be written down.
    #[error("an event cannot be written as JSON")]
    Unwritable(#[from] serde_json::Error),
}

/// The events of one record, in the order in which they are told.
pub fn entries(record: &Record, key: &CorrelationKey, issuer: &str) -> Result<Vec<Entry>, Underivable> {
    let events = events(record, key)?;
    let entry = |(index, event): (usize, Event)| event.entry(&format!("{}-{index}", record.id), issuer);
    Ok(events.into_iter().enumerate().map(entry).collect::<Result<_, _>>()?)
}

/// An item that goes, by TTL or otherwise, tells nothing: what it stood for has ended before.
fn events(record: &Record, key: &CorrelationKey) -> Result<Vec<Event>, Unreadable> {
    let Some(new) = &record.change.new_image else { return Ok(Vec::new()) };
    let step = Step { old: record.change.old_image.as_ref(), new, at: record.change.at()? };
    let (partition, sort) = (new.text("pk")?, new.text("sk")?);
    if let Some(subject) = partition.strip_prefix("subject#") {
        return match sort.split_once('#') {
            None if sort == "subject" => subject::events(&step, subject, key),
            None if sort == "refusal" => subject::refusals(&step, subject),
            Some(("challenge", session)) => challenge::events(&step, subject, session, key),
            _ => Ok(Vec::new()),
        };
    }
    match sort.split_once('#') {
        None if sort == "number" => shared::number(&step, partition, key),
        Some(("breaker", channel)) => shared::breaker(&step, partition, channel),
        _ if new.has("quota") => shared::limit(&step, partition, sort, key),
        _ => Ok(Vec::new()),
    }
}

/// One step of an item.
struct Step<'a> {
    old: Option<&'a Image>,
    new: &'a Image,
    at: Timestamp,
}

impl Step<'_> {
    /// Whether the step has set the attribute to what it was not before.
    fn set(&self, name: &str) -> bool {
        self.new.has(name) && self.old.and_then(|old| old.stored(name)) != self.new.stored(name)
    }

    /// Whether the step has taken the attribute away.
    fn removed(&self, name: &str) -> bool {
        !self.new.has(name) && self.old.is_some_and(|old| old.has(name))
    }

    /// The time that the step has put into the attribute, else that of the step itself.
    fn time(&self, name: &'static str) -> Result<Timestamp, Unreadable> {
        if self.set(name) { self.new.time(name) } else { Ok(self.at) }
    }
}

/// The two channels.
const CHANNELS: [&str; 2] = ["sms", "call"];

/// The kinds of line that are reached.
const LINES: [&str; 2] = ["mobile", "fixed"];
