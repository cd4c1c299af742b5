//! The canary: signs in with a test number through the public address, as a user's browser and the login's backend do
//! together, and reports whether that worked.
//!
//! It proves that login, gateway, functions, table, keys and results work together, and nothing about messages: none is
//! sent to a test number. A failed run is a metric and a line with the step and its cause, never an error of the function,
//! which Lambda would run again at the cost of the account's limits.

use std::convert::Infallible;
use std::time::Duration;

use domain::time::Timestamp;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use platform::clock::Stopwatch;
use platform::jws::PublicKey;
use platform::result_check::{self, Expected, Number};
use platform::run::chain;
use platform::secrets::{Secret, SecretSource};
use platform::telemetry;
use serde_json::{Value, json};

use crate::account::Account;
use crate::client::{Cause, Client};
use crate::token::Login;

pub mod account;
pub mod client;
pub mod config;
pub mod token;

/// How long a run waits for an answer.
pub const LIMIT: Duration = Duration::from_secs(9);
/// The longest that a run takes, below the function's timeout: it waits for six answers.
pub const TIME: Duration = LIMIT.saturating_mul(6);

#[derive(Debug)]
pub struct App<S> {
    pub account: Secret<Account, S>,
    pub api: Api,
    pub client: Client,
}

/// What is checked, and what its results have to say.
#[derive(Debug)]
pub struct Api {
    /// Its public address, which is also the issuer of its results.
    pub base_url: String,
    pub audience: String,
    /// The first factor's claim that names the login session.
    pub session_claim: String,
}

/// A part of the sign-in. Each waits for one answer, the keys for two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Secret,
    FirstFactor,
    Start,
    Code,
    Keys,
    Result,
}

impl Step {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::FirstFactor => "first-factor",
            Self::Start => "start",
            Self::Code => "code",
            Self::Keys => "keys",
            Self::Result => "result",
        }
    }

    fn failed(self) -> impl Fn(Cause) -> Failed {
        move |cause| Failed { step: self, cause }
    }
}

/// Where a run ended, and why.
#[derive(Debug)]
pub struct Failed {
    pub step: Step,
    pub cause: Cause,
}

impl<S: SecretSource> App<S> {
    /// Signs in once, and reports how that went.
    pub async fn run(&self, now: Timestamp) -> Result<(), Infallible> {
        let watch = Stopwatch::start();
        let outcome = self.sign_in(now).await;
        let elapsed = watch.elapsed();
        telemetry::canary(outcome.is_ok().then_some(elapsed));
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok(()) => tracing::info!(function = FUNCTION, elapsed_ms, "signed in"),
            Err(Failed { step, cause }) => {
                let (step, cause) = (step.as_str(), chain(&cause));
                tracing::error!(function = FUNCTION, step, cause, elapsed_ms, "not signed in");
            }
        }
        Ok(())
    }

    /// The whole chain, which ends at the first step that fails.
    pub async fn sign_in(&self, now: Timestamp) -> Result<(), Failed> {
        let read = async { Ok(self.account.value(now).await?) };
        let account = self.client.in_time(read).await.map_err(Step::Secret.failed())?;
        let (token, login) = self.first_factor(&account).await.map_err(Step::FirstFactor.failed())?;
        self.start(&account, &token).await.map_err(Step::Start.failed())?;
        let result = self.prove(&account, &token).await.map_err(Step::Code.failed())?;
        let keys = self.keys().await.map_err(Step::Keys.failed())?;
        let expected = Expected {
            issuer: &self.api.base_url,
            audience: &self.api.audience,
            sub: &login.sub,
            txn: &login.txn,
            // The opposite of what a backend expects, which has to refuse a test number.
            number: Number::Test,
        };
        let checked = result_check::check(&result, |kid| PublicKey::of_set(&keys, kid), &expected, now);
        checked.map(drop).map_err(|wrong| Step::Result.failed()(wrong.into()))
    }

    async fn first_factor(&self, account: &Account) -> Result<(String, Login), Cause> {
        let answer = self.client.json(account.token_request()).await?;
        let token = answer.pointer(&account.token_at).and_then(Value::as_str);
        let token = token.ok_or(Cause::Wrong("the answer has no token at tokenAt"))?.to_owned();
        let login = Login::of(&token, &self.api.session_claim)?;
        Ok((token, login))
    }

    /// A challenge of an earlier run with the same token runs on, so that the code is good for it too.
    async fn start(&self, account: &Account, token: &str) -> Result<(), Cause> {
        let body = json!({ "channel": "sms", "phoneNumber": account.number.expose() });
        match self.post("/v1/challenge", token, &body).await?["state"].as_str() {
            Some("pending") => Ok(()),
            Some("approved") => {
                Err(Cause::Wrong("the challenge was approved before: the login handed out a used token"))
            }
            _ => Err(Cause::Wrong("the challenge is not pending")),
        }
    }

    async fn prove(&self, account: &Account, token: &str) -> Result<String, Cause> {
        let body = json!({ "code": account.code.expose() });
        let challenge = self.post("/v1/challenge/code", token, &body).await?;
        let result = challenge["resultToken"].as_str();
        result.map(str::to_owned).ok_or(Cause::Wrong("the answer has no resultToken"))
    }

    async fn post(&self, path: &str, token: &str, body: &Value) -> Result<Value, Cause> {
        let request = Request::post(format!("{}{path}", self.api.base_url))
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
        self.client.json(request).await
    }

    /// The published keys, found as any verifier finds them.
    async fn keys(&self) -> Result<Value, Cause> {
        let get = |url: &str| self.client.json(Request::get(url).body(String::new()));
        let discovery = get(&format!("{}/.well-known/openid-configuration", self.api.base_url)).await?;
        if discovery["issuer"] != *self.api.base_url {
            return Err(Cause::Wrong("the discovery document's issuer is not PublicBaseUrl"));
        }
        let keys = discovery["jwks_uri"].as_str().ok_or(Cause::Wrong("the discovery document has no jwks_uri"))?;
        // Keys of anybody else would vouch for anything, and a request to any address would be made for whoever writes it.
        if !keys.strip_prefix(&self.api.base_url).is_some_and(|path| path.starts_with('/')) {
            return Err(Cause::Wrong("the keys are not at PublicBaseUrl"));
        }
        get(keys).await
    }
}

const FUNCTION: &str = "canary";
