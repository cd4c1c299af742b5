//! What a login's backend does with a result token: fetch the keys by discovery, then check signature,
//! type, issuer, audience, expiry, and that the token belongs to this login and no other.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::transcript::{ensure, equal};
use super::world::{Login, World};
use crate::clock;
use crate::development::RESULT_AUDIENCE;
use crate::jwt::{KeySet, Token};

const TYPE: &str = "mfa-result+jwt";
const LONGEST_LIFE: u64 = 300;

/// What the token must say about the second factor.
pub(crate) struct Proof {
    pub(crate) amr: &'static [&'static str],
    pub(crate) acr: &'static str,
    /// Whether the number was enrolled in this login.
    pub(crate) enrolled_now: bool,
}

impl Proof {
    /// A code by text message, to a number that was already known.
    pub(crate) const SMS: Self =
        Self { amr: &["pwd", "otp", "sms", "mfa"], acr: "urn:alliance-mfa:acr:phone", enrolled_now: false };
    /// The pound key in a call to a number that was already known.
    pub(crate) const CALL: Self = Self { amr: &["pwd", "tel", "mfa"], ..Self::SMS };
    /// A code by text message, to a number that the user entered in this login.
    pub(crate) const ENROLMENT: Self =
        Self { acr: "urn:alliance-mfa:acr:phone-enrolled", enrolled_now: true, ..Self::SMS };
}

/// Verifies the result token in `challenge` and returns its claims as text, to print.
pub(crate) async fn verify(world: &World, login: &Login<'_>, challenge: &Value, proof: &Proof) -> Result<String> {
    let compact = challenge["resultToken"].as_str().context("the answer has no resultToken")?;
    let token = Token::parse(compact)?;
    let keys = KeySet::discover(&world.http, &world.stack.gateway).await?;
    let kid = &token.header.kid;
    token.verify(keys.key(kid).with_context(|| format!("key {kid} is not among the published keys"))?)?;

    equal("typ", &token.header.typ.as_deref(), &Some(TYPE))?;
    equal("iss", &token.text("iss")?, &world.stack.gateway.as_str())?;
    ensure(token.is_for(RESULT_AUDIENCE), "aud is the login's backend", &token.claims["aud"])?;
    equal("sub", &token.text("sub")?, &login.first_factor.text("sub")?)?;
    equal("txn", &token.text("txn")?, &login.first_factor.text("jti")?)?;
    let (issued, expires) = (token.seconds("iat")?, token.seconds("exp")?);
    ensure(expires > clock::epoch_seconds(), "exp is in the future", expires)?;
    ensure(expires - issued <= LONGEST_LIFE, "the token is valid for at most 300 s", expires - issued)?;
    equal("auth_time", &token.seconds("auth_time")?, &login.first_factor.seconds("auth_time")?)?;
    for method in proof.amr {
        let methods = &token.claims["amr"];
        let named = methods.as_array().is_some_and(|named| named.contains(&json!(method)));
        ensure(named, &format!("amr names {method}"), methods)?;
    }
    equal("acr", &token.text("acr")?, &proof.acr)?;
    let enrolled = token.claims.get("enrolled_now") == Some(&json!(true));
    equal("enrolled_now", &enrolled, &proof.enrolled_now)?;
    let source = format!("{}/.well-known/jwks.json", world.stack.gateway);
    let claims: Vec<_> = token.claims.iter().map(|(name, value)| format!("  {name:12} {value}")).collect();
    Ok(format!("signature verified with key {kid} from {source}\n{}", claims.join("\n")))
}
