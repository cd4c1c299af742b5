//! Records what became of messages: takes the events of AWS End User Messaging from the default bus, and writes the
//! surest one to the challenge of the message.
//!
//! One conditional write per event, and no read. The events are best effort: late, doubled, out of order or missing, and
//! none of that is an error. An event that cannot be read is logged and dropped, since it never could be. If the store
//! does not answer, Lambda delivers the event again.

use domain::phone::Country;
use domain::ports::{ReceiptStore, Recorded, StoreError};
use domain::receipt::{Arrival, Fate};
use domain::time::Timestamp;
use platform::clock::Stopwatch;
use platform::run::chain;
use platform::{retry, telemetry};
use thiserror::Error;

use crate::event::{Reported, Unreadable};

pub mod config;
pub mod event;

pub struct App<S> {
    pub store: S,
}

/// The store did not answer. Says no more, because the runtime logs it.
#[derive(Debug, Error)]
#[error("the receipt was not recorded")]
pub struct NotRecorded;

impl<S: ReceiptStore> App<S> {
    pub async fn handle(&self, event: &str, now: Timestamp) -> Result<(), NotRecorded> {
        let watch = Stopwatch::start();
        let reported = match Reported::read(event) {
            Ok(reported) => reported,
            Err(unreadable) => {
                drop_event(unreadable);
                return Ok(());
            }
        };
        let recorded = self.record(&reported, now).await;
        let outcome = match &recorded {
            Ok(Recorded::Applied(_)) => "recorded",
            Ok(Recorded::Ignored) => "ignored",
            Err(_) => "not-recorded",
        };
        telemetry::receipt(outcome);
        let Reported { receipt, event_type, country, .. } = &reported;
        let (id, country) = (receipt.message.as_str(), country.as_ref().map(Country::as_str));
        let elapsed_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
        match recorded {
            Ok(recorded) => {
                tracing::info!(function = FUNCTION, outcome, id, country, event_type, elapsed_ms, "a receipt");
                measure(&reported, recorded);
                Ok(())
            }
            Err(error) => {
                let cause = chain(&error);
                tracing::error!(function = FUNCTION, outcome, id, country, event_type, cause, elapsed_ms, "a receipt");
                Err(NotRecorded)
            }
        }
    }

    async fn record(&self, reported: &Reported, now: Timestamp) -> Result<Recorded, StoreError> {
        let record = || self.store.record_receipt(&reported.challenge, &reported.receipt, now);
        retry::on_conflict(retry::PATIENCE, record).await
    }
}

/// The rule takes the events of all the account's messages, so that one is not ours is no reason to warn.
fn drop_event(why: Unreadable) {
    let outcome = why.outcome();
    telemetry::receipt(outcome);
    if why == Unreadable::NoContext {
        tracing::info!(function = FUNCTION, outcome, cause = %why, "a receipt");
    } else {
        tracing::warn!(function = FUNCTION, outcome, cause = %why, "a receipt");
    }
}

/// Measures whether a message arrived whenever that changes, and its price with the first receipt that says so.
fn measure(reported: &Reported, recorded: Recorded) {
    let Recorded::Applied(before) = recorded else { return };
    let country = reported.country;
    let (before, arrival) = (before.and_then(Fate::arrival), reported.receipt.fate.arrival());
    if arrival == before {
        return;
    }
    if let (None, Some(price)) = (before, reported.receipt.price) {
        telemetry::message_price(country, price);
    }
    match arrival {
        Some(Arrival::Delivered) => telemetry::message_delivered(country, reported.after),
        Some(Arrival::NotDelivered) => telemetry::message_failed(country),
        None => {}
    }
}

const FUNCTION: &str = "message-receipts";
