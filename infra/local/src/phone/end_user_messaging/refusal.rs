//! The errors of End User Messaging, as its service model has them: an exception with a reason, and what it concerns.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::faults::SmsFault;

const NAMESPACE: &str = "com.amazonaws.pinpointsmsvoicev2";

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Exception {
    AccessDenied,
    Conflict,
    InternalServer,
    ResourceNotFound,
    /// Of the protocol, not of the service: the body is no JSON, or a member has another type.
    Serialization,
    ServiceQuotaExceeded,
    Throttling,
    UnknownOperation,
    Validation,
}

#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) exception: Exception,
    pub(super) more: Map<String, Value>,
}

/// A member that the service model doesn't allow, and why.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) member: &'static str,
    pub(super) message: String,
}

impl Exception {
    fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "AccessDeniedException",
            Self::Conflict => "ConflictException",
            Self::InternalServer => "InternalServerException",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::Serialization => "SerializationException",
            Self::ServiceQuotaExceeded => "ServiceQuotaExceededException",
            Self::Throttling => "ThrottlingException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::Validation => "ValidationException",
        }
    }
}

impl Refusal {
    fn new(exception: Exception, message: impl Into<String>) -> Self {
        Self { exception, more: Map::from_iter([("Message".to_owned(), json!(message.into()))]) }
    }

    fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.more.insert(member.to_owned(), value.into());
        self
    }

    fn because(self, reason: &'static str) -> Self {
        self.with("Reason", reason)
    }

    fn about(self, kind: &'static str, id: &str) -> Self {
        self.with("ResourceType", kind).with("ResourceId", id)
    }

    /// What `SendTextMessage` answers while the switch is set to `fault`.
    pub(super) fn of_send(fault: SmsFault) -> Option<Self> {
        use Exception::{
            AccessDenied, Conflict, InternalServer, ResourceNotFound, ServiceQuotaExceeded, Throttling, Validation,
        };
        Some(match fault {
            SmsFault::None | SmsFault::Timeout => return None,
            SmsFault::Throttle => Self::new(Throttling, "Rate exceeded"),
            SmsFault::Auth => Self::new(AccessDenied, "The user is not authorized to perform this operation"),
            SmsFault::Internal => Self::new(InternalServer, "An internal error has occurred")
                .with("RequestId", Uuid::new_v4().to_string()),
            SmsFault::Disabled => Self::new(AccessDenied, "The account is disabled").because("ACCOUNT_DISABLED"),
            SmsFault::Reputation => Self::new(AccessDenied, "The account's reputation is insufficient")
                .because("INSUFFICIENT_ACCOUNT_REPUTATION"),
            SmsFault::OptedOut => Self::new(Conflict, "The destination phone number is opted out")
                .because("DESTINATION_PHONE_NUMBER_OPTED_OUT"),
            SmsFault::Unverified => Self::new(Conflict, "The destination phone number is not verified")
                .because("DESTINATION_PHONE_NUMBER_NOT_VERIFIED"),
            SmsFault::CountryBlocked => Self::new(Conflict, "The protect configuration blocks the country")
                .because("DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION"),
            SmsFault::NumberBlocked => Self::new(Conflict, "The protect configuration blocks the number")
                .because("DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE"),
            SmsFault::NoSender => Self::new(Conflict, "No origination identity can send to this destination")
                .because("NO_ORIGINATION_IDENTITIES_FOUND"),
            SmsFault::UnknownSender => {
                Self::new(ResourceNotFound, "The origination identity does not exist").about("pool", "pool-unknown")
            }
            SmsFault::UnfitSender => Self::new(Validation, "The origination identity cannot send to this country")
                .because("INVALID_IDENTITY_FOR_DESTINATION_COUNTRY"),
            SmsFault::SpendLimit => Self::new(ServiceQuotaExceeded, "The monthly spend limit for text is reached")
                .because("MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"),
        })
    }

    /// What `PutMessageFeedback` answers then. It sends nothing, so it fails only with the service or the account.
    pub(super) fn of_feedback(fault: SmsFault) -> Option<Self> {
        let ends_all = [Exception::AccessDenied, Exception::InternalServer, Exception::Throttling];
        Self::of_send(fault).filter(|refusal| ends_all.contains(&refusal.exception))
    }

    pub(super) fn unknown_operation(target: &str) -> Self {
        Self::new(Exception::UnknownOperation, format!("{target} is not emulated here"))
    }

    pub(super) fn unknown_message(id: &str) -> Self {
        Self::new(Exception::ResourceNotFound, "There is no message that awaits feedback with this id")
            .about("message", id)
    }

    pub(super) fn unreadable(error: &serde_json::Error) -> Self {
        Self::new(Exception::Serialization, error.to_string())
    }

    /// Names every fault at once.
    pub(super) fn invalid(faults: &[Fault]) -> Self {
        let fields: Vec<Value> =
            faults.iter().map(|fault| json!({ "Name": fault.member, "Message": fault.message })).collect();
        Self::new(Exception::Validation, format!("{} members failed to satisfy their constraints", faults.len()))
            .because("FIELD_VALIDATION_FAILED")
            .with("Fields", fields)
    }

    pub(super) fn too_expensive(price: f64) -> Self {
        Self::new(Exception::Validation, format!("The message costs {price} USD, more than MaxPrice"))
            .because("PRICE_OVER_THRESHOLD")
    }

    pub(super) fn status(&self) -> StatusCode {
        match self.exception {
            Exception::InternalServer => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    pub(super) fn body(&self) -> Value {
        let mut body = self.more.clone();
        body.insert("__type".to_owned(), json!(format!("{NAMESPACE}#{}", self.exception.name())));
        Value::Object(body)
    }
}
