//! What the table's stream tells: each change as the item before and after it.
//!
//! Images hold numbers in full and MACs of codes, so nothing here can be printed, and only the
//! attributes that are asked for are ever read.

use std::collections::HashMap;
use std::time::Duration;

use domain::phone::{Country, PhoneNumber};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// The changes that one invocation brings, of one shard in their order.
#[derive(Deserialize)]
pub struct Batch {
    /// The changes.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// One change of one item.
#[derive(Deserialize)]
pub struct Record {
    /// The stream's own name for the change, the same however often it is delivered.
    #[serde(rename = "eventID")]
    pub id: String,
    /// What changed.
    #[serde(rename = "dynamodb")]
    pub change: Change,
}

/// An item before and after a change.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Change {
    /// Where in the stream the change is.
    pub sequence_number: String,
    #[serde(rename = "ApproximateCreationDateTime")]
    created_at: f64,
    /// The item before; none where it is new.
    pub old_image: Option<Image>,
    /// The item after; none where it was removed, by TTL for one.
    pub new_image: Option<Image>,
}

impl Change {
    /// When the change was made, to the second or nearly so.
    pub fn at(&self) -> Result<Timestamp, Unreadable> {
        let since = Duration::try_from_secs_f64(self.created_at);
        since.map(|since| Timestamp::from_unix(since.as_secs())).map_err(|_| Unreadable("ApproximateCreationDateTime"))
    }
}

/// What the stream has to bring again: the change of this number and all after it, or nothing.
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

impl Report {
    /// Has the stream bring `record` again and all after it.
    #[must_use]
    pub fn again_from(record: &Record) -> Self {
        Self { batch_item_failures: vec![Failure { item_identifier: record.change.sequence_number.clone() }] }
    }
}

/// An attribute is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the attribute {0} cannot be read")]
pub struct Unreadable(pub &'static str);

/// An item's attributes, each in DynamoDB's JSON, such as `{"N":"5"}`.
#[derive(Deserialize)]
pub struct Image(HashMap<String, Value>);

impl Image {
    /// A text that must be there.
    pub fn text(&self, name: &'static str) -> Result<&str, Unreadable> {
        self.maybe_text(name)?.ok_or(Unreadable(name))
    }

    /// A text.
    pub fn maybe_text(&self, name: &'static str) -> Result<Option<&str>, Unreadable> {
        self.value(name, "S", Value::as_str)
    }

    /// One of the words of a closed set, which must be there.
    pub fn word(&self, name: &'static str, words: &[&'static str]) -> Result<&'static str, Unreadable> {
        self.maybe_word(name, words)?.ok_or(Unreadable(name))
    }

    /// One of the words of a closed set.
    pub fn maybe_word(&self, name: &'static str, words: &[&'static str]) -> Result<Option<&'static str>, Unreadable> {
        let Some(text) = self.maybe_text(name)? else { return Ok(None) };
        words.iter().find(|word| **word == text).copied().map(Some).ok_or(Unreadable(name))
    }

    /// A number that must be there.
    pub fn number(&self, name: &'static str) -> Result<u64, Unreadable> {
        self.maybe_number(name)?.ok_or(Unreadable(name))
    }

    /// A number.
    pub fn maybe_number(&self, name: &'static str) -> Result<Option<u64>, Unreadable> {
        let Some(digits) = self.value(name, "N", Value::as_str)? else { return Ok(None) };
        digits.parse().map(Some).map_err(|_| Unreadable(name))
    }

    /// A time that must be there.
    pub fn time(&self, name: &'static str) -> Result<Timestamp, Unreadable> {
        self.number(name).map(Timestamp::from_unix)
    }

    /// A time.
    pub fn maybe_time(&self, name: &'static str) -> Result<Option<Timestamp>, Unreadable> {
        Ok(self.maybe_number(name)?.map(Timestamp::from_unix))
    }

    /// The item's country.
    pub fn country(&self) -> Result<Option<Country>, Unreadable> {
        let code = self.maybe_text("country")?;
        code.map(Country::parse).transpose().map_err(|_| Unreadable("country"))
    }

    /// Whether the flag is there and up.
    pub fn flag(&self, name: &'static str) -> Result<bool, Unreadable> {
        Ok(self.value(name, "BOOL", Value::as_bool)?.unwrap_or_default())
    }

    /// A phone number.
    pub fn phone(&self, name: &'static str) -> Result<Option<PhoneNumber>, Unreadable> {
        self.maybe_text(name)?.map(|text| PhoneNumber::parse(text).map_err(|_| Unreadable(name))).transpose()
    }

    /// Whether the attribute is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The attribute as it is stored, to be compared.
    #[must_use]
    pub fn stored(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    fn value<'a, T>(
        &'a self,
        name: &'static str,
        kind: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Unreadable> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        value.get(kind).and_then(read).map(Some).ok_or(Unreadable(name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn image() -> Image {
        let image = json!({
            "phone": { "S": "+14155552671" }, "country": { "S": "us" }, "line": { "S": "mobile" },
            "binding": { "N": "7" }, "lastSuccessAt": { "N": "1800000000" }, "contested": { "BOOL": true },
        });
        serde_json::from_value(image).expect("an image")
    }

    #[test]
    fn an_attribute_is_read_as_what_it_is() {
        let image = image();
        assert_eq!(image.text("line"), Ok("mobile"));
        assert_eq!(image.word("line", &["fixed", "mobile"]), Ok("mobile"));
        assert_eq!(image.number("binding"), Ok(7));
        assert_eq!(image.time("lastSuccessAt"), Ok(Timestamp::from_unix(1_800_000_000)));
        assert_eq!(image.flag("contested"), Ok(true));
        assert_eq!(image.country(), Ok(Country::parse("US").ok()));
        assert_eq!(image.phone("phone"), Ok(PhoneNumber::parse("+14155552671").ok()));
        assert!(image.has("phone") && image.stored("phone") == Some(&json!({ "S": "+14155552671" })));
    }

    #[test]
    fn what_is_missing_is_told_from_what_is_wrong() {
        let image = image();
        assert_eq!((image.maybe_text("x"), image.maybe_time("x"), image.flag("x")), (Ok(None), Ok(None), Ok(false)));
        assert_eq!((image.maybe_word("x", &[]), image.has("x")), (Ok(None), false));
        assert_eq!((image.text("x"), image.number("x")), (Err(Unreadable("x")), Err(Unreadable("x"))));
        assert_eq!(image.text("binding"), Err(Unreadable("binding")), "a number");
        assert_eq!(image.number("line"), Err(Unreadable("line")), "a text");
        assert_eq!(image.word("line", &["fixed"]), Err(Unreadable("line")), "a word of another set");
        assert_eq!(image.phone("line"), Err(Unreadable("line")), "no number");
    }

    #[test]
    fn a_change_is_known_by_its_place_and_time() {
        let record = json!({
            "eventID": "4f1c", "eventName": "REMOVE",
            "dynamodb": { "ApproximateCreationDateTime": 1_800_000_002.5, "SequenceNumber": "111", "OldImage": {} },
        });
        let record: Record = serde_json::from_value(record).expect("a record");
        assert_eq!(record.change.at(), Ok(Timestamp::from_unix(1_800_000_002)));
        assert!(record.change.new_image.is_none());
        let again = serde_json::to_value(Report::again_from(&record)).expect("JSON");
        assert_eq!(again, json!({ "batchItemFailures": [{ "itemIdentifier": "111" }] }));
        assert_eq!(serde_json::to_value(Report::default()).expect("JSON"), json!({ "batchItemFailures": [] }));
    }
}
