//! Batches made by hand: what the function does, once, and where the stream is asked to resume.

#![cfg(test)]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::channel::Channel;
use domain::delivery::SendFailure;
use domain::follow_up::{Notice, Tally};
use domain::phone::{Country, Reach};
use domain::ports::{Feedback, FeedbackError, Notifier, SendError, Sent, Statistics, StoreError};
use domain::receipt::MessageId;
use follow_up::{App, TIME};
use platform::stream::Batch;
use platform::telemetry;
use serde_json::{Value, json};
use tracing::Level;

const DAY: u64 = 24 * 3600;
const TODAY: u64 = 20_000;

/// A store that takes this many tallies and refuses the rest.
struct Store {
    takes: usize,
    taken: Mutex<Vec<Tally>>,
}

impl Statistics for Store {
    async fn count_verified(&self, tally: &Tally) -> Result<(), StoreError> {
        let mut taken = self.taken.lock().expect("not poisoned");
        if taken.len() == self.takes {
            return Err(StoreError::Unavailable("it is full".into()));
        }
        taken.push(tally.clone());
        Ok(())
    }
}

/// A phone network, and the numbers it fails for.
struct Network {
    failures: Vec<(&'static str, SendFailure)>,
    notices: Mutex<Vec<Notice>>,
}

impl Notifier for Network {
    async fn notify(&self, notice: &Notice, _: Duration) -> Result<Sent, SendError> {
        self.notices.lock().expect("not poisoned").push(notice.clone());
        match self.failures.iter().find(|(number, _)| *number == notice.to.expose()) {
            Some((_, kind)) => Err(SendError { kind: *kind, source: None }),
            None => Ok(Sent { id: "m-1".to_owned(), sender: Some("EXAMPLE".to_owned()) }),
        }
    }
}

fn app(takes: usize, failures: &[(&'static str, SendFailure)]) -> App<Store, Network, Provider> {
    App {
        store: Store { takes, taken: Mutex::default() },
        reach: Reach::by_every_channel(Country::parse("US")),
        notifier: Some(Network { failures: failures.to_vec(), notices: Mutex::default() }),
        feedback: Some(Provider::default()),
        time: TIME,
    }
}

/// What takes feedback on messages, each after a while, except on these.
#[derive(Default)]
struct Provider {
    refuses: Vec<&'static str>,
    takes: Duration,
    told: Mutex<Vec<String>>,
}

impl Feedback for Provider {
    async fn converted(&self, message: &MessageId, limit: Duration) -> Result<(), FeedbackError> {
        self.told.lock().expect("not poisoned").push(message.as_str().to_owned());
        let answer = tokio::time::timeout(limit, tokio::time::sleep(self.takes)).await;
        match answer {
            Ok(()) if !self.refuses.contains(&message.as_str()) => Ok(()),
            _ => Err(FeedbackError("no".into())),
        }
    }
}

/// The messages that feedback was given on, whether it was taken or not.
fn converted(app: &App<Store, Network, Provider>) -> Vec<String> {
    app.feedback.as_ref().map(|provider| provider.told.lock().expect("not poisoned").clone()).unwrap_or_default()
}

const ALL: usize = usize::MAX;

/// The number of subjects in each stored tally.
fn counted(app: &App<Store, Network, Provider>) -> Vec<usize> {
    app.store.taken.lock().expect("not poisoned").iter().map(Tally::subjects).collect()
}

/// The numbers that a notice was sent to, whether it arrived or not.
fn told(app: &App<Store, Network, Provider>) -> Vec<String> {
    let Some(network) = &app.notifier else { return Vec::new() };
    network.notices.lock().expect("not poisoned").iter().map(|notice| notice.to.expose().to_owned()).collect()
}

fn account(number: &str, day: u64) -> Value {
    json!({
        "pk": { "S": "subject#x" }, "sk": { "S": "subject" }, "version": { "N": "12" }, "failures": { "N": "0" },
        "phone": { "S": number }, "binding": { "N": "7" }, "country": { "S": "US" }, "line": { "S": "mobile" },
        "locale": { "S": "es" }, "lastSuccessAt": { "N": (day * DAY).to_string() }, "smsSent": { "L": [] },
    })
}

fn record(id: &str, old: &Value, new: &Value) -> Value {
    json!({
        "eventID": id, "eventName": "MODIFY", "eventSource": "aws:dynamodb", "awsRegion": "eu-central-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_800_000_002.0, "SequenceNumber": format!("{id}0000"),
            "StreamViewType": "NEW_AND_OLD_IMAGES", "OldImage": old, "NewImage": new,
        },
    })
}

const ALICE: &str = "+14155550001";
const BOB: &str = "+14155550002";
const NEW: &str = "+14155550099";

/// Somebody signs in again, on a later day.
fn verified(id: &str) -> Value {
    record(id, &account("+14155552671", TODAY - 1), &account("+14155552671", TODAY))
}

/// Somebody's number is replaced.
fn replaced(id: &str, number: &str) -> Value {
    record(id, &account(number, TODAY - 1), &account(NEW, TODAY))
}

/// A start, from which nothing follows.
fn started(id: &str) -> Value {
    record(id, &account("+14155552671", TODAY), &account("+14155552671", TODAY))
}

fn unreadable(id: &str) -> Value {
    let mut image = account("+14155552671", TODAY);
    image["line"] = json!({ "S": "carrier pigeon" });
    record(id, &account("+14155552671", TODAY - 1), &image)
}

/// The sequence number at which the stream is asked to resume, if it is.
async fn handle(app: &App<Store, Network, Provider>, records: &[Value]) -> Option<String> {
    let batch: Batch = serde_json::from_value(json!({ "Records": records })).expect("a batch");
    let report = serde_json::to_value(app.handle(&batch).await).expect("JSON");
    let failures = report["batchItemFailures"].as_array().expect("a list").clone();
    assert!(failures.len() <= 1, "{report}");
    failures.first().map(|failure| failure["itemIdentifier"].as_str().expect("a number").to_owned())
}

#[tokio::test]
async fn a_batch_is_counted_in_one_write_and_its_notices_sent_once() {
    let app = app(ALL, &[]);
    let records = [verified("a"), started("b"), verified("c"), replaced("d", ALICE)];
    assert_eq!(handle(&app, &records).await, None);
    assert_eq!((counted(&app), told(&app)), (vec![2], vec![ALICE.to_owned()]));
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_sent_notice_is_logged_with_its_id_sender_and_country_and_without_a_number() {
    let log = Log::default();
    let out = log.clone();
    // For all threads: a subscriber of this one alone may miss a line that another thread came across first.
    let subscriber = telemetry::subscriber(Level::TRACE, move || out.clone());
    tracing::subscriber::set_global_default(subscriber).expect("the first");
    handle(&app(ALL, &[]), &[replaced("d", ALICE)]).await;
    let logged = String::from_utf8(log.0.lock().expect("not poisoned").clone()).expect("text");
    let lines = logged.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line"));
    let line = lines.into_iter().find(|line| line["message"] == "a notice was sent").expect(&logged);
    assert_eq!((&line["id"], &line["sender"], &line["country"]), (&json!("m-1"), &json!("EXAMPLE"), &json!("US")));
    for secret in [&ALICE[1..], &NEW[1..], "binding"] {
        assert!(!logged.contains(secret), "{secret} is in {logged}");
    }
}

#[tokio::test]
async fn a_batch_from_which_nothing_follows_costs_no_write() {
    let app = app(0, &[]);
    let removed = json!({
        "eventID": "r", "dynamodb": { "ApproximateCreationDateTime": 1.0, "SequenceNumber": "r0000" },
    });
    let enrolled = record("e", &json!({ "sk": { "S": "subject" }, "version": { "N": "1" } }), &account(ALICE, TODAY));
    assert_eq!(handle(&app, &[started("a"), removed, enrolled]).await, None);
    assert_eq!((counted(&app), told(&app)), (vec![], vec![]));
}

#[tokio::test]
async fn a_notice_is_in_the_language_of_the_replaced_number() {
    let app = app(ALL, &[]);
    let mut records = [replaced("a", ALICE), replaced("b", BOB)];
    records[0]["dynamodb"]["NewImage"]["locale"] = json!({ "S": "ar" });
    records[1]["dynamodb"]["OldImage"].as_object_mut().expect("an item").remove("locale"); // enrolled before locales were stored
    assert_eq!(handle(&app, &records).await, None);
    let notices = app.notifier.expect("a network").notices.into_inner().expect("not poisoned");
    let languages: Vec<_> = notices.iter().map(|notice| notice.locale.tag()).collect();
    assert_eq!(languages, ["es", "en"]);
    assert!(notices.iter().all(|notice| notice.new.expose() == NEW));
}

#[tokio::test]
async fn after_a_failure_that_may_pass_the_stream_resumes_right_there() {
    use SendFailure::{ProviderFault, SpendLimit, Throttled, Unauthorized};
    for failure in [Throttled, ProviderFault, Unauthorized, SpendLimit] {
        let app = app(ALL, &[(BOB, failure)]);
        let records = [verified("a"), replaced("b", ALICE), verified("c"), replaced("d", BOB), verified("e")];
        assert_eq!(handle(&app, &records).await.as_deref(), Some("d0000"), "{failure:?}");
        assert_eq!(counted(&app), [1, 1], "what comes before it is counted, and nothing after it");
        assert_eq!(told(&app), [ALICE, BOB]);
    }
}

#[tokio::test]
async fn a_notice_that_was_refused_or_may_have_been_sent_is_not_tried_again() {
    for failure in [SendFailure::NumberRefused, SendFailure::OptedOut, SendFailure::Unknown] {
        let app = app(ALL, &[(ALICE, failure)]);
        assert_eq!(handle(&app, &[replaced("a", ALICE), replaced("b", BOB)]).await, None, "{failure:?}");
        assert_eq!(told(&app), [ALICE, BOB]);
    }
}

#[tokio::test]
async fn after_a_failed_count_the_stream_resumes_and_no_notice_is_sent_before_the_count_is_written() {
    let records = [verified("a"), replaced("b", ALICE), started("c"), verified("d"), replaced("e", BOB)];
    for (takes, again, notices) in [(0, "a0000", vec![]), (1, "d0000", vec![ALICE])] {
        let app = app(takes, &[]);
        assert_eq!(handle(&app, &records).await.as_deref(), Some(again));
        assert_eq!(told(&app), notices);
    }
}

#[tokio::test]
async fn a_resumed_batch_repeats_the_tally_that_may_have_been_written() {
    let records = [replaced("a", ALICE), verified("b"), started("c"), verified("d")];
    let (first, again) = (app(ALL, &[]), app(ALL, &[]));
    handle(&first, &records).await;
    handle(&again, &records[1..]).await; // as if the answer to the count was lost
    let digest = |app: &App<Store, Network, Provider>| app.store.taken.lock().expect("not poisoned")[0].digest();
    assert_eq!(digest(&first), digest(&again));
}

#[tokio::test]
async fn an_unreadable_change_does_not_hold_up_those_before_it() {
    let app = app(ALL, &[]);
    let records = [verified("a"), replaced("b", ALICE), verified("c"), unreadable("d"), verified("e")];
    assert_eq!(handle(&app, &records).await.as_deref(), Some("d0000"));
    assert_eq!((counted(&app), told(&app)), (vec![1, 1], vec![ALICE.to_owned()]));
}

#[tokio::test]
async fn a_number_that_takes_no_messages_is_not_notified() {
    let mut fixed = replaced("a", ALICE);
    fixed["dynamodb"]["OldImage"]["line"] = json!({ "S": "fixed" });
    let app_with_sms = app(ALL, &[]);
    assert_eq!(handle(&app_with_sms, &[fixed]).await, None);
    assert_eq!(told(&app_with_sms), [""; 0]);
    let app_without = App { notifier: None, ..app(ALL, &[]) };
    assert_eq!(handle(&app_without, &[replaced("a", ALICE), verified("b")]).await, None);
    assert_eq!(counted(&app_without), [1]);
}

#[tokio::test]
async fn no_message_goes_to_a_country_that_the_deployment_only_calls_or_does_not_serve() {
    let country = |code| Country::parse(code).expect("a country");
    let gb_by = |channel| Reach::new([(country("US"), Channel::ALL.into()), (country("GB"), [channel].into())].into());
    let mut british = replaced("a", ALICE);
    british["dynamodb"]["OldImage"]["country"] = json!({ "S": "GB" });
    let american = Reach::by_every_channel([country("US")]);
    for (reach, expected) in [(gb_by(Channel::Call), vec![]), (american, vec![]), (gb_by(Channel::Sms), vec![ALICE])] {
        let app = App { reach, ..app(ALL, &[]) };
        assert_eq!(handle(&app, &[british.clone(), verified("b")]).await, None);
        assert_eq!((told(&app), counted(&app)), (expected.into_iter().map(str::to_owned).collect(), vec![1]));
    }
}

#[tokio::test]
async fn a_notice_for_which_no_time_is_left_waits_for_the_next_batch() {
    let app = App { time: Duration::from_secs(9), ..app(ALL, &[]) };
    assert_eq!(handle(&app, &[verified("a"), replaced("b", ALICE)]).await.as_deref(), Some("b0000"));
    assert_eq!((counted(&app), told(&app)), (vec![1], vec![]));
}

/// A challenge as far as it has got.
fn challenge(message: Option<&str>, approved_by: Option<&str>) -> Value {
    let mut item = json!({ "pk": { "S": "subject#x" }, "sk": { "S": format!("challenge#{}", "A".repeat(43)) }, "phone": { "S": ALICE } });
    if let Some(message) = message {
        item["receiptMessage"] = json!({ "S": message });
        item["receiptSays"] = json!({ "S": "on-its-way" });
    }
    if let Some(method) = approved_by {
        item["approvedBy"] = json!({ "S": method });
    }
    item
}

/// The receipt of a message whose code has been entered.
fn used(id: &str, message: &str) -> Value {
    record(id, &challenge(None, Some("sms-code")), &challenge(Some(message), Some("sms-code")))
}

#[tokio::test]
async fn the_provider_learns_which_code_was_used_whether_its_receipt_or_its_entry_came_first() {
    let app = app(ALL, &[]);
    let approved = record("a", &challenge(Some("m-1"), None), &challenge(Some("m-1"), Some("sms-code")));
    let later = record("c", &challenge(Some("m-1"), Some("sms-code")), &challenge(Some("m-1"), Some("sms-code")));
    assert_eq!(handle(&app, &[approved, used("b", "m-2"), later]).await, None);
    assert_eq!(converted(&app), ["m-1", "m-2"]);
}

#[tokio::test]
async fn nothing_is_said_of_a_message_whose_code_was_not_used_or_whose_id_is_unknown() {
    let app = app(ALL, &[]);
    let records = [
        record("a", &challenge(None, None), &challenge(Some("m-1"), None)),
        record("b", &challenge(Some("m-1"), None), &challenge(Some("m-1"), Some("press-pound"))),
        record("c", &challenge(None, None), &challenge(None, Some("sms-code"))),
    ];
    assert_eq!(handle(&app, &records).await, None);
    assert_eq!(converted(&app), [""; 0]);
}

#[tokio::test]
async fn feedback_that_is_not_taken_holds_up_neither_counts_nor_notices() {
    let provider = Provider { refuses: vec!["m-1"], ..Provider::default() };
    let app = App { feedback: Some(provider), ..app(ALL, &[]) };
    let records = [used("a", "m-1"), verified("b"), replaced("c", ALICE), used("d", "m-2")];
    assert_eq!(handle(&app, &records).await, None);
    assert_eq!(
        (counted(&app), told(&app), converted(&app)),
        (vec![1], vec![ALICE.into()], vec!["m-1".into(), "m-2".into()])
    );
}

#[tokio::test]
async fn a_challenge_that_cannot_be_read_holds_nothing_up() {
    let app = app(ALL, &[]);
    let mut odd = used("a", "m-1");
    odd["dynamodb"]["NewImage"]["approvedBy"] = json!({ "S": "carrier pigeon" });
    assert_eq!(handle(&app, &[odd, replaced("b", ALICE)]).await, None);
    assert_eq!((converted(&app), told(&app)), (vec![], vec![ALICE.to_owned()]));
}

#[tokio::test]
async fn no_feedback_is_given_on_what_comes_after_a_change_that_the_stream_brings_again() {
    let app = app(ALL, &[(BOB, SendFailure::Throttled)]);
    assert_eq!(handle(&app, &[used("a", "m-1"), replaced("b", BOB), used("c", "m-2")]).await.as_deref(), Some("b0000"));
    assert_eq!(converted(&app), ["m-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_hangs_takes_no_longer_than_a_batch_may() {
    let provider = Provider { takes: Duration::from_hours(1), ..Provider::default() };
    let app = App { feedback: Some(provider), ..app(ALL, &[]) };
    let records: Vec<_> = (0..100).map(|number| used(&number.to_string(), &format!("m-{number}"))).collect();
    let begun = tokio::time::Instant::now();
    assert_eq!(handle(&app, &records).await, None);
    assert!(begun.elapsed() <= TIME, "{:?}", begun.elapsed());
    assert_eq!(converted(&app).len(), 100);
}

#[tokio::test]
async fn without_a_provider_that_takes_feedback_conversions_are_passed_over() {
    let app = App { feedback: None, ..app(ALL, &[]) };
    assert_eq!(handle(&app, &[used("a", "m-1"), verified("b")]).await, None);
    assert_eq!(counted(&app), [1]);
}
