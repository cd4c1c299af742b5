//! The JWT authorizer. It accepts a bearer token that is signed with RS256 by one of the issuer's published
//! keys, names that issuer and this audience, and is neither expired nor from the future. API Gateway documents no
//! allowance for clocks that differ, so there is none here.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::http::{HeaderMap, header::AUTHORIZATION};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use crate::clock;
use crate::development::AUDIENCE;
use crate::jwt::{KeySet, Token};

pub(crate) struct Authorizer {
    http: reqwest::Client,
    issuer: String,
    keys: Mutex<Option<KeySet>>,
}

impl Authorizer {
    /// An authorizer that fetches the issuer's keys when the first token arrives.
    pub(crate) fn new(http: reqwest::Client, issuer: String) -> Self {
        Self { http, issuer, keys: Mutex::default() }
    }

    /// The claims of the request's token, if it is valid.
    pub(crate) async fn check(&self, headers: &HeaderMap) -> Result<Map<String, Value>> {
        let token = Token::parse(bearer(headers).context("there is no bearer token")?)?;
        self.check_signature(&token).await?;
        self.check_claims(&token, clock::since_epoch())?;
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

    fn check_claims(&self, token: &Token, now: Duration) -> Result<()> {
        ensure!(token.text("iss")? == self.issuer, "wrong issuer");
        ensure!(token.is_for(AUDIENCE), "wrong audience");
        ensure!(token.time("exp")? > now, "the token has expired");
        for claim in ["nbf", "iat"] {
            if token.claims.contains_key(claim) {
                ensure!(token.time(claim)? <= now, "{claim} is in the future");
            }
        }
        Ok(())
    }
}

/// The token in the Authorization header; the gateway accepts it with or without `Bearer`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    match value.split_once(' ') {
        Some((scheme, token)) => scheme.eq_ignore_ascii_case("bearer").then_some(token.trim()),
        None => Some(value),
    }
}
