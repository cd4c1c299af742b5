//! Requests to KMS.

use aws_sdk_kms::Client;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use lambda_http::Error;
use serde_json::Value;

use crate::template::{Members, Text, blob};

#[derive(Debug)]
pub struct Sign {
    key: Option<String>,
    message: Text,
    kind: Option<MessageType>,
    algorithm: Option<SigningAlgorithmSpec>,
}

impl Sign {
    /// Parses a recorded request.
    pub fn read(body: &Value) -> Result<Self, Error> {
        let mut members = Members::of(body)?;
        let sign = Self {
            key: members.text("KeyId")?,
            message: members.blank("Message")?,
            kind: members.text("MessageType")?.as_deref().map(MessageType::from),
            algorithm: members.text("SigningAlgorithm")?.as_deref().map(SigningAlgorithmSpec::from),
        };
        members.finish()?;
        Ok(sign)
    }

    /// Sends it with a person's values.
    pub async fn ask(&self, client: &Client, values: &[String]) -> Result<(), Error> {
        let request = client.sign().set_key_id(self.key.clone()).message(blob(&self.message, values)?);
        request.set_message_type(self.kind.clone()).set_signing_algorithm(self.algorithm.clone()).send().await?;
        Ok(())
    }
}
