//! Tells of what happened: takes the changes from the table's stream, derives their events and puts
//! these on a bus.
//!
//! No request waits for this and none writes twice for it. Events are delivered at least once: where
//! the bus does not take one, or a change cannot be read, the stream brings that change and all after
//! it again, and each event has the same `id` as before.

use std::error::Error;

use domain::time::Timestamp;
use platform::clock::Stopwatch;
use platform::events::{Entry, EventBus};
use platform::run::chain;
use platform::secrets::{Secret, SecretSource};
use serde::Serialize;

use crate::correlation::CorrelationKey;
use crate::stream::{Batch, Record};

pub mod config;
pub mod correlation;
pub mod derive;
mod event;
pub mod stream;

/// What the function works with.
pub struct App<B, S> {
    /// Takes the events.
    pub bus: B,
    /// The key of the keyed digests.
    pub correlation: Secret<CorrelationKey, S>,
    /// The issuer of the results, which names the deployment in every event.
    pub issuer: String,
}

/// What the stream has to bring again: the change with this number and all after it, or nothing.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

/// Why not every event was published, and which record was the first to miss one.
struct Stopped {
    record: usize,
    cause: Box<dyn Error + Send + Sync>,
}

impl<B: EventBus, S: SecretSource> App<B, S> {
    /// Publishes the events of a batch. Every failure becomes part of the report: returned as an
    /// error, it would be logged whole, with what it was answered.
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
                let failed = batch.records.get(record).map(|record| record.change.sequence_number.clone());
                let failures = failed.into_iter().map(|item_identifier| Failure { item_identifier });
                Report { batch_item_failures: failures.collect() }
            }
        }
    }

    /// Publishes what comes before the first record that cannot be read, then says which that is.
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
        if let Err(error) = self.bus.publish(&entries).await {
            let record = of.get(error.first).copied().unwrap_or_default();
            return Err(Stopped { record, cause: Box::new(error) });
        }
        unreadable.map_or(Ok(entries.len()), Err)
    }
}

const FUNCTION: &str = "audit-events";
