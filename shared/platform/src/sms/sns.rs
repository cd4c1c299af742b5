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
use domain::phone::PhoneNumber;
use domain::ports::{SendError, Sent};
use thiserror::Error as ThisError;

use super::Publisher;
use crate::aws::never_sent;
use crate::settings::{Environment, Setting, table};

#[derive(Clone, Debug, Default)]
pub struct SnsSettings {
    /// The sender that phones show, where the country allows one.
    pub sender_id: Option<String>,
    pub origination_number: Option<String>,
    /// In US dollars.
    pub max_price: Option<String>,
    /// India's registration of the sender.
    pub entity_id: Option<String>,
    /// India's registration of the text.
    pub template_id: Option<String>,
}

impl SnsSettings {
    /// `template` is the setting that names the registration of this function's text.
    pub fn read(env: &mut Environment, template: &Setting<Option<String>>) -> Option<Self> {
        let sender_id = env.get(&table::SMS_SENDER_ID);
        let origination_number = env.get(&table::SMS_ORIGINATION_NUMBER);
        let max_price = env.get(&table::SMS_MAX_PRICE);
        let entity_id = env.get(&table::SMS_ENTITY_ID);
        let template_id = env.get(template);
        Some(Self {
            sender_id: sender_id?,
            origination_number: origination_number?,
            max_price: max_price?,
            entity_id: entity_id?,
            template_id: template_id?,
        })
    }
}

#[derive(Clone, Debug)]
pub struct Sns {
    client: Client,
    settings: SnsSettings,
}

impl Sns {
    /// With a client of its own that never tries twice.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: SnsSettings) -> Self {
        let once = aws_sdk_sns::config::Builder::from(config).retry_config(RetryConfig::disabled()).build();
        Self { client: Client::from_conf(once), settings }
    }

    /// The attributes that SNS takes with a message. `Transactional`, since the default is
    /// `Promotional`, which may be late or dropped.
    fn attributes(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        let settings = &self.settings;
        [
            ("AWS.SNS.SMS.SMSType", "String", Some("Transactional")),
            ("AWS.SNS.SMS.SenderID", "String", settings.sender_id.as_deref()),
            ("AWS.SNS.SMS.MaxPrice", "Number", settings.max_price.as_deref()),
            ("AWS.MM.SMS.OriginationNumber", "String", settings.origination_number.as_deref()),
            ("AWS.MM.SMS.EntityId", "String", settings.entity_id.as_deref()),
            ("AWS.MM.SMS.TemplateId", "String", settings.template_id.as_deref()),
        ]
        .into_iter()
        .filter_map(|(name, kind, value)| Some((name, kind, value?)))
    }
}

impl Publisher for Sns {
    async fn publish(&self, to: &PhoneNumber, text: String, limit: Duration) -> Result<Sent, SendError> {
        let mut publish = self.client.publish().phone_number(to.expose()).message(text);
        for (name, kind, value) in self.attributes() {
            publish = publish.message_attributes(name, attribute(kind, value).map_err(incomplete)?);
        }
        let timeouts = TimeoutConfig::builder().operation_timeout(limit).operation_attempt_timeout(limit).build();
        let once = aws_sdk_sns::config::Builder::new().timeout_config(timeouts);
        match Box::pin(publish.customize().config_override(once).send()).await {
            Ok(accepted) => Ok(Sent {
                id: accepted.message_id.unwrap_or_default(),
                sender: self.settings.origination_number.clone().or_else(|| self.settings.sender_id.clone()),
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
        "AuthorizationError"
        | "AccessDenied"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "InvalidSecurity" => SendFailure::Unauthorized,
        "Throttled" | "Throttling" | "TooManyRequests" => SendFailure::Throttled,
        _ => SendFailure::ProviderFault,
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
