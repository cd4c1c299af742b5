//! `POST /v1/challenge/code`: judges one guess.
//!
//! Count, compare, consume. Counting is one conditional write that returns the challenge to compare
//! with. A right guess is consumed and its subject settled in one transaction, so that out of any number
//! of right guesses exactly one approves.

use domain::challenge::Challenge;
use domain::code::Code;
use domain::ports::{ChallengeStore, KeySource, Settlement, StoreError};
use domain::purpose::Purpose;
use domain::refusal::Refusal;
use domain::snapshot::Snapshot;
use domain::status::status;
use domain::switches::Switches;
use domain::time::Timestamp;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use platform::clock::Stopwatch;
use platform::edge::{self, Edge};
use platform::first_factor::FirstFactor;
use platform::problem::{Failure, Problem};
use platform::request::{Fields, TakeFields};
use platform::secrets::{SecretSource, SecretsManager};
use platform::settings::FactorSettings;
use platform::signer::ResultSigner;
use platform::{reply, retry, run, telemetry};

pub mod config;

pub struct App<S, K, R, E = SecretsManager> {
    /// Settings shared with the other functions.
    pub settings: FactorSettings,
    pub store: S,
    pub keys: K,
    pub signer: R,
    pub edge: Edge<E>,
}

impl<S: ChallengeStore, K: KeySource, R: ResultSigner, E: SecretSource> App<S, K, R, E> {
    pub async fn handle(&self, request: Request, now: Timestamp) -> Response<Body> {
        let watch = Stopwatch::start();
        run::conclude("verify-code", self.verify(&request, now).await, watch, now)
    }

    async fn verify(&self, request: &Request, now: Timestamp) -> Result<Response<Body>, Failure> {
        edge::admit(&self.edge, request, now).await?;
        let first_factor = FirstFactor::of(request, &self.settings.session, now)?;
        let (code, purpose) = guess(request)?;
        let keys = self.keys.keys(now).await?;

        let key = first_factor.challenge_for(purpose);
        let counted = retry::on_conflict(retry::PATIENCE, || self.store.count_guess(&key, now)).await?;
        let counted = counted.ok_or(Refusal::Closed)?;
        let by = counted.judge(&keys, &code);
        tracing::info!(subject = ?counted.id.key.subject, right = by.is_some(), attempts = counted.attempts, "judged");
        let Some(by) = by else {
            return Err(Refusal::WrongCode { attempts_left: counted.attempts_left() }.into());
        };
        let approved = self.consume(&counted.proven(by, now), now).await?.ok_or(Refusal::Closed)?;
        telemetry::converted(&approved);
        self.answer(approved, &first_factor, now).await
    }

    /// Approves and settles.
    async fn consume(&self, challenge: &Challenge, now: Timestamp) -> Result<Option<Challenge>, StoreError> {
        let policy = &self.settings.rules.policy;
        let settle = || self.store.settle(challenge, policy, now);
        Ok(match retry::on_conflict(retry::PATIENCE, settle).await? {
            Settlement::Settled(approved) => Some(*approved),
            Settlement::Refused(_) => None,
        })
    }

    async fn answer(
        &self,
        approved: Challenge,
        first_factor: &FirstFactor,
        now: Timestamp,
    ) -> Result<Response<Body>, Failure> {
        let purpose = approved.purpose;
        let mut stored = Snapshot::default();
        stored.settle(approved);
        // After an approval nothing is left to send, except to a new number: the start of that asks for the switches.
        let (rules, switches) = (&self.settings.rules, &Switches::NONE);
        let view = status(rules, switches, &stored, &first_factor.login(purpose), now);
        let token = match &view.approval {
            Some(approval) => Some(self.signer.sign(approval, first_factor).await?),
            None if purpose == Purpose::Change => None,
            None => return Err(Refusal::Closed.into()),
        };
        Ok(reply::challenge(StatusCode::OK, &view, token, self.settings.support_url.as_deref()))
    }
}

/// What the body says.
pub struct Guess {
    /// The code, whatever it looks like.
    pub code: String,
    /// What it is for.
    pub purpose: Purpose,
}

impl Guess {
    /// Takes the fields of the body.
    pub fn read(fields: &mut impl TakeFields) -> Result<Self, Problem> {
        Ok(Self { code: fields.text("code")?, purpose: fields.purpose()? })
    }
}

fn guess(request: &Request) -> Result<(Code, Purpose), Failure> {
    let mut fields = Fields::of(request)?;
    let Guess { code, purpose } = Guess::read(&mut fields)?;
    fields.finish()?;
    let code = Code::parse(&code).map_err(|_| Refusal::MalformedCode)?;
    Ok((code, purpose))
}
