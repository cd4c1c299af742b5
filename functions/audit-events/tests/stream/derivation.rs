//! The events of each change. They are kept in `events.jsonl`, which the contract tests check against the schema.

use std::fmt::Write as _;

use audit_events::derive;
use domain::challenge::{Method, NumberSource};
use domain::channel::Channel;
use domain::delivery::Delivery;
use domain::phone::Line;
use domain::purpose::Purpose;
use domain::receipt::{Arrival, Fate};
use platform::item::key::SCOPES;
use serde_json::{Value, json};

use crate::cases::{NOTHING, every_case};
use crate::items::{ISSUER, MAC, NUMBER, OTHER_NUMBER, REQUEST, challenge, change, events, key, record, with};

#[test]
fn a_change_has_exactly_its_events() {
    for (what, old, new, types) in every_case() {
        let derived = events(&old, &new);
        assert_eq!(
            derived.iter().map(|event| event["type"].as_str().expect("a type")).collect::<Vec<_>>(),
            types,
            "{what}"
        );
    }
}

#[test]
fn the_events_are_those_of_the_file_that_is_checked_against_the_schema() {
    let mut derived = String::new();
    for (what, old, new, _) in every_case() {
        for event in events(&old, &new) {
            writeln!(derived, "{}", json!({ "case": what, "event": event })).expect("written");
        }
    }
    let now = concat!(env!("CARGO_TARGET_TMPDIR"), "/events.jsonl");
    std::fs::write(now, &derived).expect("written");
    assert!(
        derived == include_str!("events.jsonl"),
        "the events differ; if they are right, copy {now} to events.jsonl"
    );
}

#[test]
fn an_event_may_have_every_word_that_is_stored() {
    let schema: Value = serde_json::from_str(include_str!("../../../../infra/events.schema.json")).expect("JSON");
    let allowed = |pointer: &str| {
        let words = schema.pointer(pointer).and_then(Value::as_array).expect(pointer);
        words.iter().map(|word| word.as_str().expect("a word").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(allowed("/$defs/challenge.approved/properties/method/enum"), Method::ALL.map(Method::as_str));
    assert_eq!(allowed("/$defs/purpose/enum"), Purpose::ALL.map(Purpose::as_str));
    assert_eq!(allowed("/$defs/channel/enum"), Channel::ALL.map(Channel::as_str));
    assert_eq!(allowed("/$defs/limit.reached/properties/scope/enum"), SCOPES);
    let unsent = [Delivery::Failed, Delivery::Unknown].map(Delivery::as_str);
    assert_eq!(allowed("/$defs/challenge.send-failed/properties/delivery/enum"), unsent);
    let failures = Fate::ALL.into_iter().filter(|fate| fate.arrival() == Some(Arrival::NotDelivered));
    let failures: Vec<_> = failures.map(Fate::as_str).collect();
    assert_eq!(allowed("/$defs/message.failed/properties/reason/enum"), failures);
    let sources = [
        NumberSource::Enrolled(1),
        NumberSource::Claimed,
        NumberSource::Typed,
        NumberSource::Replacing(1),
        NumberSource::Test,
    ];
    assert_eq!(allowed("/$defs/numberSource/enum"), sources.map(NumberSource::as_str));
    assert_eq!(allowed("/$defs/line/enum"), [Line::Mobile, Line::Fixed].map(Line::as_str), "no other line is sent to");
}

#[test]
fn no_event_reveals_a_number_a_range_a_network_or_a_mac() {
    for (what, old, new, _) in every_case() {
        for event in events(&old, &new) {
            let text = event.to_string();
            for secret in [&NUMBER[2..], &OTHER_NUMBER[3..], "1415555", "203.0.113", &MAC[..20]] {
                assert!(!text.contains(secret), "{what}: {text}");
            }
        }
    }
}

#[test]
fn a_change_that_is_delivered_again_has_the_same_events_under_the_same_ids() {
    let ids: Vec<_> = events(&NOTHING, &challenge()).into_iter().map(|event| event["id"].clone()).collect();
    assert_eq!(ids, ["4f1c-0", "4f1c-1"]);
    for (_, old, new, _) in every_case() {
        assert_eq!(events(&old, &new), events(&old, &new));
    }
}

#[test]
fn every_event_has_the_request_that_made_its_change() {
    for (what, old, new, _) in every_case() {
        for event in events(&old, &new) {
            assert_eq!(event["requestId"], REQUEST, "{what}");
        }
    }
}

#[test]
fn an_event_has_no_request_if_the_write_left_the_name_of_the_write_before() {
    let written_by = |name: Value| with(&challenge(), &json!({ "writtenBy": name }));
    let denied = |item: &Value| with(item, &json!({ "outcome": "denied" }));
    let request = |old: &Value, new: &Value| {
        let entries = derive::entries(&change("4f1c", old, &denied(new)), &key(), ISSUER).expect("events");
        let [event] = &entries[..] else { panic!("one event") };
        serde_json::from_str::<Value>(&event.detail).expect("JSON").get("requestId").cloned()
    };
    let first = written_by(json!("a#1"));
    assert_eq!(request(&first, &first), None, "a write by hand, or by an earlier version");
    assert_eq!(request(&first, &written_by(json!("a#2"))), Some(json!("a")), "the same request writes again");
    assert_eq!(request(&first, &written_by(json!("b#1"))), Some(json!("b")), "another request");
    assert_eq!(request(&first, &written_by(Value::Null)), None);
    assert_eq!(request(&challenge(), &first), Some(json!("a")));
}

#[test]
fn a_number_has_one_digest_in_its_challenge_its_account_its_limits_and_its_block() {
    let digests = every_case().flat_map(|(_, old, new, _)| events(&old, &new)).filter_map(|event| {
        let scope = event["scope"].as_str();
        let of_number = event["country"] != "ES" && scope.is_none_or(|scope| scope == "number");
        let digest = event.get("phoneDigest").or_else(|| event.get("keyDigest"));
        digest.filter(|_| of_number).map(Value::to_string)
    });
    let mut digests: Vec<_> = digests.collect();
    assert!(digests.len() > 20, "{}", digests.len());
    digests.dedup();
    assert_eq!(digests.len(), 1, "{digests:?}");
}

#[test]
fn an_item_that_cannot_be_read_is_an_error() {
    let odd = [
        json!({ "numberSource": "guessed" }),
        json!({ "phone": "0155" }),
        json!({ "phone": null }),
        json!({ "outcome": "maybe" }),
        json!({ "generation": "first" }),
        json!({ "smsDelivery": "lost" }),
        json!({ "receiptSays": "delivered" }), // without its time
        json!({ "outcome": "approved", "settled": true, "approvedAt": 1, "approvedBy": "charm" }),
        json!({ "sk": "challenge#short" }),
        json!({ "pk": null }),
    ];
    for change in odd {
        let new = with(&challenge(), &change);
        let derived = derive::entries(&record("4f1c", &NOTHING, &new), &key(), ISSUER);
        assert!(derived.is_err(), "{change}");
    }
}

#[test]
fn what_a_later_version_says_of_a_message_is_no_event_and_holds_nothing_up() {
    let new = with(&challenge(), &json!({ "receiptSays": "eaten" }));
    let derived = derive::entries(&record("4f1c", &NOTHING, &new), &key(), ISSUER).expect("readable");
    let known = derive::entries(&record("4f1c", &NOTHING, &challenge()), &key(), ISSUER).expect("readable");
    assert_eq!(derived.len(), known.len());
}
