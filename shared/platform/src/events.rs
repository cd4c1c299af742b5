//! Events, put on an EventBridge bus.
//!
//! A request takes ten at most and may take some of them only. Whoever publishes learns which was
//! the first that the bus did not take, and publishes again from there.

use std::error::Error;

use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use domain::time::Timestamp;
use thiserror::Error as ThisError;

/// Whose events they are: their `source` on the bus.
pub const SOURCE: &str = "alliance-mfa";
/// Most events of one request.
const BATCH: usize = 10;

/// An event as the bus takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its `detail-type`.
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// Its `detail`, a JSON object.
    pub detail: String,
}

/// The bus did not take all events: those before `first` it has, and of those after it some perhaps.
#[derive(Debug, ThisError)]
#[error("the bus did not take every event")]
pub struct NotTaken {
    /// The index of the first that it did not take.
    pub first: usize,
    #[source]
    cause: Box<dyn Error + Send + Sync>,
}

impl NotTaken {
    /// The bus took none from `first` on, because of `cause`.
    pub fn new(first: usize, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { first, cause: cause.into() }
    }
}

/// Takes events.
pub trait EventBus: Sync {
    /// Puts `events` on the bus in their order.
    fn publish(&self, events: &[Entry]) -> impl Future<Output = Result<(), NotTaken>> + Send;
}

/// An EventBridge bus.
#[derive(Clone, Debug)]
pub struct EventBridge {
    client: Client,
    bus: String,
}

impl EventBridge {
    /// The bus of this name, over the shared connector.
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

/// The first of `sent` events that the bus gave no id of its own, and why.
fn refused(results: &[PutEventsResultEntry], sent: usize) -> Option<(usize, String)> {
    let taken = |result: &&PutEventsResultEntry| result.event_id().is_some_and(|id| !id.is_empty());
    let first = results.iter().take_while(taken).count();
    let code = results.get(first).and_then(PutEventsResultEntry::error_code);
    (first < sent).then(|| (first, format!("EventBridge refused one: {}", code.unwrap_or("it did not say why"))))
}
