//! Checks the result as a login's backend does: signature, type, issuer, audience, expiry, and that it is the result of
//! this login. Only what it expects of `acr` is the opposite: the test number that a backend has to refuse.

use domain::result::Approval;
use domain::time::Timestamp;
use platform::jws::{Jws, PublicKey};
use serde_json::Value;

use crate::client::Cause;

/// What the result has to say.
#[derive(Debug)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub audience: &'a str,
    pub login: &'a Login,
}

/// The login that the first-factor token is of.
#[derive(Debug)]
pub struct Login {
    sub: String,
    txn: String,
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

/// Fails with what is wrong about the result `token`.
pub fn check(token: &str, keys: &Value, expected: &Expected<'_>, now: Timestamp) -> Result<(), Cause> {
    let token = Jws::parse(token).ok_or(Cause::Wrong("the result is no JWT"))?;
    let right = [
        (token.header.alg == "RS256", "the result's alg is not RS256"),
        (token.header.typ.as_deref() == Some(Approval::TOKEN_TYPE), "the result's typ is another"),
    ];
    all(&right)?;
    let key = token.header.kid.as_deref().and_then(|kid| PublicKey::of_set(keys, kid));
    let key = key.ok_or(Cause::Wrong("the result's key is not published"))?;
    let claims: Option<Value> = token.verified(&key);
    let claims = claims.ok_or(Cause::Wrong("the result's signature does not verify"))?;
    all(&[
        (claims["iss"] == expected.issuer, "the result's iss is not PublicBaseUrl"),
        (claims["aud"] == expected.audience, "the result's aud is not ResultAudience"),
        (claims["exp"].as_u64().is_some_and(|exp| exp > now.as_unix()), "the result has expired"),
        (claims["sub"] == *expected.login.sub, "the result is of another account"),
        (claims["txn"] == *expected.login.txn, "the result is of another login"),
        (claims["acr"] == Approval::TEST_NUMBER, "the result is not of a test number"),
    ])
}

fn all(checks: &[(bool, &'static str)]) -> Result<(), Cause> {
    checks.iter().find(|(right, _)| !right).map_or(Ok(()), |(_, wrong)| Err(Cause::Wrong(wrong)))
}
