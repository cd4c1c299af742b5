//! The three kinds of token, each with a key of its own in KMS: first-factor tokens are minted and read back, results are
//! read, answers are signed.

use std::time::Duration;

use aws_config::SdkConfig;
use domain::time::Timestamp;
use platform::door::{Issuer, ResultKeys};
use platform::door_settings::Results;
use platform::jws::PublicKey;
use platform::kms::{KeyError, SignError, SigningKey};
use serde::Serialize;
use tokio::sync::OnceCell;

use crate::config::Config;
use crate::login::EntraLogin;

pub struct Tokens {
    config: SdkConfig,
    issuer: Issuer,
    life: Duration,
    results: Results,
    answers: SigningKey,
    /// Public keys never change, so each is read once. What fails is tried again at the next request.
    issuer_key: OnceCell<PublicKey>,
    result_keys: OnceCell<ResultKeys>,
}

impl Tokens {
    #[must_use]
    pub fn new(aws: &SdkConfig, config: &Config) -> Self {
        let logins = config.door.logins.clone();
        Self {
            config: aws.clone(),
            issuer: Issuer::new(aws, logins.key, logins.issuer, logins.audience),
            life: config.registration.hint_age,
            results: config.door.results.clone(),
            answers: SigningKey::new(aws, config.answer_key.clone()),
            issuer_key: OnceCell::new(),
            result_keys: OnceCell::new(),
        }
    }

    /// Reads the keys during init, which gets a whole CPU for it and opens the connection to KMS. A request can do without.
    pub async fn prepare(&self) {
        let (issuer, results) = tokio::join!(self.issuer_key(), self.result_keys());
        for error in [issuer.err(), results.err()].into_iter().flatten() {
            tracing::warn!(cause = platform::run::chain(&error), "no public key yet");
        }
    }

    /// The first-factor token of a login. Nothing in it depends on when this is asked, so the same request gets the same.
    pub async fn mint(&self, login: &EntraLogin, since: Timestamp) -> Result<String, SignError> {
        self.issuer.mint(login, since, self.life).await
    }

    /// The login that a first-factor token is of, and the token's end, if it was minted here for a login through Entra.
    pub async fn login(&self, token: &str) -> Result<Option<(EntraLogin, Timestamp)>, KeyError> {
        Ok(self.issuer.read(token, self.issuer_key().await?))
    }

    pub async fn result_keys(&self) -> Result<&ResultKeys, KeyError> {
        let Results { key, second_key, .. } = &self.results;
        self.result_keys.get_or_try_init(|| ResultKeys::read(&self.config, key.clone(), second_key.clone())).await
    }

    /// An answer to Entra.
    pub async fn sign(&self, claims: &impl Serialize) -> Result<String, SignError> {
        self.answers.sign("JWT", claims).await
    }

    async fn issuer_key(&self) -> Result<&PublicKey, KeyError> {
        self.issuer_key.get_or_try_init(|| self.issuer.public_key()).await
    }
}
