//! Why a request is refused: one word for the log and the metric, and what Entra is told.

use std::error::Error;

use http::StatusCode;
use http::header::InvalidHeaderValue;
use platform::kms::{KeyError, SignError};
use platform::problem::{Failure, Problem};
use platform::result_check::Wrong;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])* $name:ident = $word:literal,)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason {
            $($(#[doc = $doc])* $name,)+
        }

        impl Reason {
            pub const ALL: &[Self] = &[$(Self::$name),+];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

reasons! {
    /// The request did not come through the edge, where there is one.
    Edge = "edge",
    /// No form, or one whose fields are given twice or are missing.
    Form = "form",
    Size = "size",
    Client = "client",
    RedirectUri = "redirect-uri",
    State = "state",
    ResponseType = "response-type",
    ResponseMode = "response-mode",
    Scope = "scope",
    Nonce = "nonce",
    Claims = "claims",
    /// A phone gives none of the kinds of assurance that are asked for.
    Acr = "acr",
    /// The same of the methods.
    Amr = "amr",
    HintFormat = "hint-format",
    HintTenant = "hint-tenant",
    HintIssuer = "hint-issuer",
    HintAudience = "hint-audience",
    HintAge = "hint-age",
    HintPerson = "hint-person",
    /// Entra publishes no such key for this tenant.
    HintKey = "hint-key",
    HintSignature = "hint-signature",
    EntraUnreachable = "entra-unreachable",
    /// The first-factor token is not one of a login through Entra.
    Login = "login",
    /// Another browser began the login, or one that keeps no cookies.
    Browser = "browser",
    Expired = "expired",
    Result = "result",
    TestNumber = "test-number",
    /// KMS didn't answer.
    Unavailable = "unavailable",
}

impl Reason {
    /// The error as OpenID Connect names it. What a second try may mend is not what it calls denied.
    #[must_use]
    pub const fn error(self) -> &'static str {
        match self {
            Self::ResponseType => "unsupported_response_type",
            Self::Form | Self::Size | Self::State | Self::ResponseMode | Self::Scope | Self::Nonce | Self::Claims => {
                "invalid_request"
            }
            Self::EntraUnreachable | Self::Unavailable => "temporarily_unavailable",
            _ => "access_denied",
        }
    }

    /// The status of the page that the user gets where nothing may be sent back.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Size => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Edge => StatusCode::FORBIDDEN,
            Self::EntraUnreachable | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Whether it is neither the user's nor Entra's fault.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::EntraUnreachable | Self::Unavailable)
    }
}

/// A request that is refused.
#[derive(Debug)]
pub struct Refused {
    pub reason: Reason,
    /// For the log alone. It repeats nothing of the request.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
    /// Whether Entra has signed the hint. Others can be refused as often as anybody likes; of these, somebody is stuck.
    pub is_signed: bool,
}

impl Refused {
    pub fn caused(reason: Reason, cause: impl Error + Send + Sync + 'static) -> Self {
        Self { reason, cause: Some(Box::new(cause)), is_signed: false }
    }

    #[must_use]
    pub const fn signed(reason: Reason) -> Self {
        Self { reason, cause: None, is_signed: true }
    }
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        Self { reason, cause: None, is_signed: false }
    }
}

/// What the edge's check says: the request came around it, or its secret can't be read.
impl From<Failure> for Refused {
    fn from(Failure { problem, cause }: Failure) -> Self {
        let reason = if matches!(problem, Problem::EdgeRequired) { Reason::Edge } else { Reason::Unavailable };
        Self { reason, cause, is_signed: false }
    }
}

impl From<SignError> for Refused {
    fn from(error: SignError) -> Self {
        Self::caused(Reason::Unavailable, error)
    }
}

impl From<KeyError> for Refused {
    fn from(error: KeyError) -> Self {
        Self::caused(Reason::Unavailable, error)
    }
}

impl From<Wrong> for Refused {
    fn from(wrong: Wrong) -> Self {
        let reason = match wrong {
            Wrong::TestNumber => Reason::TestNumber,
            Wrong::Expired => Reason::Expired,
            _ => Reason::Result,
        };
        Self::caused(reason, wrong)
    }
}

/// What is not text never gets here: state and token were read as text, and are encoded.
impl From<InvalidHeaderValue> for Refused {
    fn from(error: InvalidHeaderValue) -> Self {
        Self::caused(Reason::Unavailable, error)
    }
}
