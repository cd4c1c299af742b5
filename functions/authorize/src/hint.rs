//! The hint: the ID token in which Entra says who needs a second factor.

use std::time::Duration;

use domain::time::Timestamp;
use platform::jws::Jws;
use serde::Deserialize;

use crate::entra::{Guid, Registration};
use crate::keys::{EntraKeys, NoKey};
use crate::reason::{Reason, Refused};

/// How far Entra's clock may be ahead.
const SKEW: Duration = Duration::from_mins(1);

/// Who passed the first factor at Entra. It identifies somebody, so it can't be printed.
pub struct Person {
    pub tenant: Guid,
    pub object: Guid,
    /// The name that Entra has for this person at the integration's app, and expects in the answer.
    pub sub: String,
    pub since: Timestamp,
}

impl Person {
    /// The person's account here: the same whatever app asks.
    #[must_use]
    pub fn account(&self) -> String {
        format!("entra:{}:{}", self.tenant, self.object)
    }
}

/// A hint that is refused, but no older than this, is looked at further: if Entra has signed it, somebody is stuck.
const OLDEST: Duration = Duration::from_hours(1);

/// What decides whether Entra's keys are asked for.
#[derive(Deserialize)]
struct Said {
    tid: String,
    iat: u64,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    tid: String,
    oid: String,
    sub: String,
    iat: u64,
    /// Entra's table of the claims that a hint always has lacks this one.
    nbf: Option<u64>,
}

/// The person that `hint` names, if Entra has signed it for us just now.
pub async fn verify(
    hint: &str,
    registration: &Registration,
    keys: &EntraKeys,
    now: Timestamp,
) -> Result<Person, Refused> {
    let token = Jws::parse(hint).ok_or(Reason::HintFormat)?;
    let kid = token.header.kid.as_deref().ok_or(Reason::HintFormat)?;
    let said: Said = token.unverified().ok_or(Reason::HintFormat)?;
    let tenant = listed(&said.tid, registration).ok_or(Reason::HintTenant)?;
    let refusal = read(token.unverified(), registration, now).err();
    // Nobody can make us ask for keys with a hint of another tenant, or an old one.
    if let Some(reason) = refusal
        && !within(Timestamp::from_unix(said.iat), now, OLDEST, OLDEST)
    {
        return Err(reason.into());
    }
    let key = keys.find(kid, &tenant, now).await.map_err(|none| {
        refusal.unwrap_or(match none {
            NoKey::Unknown => Reason::HintKey,
            NoKey::Unreachable => Reason::EntraUnreachable,
        })
    })?;
    let is_signed = token.verified::<Said>(&key).is_some();
    match refusal {
        Some(reason) if is_signed => Err(Refused::signed(reason)),
        Some(reason) => Err(reason.into()),
        None if is_signed => Ok(read(token.verified(&key), registration, now)?),
        None => Err(Reason::HintSignature.into()),
    }
}

fn listed(tenant: &str, registration: &Registration) -> Option<Guid> {
    Guid::parse(tenant).filter(|tenant| registration.tenants.contains(tenant))
}

fn read(claims: Option<Claims>, registration: &Registration, now: Timestamp) -> Result<Person, Reason> {
    check(claims.ok_or(Reason::HintFormat)?, registration, now)
}

/// Whether a time is at most this long ago, and at most so far ahead.
fn within(at: Timestamp, now: Timestamp, age: Duration, ahead: Duration) -> bool {
    at <= now + ahead && now < at + age
}

fn check(claims: Claims, registration: &Registration, now: Timestamp) -> Result<Person, Reason> {
    let tenant = listed(&claims.tid, registration).ok_or(Reason::HintTenant)?;
    let object = Guid::parse(&claims.oid).ok_or(Reason::HintPerson)?;
    let since = Timestamp::from_unix(claims.iat);
    let is_recent = |at| within(at, now, registration.hint_age, SKEW);
    let checks = [
        (claims.iss == registration.cloud.issuer(&tenant), Reason::HintIssuer),
        (claims.aud == registration.app, Reason::HintAudience),
        (!claims.sub.is_empty() && claims.sub.len() <= LONGEST_SUB, Reason::HintPerson),
        (is_recent(since) && claims.nbf.map(Timestamp::from_unix).is_none_or(is_recent), Reason::HintAge),
    ];
    match checks.into_iter().find(|(right, _)| !right) {
        Some((_, reason)) => Err(reason),
        None => Ok(Person { tenant, object, sub: claims.sub, since }),
    }
}

/// What OpenID Connect allows.
const LONGEST_SUB: usize = 255;
