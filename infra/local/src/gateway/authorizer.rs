//! The JWT authorizer: a bearer token signed with RS256 by one of the issuer's published keys, of that
//! issuer, for this audience, and within its time.

use anyhow::{Context, Result, ensure};
use axum::http::{HeaderMap, header::AUTHORIZATION};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use crate::clock;
use crate::development::AUDIENCE;
use crate::jwt::{KeySet, Token};

/// Checks tokens of one issuer.
pub(crate) struct Authorizer {
    http: reqwest::Client,
    issuer: String,
    keys: Mutex<Option<KeySet>>,
}

impl Authorizer {
    /// An authorizer that fetches the issuer's keys when the first token comes.
    pub(crate) fn new(http: reqwest::Client, issuer: String) -> Self {
        Self { http, issuer, keys: Mutex::default() }
    }

    /// The claims of the request's token, if it is good.
    pub(crate) async fn check(&self, headers: &HeaderMap) -> Result<Map<String, Value>> {
        let token = Token::parse(bearer(headers).context("there is no bearer token")?)?;
        self.check_signature(&token).await?;
        self.check_claims(&token, clock::epoch_seconds())?;
        Ok(token.claims)
    }

    async fn check_signature(&self, token: &Token) -> Result<()> {
        let kid = &token.header.kid;
        let mut keys = self.keys.lock().await;
        let known = match keys.take().filter(|keys| keys.key(kid).is_some()) {
            Some(known) => known,
            None => KeySet::discover(&self.http, &self.issuer).await?,
        };
        let keys = keys.insert(known);
        token.verify(keys.key(kid).with_context(|| format!("the issuer has no key {kid}"))?)
    }

    fn check_claims(&self, token: &Token, now: u64) -> Result<()> {
        ensure!(token.text("iss")? == self.issuer, "the issuer is another");
        ensure!(token.is_for(AUDIENCE), "the audience is another");
        ensure!(token.seconds("exp")? > now, "it has expired");
        for claim in ["nbf", "iat"] {
            if token.claims.contains_key(claim) {
                ensure!(token.seconds(claim)? <= now, "{claim} is in the future");
            }
        }
        Ok(())
    }
}

/// The token of the Authorization header; the gateway takes it with or without `Bearer`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    match value.split_once(' ') {
        Some((scheme, token)) => scheme.eq_ignore_ascii_case("bearer").then_some(token.trim()),
        None => Some(value),
    }
}
