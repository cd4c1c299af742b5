//! What is told of a message once its receipts have arrived, from the event on the bus to the answer of the API.

use domain::identity::ChallengeKey;
use domain::ports::{ReceiptStore, Recorded, StoreError};
use domain::receipt::{Arrival, Receipt, ReceiptToken};
use domain::time::Timestamp;
use message_receipts::event::{Reported, TYPES, Unreadable};
use platform::encoding::{base64url, challenge_path};
use platform::store::DynamoStore;
use serde_json::{Value, json};

use crate::api::{Api, Keys, Login, as_request};

const NUMBER: &str = "+14155552671";

/// The sample event of that name.
pub(crate) fn sample(name: &str) -> Value {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("a sample")).expect("JSON")
}

fn app(api: &Api) -> message_receipts::App<DynamoStore> {
    message_receipts::App { store: api.backend.store() }
}

/// Returns the id of the invocation.
pub(crate) async fn deliver(api: &Api, event: &Value) -> String {
    let (id, handled) = as_request(app(api).handle(&event.to_string(), api.now)).await;
    handled.expect("handled");
    id
}

/// An event about the latest message, as AWS sends it.
pub(crate) fn event(api: &Api, kind: &str) -> Value {
    let (challenge, token) = api.phone.last_message();
    let mut event = sample("receipt-delivered");
    event["detail"]["eventType"] = json!(kind);
    event["detail"]["context"] =
        json!({ "challenge": challenge_path(&challenge), "receipt": base64url(token.expose()) });
    event
}

async fn last_send(api: &Api, login: &Login) -> Value {
    api.status(login).await.json["channels"]["sms"]["lastSend"].clone()
}

async fn texted() -> (Api, Login) {
    let (api, login) = (Api::new().await, Login::known());
    assert_eq!(api.post(&login, json!({ "channel": "sms" })).await.status, 201);
    (api, login)
}

#[tokio::test]
async fn every_receipts_sample_does_what_its_name_promises() {
    let cases = [
        ("receipt-delivered", json!("delivered")),
        ("receipt-accepted-by-carrier", json!("delivered")),
        ("receipt-without-number", json!("delivered")),
        ("receipt-undeliverable", json!("not-delivered")),
        ("receipt-ttl-expired", json!("not-delivered")),
        ("receipt-pending", json!("on-its-way")),
        ("receipt-older", json!("on-its-way")),
        ("receipt-forged", Value::Null),
        ("receipt-other-number", Value::Null),
        ("receipt-for-nothing", Value::Null),
        ("receipt-without-context", Value::Null),
    ];
    for (name, expected) in cases {
        let api = Api::new().await;
        let event = sample(name);
        let key = Reported::read(&sample("receipt-delivered").to_string()).expect("readable").challenge;
        let fixture = seed::of_message(&sample("receipt-delivered")).expect("a sample that can be seeded");
        fixture.write(&api.backend.store(), &Keys::all(), api.now).await.expect("a fresh table");
        deliver(&api, &event).await;
        let stored = api.backend.store();
        let known = domain::ports::ChallengeStore::load(&stored, &key.subject).await.expect("a snapshot");
        let known = known.challenge(&key).and_then(|challenge| challenge.receipts.clone()?.fate);
        let told = known.map(|fate| fate.arrival().map_or("on-its-way", Arrival::as_str));
        assert_eq!(json!(told), expected, "{name}");
    }
}

#[tokio::test]
async fn an_older_receipt_that_comes_after_the_delivery_changes_nothing() {
    let (api, login) = texted().await;
    deliver(&api, &event(&api, "TEXT_DELIVERED")).await;
    let mut late = event(&api, "TEXT_QUEUED");
    late["detail"]["isFinal"] = json!(false);
    deliver(&api, &late).await;
    assert_eq!(last_send(&api, &login).await, "delivered");
}

#[tokio::test]
async fn each_event_type_is_told_as_what_it_means() {
    for (kind, fate) in TYPES {
        for is_final in [true, false] {
            let (api, login) = texted().await;
            let mut event = event(&api, kind);
            event["detail"]["isFinal"] = json!(is_final);
            deliver(&api, &event).await;
            let told = fate.told().filter(|_| is_final || kind == "TEXT_DELIVERED");
            assert_eq!(last_send(&api, &login).await, told.map_or("sending", Arrival::as_str), "{kind} {is_final}");
        }
    }
}

#[tokio::test]
async fn a_status_tells_no_reason_and_nothing_of_an_earlier_message() {
    let (mut api, login) = texted().await;
    let earlier = event(&api, "TEXT_DELIVERED");
    deliver(&api, &event(&api, "TEXT_UNREACHABLE")).await;
    let told = api.status(&login).await;
    assert_eq!(told.json["channels"]["sms"]["lastSend"], "not-delivered");
    assert_eq!(told.json["offerAlternative"], true);
    assert!(!told.text.contains("unreachable\"") && !told.text.contains("9539975a"), "{}", told.text);
    api.pass(31);
    let again = api.post(&login, json!({ "channel": "sms" })).await;
    assert_eq!(again.json["channels"]["sms"]["lastSend"], "accepted");
    deliver(&api, &earlier).await;
    assert_eq!(last_send(&api, &login).await, "sending");
}

#[tokio::test]
async fn whoever_may_invoke_the_function_still_cannot_forge_a_receipt() {
    let (api, login) = texted().await;
    let (challenge, _) = api.phone.last_message();
    let before = api.backend.item("challenge#").await;
    let mut forged = event(&api, "TEXT_DELIVERED");
    let tokens = [base64url(&[0; 16]), base64url(&[255; 16]), String::new(), "A".repeat(22), base64url(&[0; 32])];
    for token in tokens {
        for number in [json!(NUMBER), Value::Null] {
            forged["detail"]["destinationPhoneNumber"] = number;
            forged["detail"]["context"] = json!({ "challenge": challenge_path(&challenge), "receipt": token });
            deliver(&api, &forged).await;
        }
    }
    assert_eq!(api.backend.item("challenge#").await, before);
    assert_eq!(last_send(&api, &login).await, "sending");
}

#[tokio::test]
async fn a_receipt_approves_refuses_and_refunds_nothing() {
    let (api, login) = texted().await;
    let code = api.phone.last_code();
    api.guess(&login, "000000").await;
    let before = api.status(&login).await.json;
    for (kind, _) in TYPES {
        deliver(&api, &event(&api, kind)).await;
    }
    let after = api.status(&login).await.json;
    for member in ["state", "attemptsLeft", "expiresAt", "retryAt", "resultToken", "call"] {
        assert_eq!(after.get(member), before.get(member), "{member}");
    }
    for member in ["available", "reason", "nextSendAt", "sendsLeft"] {
        assert_eq!(after["channels"]["sms"][member], before["channels"]["sms"][member], "{member}");
    }
    assert_eq!(api.guess(&login, &code).await.json["state"], "approved");
    let approved = api.backend.item("challenge#").await["outcome"].clone();
    deliver(&api, &event(&api, "TEXT_UNREACHABLE")).await;
    assert_eq!(api.backend.item("challenge#").await["outcome"], approved);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_dropped_and_writes_nothing() {
    let (api, _) = texted().await;
    let good = event(&api, "TEXT_DELIVERED");
    let with = |pointer: &str, value: Value| {
        let mut event = good.clone();
        *event.pointer_mut(pointer).expect(pointer) = value;
        event
    };
    let odd = [
        (with("/source", json!("somebody")), Unreadable::OtherEvent),
        (with("/detail-type", json!("Registration Status Changed")), Unreadable::OtherEvent),
        (with("/detail", json!(null)), Unreadable::OtherEvent),
        (with("/detail/isFinal", json!("yes")), Unreadable::OtherEvent),
        (with("/detail/eventTimestamp", json!(-1)), Unreadable::OtherEvent),
        (with("/detail/context", json!({ "account": "another product's" })), Unreadable::NoContext),
        (with("/detail/context", Value::Null), Unreadable::NoContext),
        (with("/detail/context/challenge", json!("AAAA")), Unreadable::OddContext),
        (with("/detail/context/receipt", json!("AAAA")), Unreadable::OddContext),
        (with("/detail/eventType", json!("TEXT_TELEPATHIC")), Unreadable::UnknownType),
        (with("/detail/destinationPhoneNumber", json!("unknown")), Unreadable::OddDetail),
        (with("/detail/messageId", json!("a b")), Unreadable::OddDetail),
    ];
    let before = api.backend.item("challenge#").await;
    api.backend.round_trips();
    for (event, why) in odd {
        assert_eq!(Reported::read(&event.to_string()).err(), Some(why), "{event}");
        deliver(&api, &event).await;
    }
    assert_eq!(api.backend.round_trips(), 0);
    assert_eq!(api.backend.item("challenge#").await, before);
    let mut more = good;
    more["detail"]["carrierMood"] = json!({ "sunny": true });
    assert!(Reported::read(&more.to_string()).is_ok(), "AWS may add members");
}

#[tokio::test]
async fn a_country_that_cannot_be_read_costs_no_receipt() {
    for country in [json!("U"), json!(""), json!("unknown"), Value::Null] {
        let (api, login) = texted().await;
        let mut event = event(&api, "TEXT_DELIVERED");
        event["detail"]["isoCountryCode"] = country;
        assert!(Reported::read(&event.to_string()).expect("readable").country.is_none());
        deliver(&api, &event).await;
        assert_eq!(last_send(&api, &login).await, "delivered");
    }
}

#[test]
fn only_a_message_that_is_not_ours_is_no_reason_to_warn() {
    let ours = [Unreadable::OtherEvent, Unreadable::OddContext, Unreadable::UnknownType, Unreadable::OddDetail];
    assert_eq!(Unreadable::NoContext.outcome(), "not-ours");
    assert_eq!(ours.map(Unreadable::outcome), ["unreadable"; 4]);
}

#[tokio::test]
async fn a_receipt_is_one_request_to_the_store() {
    let (api, _) = texted().await;
    api.backend.round_trips();
    for (kind, _) in TYPES {
        deliver(&api, &event(&api, kind)).await;
        assert_eq!(api.backend.round_trips(), 1, "{kind}");
    }
}

struct Down;

impl ReceiptStore for Down {
    async fn record_receipt(&self, _: &ChallengeKey, _: &Receipt, _: Timestamp) -> Result<Recorded, StoreError> {
        Err(StoreError::Unavailable(NUMBER.into()))
    }
}

#[tokio::test]
async fn while_the_store_is_down_an_event_is_to_be_delivered_again() {
    let app = message_receipts::App { store: Down };
    let refused = app.handle(&sample("receipt-delivered").to_string(), crate::api::LOGIN).await;
    let error = refused.expect_err("not recorded");
    assert!(!format!("{error} {error:?}").contains(NUMBER), "the runtime logs it: {error}");
}

#[test]
fn the_time_and_price_of_a_receipt_are_those_that_it_states() {
    let reported = Reported::read(&sample("receipt-delivered").to_string()).expect("readable");
    assert_eq!(reported.receipt.at, Timestamp::from_unix(1_764_437_999));
    assert_eq!(reported.after.map(|after| after.as_millis()), Some(2_755));
    assert_eq!(reported.receipt.price.map(domain::receipt::Price::millionths), Some(8_810), "with the carrier's fee");
    let token = ReceiptToken::from_bytes(std::array::from_fn(|byte| u8::try_from(byte).expect("small")));
    let number = domain::phone::PhoneNumber::parse(NUMBER).expect("E.164");
    assert_eq!(reported.receipt.digest, token.digest(Some(&number)));
}

#[tokio::test]
async fn a_word_of_a_later_version_ends_no_sign_in() {
    let (api, login) = texted().await;
    deliver(&api, &event(&api, "TEXT_DELIVERED")).await;
    let item = api.backend.items("challenge#").await.pop().expect("a challenge");
    let key = |name: &str| item[name].as_str().expect("a key").to_owned();
    api.backend.put_text(&key("pk"), &key("sk"), "receiptSays", "eaten").await;
    assert_eq!(last_send(&api, &login).await, "sending");
    assert_eq!(api.guess(&login, &api.phone.last_code()).await.json["state"], "approved");
}
