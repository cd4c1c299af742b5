//! EventBridge: events accepted in full, in part, and what happens when it does not respond.

use platform::events::{Entry, EventBridge, EventBus as _, NotTaken};
use platform::run::chain;
use serde_json::{Value, json};

use crate::fixture::{NOW, aws};
use crate::stub::{Reply, Stub, nobody};

fn events(count: usize) -> Vec<Entry> {
    let detail = |number| json!({ "type": "challenge.sent", "number": number }).to_string();
    (0..count).map(|number| Entry { kind: "challenge.sent".to_owned(), at: NOW, detail: detail(number) }).collect()
}

/// EventBridge's response: an id for each event that it accepts, and an error code for each that it does not.
fn answer(taken: &[bool]) -> Reply {
    let failed = taken.iter().filter(|taken| !**taken).count();
    let entry = |taken: &bool| {
        if *taken {
            json!({ "EventId": "1" })
        } else {
            json!({ "ErrorCode": "ThrottlingException", "ErrorMessage": "no" })
        }
    };
    let entries: Vec<_> = taken.iter().map(entry).collect();
    Reply::new(200, &json!({ "FailedEntryCount": failed, "Entries": entries }).to_string())
}

async fn publish(endpoint: &str, count: usize) -> Result<(), NotTaken> {
    EventBridge::new(&aws(endpoint).await, "audit".to_owned()).publish(&events(count)).await
}

fn sent(stub: &Stub) -> Vec<Vec<Value>> {
    let entries = |body: &str| serde_json::from_str::<Value>(body).expect("JSON")["Entries"].clone();
    let requests = stub.requests();
    requests.iter().map(|request| entries(&request.body).as_array().expect("entries").clone()).collect()
}

#[tokio::test]
async fn events_are_sent_in_order_ten_per_request() {
    let stub = Stub::start([answer(&[true; 10]), answer(&[true; 10]), answer(&[true; 3])]);
    publish(&stub.url(), 23).await.expect("taken");
    let requests = sent(&stub);
    assert_eq!(requests.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 3]);
    let details: Vec<_> = requests.iter().flatten().map(|entry| entry["Detail"].clone()).collect();
    assert_eq!(details, events(23).into_iter().map(|event| event.detail).collect::<Vec<_>>());
    let Some(Value::Object(entry)) = requests[0].first() else { panic!("no entry") };
    assert_eq!(
        ["EventBusName", "Source", "DetailType"].map(|name| entry[name].clone()),
        ["audit", "alliance-mfa", "challenge.sent"]
    );
    assert!(entry["Time"].to_string().starts_with(&NOW.as_unix().to_string()), "{}", entry["Time"]);
}

#[tokio::test]
async fn without_events_no_request_is_made() {
    publish(&nobody(), 0).await.expect("nothing to take");
}

#[tokio::test]
async fn the_first_event_that_is_not_accepted_is_named_and_no_further_request_is_made() {
    let mut in_part = [true; 10];
    in_part[4] = false;
    in_part[7] = false;
    let stub = Stub::start([answer(&[true; 10]), answer(&in_part), answer(&[true; 10])]);
    let error = publish(&stub.url(), 30).await.expect_err("in part");
    assert_eq!(error.first, 14);
    assert!(chain(&error).contains("ThrottlingException"), "{}", chain(&error));
    assert_eq!(stub.requests().len(), 2);
}

#[tokio::test]
async fn events_missing_from_the_response_count_as_not_accepted() {
    let stub = Stub::start([answer(&[true; 2])]);
    assert_eq!(publish(&stub.url(), 3).await.expect_err("too short").first, 2);
}

#[tokio::test]
async fn an_unreachable_bus_accepts_nothing() {
    assert_eq!(publish(&nobody(), 3).await.expect_err("nobody answers").first, 0);
    let refused = json!({ "__type": "AccessDeniedException", "message": "no" }).to_string();
    let stub = Stub::start([answer(&[true; 10]), Reply::new(400, &refused)]);
    assert_eq!(publish(&stub.url(), 12).await.expect_err("refused").first, 10);
}

#[tokio::test]
async fn a_request_that_failed_with_a_server_error_is_retried() {
    let stub = Stub::start([Reply::new(500, "{}"), answer(&[true])]);
    publish(&stub.url(), 1).await.expect("taken");
    let [first, second] = &sent(&stub)[..] else { panic!("two requests") };
    assert_eq!(first, second);
}
