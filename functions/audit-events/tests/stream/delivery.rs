//! Delivery at least once and in order: what the stream is asked to deliver again.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use audit_events::App;
use platform::events::{Entry, EventBus, NotTaken};
use platform::secrets::{Secret, SecretError, SecretSource};
use platform::stream::{Batch, Record};
use serde_json::{Value, json};

use crate::items::{ISSUER, NOW, SECRET, account, challenge, record, with};

/// A bus that takes this many events and refuses the rest.
struct Bus {
    takes: usize,
    taken: Mutex<Vec<Value>>,
}

impl EventBus for Bus {
    async fn publish(&self, events: &[Entry]) -> Result<(), NotTaken> {
        let taken = events.iter().take(self.takes).map(|event| serde_json::from_str(&event.detail).expect("JSON"));
        self.taken.lock().expect("not poisoned").extend(taken);
        if events.len() > self.takes { Err(NotTaken::new(self.takes, "it is full")) } else { Ok(()) }
    }
}

struct Source<'a>(&'a AtomicBool);

impl SecretSource for Source<'_> {
    async fn read(&self, id: &str) -> Result<String, SecretError> {
        if self.0.load(Ordering::Relaxed) {
            return Err(SecretError::Unavailable(id.to_owned(), "down".into()));
        }
        Ok(SECRET.to_owned())
    }
}

/// The report on a batch of a start (two events), a wrong guess (none) and an enrolment (one).
async fn report(takes: usize, records: Vec<Record>) -> (Value, Vec<Value>) {
    let down = AtomicBool::new(false);
    let correlation = Secret::open(Source(&down), "arn".to_owned(), NOW).await.expect("a key");
    let bus = Bus { takes, taken: Mutex::default() };
    let app = App { bus, correlation, issuer: ISSUER.to_owned() };
    let report = app.handle(&Batch { records }, NOW).await;
    (serde_json::to_value(&report).expect("JSON"), app.bus.taken.into_inner().expect("not poisoned"))
}

fn batch() -> Vec<Record> {
    let sms = challenge();
    let bare = with(&account(), &json!({ "phone": null }));
    vec![
        record("a", &Value::Null, &sms),
        record("b", &sms, &with(&sms, &json!({ "attempts": 1 }))),
        record("c", &bare, &account()),
    ]
}

fn again_from(sequence_number: &str) -> Value {
    json!({ "batchItemFailures": [{ "itemIdentifier": sequence_number }] })
}

#[tokio::test]
async fn a_published_batch_is_not_delivered_again() {
    let (report, taken) = report(3, batch()).await;
    assert_eq!(report, json!({ "batchItemFailures": [] }));
    let types: Vec<_> = taken.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(types, ["challenge.started", "challenge.sent", "phone.enrolled"]);
}

#[tokio::test]
async fn the_stream_resumes_at_the_first_change_with_an_unpublished_event() {
    for (takes, again) in [(0, "a0000"), (1, "a0000"), (2, "c0000")] {
        let (report, _) = report(takes, batch()).await;
        assert_eq!(report, again_from(again), "the bus took {takes}");
    }
}

#[tokio::test]
async fn an_unreadable_change_does_not_hold_up_those_before_it() {
    let mut records = batch();
    records.insert(2, record("x", &Value::Null, &with(&challenge(), &json!({ "outcome": "maybe" }))));
    let (again, taken) = report(9, records).await;
    assert_eq!((again, taken.len()), (again_from("x0000"), 2));
    let mut records = batch();
    records.push(record("x", &Value::Null, &with(&challenge(), &json!({ "phone": null }))));
    assert_eq!(report(1, records).await.0, again_from("a0000"), "the bus failed earlier");
}

#[tokio::test]
async fn without_the_key_nothing_is_published_and_all_is_delivered_again() {
    let down = AtomicBool::new(false);
    let correlation = Secret::open(Source(&down), "arn".to_owned(), NOW).await.expect("a key");
    let app = App { bus: Bus { takes: 9, taken: Mutex::default() }, correlation, issuer: ISSUER.to_owned() };
    down.store(true, Ordering::Relaxed);
    let a_day_later = NOW + std::time::Duration::from_hours(24);
    let report = app.handle(&Batch { records: batch() }, a_day_later).await;
    assert_eq!(serde_json::to_value(&report).expect("JSON"), again_from("a0000"));
    assert!(app.bus.taken.into_inner().expect("not poisoned").is_empty());
}
