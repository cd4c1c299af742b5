//! AWS End User Messaging SMS.
//!
//! Unlike SNS, it takes how long a code is of use, what to tell with each receipt, and later whether a code was used.
//! `SendTextMessage` has no idempotency token either: a message is sent once, without retries, and with a time limit
//! below the function's own. A `MessageId` means that AWS accepted the message, not that it arrived.

use std::error::Error;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_pinpointsmsvoicev2::Client;
use aws_sdk_pinpointsmsvoicev2::config::Builder;
use aws_sdk_pinpointsmsvoicev2::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_pinpointsmsvoicev2::operation::send_text_message::SendTextMessageError as Answer;
use aws_sdk_pinpointsmsvoicev2::operation::send_text_message::builders::SendTextMessageFluentBuilder;
use aws_sdk_pinpointsmsvoicev2::types::error::ValidationException;
use aws_sdk_pinpointsmsvoicev2::types::{
    AccessDeniedExceptionReason as Denied, ConflictExceptionReason as Conflict,
    DestinationCountryParameterKey as Parameter, MessageFeedbackStatus, MessageType, ResourceType,
    ServiceQuotaExceededExceptionReason as Quota, ValidationExceptionReason as Invalid,
};
use domain::delivery::SendFailure;
use domain::phone::Country;
use domain::ports::{Feedback, FeedbackError, SendError, Sent};
use domain::receipt::MessageId;
use thiserror::Error as ThisError;

use super::senders::Sender;
use super::{LiveCode, Publisher, SenderSettings, Text, common_refusal};
use crate::aws::never_sent;
use crate::encoding::{base64url, challenge_path};

/// What AWS takes as a message's time to live, in seconds.
const SHORTEST_LIFE: u64 = 5;
const LONGEST_LIFE: u64 = 259_200;

/// How often feedback is given, if it is not taken.
const TRIES: u32 = 3;

#[derive(Clone, Debug)]
pub struct EndUserMessaging {
    client: Client,
    settings: SenderSettings,
}

impl EndUserMessaging {
    /// With a client of its own that never tries twice.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: SenderSettings) -> Self {
        let once = Builder::from(config).retry_config(RetryConfig::disabled()).build();
        Self { client: Client::from_conf(once), settings }
    }

    fn request(&self, text: &Text<'_>, sender: Option<&Sender>) -> SendTextMessageFluentBuilder {
        let mut request = self
            .client
            .send_text_message()
            .destination_phone_number(text.to.expose())
            .set_origination_identity(sender.map(|sender| sender.identity.as_str().to_owned()))
            .message_body(&text.body)
            .message_type(MessageType::Transactional)
            .set_configuration_set_name(self.settings.configuration_set.clone())
            .set_max_price(self.settings.max_price.as_deref().map(price))
            // Only a code can be used: AWS would count every notice as failed after an hour.
            .message_feedback_enabled(text.code.is_some());
        if let Some(registration) = sender.and_then(|sender| sender.registration.as_ref()) {
            request = request
                .destination_country_parameters(Parameter::InEntityId, &registration.entity)
                .destination_country_parameters(Parameter::InTemplateId, registration.template(text.template));
        }
        let Some(LiveCode { life, challenge, receipt }) = text.code else { return request };
        request
            .set_time_to_live(i32::try_from(life.as_secs().clamp(SHORTEST_LIFE, LONGEST_LIFE)).ok())
            .context("challenge", challenge_path(challenge))
            .context("receipt", base64url(receipt.expose()))
    }
}

impl Publisher for EndUserMessaging {
    fn registers(&self, country: Country) -> bool {
        self.settings.senders.registers(country)
    }

    async fn publish(&self, text: Text<'_>, limit: Duration) -> Result<Sent, SendError> {
        let sender = self.settings.senders.of(text.country);
        let sent = Box::pin(self.request(&text, sender).customize().config_override(within(limit, limit)).send()).await;
        match sent.map(|accepted| accepted.message_id) {
            Ok(Some(id)) => Ok(Sent { id, sender: sender.map(|sender| sender.identity.as_str().to_owned()) }),
            Ok(None) => Err(SendError { kind: SendFailure::Unknown, source: Some(Box::new(Unidentified)) }),
            Err(error) => Err(SendError { kind: failure(&error), source: Some(cause(error)) }),
        }
    }
}

impl Feedback for EndUserMessaging {
    async fn converted(&self, message: &MessageId, limit: Duration) -> Result<(), FeedbackError> {
        let request = self
            .client
            .put_message_feedback()
            .message_id(message.as_str())
            .message_feedback_status(MessageFeedbackStatus::Received);
        let again = within(limit, limit / TRIES).retry_config(RetryConfig::standard().with_max_attempts(TRIES));
        Box::pin(request.customize().config_override(again).send()).await.map(drop).map_err(|error| match error {
            SdkError::ServiceError(answer) => {
                let (status, code) = (answer.raw().status().as_u16(), answer.err().code().map(str::to_owned));
                FeedbackError(Box::new(Refused { status, code, reason: None, fields: Vec::new() }))
            }
            unanswered => FeedbackError(Box::new(unanswered)),
        })
    }
}

fn within(limit: Duration, each: Duration) -> Builder {
    let timeouts = TimeoutConfig::builder().operation_timeout(limit).operation_attempt_timeout(each).build();
    Builder::new().timeout_config(timeouts)
}

/// AWS takes no amount without a point.
fn price(amount: &str) -> String {
    if amount.contains('.') { amount.to_owned() } else { format!("{amount}.0") }
}

#[derive(Debug, ThisError)]
#[error("End User Messaging accepted something, and gave it no id")]
struct Unidentified;

/// What was answered, without its message: that repeats the number, which no log may show.
#[derive(Debug, ThisError)]
#[error("End User Messaging answered {status}, code {code:?}, reason {reason:?}, fields {fields:?}")]
struct Refused {
    status: u16,
    code: Option<String>,
    reason: Option<String>,
    fields: Vec<String>,
}

fn cause(error: SdkError<Answer>) -> Box<dyn Error + Send + Sync> {
    let SdkError::ServiceError(answer) = error else { return Box::new(error) };
    let status = answer.raw().status().as_u16();
    let error = answer.err();
    let word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let reason = match error {
        Answer::AccessDeniedException(denied) => denied.reason().map(Denied::as_str),
        Answer::ConflictException(conflict) => conflict.reason().map(Conflict::as_str),
        Answer::ServiceQuotaExceededException(quota) => quota.reason().map(Quota::as_str),
        Answer::ValidationException(invalid) => invalid.reason().map(Invalid::as_str),
        Answer::ResourceNotFoundException(missing) => missing.resource_type().map(ResourceType::as_str),
        _ => None,
    };
    let fields = match error {
        Answer::ValidationException(invalid) => invalid.fields().iter().map(|field| field.name.as_str()).collect(),
        _ => Vec::new(),
    };
    Box::new(Refused {
        status,
        code: error.code().map(str::to_owned),
        reason: reason.filter(|reason| word(&reason.replace('-', "_"))).map(str::to_owned),
        fields: fields.into_iter().filter(|name| word(name)).map(str::to_owned).collect(),
    })
}

/// Only a 4xx says that the message was not taken: a 5xx, or a 200 that cannot be read, may come after it was.
fn failure(error: &SdkError<Answer>) -> SendFailure {
    match error {
        SdkError::ServiceError(answer) if answer.raw().status().is_client_error() => refusal(answer.err()),
        SdkError::ConstructionFailure(_) => SendFailure::ProviderFault,
        _ if never_sent(error) => SendFailure::ProviderFault,
        _ => SendFailure::Unknown,
    }
}

fn refusal(error: &Answer) -> SendFailure {
    match error {
        Answer::AccessDeniedException(_) => SendFailure::Unauthorized,
        Answer::ConflictException(conflict) => conflict.reason().map_or(SendFailure::ProviderFault, conflicting),
        Answer::InternalServerException(_) => SendFailure::Unknown,
        Answer::ResourceNotFoundException(_) => SendFailure::ProviderFault,
        Answer::ServiceQuotaExceededException(quota) => quota.reason().map_or(SendFailure::ProviderFault, exceeded),
        Answer::ThrottlingException(_) => SendFailure::Throttled,
        Answer::ValidationException(invalid) => invalid_request(invalid),
        other => common_refusal(other.code().unwrap_or_default()),
    }
}

/// A country that the account's protection blocks, and a number that the sandbox doesn't know, wait for an operator.
/// All other reasons are about our own sender.
const fn conflicting(reason: &Conflict) -> SendFailure {
    match reason {
        Conflict::DestinationPhoneNumberOptedOut => SendFailure::OptedOut,
        Conflict::DestinationPhoneNumberBlockedByProtectNumberOverride => SendFailure::NumberRefused,
        Conflict::DestinationCountryBlockedByProtectConfiguration | Conflict::DestinationPhoneNumberNotVerified => {
            SendFailure::NotPermitted
        }
        _ => SendFailure::ProviderFault,
    }
}

const fn exceeded(reason: &Quota) -> SendFailure {
    match reason {
        Quota::MonthlySpendLimitReachedForText
        | Quota::MonthlySpendLimitReachedForRcs
        | Quota::MonthlySpendLimitReachedForNotify
        | Quota::MonthlySpendLimitReachedForMedia
        | Quota::MonthlySpendLimitReachedForVoice => SendFailure::SpendLimit,
        Quota::DailyDestinationCallLimit | Quota::DailyNotifyTierMessageLimit => SendFailure::Throttled,
        _ => SendFailure::ProviderFault,
    }
}

/// A user is to blame only where the field is the number, as typed: the same exception refuses our own sender, price or
/// text, which no other number would mend.
fn invalid_request(error: &ValidationException) -> SendFailure {
    match error.reason() {
        Some(Invalid::DestinationCountryBlocked | Invalid::CountryNotEnabled) => SendFailure::NotPermitted,
        Some(
            Invalid::InternationalSendingNotSupported
            | Invalid::InvalidIdentityForDestinationCountry
            | Invalid::PriceOverThreshold
            | Invalid::SenderIdNotRegistered
            | Invalid::SenderIdNotSupported
            | Invalid::SenderIdRequiresRegistration,
        ) => SendFailure::ProviderFault,
        _ if error.fields().iter().any(|field| field.name == "DestinationPhoneNumber") => SendFailure::NumberRefused,
        _ => SendFailure::ProviderFault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every reason in the service's model, also those that only other operations give. A newer model with more of them
    /// fails here, so that somebody decides.
    #[test]
    fn every_reason_of_the_model_is_classified() {
        use SendFailure::{NotPermitted, NumberRefused, OptedOut, ProviderFault, SpendLimit, Throttled};
        let invalid = |reason: &str| invalid_request(&ValidationException::builder().reason(reason.into()).build());
        let mut classified: Vec<(&str, SendFailure)> = Vec::new();
        classified.extend(Conflict::values().iter().map(|reason| (*reason, conflicting(&(*reason).into()))));
        classified.extend(Quota::values().iter().map(|reason| (*reason, exceeded(&(*reason).into()))));
        classified.extend(Invalid::values().iter().map(|reason| (*reason, invalid(reason))));
        assert_eq!((Conflict::values().len(), Quota::values().len(), Invalid::values().len()), (41, 28, 43));
        classified.retain(|(_, failure)| *failure != ProviderFault);
        assert_eq!(
            classified,
            [
                ("DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION", NotPermitted),
                ("DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE", NumberRefused),
                ("DESTINATION_PHONE_NUMBER_NOT_VERIFIED", NotPermitted),
                ("DESTINATION_PHONE_NUMBER_OPTED_OUT", OptedOut),
                ("DAILY_DESTINATION_CALL_LIMIT", Throttled),
                ("DAILY_NOTIFY_TIER_MESSAGE_LIMIT", Throttled),
                ("MONTHLY_SPEND_LIMIT_REACHED_FOR_MEDIA", SpendLimit),
                ("MONTHLY_SPEND_LIMIT_REACHED_FOR_NOTIFY", SpendLimit),
                ("MONTHLY_SPEND_LIMIT_REACHED_FOR_RCS", SpendLimit),
                ("MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT", SpendLimit),
                ("MONTHLY_SPEND_LIMIT_REACHED_FOR_VOICE", SpendLimit),
                ("COUNTRY_NOT_ENABLED", NotPermitted),
                ("DESTINATION_COUNTRY_BLOCKED", NotPermitted),
            ]
        );
    }

    #[test]
    fn a_price_has_a_point() {
        assert_eq!(["1", "0.10", "25"].map(price), ["1.0", "0.10", "25.0"]);
    }
}
