//! Checks a result as a login's backend does: signature, type, issuer, audience, expiry, and that it is the result of
//! this login.

use domain::result::Approval;
use domain::time::Timestamp;
use serde::Deserialize;
use thiserror::Error as ThisError;

use crate::jws::{Jws, PublicKey};

/// What the result has to say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// `PublicBaseUrl`.
    pub issuer: &'a str,
    /// `ResultAudience`.
    pub audience: &'a str,
    /// The person, as the first-factor token names them.
    pub sub: &'a str,
    /// The login session.
    pub txn: &'a str,
    pub number: Number,
}

/// Whose number may have approved. There is no way to accept both: a test number's code is known to many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    Real,
    Test,
}

/// What a result that passed says of the approval.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Proof {
    /// When the result expires.
    pub exp: u64,
    pub acr: String,
    #[serde(default)]
    pub amr: Vec<String>,
}

/// Why a result is refused. It is logged, so it repeats nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum Wrong {
    #[error("the result is no JWT")]
    NotJwt,
    #[error("the result's alg is not RS256")]
    Algorithm,
    #[error("the result's typ is another")]
    Type,
    #[error("the result's key is not published")]
    Key,
    #[error("the result's signature does not verify")]
    Signature,
    #[error("the result's iss is not PublicBaseUrl")]
    Issuer,
    #[error("the result's aud is not ResultAudience")]
    Audience,
    #[error("the result has expired")]
    Expired,
    #[error("the result is of another account")]
    Account,
    #[error("the result is of another login")]
    Login,
    #[error("the result is of a test number")]
    TestNumber,
    #[error("the result is not of a test number")]
    NoTestNumber,
    #[error("the result's acr is unknown")]
    Assurance,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    txn: String,
    #[serde(flatten)]
    proof: Proof,
}

/// Checks the result `token`; `key` finds the public key of a `kid`, among those of results only.
pub fn check(
    token: &str,
    key: impl FnOnce(&str) -> Option<PublicKey>,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<Proof, Wrong> {
    let token = Jws::parse(token).ok_or(Wrong::NotJwt)?;
    first([
        (token.header.alg == "RS256", Wrong::Algorithm),
        (token.header.typ.as_deref() == Some(Approval::TOKEN_TYPE), Wrong::Type),
    ])?;
    let key = token.header.kid.as_deref().and_then(key).ok_or(Wrong::Key)?;
    let claims: Claims = token.verified(&key).ok_or(Wrong::Signature)?;
    first([
        (claims.iss == expected.issuer, Wrong::Issuer),
        (claims.aud == expected.audience, Wrong::Audience),
        (claims.proof.exp > now.as_unix(), Wrong::Expired),
        (claims.sub == expected.sub, Wrong::Account),
        (claims.txn == expected.txn, Wrong::Login),
    ])?;
    match (claims.proof.acr.as_str(), expected.number) {
        (Approval::PHONE | Approval::PHONE_ENROLLED, Number::Real) | (Approval::TEST_NUMBER, Number::Test) => {
            Ok(claims.proof)
        }
        (Approval::TEST_NUMBER, Number::Real) => Err(Wrong::TestNumber),
        (_, Number::Test) => Err(Wrong::NoTestNumber),
        (_, Number::Real) => Err(Wrong::Assurance),
    }
}

fn first<const N: usize>(checks: [(bool, Wrong); N]) -> Result<(), Wrong> {
    checks.into_iter().find(|(right, _)| !right).map_or(Ok(()), |(_, wrong)| Err(wrong))
}
