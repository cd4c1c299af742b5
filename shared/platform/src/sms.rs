//! Messages through SNS: codes, and notices to numbers that were replaced.
//!
//! `Publish` has no idempotency token for SMS, so a message is published once: no retry, and a time
//! limit under the function's own. A `MessageId` says that SNS took it, not that it arrived.

use std::error::Error;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::{BuildError, ProvideErrorMetadata as _, SdkError};
use aws_sdk_sns::operation::publish::PublishError;
use aws_sdk_sns::types::MessageAttributeValue;
use domain::follow_up::Notice;
use domain::phone::PhoneNumber;
use domain::ports::{Message, Notifier, SendError, SendFailure, SmsSender};
use thiserror::Error as ThisError;

use crate::aws::never_sent;
use crate::config::Environment;
use crate::settings::table;

/// How messages are sent, whatever they say.
#[derive(Clone, Debug)]
pub struct SmsSettings {
    /// Whom they speak for: at most 16 characters.
    pub brand: String,
    /// The sender that phones show, where the country allows one.
    pub sender_id: Option<String>,
    /// The number to send from.
    pub origination_number: Option<String>,
    /// The most that one message may cost, in US dollars.
    pub max_price: Option<String>,
    /// India's registration of the sender.
    pub entity_id: Option<String>,
}

impl SmsSettings {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let brand = env.get(&table::BRAND);
        let sender_id = env.get(&table::SMS_SENDER_ID);
        let origination_number = env.get(&table::SMS_ORIGINATION_NUMBER);
        let max_price = env.get(&table::SMS_MAX_PRICE);
        let entity_id = env.get(&table::SMS_ENTITY_ID);
        Some(Self {
            brand: brand?,
            sender_id: sender_id?,
            origination_number: origination_number?,
            max_price: max_price?,
            entity_id: entity_id?,
        })
    }
}

/// What is particular to messages with codes.
#[derive(Clone, Debug)]
pub struct CodeSettings {
    /// The host of the page that takes the code: at most 24 characters.
    pub host: String,
    /// India's registration of the text.
    pub template_id: Option<String>,
}

/// What is particular to notices.
#[derive(Clone, Debug)]
pub struct NoticeSettings {
    /// Where to send who did not change the number.
    pub support_url: Option<String>,
    /// India's registration of the text.
    pub template_id: Option<String>,
}

/// Sends codes through SNS.
#[derive(Clone, Debug)]
pub struct SnsSender {
    publisher: Publisher,
    settings: CodeSettings,
}

impl SnsSender {
    /// A sender with a client of its own that never tries twice.
    #[must_use]
    pub fn new(config: &SdkConfig, sms: SmsSettings, settings: CodeSettings) -> Self {
        Self { publisher: Publisher::new(config, sms), settings }
    }
}

impl SmsSender for SnsSender {
    async fn send(&self, message: &Message<'_>, limit: Duration) -> Result<(), SendError> {
        let Message { to, code, purpose, locale } = *message;
        let text = locale.sms(purpose, &self.publisher.settings.brand, &self.settings.host, code);
        self.publisher.publish(to, text, self.settings.template_id.as_deref(), limit).await
    }
}

/// Sends notices through SNS.
#[derive(Clone, Debug)]
pub struct SnsNotifier {
    publisher: Publisher,
    settings: NoticeSettings,
}

impl SnsNotifier {
    /// A notifier with a client of its own that never tries twice.
    #[must_use]
    pub fn new(config: &SdkConfig, sms: SmsSettings, settings: NoticeSettings) -> Self {
        Self { publisher: Publisher::new(config, sms), settings }
    }
}

impl Notifier for SnsNotifier {
    async fn notify(&self, notice: &Notice, limit: Duration) -> Result<(), SendError> {
        let brand = &self.publisher.settings.brand;
        let text = notice.locale.notice(brand, &notice.new, self.settings.support_url.as_deref());
        self.publisher.publish(&notice.to, text, self.settings.template_id.as_deref(), limit).await
    }
}

#[derive(Clone, Debug)]
struct Publisher {
    client: Client,
    settings: SmsSettings,
}

impl Publisher {
    fn new(config: &SdkConfig, settings: SmsSettings) -> Self {
        let once = aws_sdk_sns::config::Builder::from(config).retry_config(RetryConfig::disabled()).build();
        Self { client: Client::from_conf(once), settings }
    }

    /// Publishes a text once.
    async fn publish(
        &self,
        to: &PhoneNumber,
        text: String,
        template_id: Option<&str>,
        limit: Duration,
    ) -> Result<(), SendError> {
        let mut publish = self.client.publish().phone_number(to.expose()).message(text);
        for (name, kind, value) in self.attributes(template_id) {
            publish = publish.message_attributes(name, attribute(kind, value).map_err(incomplete)?);
        }
        let timeouts = TimeoutConfig::builder().operation_timeout(limit).operation_attempt_timeout(limit).build();
        let once = aws_sdk_sns::config::Builder::new().timeout_config(timeouts);
        match Box::pin(publish.customize().config_override(once).send()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(SendError { kind: failure(&error), source: Some(cause(error)) }),
        }
    }

    /// The attributes that SNS takes with a message. `Transactional`, since the default is
    /// `Promotional`, which may be late or dropped.
    fn attributes<'a>(
        &'a self,
        template_id: Option<&'a str>,
    ) -> impl Iterator<Item = (&'static str, &'static str, &'a str)> {
        let settings = &self.settings;
        [
            ("AWS.SNS.SMS.SMSType", "String", Some("Transactional")),
            ("AWS.SNS.SMS.SenderID", "String", settings.sender_id.as_deref()),
            ("AWS.SNS.SMS.MaxPrice", "Number", settings.max_price.as_deref()),
            ("AWS.MM.SMS.OriginationNumber", "String", settings.origination_number.as_deref()),
            ("AWS.MM.SMS.EntityId", "String", settings.entity_id.as_deref()),
            ("AWS.MM.SMS.TemplateId", "String", template_id),
        ]
        .into_iter()
        .filter_map(|(name, kind, value)| Some((name, kind, value?)))
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
        "InvalidParameter" | "InvalidParameterValue" | "ParameterValueInvalid" | "OptedOut" => {
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
