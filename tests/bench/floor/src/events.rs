//! Requests to EventBridge.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_smithy_types::DateTime;
use lambda_http::Error;
use serde_json::Value;

use crate::template::{Members, Text};

#[derive(Debug)]
pub struct Put(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    bus: Option<String>,
    source: Option<String>,
    kind: Text,
    at: Text,
    detail: Text,
}

impl Put {
    /// Parses a recorded request.
    pub fn read(body: &Value) -> Result<Self, Error> {
        let mut members = Members::of(body)?;
        let entries = members.any("Entries").ok_or("no events")?;
        members.finish()?;
        let entries = entries.as_array().ok_or("no events")?.iter();
        Ok(Self(entries.map(Entry::read).collect::<Result<_, _>>()?))
    }

    /// Sends it with a person's values.
    pub async fn ask(&self, client: &Client, values: &[String]) -> Result<(), Error> {
        let entries = self.0.iter().map(|entry| entry.fill(values)).collect::<Result<_, _>>()?;
        client.put_events().set_entries(Some(entries)).send().await?;
        Ok(())
    }
}

impl Entry {
    fn read(value: &Value) -> Result<Self, Error> {
        let mut members = Members::of(value)?;
        let entry = Self {
            bus: members.text("EventBusName")?,
            source: members.text("Source")?,
            kind: members.blank("DetailType")?,
            at: members.blank("Time")?,
            detail: members.blank("Detail")?,
        };
        members.finish()?;
        Ok(entry)
    }

    fn fill(&self, values: &[String]) -> Result<PutEventsRequestEntry, Error> {
        let entry = PutEventsRequestEntry::builder()
            .set_event_bus_name(self.bus.clone())
            .set_source(self.source.clone())
            .detail_type(self.kind.fill(values)?)
            .time(DateTime::from_secs(self.at.fill(values)?.parse()?))
            .detail(self.detail.fill(values)?);
        Ok(entry.build())
    }
}
