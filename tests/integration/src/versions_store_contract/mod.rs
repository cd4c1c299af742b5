//! Stored items are written by one version and read by the next, and by the one before: during a deployment both run,
//! and a rollback brings the older one back. So what the last release reads and writes is recorded in `stored/`, and
//! each write of the store in these tests is held against it. `make record` records anew, at a release.

mod image;
mod schema;
mod scenes;
mod written;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use audit_events::correlation::CorrelationKey;
use audit_events::derive;
use domain::identity::{ChallengeKey, SubjectId};
use domain::phone::Country;
use domain::ports::ChallengeStore as _;
use platform::encoding::from_base64url;
use platform::item::attribute::{NAMES, SK};
use platform::item::key::{SubjectSort, country_of, subject_of};
use platform::item::{self, JsonValue, Reader};
use platform::secrets::Document as _;
use platform::stream::Record;
use serde_json::{Value, json};

use self::image::{from_image, to_image};
use self::schema::{Image, Schema};
pub(crate) use self::written::Written;
use self::written::kind;
use crate::backend::Backend;
use crate::differential::all;

/// The items as the last release wrote them, one of each shape.
fn recorded() -> Vec<Value> {
    let lines = include_str!("../../stored/items.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).expect("an item")).collect()
}

async fn table_of(items: &[Value]) -> Backend {
    let backend = Backend::fresh().await;
    for item in items {
        let put = backend.client.put_item().table_name(&backend.table).set_item(Some(from_image(item)));
        put.send().await.expect("put");
    }
    backend
}

/// Everything that this version reads of a table, as text.
async fn read_by_this_version(items: &[Value]) -> Vec<String> {
    let store = table_of(items).await.store();
    let partitions: BTreeSet<_> = items.iter().filter_map(|item| item["pk"]["S"].as_str()).collect();
    let mut read = Vec::new();
    for partition in partitions {
        if let Some(subject) = subject_of(partition) {
            let subject = SubjectId::from_bytes(from_base64url(subject).expect("a digest"));
            let stored = store.load(&subject).await.unwrap_or_else(|error| panic!("{partition}: {error}"));
            read.push(all(&stored));
        }
        if let Some(country) = country_of(partition) {
            let record = store.country(Country::parse(country).expect("a country")).await;
            read.push(format!("{:?}", record.unwrap_or_else(|error| panic!("{partition}: {error}"))));
        }
    }
    read
}

#[tokio::test]
async fn this_version_reads_what_the_last_release_wrote() {
    let items = recorded();
    assert!(read_by_this_version(&items).await.len() > 20);
    let key = CorrelationKey::parse(&json!({ "key": "k".repeat(64) }).to_string()).expect("a key");
    for item in &items {
        let change = json!({ "ApproximateCreationDateTime": 1_800_000_000, "SequenceNumber": "1", "NewImage": item });
        let record: Record = serde_json::from_value(json!({ "eventID": "1", "dynamodb": change })).expect("a record");
        if let Err(cause) = derive::entries(&record, &key, "https://mfa.example.com") {
            panic!("{}: {cause}", kind(item));
        }
    }
}

#[tokio::test]
async fn attributes_of_a_later_version_are_not_read() {
    let items = recorded();
    let added = json!({
        "laterText": { "S": "a" }, "laterNumber": { "N": "1" }, "laterBytes": { "B": "AAEC" }, "laterFlag": { "BOOL": true },
        "laterNull": { "NULL": true }, "laterList": { "L": [{ "N": "1" }] }, "laterMap": { "M": { "a": { "S": "b" } } },
        "laterSet": { "BS": ["AAEC"] },
    });
    let later = |item: &Value| {
        let mut item = item.clone();
        item.as_object_mut().expect("an item").extend(added.as_object().expect("attributes").clone());
        item
    };
    let extended: Vec<_> = items.iter().map(later).collect();
    assert_eq!(read_by_this_version(&extended).await, read_by_this_version(&items).await);
}

/// Also checks what a write copies from one attribute to another, which no request shows. Records it all if asked to.
#[tokio::test]
async fn the_last_release_reads_every_item_that_this_version_leaves() {
    let items = scenes::items().await;
    let kinds: BTreeSet<_> = items.iter().map(kind).collect();
    if let Some(folder) = crate::guards::switch("STORED_RECORDED_TO") {
        let schema = Schema::current(&kinds, &needed(&items));
        std::fs::write(format!("{folder}/schema.json"), schema.text()).expect("written");
        std::fs::write(format!("{folder}/items.jsonl"), of_each_shape(&items)).expect("written");
        return;
    }
    let schema = Schema::recorded();
    for item in &items {
        let attributes = item.as_object().expect("an item");
        let checked = attributes.iter().try_for_each(|(name, value)| schema.check(name, value));
        let checked = checked.and_then(|()| schema.check_whole(&kind(item), attributes));
        assert_eq!(checked.and_then(|()| schema.check_kind(&kind(item))), Ok(()));
    }
}

#[tokio::test]
async fn what_is_recorded_has_nearly_every_attribute() {
    let stored: BTreeSet<_> = recorded().iter().flat_map(names).collect();
    // Of an opening, which the last release did not have. Of a number that is changed, of a call to one that isn't enrolled, and of such a call before another: no scene has
    // them, so only their types are held.
    let unseen = ["opening", "formerPhone", "formerProvenAt", "reportedNumber", "reportedNumberUntil", "unverified"];
    let missing: Vec<_> = NAMES.iter().filter(|name| !stored.contains(**name) && !unseen.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}: add a scene to scenes.rs, or record anew");
}

/// The names of an item's attributes, those of its parts included.
fn names(value: &Value) -> Vec<String> {
    let Some(members) = value.as_object() else { return Vec::new() };
    members.iter().flat_map(|(name, value)| std::iter::once(name.clone()).chain(names(value))).collect()
}

/// The attributes without which no item of a kind can be read, found by trying.
fn needed(items: &[Value]) -> BTreeMap<String, Vec<String>> {
    let mut needed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for kind_of in ["subject/subject", "subject/challenge"] {
        let of_kind: Vec<&Image> =
            items.iter().filter(|item| kind(item) == kind_of).filter_map(Value::as_object).collect();
        let is_needed = |name: &&&str| {
            of_kind.iter().all(|item| {
                let mut without = (*item).clone();
                without.remove(**name);
                !is_read(without)
            })
        };
        needed.insert(kind_of.to_owned(), NAMES.iter().filter(is_needed).map(|name| (*name).to_owned()).collect());
    }
    needed
}

/// Whether an item in a subject's partition can be read.
fn is_read(item: Image) -> bool {
    let item: HashMap<String, JsonValue> = serde_json::from_value(Value::Object(item)).expect("an image");
    let item = Reader(&item);
    match item.text(SK).and_then(SubjectSort::parse) {
        Ok(SubjectSort::Subject) => item::subject::read(item).is_ok(),
        Ok(SubjectSort::Challenge(session)) => {
            let key = ChallengeKey { subject: SubjectId::from_bytes([0; 32]), session };
            item::challenge::read(key, item).is_ok()
        }
        _ => false,
    }
}

/// Of all items those that show something new: an attribute, its absence, or one of its words.
fn of_each_shape(items: &[Value]) -> String {
    let (mut seen, mut lines) = (BTreeSet::new(), String::new());
    for item in items {
        let (attributes, of_parts) = (item.as_object().expect("an item"), names(item));
        let shows = NAMES.iter().map(|name| {
            let value = attributes.get(*name);
            let word = value.map(|value| value["S"].as_str().filter(|text| is_word(text)).unwrap_or_default());
            let word = word.or(of_parts.iter().any(|part| part == name).then_some("")); // of a part of the item
            (kind(item), *name, word.map(str::to_owned))
        });
        if shows.filter(|shape| seen.insert(shape.clone())).count() > 0 {
            lines += &(item.to_string() + "\n");
        }
    }
    lines
}

/// Not a number or a digest.
fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

fn update(key: [&str; 2], update: &str, values: &Value) -> Value {
    json!({
        "Key": { "pk": { "S": key[0] }, "sk": { "S": key[1] } }, "UpdateExpression": update,
        "ExpressionAttributeNames": { "#call": "token", "#number": "number-unverified#1#0", "#other": "later-limit#1#0" },
        "ExpressionAttributeValues": values,
    })
}

#[test]
fn a_write_that_the_last_release_cannot_read_is_found() {
    let schema = Schema::recorded();
    let (challenge, subject) = (["subject#a", "challenge#b"], ["subject#a", "subject"]);
    let [one, text, later, ended] =
        [json!({ "N": "1" }), json!({ "S": "1" }), json!({ "S": "later" }), json!({ "S": "ended" })];
    for (write, says) in [
        (update(challenge, "SET callState = :a", &json!({ ":a": later })), "callState is \"later\""),
        (update(challenge, "SET outcome = :a", &json!({ ":a": later })), "outcome is \"later\""),
        (
            update(challenge, "ADD answers :b SET attempts = attempts + :a", &json!({ ":a": text, ":b": one })),
            "attempts is S",
        ),
        (
            update(challenge, "SET codes = :a", &json!({ ":a": { "L": [one] } })),
            "codes is N, and the last release reads [B]",
        ),
        (
            update(challenge, "SET charged.#other = if_not_exists(charged.#other, :a) + :a", &json!({ ":a": one })),
            "charged has later-limit",
        ),
        (update(challenge, "SET charged.#number = :a", &json!({ ":a": text })), "charged is S"),
        (update(challenge, "SET formerCalls.#call.callState = :a", &json!({ ":a": later })), "callState is \"later\""),
        (
            update(challenge, "SET attempts = :a REMOVE carried", &json!({ ":a": one })),
            "subject/challenge lacks carried",
        ),
        (update(subject, "REMOVE lockedAt, version", &json!({})), "subject/subject lacks version"),
        (update(["subject#a", "device#1"], "SET seenAt = :a", &json!({ ":a": one })), "subject/device is a new kind"),
        (update(["country#US", "switch#sms"], "SET until = :a", &json!({ ":a": one })), "country/switch is a new kind"),
        (json!({ "Item": { "pk": { "S": "subject#a" }, "sk": { "S": "challenge#b" } } }), "subject/challenge lacks"),
    ] {
        let found = written::check(&schema, &write).expect_err("cannot be read");
        assert!(found.starts_with(says) && found.contains("one release"), "{found}");
    }
    for write in [
        update(challenge, "SET callState = :a, laterAt = :b REMOVE callReport", &json!({ ":a": ended, ":b": one })),
        update(
            challenge,
            "SET charged.#number = if_not_exists(charged.#number, :b) + :b, #ttl = keepUntil",
            &json!({ ":b": one }),
        ),
        update(challenge, "SET formerCalls.#call.callState = :a", &json!({ ":a": ended })),
        update(["later#a", "anything"], "SET until = :a", &json!({ ":a": one })),
    ] {
        assert_eq!(written::check(&schema, &write), Ok(()));
    }
}

#[test]
fn an_item_is_the_same_as_json() {
    for item in recorded() {
        assert_eq!(to_image(&from_image(&item)), item);
    }
}
