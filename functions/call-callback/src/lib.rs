//! `POST /v1/calls/{challenge}/{token}/{event}`: the voice provider's webhooks.
//!
//! The signature is checked over the raw bytes before anything else, including any access to the store.
//! What the phone hears next depends only on the challenge's state after the webhook, so that a repeated
//! or late webhook gets a correct script and changes nothing.
//!
//! In calls that speak a code, the webhook for the answered call generates the code and stores its MAC in
//! the same write. The code cannot be repeated later: even this function no longer knows it.

use std::sync::Arc;
use std::time::Duration;

use domain::call::{CallEvent, Entry, Key};
use domain::challenge::Challenge;
use domain::code::{Code, MacKeys, SpokenCodeMacs};
use domain::policy::{CallMode, Policy};
use domain::ports::{ChallengeStore, KeySource, StoreError};
use domain::script::Script;
use domain::time::Timestamp;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use platform::callback::{self, Report, Webhook};
use platform::clock::{self, Stopwatch};
use platform::encoding::webhook_url;
use platform::problem::Failure;
use platform::{reply, retry, run, telemetry};

pub mod config;

pub struct App<S, T, K> {
    pub policy: Policy,
    /// Where the provider reaches the webhooks.
    pub public_base_url: String,
    /// Named at the start of each call.
    pub brand: String,
    pub store: S,
    pub tokens: T,
    /// `None` where calls neither take digits nor speak codes.
    pub keys: Option<K>,
}

impl<S: ChallengeStore, T: callback::TokenSource, K: KeySource> App<S, T, K> {
    pub async fn handle(&self, request: Request, now: Timestamp) -> Response<Body> {
        let watch = Stopwatch::start();
        run::conclude("call-callback", self.webhook(&request, now).await, watch, now)
    }

    async fn webhook(&self, request: &Request, now: Timestamp) -> Result<Response<Body>, Failure> {
        let tokens = self.tokens.tokens(now).await?;
        let webhook = Webhook::of(request, &self.public_base_url, &tokens)?;
        telemetry::webhook(webhook.kind.as_str());
        let Some(report) = &webhook.report else { return Ok(no_content()) };

        let (event, drawn) = self.event(report, &webhook, now).await?;
        let current = self.advance(&webhook, event, now).await?;
        tracing::info!(
            subject = ?webhook.challenge.key.subject, ?event, outcome = ?current.as_ref().map(|c| c.outcome), "webhook"
        );
        if !webhook.kind.expects_script() {
            return Ok(no_content());
        }
        let script = Script::next(current.as_ref(), &webhook.token, drawn.as_ref(), &self.policy, now);
        let (purpose, locale) =
            current.as_ref().map_or_else(Default::default, |challenge| (challenge.purpose, challenge.locale));
        let action =
            webhook_url(&self.public_base_url, &webhook.challenge, &webhook.token, callback::keys_go_to(script));
        Ok(reply::document(StatusCode::OK, "text/xml", callback::twiml(script, purpose, locale, &self.brand, &action)))
    }

    /// The event that the webhook reports, with the code it generated if this call speaks one. The keys
    /// are fetched only where they are needed, so that fraud can be reported even when they are unavailable.
    async fn event(
        &self,
        report: &Report,
        webhook: &Webhook,
        now: Timestamp,
    ) -> Result<(CallEvent, Option<(Code, SpokenCodeMacs)>), Failure> {
        let Webhook { challenge, token, .. } = webhook;
        let mode = self.policy.call_mode;
        let event = match report {
            Report::Progress(state) => CallEvent::Progress(*state),
            Report::Keyed(entry) => {
                let keys = if matches!(entry, Entry::Digits(_)) { self.keys(now).await? } else { None };
                CallEvent::keyed(*entry, mode, keys.as_deref(), challenge, token)
            }
            Report::Answered(by) if mode == CallMode::SpeakCode && by.may_approve(&self.policy) => {
                let Some(keys) = self.keys(now).await? else { return Ok((CallEvent::Answered(*by), None)) };
                let drawn = keys.speak(challenge, now, &mut clock::random());
                return Ok((CallEvent::Speaks(*by, drawn.1), Some(drawn)));
            }
            Report::Answered(by) => CallEvent::Answered(*by),
        };
        Ok((event, None))
    }

    async fn keys(&self, now: Timestamp) -> Result<Option<Arc<MacKeys>>, Failure> {
        let Some(keys) = &self.keys else { return Ok(None) };
        Ok(Some(keys.keys(now).await?))
    }

    /// Tries again after a conflict, because the provider does not.
    async fn advance(
        &self,
        webhook: &Webhook,
        event: CallEvent,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        let advance = || self.store.advance_call(&webhook.challenge, &webhook.token, event, &self.policy, now);
        retry::on_conflict(patience(event), advance).await
    }
}

/// How long an event is tried. A fraud report writes the subject in its transaction, and the attacker can
/// keep changing the subject by starting more sign-ins, so it gets more time than any other event.
const fn patience(event: CallEvent) -> Duration {
    match event {
        CallEvent::Pressed(Key::Fraud | Key::Block) => Duration::from_secs(4),
        _ => retry::PATIENCE,
    }
}

fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(http::header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response
}
