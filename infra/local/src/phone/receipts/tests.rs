use std::sync::{Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;

use super::super::message::Provider;
use super::super::{Surroundings, start};
use super::*;
use crate::net;

fn message() -> Message {
    let mut message =
        Message::new(Provider::EndUserMessaging, "+447400123456".to_owned(), "123456 is your code".to_owned());
    message.from = Some("Alliance".to_owned());
    message.context.insert("receipt".to_owned(), "AAECAwQFBgcICQoLDA0ODw".to_owned());
    message
}

/// What arrives when, with the time at which it is said to have happened.
fn arrivals(receipts: Receipts) -> Vec<(u64, String, u64)> {
    let steps = receipts.steps().iter();
    let mut arrivals: Vec<_> =
        steps.flat_map(|step| step.arrives.iter().map(|at| (*at, step.kind.name(), step.happens))).collect();
    arrivals.sort();
    arrivals
}

#[test]
fn each_switch_has_its_order() {
    let pending = (300, "TEXT_PENDING".to_owned(), 200);
    let delivered = |at, happened| (at, "TEXT_DELIVERED".to_owned(), happened);
    for (receipts, expected) in [
        (Receipts::Delivered, vec![pending.clone(), delivered(1000, 900)]),
        (Receipts::Undeliverable, vec![pending.clone(), (1000, "TEXT_UNREACHABLE".to_owned(), 900)]),
        (Receipts::Late, vec![pending.clone(), delivered(45_000, 44_900)]),
        (Receipts::Doubled, vec![pending.clone(), delivered(1000, 900), delivered(1500, 900)]),
        (Receipts::OutOfOrder, vec![delivered(1000, 900), (1500, "TEXT_PENDING".to_owned(), 200)]),
        (Receipts::Never, vec![]),
    ] {
        assert_eq!(arrivals(receipts), expected, "{receipts:?}");
    }
}

#[test]
fn an_event_has_every_member_that_aws_documents_as_always_there() {
    let message = message();
    let event = event(&message, EventType::Delivered, 1_759_342_841_377);
    let expected = json!({
        "version": "0",
        "id": event["id"],
        "detail-type": "Text Message Delivery Status Updated",
        "source": "aws.sms-voice",
        "account": "123456789012",
        "time": "2025-10-01T18:20:41Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "eventType": "TEXT_DELIVERED",
            "eventVersion": "1.0",
            "eventTimestamp": 1_759_342_841_377_u64,
            "isFinal": true,
            "originationPhoneNumber": "Alliance",
            "destinationPhoneNumber": "+447400123456",
            "isoCountryCode": "GB",
            "isInternationalSend": false,
            "messageId": message.id,
            "messageRequestTimestamp": message.at_millis,
            "messageEncoding": "GSM",
            "messageType": "TRANSACTIONAL",
            "messageStatus": "DELIVERED",
            "messageStatusDescription": "Message has been accepted by phone",
            "context": { "receipt": "AAECAwQFBgcICQoLDA0ODw" },
            "totalMessageParts": 1,
            "totalMessagePrice": 0.005_81,
            "totalCarrierFee": 0.003,
        },
    });
    assert_eq!(event, expected);
}

#[test]
fn the_event_types_are_those_of_the_service_model_and_three_of_them_are_not_the_last() {
    let names: Vec<String> = EventType::ALL.map(EventType::name).to_vec();
    let documented = "TEXT_QUEUED TEXT_SENT TEXT_PENDING TEXT_SUCCESSFUL TEXT_DELIVERED TEXT_INVALID \
                      TEXT_INVALID_MESSAGE TEXT_UNREACHABLE TEXT_CARRIER_UNREACHABLE TEXT_BLOCKED \
                      TEXT_CARRIER_BLOCKED TEXT_SPAM TEXT_UNKNOWN TEXT_TTL_EXPIRED TEXT_PROTECT_BLOCKED";
    assert_eq!(names, documented.split(' ').collect::<Vec<_>>());
    let last: Vec<bool> = EventType::ALL.map(EventType::is_final).to_vec();
    assert_eq!(last.iter().filter(|last| !**last).count(), 3);
    assert_eq!(last[..3], [false; 3]);
    for kind in EventType::ALL {
        assert_eq!(EventType::try_from(kind.name()), Ok(kind));
    }
    assert!(EventType::try_from("TEXT_ALL".to_owned()).is_err());
}

type Taken = Arc<Mutex<Vec<Value>>>;

/// A phone whose receipts a stub of the function takes.
struct Stage {
    http: reqwest::Client,
    phone: String,
    taken: Taken,
}

async fn stage() -> Stage {
    let taken = Taken::default();
    let take = async |State(taken): State<Taken>, body: String| {
        taken.lock().unwrap_or_else(PoisonError::into_inner).push(serde_json::from_str(&body).unwrap());
        "null"
    };
    let path = "/2015-03-31/functions/message-receipts/invocations";
    let functions = Router::new().route(path, post(take)).with_state(Arc::clone(&taken));
    let functions = net::serve(functions, 0).await.unwrap();
    stage_on(functions, taken).await
}

async fn stage_on(functions: String, taken: Taken) -> Stage {
    let http = reqwest::Client::new();
    let phone = start(http.clone(), 0, Surroundings { functions, ..Surroundings::default() }).await.unwrap();
    Stage { http, phone, taken }
}

impl Stage {
    async fn send(&self, receipts: &str) -> String {
        let faults = self.http.post(format!("{}/faults", self.phone)).json(&json!({ "receipts": receipts }));
        assert_eq!(faults.send().await.unwrap().status(), 200);
        let request = self.http.post(&self.phone).header("x-amz-target", "PinpointSMSVoiceV2.SendTextMessage");
        let body = json!({ "DestinationPhoneNumber": "+14155552671", "MessageBody": "123456 is your code" });
        let answer: Value = request.body(body.to_string()).send().await.unwrap().json().await.unwrap();
        answer["MessageId"].as_str().unwrap().to_owned()
    }

    async fn get(&self, path: &str) -> Vec<Value> {
        self.http.get(format!("{}{path}", self.phone)).send().await.unwrap().json().await.unwrap()
    }

    /// The receipts that the timeline lists, once there are so many.
    async fn listed(&self, count: usize) -> Vec<Value> {
        for _ in 0..100 {
            let mut listed = self.get("/timeline").await;
            listed.retain(|entry| entry["route"] == FUNCTION);
            if listed.len() >= count {
                return listed;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("there were never {count} receipts");
    }
}

#[tokio::test]
async fn a_doubled_receipt_is_the_same_event_twice_and_the_timeline_lists_both() {
    let stage = stage().await;
    let id = stage.send("doubled").await;
    let listed = stage.listed(3).await;
    assert!(listed.iter().all(|entry| entry["status"] == 200), "{listed:?}");
    let taken = stage.taken.lock().unwrap();
    let types: Vec<&Value> = taken.iter().map(|event| &event["detail"]["eventType"]).collect();
    assert_eq!(types, ["TEXT_PENDING", "TEXT_DELIVERED", "TEXT_DELIVERED"]);
    assert!(taken.iter().all(|event| event["detail"]["messageId"] == *id));
    assert_eq!(taken[1], taken[2]);
}

#[tokio::test]
async fn out_of_order_an_older_event_follows_the_newer_one() {
    let stage = stage().await;
    stage.send("out-of-order").await;
    stage.listed(2).await;
    let taken = stage.taken.lock().unwrap();
    let at = |index: usize| taken[index]["detail"]["eventTimestamp"].as_u64().unwrap();
    assert!(at(0) > at(1), "{taken:?}");
}

#[tokio::test]
async fn an_undeliverable_message_never_reaches_the_phone() {
    let stage = stage().await;
    stage.send("undeliverable").await;
    assert!(stage.get("/messages").await.is_empty());
    let taken = stage.listed(2).await;
    assert!(taken[1]["body"].as_str().unwrap().contains("TEXT_UNREACHABLE"));
}

#[tokio::test]
async fn a_receipt_that_no_function_takes_is_listed_with_the_reason() {
    let there_is_none = Router::new().fallback(async || (StatusCode::NOT_FOUND, "Missing function"));
    let none = net::serve(there_is_none, 0).await.unwrap();
    let fails = Router::new().fallback(async || ([("x-amz-function-error", "Unhandled")], "it failed"));
    let fails = net::serve(fails, 0).await.unwrap();
    let unreachable = format!("http://127.0.0.1:{}", net::free_port().await.unwrap());
    for (functions, status, reason) in
        [(none, 404, "Missing function"), (fails, 502, "it failed"), (unreachable, 502, "error sending request")]
    {
        let stage = stage_on(functions, Taken::default()).await;
        let id = stage.send("never").await;
        let url = format!("{}/messages/{id}/receipt", stage.phone);
        stage.http.post(url).json(&json!({ "type": "TEXT_SPAM" })).send().await.unwrap();
        let listed = stage.listed(1).await;
        assert_eq!(listed[0]["status"], status, "{listed:?}");
        assert!(listed[0]["answer"].as_str().unwrap().contains(reason), "{listed:?}");
        assert_eq!(stage.get("/messages").await.len(), 1);
    }
}

#[tokio::test]
async fn an_event_of_any_type_can_be_sent_at_once_but_only_for_a_message_of_end_user_messaging() {
    let stage = stage().await;
    let id = stage.send("never").await;
    let publish = [("Action", "Publish"), ("PhoneNumber", "+14155552671"), ("Message", "hello")];
    stage.http.post(&stage.phone).form(&publish).send().await.unwrap();
    let published = stage.get("/messages").await[1]["id"].as_str().unwrap().to_owned();
    let unknown = Uuid::new_v4().to_string();
    for (id, kind, status) in [
        (&id, "TEXT_TTL_EXPIRED", 204),
        (&id, "TEXT_ALL", 422),
        (&published, "TEXT_DELIVERED", 409),
        (&unknown, "TEXT_DELIVERED", 404),
    ] {
        let url = format!("{}/messages/{id}/receipt", stage.phone);
        let answer = stage.http.post(url).json(&json!({ "type": kind })).send().await.unwrap();
        assert_eq!(answer.status(), status, "{kind}");
    }
    let taken = stage.taken.lock().unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0]["detail"]["messageStatus"], "TTL_EXPIRED");
}
