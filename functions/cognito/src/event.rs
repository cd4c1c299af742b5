//! What Cognito sends to its triggers, parsed strictly: of the event itself only `response` changes.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::define::{Answered, Challenge, Next};

/// An event of one of the four triggers, for a user pool.
#[derive(Debug, Deserialize)]
pub struct Event {
    #[serde(rename = "userPoolId")]
    pub pool: String,
    #[serde(flatten)]
    pub trigger: Trigger,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "triggerSource", content = "request")]
pub enum Trigger {
    #[serde(rename = "DefineAuthChallenge_Authentication")]
    Define(Define),
    #[serde(rename = "CreateAuthChallenge_Authentication")]
    Create(Create),
    #[serde(rename = "VerifyAuthChallengeResponse_Authentication")]
    Verify(Verify),
    /// Tokens are next: Define has allowed them, or has allowed those that the refresh token came with.
    #[serde(rename = "TokenGeneration_Authentication", alias = "TokenGeneration_RefreshTokens")]
    Tokens(IgnoredAny),
    /// So are they for a new password instead of a temporary one, which Cognito doesn't ask Define about.
    #[serde(rename = "TokenGeneration_NewPasswordChallenge")]
    NewPassword(IgnoredAny),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Define {
    /// The challenges answered so far, the first one first.
    pub session: Vec<Answered>,
    /// Cognito asks about names without a user, so that nobody can tell which there are.
    pub user_not_found: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Create {
    pub user_attributes: User,
    pub user_not_found: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verify {
    pub user_attributes: User,
    pub user_not_found: Option<bool>,
    pub private_challenge_parameters: Option<Private>,
    pub challenge_answer: Option<String>,
}

/// The user's attributes. All of them are strings.
#[derive(Debug, Deserialize)]
pub struct User {
    /// Missing if there is no such user.
    pub sub: Option<String>,
    phone_number: Option<String>,
    phone_number_verified: Option<String>,
}

impl User {
    /// The number, if the pool has it verified. Whoever signed up could have typed another one.
    #[must_use]
    pub fn verified_number(&self) -> Option<String> {
        let verified = self.phone_number_verified.as_deref() == Some("true");
        self.phone_number.clone().filter(|number| verified && !number.is_empty())
    }
}

/// What Create tells Verify, and nobody else.
#[derive(Debug, Deserialize, Serialize)]
pub struct Private {
    pub login: Option<String>,
}

/// What Create tells the app, and through it the page.
#[derive(Debug, Serialize)]
pub struct Public {
    /// The first-factor token.
    pub token: String,
    /// The login page's address.
    pub page: String,
}

#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Response {
    Define {
        #[serde(skip_serializing_if = "Option::is_none")]
        challenge_name: Option<Challenge>,
        issue_tokens: bool,
        fail_authentication: bool,
    },
    Create {
        public_challenge_parameters: Public,
        private_challenge_parameters: Private,
    },
    Verify {
        answer_correct: bool,
    },
}

impl From<Next> for Response {
    fn from(next: Next) -> Self {
        let challenge_name = match next {
            Next::Ask(challenge) => Some(challenge),
            Next::IssueTokens | Next::Fail => None,
        };
        let (issue_tokens, fail_authentication) = (next == Next::IssueTokens, next == Next::Fail);
        Self::Define { challenge_name, issue_tokens, fail_authentication }
    }
}

/// The event and what it says, or nothing if it is not one of these triggers.
#[must_use]
pub fn read(text: &str) -> Option<(Value, Event)> {
    let event: Value = serde_json::from_str(text).ok()?;
    let parsed = Event::deserialize(&event).ok()?;
    Some((event, parsed))
}
