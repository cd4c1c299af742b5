//! Publishes events to an EventBridge bus.
//!
//! A request holds at most ten events, and the bus may accept only some of them. The caller gets the
//! index of the first event that was not accepted, and publishes again from there.

use std::error::Error;

use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use domain::time::Timestamp;
use thiserror::Error as ThisError;

/// The events' `source` on the bus.
pub const SOURCE: &str = "alliance-mfa";
/// The most events in one request.
const BATCH: usize = 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: String,
    pub at: Timestamp,
    /// A JSON object.
    pub detail: String,
}

/// The bus did not accept every event. It has those before `first`, and perhaps some of those after it.
#[derive(Debug, ThisError)]
#[error("the event bus did not accept every event")]
pub struct NotTaken {
    /// The index of the first event that was not accepted.
    pub first: usize,
    #[source]
    cause: Box<dyn Error + Send + Sync>,
}

impl NotTaken {
    pub fn new(first: usize, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { first, cause: cause.into() }
    }
}

pub trait EventBus: Sync {
    /// Puts `events` on the bus, in order.
    fn publish(&self, events: &[Entry]) -> impl Future<Output = Result<(), NotTaken>> + Send;
}

#[derive(Clone, Debug)]
pub struct EventBridge {
    client: Client,
    bus: String,
}

impl EventBridge {
    #[must_use]
    pub fn new(config: &SdkConfig, bus: String) -> Self {
        Self { client: Client::new(config), bus }
    }

    fn entry(&self, event: &Entry) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(SOURCE)
            .detail_type(&event.kind)
            .time(DateTime::from_secs(i64::try_from(event.at.as_unix()).unwrap_or(i64::MAX)))
            .detail(&event.detail)
            .build()
    }
}

impl EventBus for EventBridge {
    async fn publish(&self, events: &[Entry]) -> Result<(), NotTaken> {
        for (index, batch) in events.chunks(BATCH).enumerate() {
            let before = index * BATCH;
            let entries = batch.iter().map(|event| self.entry(event)).collect();
            let answer = self.client.put_events().set_entries(Some(entries)).send().await;
            let answer = answer.map_err(|error| NotTaken::new(before, error))?;
            if let Some((index, cause)) = refused(answer.entries(), batch.len()) {
                return Err(NotTaken::new(before + index, cause));
            }
        }
        Ok(())
    }
}

/// The index of the first of `sent` events that got no event id from the bus, and why.
fn refused(results: &[PutEventsResultEntry], sent: usize) -> Option<(usize, String)> {
    let taken = |result: &&PutEventsResultEntry| result.event_id().is_some_and(|id| !id.is_empty());
    let first = results.iter().take_while(taken).count();
    let code = results.get(first).and_then(PutEventsResultEntry::error_code);
    (first < sent).then(|| (first, format!("EventBridge refused an event: {}", code.unwrap_or("no reason given"))))
}
