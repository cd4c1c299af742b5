//! `GET /v1/challenge`: everything the page needs to render and, once approved, the result token.
//!
//! Normally one read. A challenge that was approved in a call is settled by the first status request
//! after it; the next one completes a settle that was interrupted.

use domain::challenge::Outcome;
use domain::identity::ChallengeKey;
use domain::ports::{ChallengeStore, KeySource, Settlement, SwitchStore};
use domain::snapshot::Snapshot;
use domain::status::{asks_for_digits, status};
use domain::time::Timestamp;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use platform::clock::Stopwatch;
use platform::edge::{self, Edge};
use platform::first_factor::FirstFactor;
use platform::problem::Failure;
use platform::secrets::{SecretSource, SecretsManager};
use platform::settings::FactorSettings;
use platform::signer::ResultSigner;
use platform::switchboard::Switchboard;
use platform::{reply, request, retry, run, telemetry};

pub mod config;

pub struct App<S, R, K, E = SecretsManager> {
    /// Settings shared with the other functions.
    pub settings: FactorSettings,
    pub store: S,
    pub switchboard: Switchboard,
    pub signer: R,
    /// `None` where the page shows no digits to enter in a call.
    pub keys: Option<K>,
    pub edge: Edge<E>,
}

impl<S: ChallengeStore + SwitchStore, R: ResultSigner, K: KeySource, E: SecretSource> App<S, R, K, E> {
    pub async fn handle(&self, request: Request, now: Timestamp) -> Response<Body> {
        let watch = Stopwatch::start();
        run::conclude("get-challenge", self.status(&request, now).await, watch, now)
    }

    async fn status(&self, request: &Request, now: Timestamp) -> Result<Response<Body>, Failure> {
        edge::admit(&self.edge, request, now).await?;
        let first_factor = FirstFactor::of(request, &self.settings.session, now)?;
        let purpose = request::purpose_of_query(request)?;
        let login = first_factor.login(purpose);
        let key = login.key;
        let switches = self.switchboard.current(&self.store, now);
        let (stored, switches) = tokio::join!(self.store.load(&key.subject), switches);
        let (mut stored, switches) = (stored?, switches?);
        self.complete_settling(&mut stored, &key, now).await?;
        let rules = &self.settings.rules;
        let mut view = status(rules, &switches, &stored, &login, now);
        let policy = &rules.policy;
        // The keys are read only where a call asks for digits, which in the default mode is seldom.
        let own = stored.challenge(&key).filter(|own| asks_for_digits(policy, own, now).is_some());
        if let (Some(keys), Some(own)) = (&self.keys, own) {
            view.show_digits(policy, &*keys.keys(now).await?, Some(own), now);
        }
        let token = match &view.approval {
            Some(approval) => Some(self.signer.sign(approval, &first_factor).await?),
            None => None,
        };
        Ok(reply::challenge(StatusCode::OK, &view, token, self.settings.support_url.as_deref()))
    }

    async fn complete_settling(
        &self,
        stored: &mut Snapshot,
        key: &ChallengeKey,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Some(challenge) = stored.challenge(key) else { return Ok(()) };
        if !matches!(challenge.outcome, Outcome::Approved { settled: false, .. }) {
            return Ok(());
        }
        let settle = || self.store.settle(challenge, &self.settings.rules.policy, now);
        let settlement = retry::on_conflict(retry::PATIENCE, settle).await?;
        if let Settlement::Settled(approved) = &settlement {
            telemetry::converted(approved);
        }
        let (Settlement::Settled(current) | Settlement::Refused(current)) = settlement;
        tracing::info!(subject = ?key.subject, outcome = ?current.outcome, "settled");
        stored.settle(*current);
        Ok(())
    }
}
