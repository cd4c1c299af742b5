//! Checks the result as a login's backend does: signature, type, issuer, audience, expiry, and that it is the result of
//! this login. Only what it expects of `acr` is the opposite: the test number that a backend has to refuse.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::result::Approval;
use domain::time::Timestamp;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
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
        let claims = Parts::of(token).and_then(|parts| parts.claims());
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
    let parts = Parts::of(token).ok_or(Cause::Wrong("the result is no JWT"))?;
    let header = parts.header().ok_or(Cause::Wrong("the result is no JWT"))?;
    let right = [
        (header["alg"] == "RS256", "the result's alg is not RS256"),
        (header["typ"] == Approval::TOKEN_TYPE, "the result's typ is another"),
    ];
    all(&right)?;
    let keys = keys["keys"].as_array().map_or(&[][..], Vec::as_slice);
    let key = keys.iter().find(|key| key["kty"] == "RSA" && key["kid"] == header["kid"]);
    let key = key.ok_or(Cause::Wrong("the result's key is not published"))?;
    if !parts.is_signed_by(key) {
        return Err(Cause::Wrong("the result's signature does not verify"));
    }
    let claims = parts.claims().ok_or(Cause::Wrong("the result is no JWT"))?;
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

/// A compact JWS (RFC 7515).
struct Parts<'a> {
    signed: &'a str,
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self { signed, header, claims, signature })
    }

    fn header(&self) -> Option<Value> {
        json(self.header)
    }

    fn claims(&self) -> Option<Value> {
        json(self.claims)
    }

    fn is_signed_by(&self, key: &Value) -> bool {
        let verified = || {
            let [n, e] = ["n", "e"].map(|part| bytes(key[part].as_str()?));
            let key = RsaPublicKeyComponents { n: n?, e: e? };
            key.verify(&RSA_PKCS1_2048_8192_SHA256, self.signed.as_bytes(), &bytes(self.signature)?).ok()
        };
        verified().is_some()
    }
}

fn bytes(base64url: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(base64url).ok()
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&bytes(part)?).ok()
}
