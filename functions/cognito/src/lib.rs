//! The three triggers of an Amazon Cognito user pool's custom authentication: Define says which challenge is next, Create
//! mints a first-factor token for the page, Verify checks the result that the page got. A fourth, before tokens are issued,
//! refuses those that Define wasn't asked about.
//!
//! Cognito waits five seconds for an answer and then asks again, up to three times: nothing here writes anything, so that a
//! second answer is as good as the first. Two answers of Create name two logins, and Cognito keeps only the last one.
//!
//! What is wrong with an event is an error, which Cognito shows to the app as a refused sign-in: no message says more than
//! the app may know.

use std::time::Duration;

use domain::time::Timestamp;
use platform::clock::{self, Stopwatch};
use platform::door::{Issuer, Login, ResultKeys};
use platform::encoding::base64url;
use platform::kms::SignError;
use platform::result_check::{self, Expected, Number, Wrong};
use platform::run::chain;
use rand::RngExt as _;
use serde_json::{Value, json};
use thiserror::Error as ThisError;

use crate::define::Next;
use crate::event::{Create, Define, Private, Public, Response, Trigger, User, Verify};

pub mod config;
pub mod define;
pub mod event;

/// As long as the longest session that Cognito allows, after which nobody could use the result.
const TOKEN_LIFE: Duration = Duration::from_mins(15);
const FUNCTION: &str = "cognito";

#[derive(Debug)]
pub struct App {
    /// The only user pool whose events are answered: its id is in the name of every account.
    pub pool: String,
    pub issuer: Issuer,
    pub results: Results,
}

/// What results are checked by.
#[derive(Debug)]
pub struct Results {
    pub keys: ResultKeys,
    /// The API's public address, which is also that of the page.
    pub base_url: String,
    pub audience: String,
}

/// Why an event is refused. Cognito passes the text on to the app.
#[derive(Debug, ThisError)]
pub enum Refused {
    #[error("the event is not one of a custom authentication")]
    Event,
    #[error("sign in again with the new password")]
    NewPassword,
    #[error("the event is of another user pool")]
    Pool,
    #[error("there is no such user")]
    NoUser,
    #[error("no token now")]
    Unsigned(#[from] SignError),
}

/// Why an answer is not taken. It is logged, so it repeats nothing of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum NotTaken {
    #[error("there is no such user")]
    NoUser,
    #[error("the challenge names no login")]
    NoLogin,
    #[error("there is no answer")]
    NoAnswer,
    #[error(transparent)]
    Result(#[from] Wrong),
}

impl App {
    /// The event with its response.
    pub async fn handle(&self, event: &str, now: Timestamp) -> Result<Value, Refused> {
        let watch = Stopwatch::start();
        let answer = self.answer(event, now).await;
        let elapsed_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &answer {
            Ok(_) => tracing::info!(function = FUNCTION, elapsed_ms, "answered"),
            Err(refused) => tracing::error!(function = FUNCTION, cause = chain(refused), elapsed_ms, "not answered"),
        }
        answer
    }

    async fn answer(&self, event: &str, now: Timestamp) -> Result<Value, Refused> {
        let (mut event, parsed) = event::read(event).ok_or(Refused::Event)?;
        if parsed.pool != self.pool {
            return Err(Refused::Pool);
        }
        let response = match parsed.trigger {
            Trigger::Define(request) => define(&request).into(),
            Trigger::Create(request) => self.create(request, now).await?,
            Trigger::Verify(request) => Response::Verify { answer_correct: self.verify(&request, now) },
            Trigger::Tokens(_) => return Ok(event),
            // Only an error keeps Cognito from issuing them.
            Trigger::NewPassword(_) => return Err(Refused::NewPassword),
        };
        event["response"] = json!(response);
        Ok(event)
    }

    async fn create(&self, request: Create, now: Timestamp) -> Result<Response, Refused> {
        let user = request.user_attributes;
        let sub = self.account(&user, request.user_not_found).ok_or(Refused::NoUser)?;
        let number = user.verified_number();
        let login = Login {
            sub,
            jti: base64url(&clock::random().random::<[u8; 16]>()),
            auth_time: now.as_unix(),
            amr: vec!["pwd".to_owned()],
            phone_number_verified: number.is_some().then_some(true),
            phone_number: number,
        };
        let token = self.issuer.mint(&login, now, TOKEN_LIFE).await?;
        let page = format!("{}/", self.results.base_url);
        Ok(Response::Create {
            public_challenge_parameters: Public { token, page },
            private_challenge_parameters: Private { login: Some(login.jti) },
        })
    }

    /// Whether the answer is the result of this user's login. It reads nothing but the event, so that asking twice gives
    /// the same answer.
    fn verify(&self, request: &Verify, now: Timestamp) -> bool {
        let checked = self.check(request, now);
        if let Err(cause) = checked {
            tracing::warn!(function = FUNCTION, cause = %cause, "answer refused");
        }
        checked.is_ok()
    }

    fn check(&self, request: &Verify, now: Timestamp) -> Result<(), NotTaken> {
        let sub = self.account(&request.user_attributes, request.user_not_found).ok_or(NotTaken::NoUser)?;
        let login = request.private_challenge_parameters.as_ref().and_then(|private| private.login.as_deref());
        let answer = request.challenge_answer.as_deref().ok_or(NotTaken::NoAnswer)?;
        let expected = Expected {
            issuer: &self.results.base_url,
            audience: &self.results.audience,
            sub: &sub,
            txn: login.ok_or(NotTaken::NoLogin)?,
            number: Number::Real,
        };
        result_check::check(answer, |kid| self.results.keys.find(kid), &expected, now)?;
        Ok(())
    }

    /// The name of the user's account: of this pool alone, since another one may have a user with the same id.
    fn account(&self, user: &User, not_found: Option<bool>) -> Option<String> {
        let sub = user.sub.as_deref().filter(|sub| !sub.is_empty() && not_found != Some(true))?;
        Some(format!("cognito:{}:{sub}", self.pool))
    }
}

fn define(request: &Define) -> Next {
    if request.user_not_found == Some(true) { Next::Fail } else { define::next(&request.session) }
}
