//! Requests to SNS. Their bodies are forms, which the benchmark hands over as objects.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use lambda_http::Error;
use serde_json::Value;

use crate::template::{Members, Text};

/// `Publish` to a phone number.
#[derive(Debug)]
pub struct Publish {
    number: Text,
    message: Text,
    attributes: Vec<(String, String, String)>,
}

impl Publish {
    /// Parses a recorded request.
    pub fn read(body: &Value) -> Result<Self, Error> {
        let mut members = Members::of(body)?;
        members.any("Action");
        members.any("Version");
        let mut attributes = Vec::new();
        while let Some(name) = members.text(&format!("MessageAttributes.entry.{}.Name", attributes.len() + 1))? {
            let value = format!("MessageAttributes.entry.{}.Value", attributes.len() + 1);
            let kind = members.text(&format!("{value}.DataType"))?.ok_or("no type")?;
            attributes.push((name, kind, members.text(&format!("{value}.StringValue"))?.ok_or("no value")?));
        }
        let publish = Self { number: members.blank("PhoneNumber")?, message: members.blank("Message")?, attributes };
        members.finish()?;
        Ok(publish)
    }

    /// Sends it with a person's values.
    pub async fn ask(&self, client: &Client, values: &[String]) -> Result<(), Error> {
        let mut request = client.publish().phone_number(self.number.fill(values)?).message(self.message.fill(values)?);
        for (name, kind, value) in &self.attributes {
            let value = MessageAttributeValue::builder().data_type(kind).string_value(value).build()?;
            request = request.message_attributes(name, value);
        }
        request.send().await?;
        Ok(())
    }
}
