//! The answer to Entra: an ID token, or an OpenID error, that the user's browser takes there.

use std::time::Duration;

use domain::policy::Policy;
use platform::result_check::Proof;
use serde::Serialize;

use crate::asked::{Acr, Amr};
use crate::login::EntraLogin;
use crate::reason::Reason;

/// The claims of the ID token. All follow from the login and its result, so that asking twice gives the same token.
#[derive(Serialize)]
pub struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    nonce: &'a str,
    iat: u64,
    exp: u64,
    acr: Acr,
    /// Entra takes exactly one.
    amr: [Amr; 1],
}

impl<'a> Claims<'a> {
    pub fn of(login: &'a EntraLogin, proof: &Proof, issuer: &'a str) -> Result<Self, Reason> {
        let life: Duration = Policy::RESULT_LIFE;
        Ok(Self {
            iss: issuer,
            aud: &login.client_id,
            sub: &login.hint_sub,
            nonce: &login.nonce,
            iat: proof.exp.saturating_sub(life.as_secs()), // when it was approved
            exp: proof.exp,
            acr: login.acr_asked,
            amr: [Amr::of(&proof.amr, &login.amr_asked).ok_or(Reason::Amr)?],
        })
    }
}

/// How far a login got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Begun,
    Answered,
    /// The user gave up.
    Cancelled,
    /// Entra has signed for this person, and we refuse all the same.
    Refused,
}

impl Step {
    pub const ALL: [Self; 4] = [Self::Begun, Self::Answered, Self::Cancelled, Self::Refused];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Answered => "answered",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
        }
    }
}

/// What the browser posts, beside the state.
pub enum Answer {
    Token(String),
    Error(&'static str),
}

impl Answer {
    pub const CANCELLED: Self = Self::Error("access_denied");

    #[must_use]
    pub const fn step(&self) -> Step {
        match self {
            Self::Token(_) => Step::Answered,
            Self::Error(_) => Step::Cancelled,
        }
    }

    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Token(token) => vec![("id_token", token)],
            Self::Error(error) => vec![("error", error), ("error_description", description(error))],
        }
    }
}

impl From<Reason> for Answer {
    fn from(reason: Reason) -> Self {
        Self::Error(reason.error())
    }
}

/// For the administrator who reads Entra's log. It says no more than the error: our own log has the reason.
fn description(error: &str) -> &'static str {
    match error {
        "temporarily_unavailable" => "The phone could not be asked just now.",
        "access_denied" => "The phone has not confirmed this sign-in.",
        _ => "The request cannot be served.",
    }
}
