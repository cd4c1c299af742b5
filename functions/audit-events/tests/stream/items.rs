//! Items as the product stores them, and their changes as the stream delivers them.

use audit_events::correlation::CorrelationKey;
use audit_events::derive;
use domain::identity::{SessionId, SubjectId};
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use platform::encoding::base64url;
use platform::secrets::Document as _;
use platform::stream::Record;
use serde_json::{Map, Value, json};

pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
pub(crate) const NUMBER: &str = "+14155552671";
pub(crate) const OTHER_NUMBER: &str = "+34600000000";
pub(crate) const ISSUER: &str = "https://mfa.example.com";
pub(crate) const SECRET: &str = r#"{"key":"a-correlation-key-of-the-tests-only"}"#;
/// Stored in every item, and must be in no event.
pub(crate) const MAC: &str = "TUFDTUFDTUFDTUFDTUFDTUFDTUFDTUFDTUFDTUFDTUE=";

pub(crate) fn key() -> CorrelationKey {
    CorrelationKey::parse(SECRET).expect("a key")
}

fn subject() -> String {
    format!("subject#{}", base64url(SubjectId::new("https://login.example.com", "alice").as_bytes()))
}

pub(crate) fn number_partition(number: &str) -> String {
    format!("number#{}", base64url(&PhoneNumber::parse(number).expect("a number").digest()))
}

/// `base` with some members replaced, and those removed that are null.
pub(crate) fn with(base: &Value, changes: &Value) -> Value {
    let mut item = base.as_object().expect("an item").clone();
    item.extend(changes.as_object().expect("changes").clone());
    item.retain(|_, value| !value.is_null());
    Value::Object(item)
}

/// A challenge by SMS as its start writes it.
pub(crate) fn challenge() -> Value {
    json!({
        "pk": subject(),
        "sk": format!("challenge#{}", base64url(SessionId::new("login-1", None).as_bytes())),
        "generation": 1, "phone": NUMBER, "numberSource": "enrolled", "binding": 7, "locale": "en",
        "country": "US", "line": "mobile", "purpose": "login",
        "createdAt": 1_800_000_000, "expiresAt": 1_800_000_300, "attempts": 0, "carried": 0, "maxAttempts": 5,
        "outcome": "pending", "codes": [MAC], "smsUsed": 1, "smsAt": 1_800_000_000, "smsDelivery": "sending",
        "callsUsed": 0, "ttl": 1_800_009_000,
    })
}

/// A challenge by call whose phone has been answered.
pub(crate) fn call() -> Value {
    let call = json!({
        "smsUsed": 0, "smsAt": null, "smsDelivery": null, "codes": [], "callToken": MAC, "callState": "answered",
        "callsUsed": 1, "callsAt": 1_800_000_000, "callsDelivery": "sending", "callPlacedAt": 1_800_000_000,
        "answeredBy": "human", "wrongKeys": 0,
    });
    with(&challenge(), &call)
}

/// An account with a number.
pub(crate) fn account() -> Value {
    json!({
        "pk": subject(), "sk": "subject", "version": 12, "phone": NUMBER, "binding": 7, "country": "US",
        "line": "mobile", "failures": 0, "smsSent": [], "callsPlaced": [], "lastSuccessAt": 1_799_000_000,
    })
}

pub(crate) fn refusal() -> Value {
    json!({
        "pk": subject(), "sk": "refusal", "refusedAt": 1_800_000_001, "reason": "send-limit", "channel": "sms",
        "refusals": 1, "ttl": 1_800_086_400,
    })
}

pub(crate) fn limit(partition: &str, sort: &str, used: u64) -> Value {
    json!({ "pk": partition, "sk": sort, "used": used, "quota": 10, "ttl": 1_800_086_400 })
}

/// The request that makes the changes.
pub(crate) const REQUEST: &str = "2f1c7e5a-0d4b-4f6e-9a3c-8b7d6e5f4a3b";

/// A change by a request, as the stream delivers it.
pub(crate) fn record(id: &str, old: &Value, new: &Value) -> Record {
    change(
        id,
        old,
        &if new.is_null() { new.clone() } else { with(new, &json!({ "writtenBy": format!("{REQUEST}#2") })) },
    )
}

/// A change as the stream delivers it.
pub(crate) fn change(id: &str, old: &Value, new: &Value) -> Record {
    let image = |item: &Value| if item.is_null() { Value::Null } else { stored(item) };
    let record = json!({
        "eventID": id, "eventName": "MODIFY", "eventSource": "aws:dynamodb", "awsRegion": "eu-central-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_800_000_002.0, "SequenceNumber": format!("{id}0000"),
            "StreamViewType": "NEW_AND_OLD_IMAGES", "OldImage": image(old), "NewImage": image(new),
        },
    });
    serde_json::from_value(record).expect("a record")
}

/// The events' details.
pub(crate) fn events(old: &Value, new: &Value) -> Vec<Value> {
    let entries = derive::entries(&record("4f1c", old, new), &key(), ISSUER).expect("events");
    let detail = |entry: platform::events::Entry| {
        let detail: Value = serde_json::from_str(&entry.detail).expect("JSON");
        assert_eq!((detail["type"].as_str(), &detail["version"]), (Some(entry.kind.as_str()), &json!(1)));
        detail
    };
    entries.into_iter().map(detail).collect()
}

/// An item in DynamoDB's JSON.
fn stored(item: &Value) -> Value {
    let attribute = |value: &Value| match value {
        Value::String(mac) if mac == MAC => json!({ "B": mac }),
        Value::String(text) => json!({ "S": text }),
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::Bool(flag) => json!({ "BOOL": flag }),
        Value::Array(values) => json!({ "L": values.iter().map(|value| json!({ "B": value })).collect::<Vec<_>>() }),
        Value::Object(_) => json!({ "M": stored(value) }),
        Value::Null => panic!("no item has {value}"),
    };
    let members = item.as_object().expect("an item").iter();
    Value::Object(members.map(|(name, value)| (name.clone(), attribute(value))).collect::<Map<_, _>>())
}
