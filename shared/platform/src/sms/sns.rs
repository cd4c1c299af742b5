//! SNS.
//!
//! `Publish` has no idempotency token for SMS, so a message is published once: without retries, and with a time limit
//! below the function's own. A `MessageId` means that SNS accepted the message, not that it arrived.

use std::error::Error;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::{BuildError, ProvideErrorMetadata as _, SdkError};
use aws_sdk_sns::operation::publish::PublishError;
use aws_sdk_sns::types::MessageAttributeValue;
use domain::delivery::SendFailure;
use domain::phone::Country;
use domain::ports::{SendError, Sent};
use thiserror::Error as ThisError;

use super::identity::{Identity, Template};
use super::senders::Sender;
use super::{Publisher, SenderSettings, Text, common_refusal};
use crate::aws::never_sent;

#[derive(Clone, Debug)]
pub struct Sns {
    client: Client,
    settings: SenderSettings,
}

impl Sns {
    /// With a client of its own that never tries twice.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: SenderSettings) -> Self {
        let once = aws_sdk_sns::config::Builder::from(config).retry_config(RetryConfig::disabled()).build();
        Self { client: Client::from_conf(once), settings }
    }

    /// The attributes that SNS takes with a message. `Transactional`, since the default is
    /// `Promotional`, which may be late or dropped.
    fn attributes<'a>(
        &'a self,
        template: Template,
        sender: Option<&'a Sender>,
    ) -> impl Iterator<Item = (&'static str, &'static str, &'a str)> {
        let identity = sender.map(|sender| &sender.identity);
        let registration = sender.and_then(|sender| sender.registration.as_ref());
        let (name, number) = match identity {
            Some(Identity::SenderId(name)) => (Some(name.as_str()), None),
            Some(Identity::Number(number) | Identity::ShortCode(number)) => (None, Some(number.as_str())),
            Some(Identity::Pool(_)) | None => (None, None), // the settings refuse a pool with SNS
        };
        [
            ("AWS.SNS.SMS.SMSType", "String", Some("Transactional")),
            ("AWS.SNS.SMS.SenderID", "String", name),
            ("AWS.SNS.SMS.MaxPrice", "Number", self.settings.max_price.as_deref()),
            ("AWS.MM.SMS.OriginationNumber", "String", number),
            ("AWS.MM.SMS.EntityId", "String", registration.map(|ids| ids.entity.as_str())),
            ("AWS.MM.SMS.TemplateId", "String", registration.map(|ids| ids.template(template))),
        ]
        .into_iter()
        .filter_map(|(name, kind, value)| Some((name, kind, value?)))
    }
}

impl Publisher for Sns {
    fn registers(&self, country: Country) -> bool {
        self.settings.senders.registers(country)
    }

    async fn publish(&self, text: Text<'_>, limit: Duration) -> Result<Sent, SendError> {
        let Text { to, country, template, body, .. } = text;
        let sender = self.settings.senders.of(country);
        let mut publish = self.client.publish().phone_number(to.expose()).message(body);
        for (name, kind, value) in self.attributes(template, sender) {
            publish = publish.message_attributes(name, attribute(kind, value).map_err(incomplete)?);
        }
        let timeouts = TimeoutConfig::builder().operation_timeout(limit).operation_attempt_timeout(limit).build();
        let once = aws_sdk_sns::config::Builder::new().timeout_config(timeouts);
        match Box::pin(publish.customize().config_override(once).send()).await {
            Ok(accepted) => Ok(Sent {
                id: accepted.message_id.unwrap_or_default(),
                sender: sender.map(|sender| sender.identity.as_str().to_owned()),
            }),
            Err(error) => Err(SendError { kind: failure(&error), source: Some(cause(error)) }),
        }
    }
}

fn attribute(kind: &str, value: &str) -> Result<MessageAttributeValue, BuildError> {
    MessageAttributeValue::builder().data_type(kind).string_value(value).build()
}

fn incomplete(error: BuildError) -> SendError {
    SendError { kind: SendFailure::ProviderFault, source: Some(Box::new(error)) }
}

/// What SNS answered, without its message: that repeats the number, which no log may show.
#[derive(Debug, ThisError)]
#[error("SNS answered {status}, code {code:?}")]
struct Refused {
    status: u16,
    code: Option<String>,
}

fn cause(error: SdkError<PublishError>) -> Box<dyn Error + Send + Sync> {
    match error {
        SdkError::ServiceError(answer) => {
            Box::new(Refused { status: answer.raw().status().as_u16(), code: answer.err().code().map(str::to_owned) })
        }
        unanswered => Box::new(unanswered),
    }
}

/// Only a 4xx says that SNS did not take the message: a 5xx, or a 200 that cannot be read, may come
/// after it did.
fn failure(error: &SdkError<PublishError>) -> SendFailure {
    match error {
        SdkError::ServiceError(answer) if answer.raw().status().is_client_error() => refusal(answer.err()),
        SdkError::ConstructionFailure(_) => SendFailure::ProviderFault,
        _ if never_sent(error) => SendFailure::ProviderFault,
        _ => SendFailure::Unknown,
    }
}

fn refusal(error: &PublishError) -> SendFailure {
    let code = error.code().unwrap_or_default();
    let message = error.message().unwrap_or_default().to_ascii_lowercase();
    if message.contains("spend") || message.contains("quota") {
        return SendFailure::SpendLimit;
    }
    match code.strip_suffix("Exception").unwrap_or(code) {
        "OptedOut" => SendFailure::OptedOut,
        "InvalidParameter" | "InvalidParameterValue" | "ParameterValueInvalid" if names_the_number(&message) => {
            SendFailure::NumberRefused
        }
        code if code.starts_with("KMS") && code.contains("Throttl") => SendFailure::Throttled,
        code if code.starts_with("KMS") => SendFailure::Unauthorized,
        code => common_refusal(code),
    }
}

/// Whether a refusal, in lower case, is about the user's number: `invalid parameter: phonenumber reason: …`. The same
/// code refuses our own sender, price or text, for which no user is to blame and which no other number would mend.
fn names_the_number(message: &str) -> bool {
    let parameter = message.split("reason:").next().unwrap_or_default().replace("phone number", "phonenumber");
    let mut words = parameter.split(|character: char| !character.is_ascii_alphanumeric());
    let of_the_sender = ["sender", "origination"].iter().any(|sender| parameter.contains(sender));
    words.any(|word| word == "phonenumber") && !of_the_sender
}

#[cfg(test)]
mod tests {
    use aws_sdk_sns::types::error::InvalidParameterException;
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    #[test]
    fn the_number_that_sns_repeats_is_in_no_cause() {
        let reason = "Invalid parameter: PhoneNumber Reason: +14155552671 is not valid to publish to";
        let known = InvalidParameterException::builder()
            .message(reason)
            .meta(ErrorMetadata::builder().code("InvalidParameter").message(reason).build())
            .build();
        let unknown = ErrorMetadata::builder().code("InvalidParameter").message(reason).build();
        for error in [PublishError::InvalidParameterException(known), PublishError::generic(unknown)] {
            let body = SdkBody::from(format!("<Message>{reason}</Message>"));
            let answer = HttpResponse::new(StatusCode::try_from(400).expect("a status"), body);
            let error = SdkError::service_error(error, answer);
            assert_eq!(failure(&error), SendFailure::NumberRefused);
            let cause = cause(error);
            let shown = format!("{cause} {cause:?}");
            assert!(shown.contains("400") && shown.contains("InvalidParameter"), "{shown}");
            assert!(!shown.contains("4155552671") && cause.source().is_none(), "{shown}");
        }
    }
}
