//! Requests to AWS End User Messaging.

use aws_sdk_pinpointsmsvoicev2::Client;
use aws_sdk_pinpointsmsvoicev2::types::MessageType;
use lambda_http::Error;
use serde_json::Value;

use crate::template::{Members, Text};

/// `SendTextMessage`.
#[derive(Debug)]
pub struct Send {
    number: Text,
    message: Text,
    kind: MessageType,
    life: Option<i32>,
    feedback: Option<bool>,
    context: Vec<(String, Text)>,
}

impl Send {
    /// Parses a recorded request.
    pub fn read(body: &Value) -> Result<Self, Error> {
        let mut members = Members::of(body)?;
        let life = members.any("TimeToLive").and_then(|life| life.as_i64()).map(i32::try_from).transpose()?;
        let send = Self {
            number: members.blank("DestinationPhoneNumber")?,
            message: members.blank("MessageBody")?,
            kind: members.text("MessageType")?.ok_or("no type")?.as_str().into(),
            life,
            feedback: members.flag("MessageFeedbackEnabled"),
            context: members.names("Context")?.ok_or("no context")?,
        };
        members.finish()?;
        Ok(send)
    }

    /// Sends it with a person's values.
    pub async fn ask(&self, client: &Client, values: &[String]) -> Result<(), Error> {
        let mut request = client
            .send_text_message()
            .destination_phone_number(self.number.fill(values)?)
            .message_body(self.message.fill(values)?)
            .message_type(self.kind.clone())
            .set_time_to_live(self.life)
            .set_message_feedback_enabled(self.feedback);
        for (name, value) in &self.context {
            request = request.context(name, value.fill(values)?);
        }
        request.send().await?;
        Ok(())
    }
}
