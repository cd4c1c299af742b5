//! `POST /v1/calls/{challenge}/{token}/{event}`: the voice provider's webhooks.
//!
//! The signature is checked over the raw bytes before anything else, the store included. What the
//! phone hears next follows from the challenge as it stands after the webhook, so that a repeated,
//! late or overtaken webhook hears what is true and changes nothing.

use domain::locale::Locale;
use domain::policy::Policy;
use domain::ports::{ChallengeStore, StoreError};
use domain::script::Script;
use domain::time::Timestamp;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use platform::callback::{self, Webhook};
use platform::clock::Stopwatch;
use platform::encoding::webhook_url;
use platform::problem::{Failure, Problem};
use platform::{reply, run};

pub mod config;

/// What the function works with.
pub struct App<S, T> {
    /// The numbers of the policy.
    pub policy: Policy,
    /// The address under which the provider reaches the webhooks.
    pub public_base_url: String,
    /// Who speaks.
    pub brand: String,
    /// Where challenges are kept.
    pub store: S,
    /// The provider's signing tokens.
    pub tokens: T,
}

impl<S: ChallengeStore, T: callback::TokenSource> App<S, T> {
    /// Answers one webhook.
    pub async fn handle(&self, request: Request, now: Timestamp) -> Response<Body> {
        let watch = Stopwatch::start();
        run::conclude("call-callback", self.webhook(&request, now).await, watch, now)
    }

    async fn webhook(&self, request: &Request, now: Timestamp) -> Result<Response<Body>, Failure> {
        let tokens = self.tokens.tokens(now).await;
        let tokens = tokens.map_err(|error| Failure::caused(Problem::TemporarilyUnavailable, error))?;
        let Webhook { challenge, token, kind, event } = Webhook::of(request, &self.public_base_url, &tokens)?;

        let Some(event) = event else { return Ok(no_content()) };
        let advance = || self.store.advance_call(&challenge, &token, event, &self.policy, now);
        let stands = match advance().await {
            Err(StoreError::Conflict) => advance().await?, // it changed nothing, and the provider does not try again
            stands => stands?,
        };
        tracing::info!(subject = ?challenge.key.subject, ?event, outcome = ?stands.as_ref().map(|c| c.outcome), "webhook");
        if !kind.expects_script() {
            return Ok(no_content());
        }
        let script = Script::next(stands.as_ref(), &token, &self.policy, now);
        let locale = stands.map_or(Locale::default(), |challenge| challenge.locale);
        let action = webhook_url(&self.public_base_url, &challenge, &token, "digits");
        Ok(reply::document(StatusCode::OK, "text/xml", callback::twiml(script, locale, &self.brand, &action)))
    }
}

fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(http::header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response
}
