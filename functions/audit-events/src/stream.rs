//! What the table's stream tells: each change as the item before and after it.
//!
//! Images hold numbers in full and MACs of codes, so nothing here can be printed, and only the
//! attributes that an event is made of are ever read.

use std::collections::HashMap;
use std::time::Duration;

use domain::phone::{Country, PhoneNumber};
use domain::time::Timestamp;
use serde::Deserialize;
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

    /// The item's country, by its code.
    pub fn country(&self) -> Result<Option<String>, Unreadable> {
        let code = self.maybe_text("country")?;
        let country = code.map(Country::parse).transpose().map_err(|_| Unreadable("country"))?;
        Ok(country.map(|country| country.as_str().to_owned()))
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
    pub(crate) fn stored(&self, name: &str) -> Option<&Value> {
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
