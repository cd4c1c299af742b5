//! Problem documents (RFC 9457): the only place where refusals and failures become HTTP responses.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use domain::phone::{Form, PhoneRefusal};
use domain::ports::{KeyError, StoreError};
use domain::quota::SendLimit;
use domain::refusal::Refusal;
use domain::switches::{Invalid, TooMany};
use domain::time::Timestamp;
use http::{HeaderValue, Response, StatusCode};
use lambda_http::Body;
use serde::Serialize;

use crate::{clock, reply};

/// What a problem's `type` begins with, before its name.
pub const PREFIX: &str = "urn:alliance-mfa:problem:";

/// What the caller sees of a request that was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The first factor's claims are missing, or one cannot be parsed.
    Unauthenticated(&'static str),
    SessionMissing,
    AuthenticationTooOld,
    MalformedJson,
    InvalidField {
        field: String,
        fault: &'static str,
    },
    BodyTooLarge,
    /// The body's media type is not JSON, or it is compressed.
    UnsupportedMediaType,
    /// The rules refuse the request.
    Refused(Refusal),
    /// The number's owner has stopped messages to it. Calls still reach it.
    NumberOptedOut,
    /// The provider certainly did not send.
    DeliveryFailed,
    /// A service behind us is down, or another request got in between.
    TemporarilyUnavailable,
    SignatureInvalid,
    /// The request did not come through the edge.
    EdgeRequired,
    /// IAM has not verified a caller.
    CallerUnknown,
    /// As many switches are set as can be.
    TooManySwitches,
    /// Enrolment is to be opened for an account that has a number.
    PhoneEnrolled,
    /// There is no record of the subject.
    SubjectUnknown,
    NotFound,
    Internal,
}

impl Problem {
    #[must_use]
    pub fn invalid_field(field: &str, fault: &'static str) -> Self {
        Self::InvalidField { field: field.chars().take(64).collect(), fault }
    }

    /// The last part of the problem's `type`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unauthenticated(_) => "unauthenticated",
            Self::SessionMissing => "session-missing",
            Self::AuthenticationTooOld => "authentication-too-old",
            Self::MalformedJson => "malformed-json",
            Self::InvalidField { .. } => "invalid-field",
            Self::BodyTooLarge => "body-too-large",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::Refused(refusal) => refusal.as_str(),
            Self::NumberOptedOut => "number-opted-out",
            Self::DeliveryFailed => "delivery-failed",
            Self::TemporarilyUnavailable => "temporarily-unavailable",
            Self::SignatureInvalid => "signature-invalid",
            Self::EdgeRequired => "edge-required",
            Self::CallerUnknown => "caller-unknown",
            Self::TooManySwitches => "too-many-switches",
            Self::PhoneEnrolled => "phone-enrolled",
            Self::SubjectUnknown => "subject-unknown",
            Self::NotFound => "not-found",
            Self::Internal => "internal",
        }
    }

    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::SessionMissing
            | Self::AuthenticationTooOld
            | Self::SignatureInvalid
            | Self::EdgeRequired
            | Self::CallerUnknown => StatusCode::FORBIDDEN,
            Self::MalformedJson | Self::InvalidField { .. } => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Refused(refusal) => refusal_status(refusal),
            Self::NumberOptedOut | Self::TooManySwitches | Self::PhoneEnrolled => StatusCode::CONFLICT,
            Self::DeliveryFailed | Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::SubjectUnknown | Self::NotFound => StatusCode::NOT_FOUND,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn detail(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Unauthenticated("mfa_browser") => {
                "This sign-in was started in another browser. Continue there, or start again in this one."
            }
            Self::Unauthenticated(_) => "The first factor's token lacks a claim, or one cannot be read.",
            Self::SessionMissing => "The first factor's token does not name its login session.",
            Self::AuthenticationTooOld => "The first factor was given too long ago. Sign in again.",
            Self::MalformedJson => "The body must be one JSON object.",
            Self::InvalidField { field, fault } => return Cow::Owned(format!("{field} {fault}.")),
            Self::BodyTooLarge => "The body must not be larger than 4 KiB.",
            Self::UnsupportedMediaType => "The body must be application/json, and not compressed.",
            Self::Refused(refusal) => refusal_detail(refusal),
            Self::NumberOptedOut => {
                "Messages to this number were stopped by a reply of STOP. Call it instead, or have its owner reply START."
            }
            Self::DeliveryFailed => "It could not be sent. Try the other channel, or again in a moment.",
            Self::TemporarilyUnavailable => "Please try again in a moment. Nothing is lost.",
            Self::SignatureInvalid => "The request is not signed by the voice provider.",
            Self::EdgeRequired => "Use the public address of this service.",
            Self::CallerUnknown => "IAM has named no caller.",
            Self::TooManySwitches => "As many switches are set as can be. Clear one first.",
            Self::PhoneEnrolled => "A phone number is enrolled for this account. Reset it first.",
            Self::SubjectUnknown => "Nothing is known of this account.",
            Self::NotFound => "There is no such resource.",
            Self::Internal => "Something went wrong on our side.",
        })
    }

    fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::Refused(
                Refusal::Blocked(at)
                | Refusal::TooManyFailures(at)
                | Refusal::ChannelPaused(at)
                | Refusal::EnrolmentPaused(at),
            ) => Some(*at),
            Self::Refused(Refusal::SendLimit(limit)) => Some(limit.retry_at),
            _ => None,
        }
    }

    fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        match self {
            Self::DeliveryFailed | Self::TemporarilyUnavailable => Some(Duration::from_secs(1)),
            _ => self.retry_at().map(|at| at.since(now)),
        }
    }

    #[must_use]
    pub fn response(&self, now: Timestamp) -> Response<Body> {
        let name = self.name();
        let mut document = Document {
            kind: format!("{PREFIX}{name}"),
            title: name.replace('-', " "),
            status: self.status().as_u16(),
            detail: self.detail(),
            retry_at: self.retry_at().map(clock::rfc3339),
            ..Document::default()
        };
        match self {
            Self::Unauthenticated(claim) => document.claim = Some(claim),
            Self::InvalidField { field, .. } => document.field = Some(field),
            Self::Refused(Refusal::WrongCode { attempts_left }) => document.attempts_left = Some(*attempts_left),
            Self::Refused(Refusal::SendLimit(limit)) => document.limit = Some(limit.limit.as_str()),
            Self::Refused(Refusal::Number(PhoneRefusal::Country(country))) => document.country = Some(country.as_str()),
            Self::Refused(Refusal::Number(PhoneRefusal::Ambiguous { national, international })) => {
                let readings = [(Form::National, national), (Form::International, international)];
                document.readings = Some(
                    readings
                        .map(|(reading, country)| Readable { reading: reading.as_str(), country: country.as_str() }),
                );
            }
            _ => {}
        }
        // Only strings and numbers, so this cannot fail.
        let document = serde_json::to_string(&document).unwrap_or_default();
        let mut response = reply::document(self.status(), "application/problem+json", document);
        let headers = response.headers_mut();
        if let Some(after) = self.retry_after(now) {
            headers.insert(http::header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        if let Self::Refused(Refusal::SendLimit(limit)) = self {
            for (name, value) in rate_limit_fields(limit, now) {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    headers.insert(name, value);
                }
            }
        }
        response
    }
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    detail: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_left: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    readings: Option<[Readable<'a>; 2]>,
}

/// One way to read a number, without the number.
#[derive(Serialize)]
struct Readable<'a> {
    reading: &'static str,
    country: &'a str,
}

/// The fields of draft-ietf-httpapi-ratelimit-headers, without a partition key.
fn rate_limit_fields(limit: &SendLimit, now: Timestamp) -> [(&'static str, String); 2] {
    let SendLimit { limit, quota, window, retry_at } = limit;
    let name = limit.as_str();
    [
        ("ratelimit-policy", format!("\"{name}\";q={quota};w={}", window.as_secs())),
        ("ratelimit", format!("\"{name}\";r=0;t={}", retry_at.since(now).as_secs())),
    ]
}

const fn refusal_status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NumberRequired | Refusal::Number(_) | Refusal::MalformedCode | Refusal::WrongCode { .. } => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Refusal::NumberKnown
        | Refusal::NumberOutdated
        | Refusal::ProofRequired
        | Refusal::NothingToChange
        | Refusal::ChannelUnavailable
        | Refusal::ChannelPaused(_) => StatusCode::CONFLICT,
        Refusal::EnrolmentClosed
        | Refusal::EnrolmentPaused(_)
        | Refusal::Denied
        | Refusal::Blocked(_)
        | Refusal::Locked => StatusCode::FORBIDDEN,
        Refusal::TooManyFailures(_) | Refusal::SendLimit(_) => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Closed => StatusCode::GONE,
    }
}

const fn refusal_detail(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NumberRequired => "No phone number is known for this account. Send one in phoneNumber.",
        Refusal::Number(PhoneRefusal::Invalid) => "This is not a valid phone number. Include the country code.",
        Refusal::Number(PhoneRefusal::Ambiguous { .. }) => {
            "These digits can be two numbers. Let the user choose, and say which in reading."
        }
        Refusal::Number(PhoneRefusal::Type) => "Numbers of this type cannot be used. Give a mobile number.",
        Refusal::Number(PhoneRefusal::Country(_)) => {
            "Numbers of this country or territory cannot be used here. One that shares its code with an allowed country \
             has to be allowed itself."
        }
        Refusal::Number(PhoneRefusal::Unavailable) => "This number cannot be used here. Give another one.",
        Refusal::ProofRequired => "Prove the current phone number first: start without phoneNumber.",
        Refusal::NothingToChange => "No phone number is enrolled for this account, so there is none to change.",
        Refusal::NumberOutdated => {
            "The phone number of this account is no longer valid in its country. An administrator has to reset it."
        }
        Refusal::NumberKnown => "A phone number is already known for this account.",
        Refusal::EnrolmentClosed => "No phone number is known for this account, and none can be added here.",
        Refusal::ChannelUnavailable => "This channel cannot reach this number. Use the other one.",
        Refusal::ChannelPaused(_) => "This channel is stopped for a while. Use the other one, or wait.",
        Refusal::EnrolmentPaused(_) => "For a while, no phone number can be added or changed.",
        Refusal::Denied => "This sign-in was stopped from the phone. Sign in again if it was you.",
        Refusal::Blocked(_) => "A sign-in was reported as fraud. The phone factor is blocked for a time.",
        Refusal::Locked => "Too many wrong codes. An administrator has to unlock the phone factor.",
        Refusal::TooManyFailures(_) => "Too many wrong codes. Wait before the next try.",
        Refusal::SendLimit(_) => "Too many messages and calls. Wait before the next one.",
        Refusal::MalformedCode => "A code is exactly six digits. This did not cost an attempt.",
        Refusal::WrongCode { .. } => "This code is wrong.",
        Refusal::Closed => "There is nothing to confirm: the code was used, has expired, or was never asked for.",
    }
}

/// A request that was refused or failed: what the caller sees, and the cause that only the log shows.
#[derive(Debug)]
pub struct Failure {
    pub problem: Problem,
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    pub fn caused(problem: Problem, cause: impl Error + Send + Sync + 'static) -> Self {
        Self { problem, cause: Some(Box::new(cause)) }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self { problem, cause: None }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Problem::Refused(refusal).into()
    }
}

impl From<Invalid> for Problem {
    fn from(Invalid { field, fault }: Invalid) -> Self {
        Self::invalid_field(field, fault)
    }
}

impl From<TooMany> for Problem {
    fn from(_: TooMany) -> Self {
        Self::TooManySwitches
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let problem = match error {
            StoreError::Conflict | StoreError::Unavailable(_) => Problem::TemporarilyUnavailable,
            StoreError::Unreadable(_) => Problem::Internal,
        };
        Self::caused(problem, error)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::caused(Problem::TemporarilyUnavailable, error)
    }
}
