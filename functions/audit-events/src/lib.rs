//! Publishes audit events: takes the changes from the table's stream, derives their events and puts them on a bus.
//!
//! It runs asynchronously, and no request writes anything extra for it. Events are delivered at least once: if the bus
//! does not take one, or a change cannot be read, the stream delivers that change and all after it again, and each event
//! has the same `id` as before.

use std::error::Error;

use domain::phone::Country;
use domain::time::Timestamp;
use platform::clock::Stopwatch;
use platform::events::{Entry, EventBus};
use platform::run::chain;
use platform::secrets::{Secret, SecretSource};
use platform::stream::{Batch, Record, Report};
use platform::telemetry;
use serde_json::Value;

use crate::correlation::CorrelationKey;
pub use crate::event::FRAUD_SIGNS;

pub mod config;
pub mod correlation;
pub mod derive;
mod event;

pub struct App<B, S> {
    pub bus: B,
    pub correlation: Secret<CorrelationKey, S>,
    /// The issuer of the results, by which each event names the deployment.
    pub issuer: String,
}

/// Why publishing stopped, and the first record with an event that was not published.
struct Stopped {
    record: usize,
    cause: Box<dyn Error + Send + Sync>,
}

impl<B: EventBus, S: SecretSource> App<B, S> {
    /// Publishes the events of a batch. A failure becomes part of the report: the runtime would log an error whole, with
    /// whatever the service answered.
    pub async fn handle(&self, batch: &Batch, now: Timestamp) -> Report {
        let watch = Stopwatch::start();
        let records = batch.records.len();
        let published = self.publish(&batch.records, now).await;
        let elapsed_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
        match published {
            Ok(events) => {
                tracing::info!(function = FUNCTION, records, events, elapsed_ms, "published");
                Report::default()
            }
            Err(Stopped { record, cause }) => {
                let cause = chain(&*cause);
                tracing::error!(function = FUNCTION, records, record, cause, elapsed_ms, "not published");
                batch.records.get(record).map_or_else(Report::default, Report::again_from)
            }
        }
    }

    /// Publishes everything before the first record that cannot be read, then fails with that record.
    async fn publish(&self, records: &[Record], now: Timestamp) -> Result<usize, Stopped> {
        let key = self.correlation.value(now).await;
        let key = key.map_err(|error| Stopped { record: 0, cause: Box::new(error) })?;
        let (mut entries, mut of, mut unreadable) = (Vec::<Entry>::new(), Vec::new(), None);
        for (record, change) in records.iter().enumerate() {
            match derive::entries(change, &key, &self.issuer) {
                Ok(derived) => {
                    of.resize(of.len() + derived.len(), record);
                    entries.extend(derived);
                }
                Err(error) => {
                    unreadable = Some(Stopped { record, cause: Box::new(error) });
                    break;
                }
            }
        }
        let published = self.bus.publish(&entries).await;
        let taken = published.as_ref().map_or_else(|error| error.first, |()| entries.len());
        entries.iter().take(taken).for_each(measure);
        if let Err(error) = published {
            let record = of.get(error.first).copied().unwrap_or_default();
            return Err(Stopped { record, cause: Box::new(error) });
        }
        unreadable.map_or(Ok(entries.len()), Err)
    }
}

/// Counts the events by which an attack shows. One that is published again is counted again.
fn measure(entry: &Entry) {
    if FRAUD_SIGNS.contains(&entry.kind.as_str()) {
        let detail: Value = serde_json::from_str(&entry.detail).unwrap_or_default();
        let country = detail["country"].as_str().and_then(|country| Country::parse(country).ok());
        telemetry::fraud_sign(&entry.kind, country);
    }
}

const FUNCTION: &str = "audit-events";
