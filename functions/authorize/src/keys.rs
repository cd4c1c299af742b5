//! The keys that Entra signs hints with. They are read when they are needed, kept for a day, and read again when a hint
//! names one that is not known; whatever Entra's documents say, they are small, come in time, and name no other host.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::time::Timestamp;
use http::{Request, StatusCode};
use platform::jws::PublicKey;
use platform::outbound::{ExchangeError, PublicConnector};
use platform::run::chain;
use serde_json::Value;
use thiserror::Error as ThisError;
use tokio::time::timeout;

use crate::entra::{Cloud, Guid};

/// As long as Entra itself keeps what others publish.
const FRESH: Duration = Duration::from_hours(24);
/// At most once in this time, whatever a hint says: anybody may write one.
const PAUSE: Duration = Duration::from_mins(1);
/// The same while there are no keys at all, and nobody can sign in.
const SHORT_PAUSE: Duration = Duration::from_secs(5);
/// For both documents together. A user is waiting.
pub const PATIENCE: Duration = Duration::from_secs(3);

pub struct EntraKeys {
    cloud: Cloud,
    connector: PublicConnector,
    known: Mutex<Known>,
    /// Held by the one request that reads them.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Known {
    keys: Option<(Timestamp, Arc<[Key]>)>,
    /// When they were last asked for, and whether that failed.
    tried: Option<(Timestamp, bool)>,
}

struct Key {
    kid: String,
    /// Whose hints it signs, if not everybody's: it may have a placeholder for the tenant.
    issuer: Option<String>,
    public: PublicKey,
}

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// Entra publishes none of this name for this tenant.
    Unknown,
    /// Nobody knows, since Entra's keys can't be read.
    Unreachable,
}

/// Why the keys can't be read. It is logged, so it repeats nothing of what was received.
#[derive(Debug, ThisError)]
enum ReadError {
    #[error("no answer within {PATIENCE:?}")]
    Late,
    #[error("Entra's address is none")]
    Address(#[from] http::Error),
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    #[error("the answer has status {0}")]
    Status(StatusCode),
    #[error("{0}")]
    Wrong(&'static str),
}

impl EntraKeys {
    #[must_use]
    pub fn new(cloud: Cloud) -> Self {
        Self {
            cloud,
            connector: PublicConnector::default(),
            known: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// The key of this `kid` for the hints of a tenant.
    pub async fn find(&self, kid: &str, tenant: &Guid, now: Timestamp) -> Result<PublicKey, NoKey> {
        let known = self.known();
        if known.is_fresh(now)
            && let Some(key) = known.find(kid, tenant, &self.cloud)
        {
            return Ok(key);
        }
        let _alone = self.reading.lock().await;
        let known = self.known(); // another request may have read them meanwhile
        let missing = !known.is_fresh(now) || known.find(kid, tenant, &self.cloud).is_none();
        if missing && known.may_read(now) {
            self.read_again(now).await;
        }
        let known = self.known();
        let failed = known.keys.is_none() || known.tried.is_some_and(|(_, failed)| failed);
        let none = if failed { NoKey::Unreachable } else { NoKey::Unknown };
        known.find(kid, tenant, &self.cloud).ok_or(none)
    }

    /// Keys that are known stay good where this fails.
    async fn read_again(&self, now: Timestamp) {
        let read = timeout(PATIENCE, self.read()).await.unwrap_or(Err(ReadError::Late));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.tried = Some((now, read.is_err()));
        match read {
            Ok(keys) => known.keys = Some((now, keys)),
            Err(error) => {
                let kept = known.keys.as_ref().map(|(at, _)| now.since(*at).as_secs());
                tracing::warn!(cause = chain(&error), kept_for_seconds = kept, "Entra's keys cannot be read");
            }
        }
    }

    async fn read(&self) -> Result<Arc<[Key]>, ReadError> {
        let discovery = self.document(&self.cloud.discovery()).await?;
        let address =
            discovery["jwks_uri"].as_str().ok_or(ReadError::Wrong("the discovery document has no jwks_uri"))?;
        if !self.cloud.has(address) {
            return Err(ReadError::Wrong("the keys are not at Entra's address"));
        }
        let set = self.document(address).await?;
        let keys: Arc<[_]> = set["keys"].as_array().into_iter().flatten().filter_map(Key::of_jwk).collect();
        if keys.is_empty() { Err(ReadError::Wrong("no key can be used")) } else { Ok(keys) }
    }

    /// A JSON document. Redirects are not followed.
    async fn document(&self, url: &str) -> Result<Value, ReadError> {
        let (status, body) = self.connector.exchange(Request::get(url).body(String::new())?).await?;
        if status != StatusCode::OK {
            return Err(ReadError::Status(status));
        }
        serde_json::from_slice(&body).map_err(|_| ReadError::Wrong("the answer is not JSON"))
    }

    fn known(&self) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Known {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.keys.as_ref().is_some_and(|(at, _)| within(*at, now, FRESH))
    }

    fn may_read(&self, now: Timestamp) -> bool {
        let pause = if self.keys.is_some() { PAUSE } else { SHORT_PAUSE };
        !self.tried.is_some_and(|(at, _)| within(at, now, pause))
    }

    fn find(&self, kid: &str, tenant: &Guid, cloud: &Cloud) -> Option<PublicKey> {
        let (_, keys) = self.keys.as_ref()?;
        keys.iter().find(|key| key.kid == kid && key.signs_for(tenant, cloud)).map(|key| key.public.clone())
    }
}

/// A time in the future is one from before the clock was set back: nobody knows how long ago it was.
fn within(at: Timestamp, now: Timestamp, time: Duration) -> bool {
    at <= now && now.since(at) < time
}

impl Key {
    fn of_jwk(jwk: &Value) -> Option<Self> {
        let kid = jwk["kid"].as_str()?.to_owned();
        let issuer = match &jwk["issuer"] {
            Value::Null => None,
            issuer => Some(issuer.as_str()?.to_owned()),
        };
        Some(Self { kid, issuer, public: PublicKey::from_jwk(jwk)? })
    }

    fn signs_for(&self, tenant: &Guid, cloud: &Cloud) -> bool {
        let filled = self.issuer.as_ref().map(|issuer| issuer.replace("{tenantid}", &tenant.to_string()));
        filled.is_none_or(|issuer| issuer == cloud.issuer(tenant))
    }
}
