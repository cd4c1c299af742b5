//! Compact RS256 tokens (RFC 7515, RFC 7519) and the key sets that verify them, found by discovery.
//! The issuer signs; the gateway, the demo and the demo backend verify. RS256 is the only algorithm.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::keys::{Jwk, SigningKey};

/// Signs `claims` as a token of type `JWT`.
pub(crate) fn sign(key: &SigningKey, claims: &Map<String, Value>) -> Result<String> {
    sign_as(key, "JWT", claims)
}

/// Signs `claims` as a token of type `typ`.
pub(crate) fn sign_as(key: &SigningKey, typ: &str, claims: &Map<String, Value>) -> Result<String> {
    let header = json!({ "alg": "RS256", "typ": typ, "kid": key.jwk().kid });
    let signed = format!("{}.{}", encode(&header)?, encode(claims)?);
    let signature = key.sign(signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// A decoded token. Nothing in it can be trusted before `verify`.
pub(crate) struct Token {
    pub(crate) header: Header,
    pub(crate) claims: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: String,
    pub(crate) typ: Option<String>,
}

impl Token {
    pub(crate) fn parse(compact: &str) -> Result<Self> {
        let parts: Vec<&str> = compact.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            bail!("a signed token has three parts, this one has {}", parts.len());
        };
        Ok(Self {
            header: decode(header).context("the token's header")?,
            claims: decode(claims).context("the token's claims")?,
            signed: format!("{header}.{claims}"),
            signature: URL_SAFE_NO_PAD.decode(signature).context("the token's signature")?,
        })
    }

    /// Fails unless the token was signed with RS256 by `key`.
    pub(crate) fn verify(&self, key: &Jwk) -> Result<()> {
        ensure!(self.header.alg == "RS256", "algorithm {} is not RS256", self.header.alg);
        key.verify(self.signed.as_bytes(), &self.signature)
    }

    /// A claim that must be a string.
    pub(crate) fn text(&self, name: &str) -> Result<&str> {
        self.claims.get(name).and_then(Value::as_str).with_context(|| format!("claim {name} is not a string"))
    }

    /// A claim that must be a time in whole seconds since the epoch.
    pub(crate) fn seconds(&self, name: &str) -> Result<u64> {
        self.claims.get(name).and_then(Value::as_u64).with_context(|| format!("claim {name} is not a whole time"))
    }

    /// A claim that must be a time since the epoch, in seconds that may have a fraction.
    pub(crate) fn time(&self, name: &str) -> Result<Duration> {
        let seconds = self.claims.get(name).and_then(Value::as_f64);
        let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        time.with_context(|| format!("claim {name} is not a time"))
    }

    /// Whether `audience` is the token's audience, or one of several.
    pub(crate) fn is_for(&self, audience: &str) -> bool {
        match self.claims.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(many)) => many.iter().any(|one| one == audience),
            _ => false,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct KeySet {
    keys: Vec<Jwk>,
}

impl KeySet {
    /// Fetches the keys of `issuer` as any verifier does: discovery first, then the key set.
    pub(crate) async fn discover(http: &reqwest::Client, issuer: &str) -> Result<Self> {
        let discovery: Discovery = get(http, &format!("{issuer}/.well-known/openid-configuration")).await?;
        ensure!(discovery.issuer == issuer, "discovery names issuer {}, not {issuer}", discovery.issuer);
        get(http, &discovery.jwks_uri).await
    }

    /// The RSA key named `kid`.
    pub(crate) fn key(&self, kid: &str) -> Option<&Jwk> {
        self.keys.iter().find(|key| key.kid == kid && key.kty == "RSA")
    }
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

async fn get<T: serde::de::DeserializeOwned>(http: &reqwest::Client, url: &str) -> Result<T> {
    let response = http.get(url).send().await?.error_for_status()?;
    response.json().await.with_context(|| format!("unexpected answer from {url}"))
}

fn encode(part: &impl serde::Serialize) -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(part)?))
}

fn decode<T: serde::de::DeserializeOwned>(part: &str) -> Result<T> {
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unsigned_token_is_refused_whatever_its_key_says() {
        let key = SigningKey::draw().await.unwrap();
        let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "kid": key.jwk().kid }).to_string());
        let token = Token::parse(&format!("{header}.{}.", URL_SAFE_NO_PAD.encode("{}"))).unwrap();

        assert!(token.verify(&key.jwk()).is_err());
    }

    #[tokio::test]
    async fn one_changed_claim_breaks_the_signature() {
        let key = SigningKey::draw().await.unwrap();
        let claims = json!({ "sub": "alice" }).as_object().cloned().unwrap();
        let compact = sign(&key, &claims).unwrap();
        let forged = compact
            .replace(&URL_SAFE_NO_PAD.encode(r#"{"sub":"alice"}"#), &URL_SAFE_NO_PAD.encode(r#"{"sub":"mallo"}"#));

        assert!(Token::parse(&compact).unwrap().verify(&key.jwk()).is_ok());
        assert!(Token::parse(&forged).unwrap().verify(&key.jwk()).is_err());
    }
}
