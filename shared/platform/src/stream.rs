//! The table's stream: each change as the item before and after it, and the answer that asks for records again.
//!
//! Own types, since those of `aws_lambda_events` can be printed with the phone numbers in them, take 22 % more
//! instructions to parse a batch and add 24 kB to a zip.

use std::collections::HashMap;
use std::time::Duration;

use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{JsonValue, Reader, Unreadable};

/// The changes of one invocation: all of one shard, in order.
#[derive(Deserialize)]
pub struct Batch {
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

#[derive(Deserialize)]
pub struct Record {
    /// The stream's id for the change, the same each time it is delivered.
    #[serde(rename = "eventID")]
    pub id: String,
    #[serde(rename = "dynamodb")]
    pub change: Change,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Change {
    sequence_number: String,
    #[serde(rename = "ApproximateCreationDateTime")]
    created_at: f64,
    old_image: Option<Image>,
    new_image: Option<Image>,
}

type Image = HashMap<String, JsonValue>;

impl Change {
    /// When the change was made, to about a second.
    pub fn at(&self) -> Result<Timestamp, Unreadable> {
        let since = Duration::try_from_secs_f64(self.created_at);
        since.map(|since| Timestamp::from_unix(since.as_secs())).map_err(|_| Unreadable("ApproximateCreationDateTime"))
    }

    /// The item before; none if it is new.
    #[must_use]
    pub fn before(&self) -> Option<Reader<'_, JsonValue>> {
        self.old_image.as_ref().map(Reader)
    }

    /// The item after; none if it was deleted, such as by TTL.
    #[must_use]
    pub fn after(&self) -> Option<Reader<'_, JsonValue>> {
        self.new_image.as_ref().map(Reader)
    }
}

/// From which record the stream is to deliver again; empty if the batch is done.
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
    /// Asks for `record` again, and for all after it.
    #[must_use]
    pub fn again_from(record: &Record) -> Self {
        Self { batch_item_failures: vec![Failure { item_identifier: record.change.sequence_number.clone() }] }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_names_the_sequence_number_of_the_first_record_to_deliver_again() {
        let record = json!({
            "eventID": "4f1c", "eventName": "REMOVE",
            "dynamodb": { "ApproximateCreationDateTime": 1_800_000_002.5, "SequenceNumber": "111", "OldImage": {} },
        });
        let record: Record = serde_json::from_value(record).expect("a record");
        assert_eq!(record.change.at(), Ok(Timestamp::from_unix(1_800_000_002)));
        assert!(record.change.after().is_none() && record.change.before().is_some());
        let again = serde_json::to_value(Report::again_from(&record)).expect("JSON");
        assert_eq!(again, json!({ "batchItemFailures": [{ "itemIdentifier": "111" }] }));
        assert_eq!(serde_json::to_value(Report::default()).expect("JSON"), json!({ "batchItemFailures": [] }));
    }
}
