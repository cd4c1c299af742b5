//! The login that a result has to be of, as the first-factor token names it.

use platform::jws::Jws;
use serde_json::Value;

use crate::client::Cause;

/// The login that the first-factor token is of.
#[derive(Debug)]
pub struct Login {
    pub sub: String,
    pub txn: String,
}

impl Login {
    /// Reads it from a first-factor token, which its issuer has just handed out: whether it is genuine, the API says.
    pub fn of(token: &str, session_claim: &str) -> Result<Self, Cause> {
        let claims: Option<Value> = Jws::parse(token).and_then(|token| token.unverified());
        let claims = claims.ok_or(Cause::Wrong("the token is no JWT"))?;
        let sub = claims["sub"].as_str().ok_or(Cause::Wrong("the token has no sub"))?.to_owned();
        let txn = match &claims[session_claim] {
            Value::String(text) => text.clone(),
            Value::Null => return Err(Cause::Wrong("the token lacks the claim SessionClaim")),
            other => other.to_string(), // as API Gateway passes it on
        };
        Ok(Self { sub, txn })
    }
}
