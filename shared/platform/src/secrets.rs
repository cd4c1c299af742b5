//! Secrets from Secrets Manager: read at init, cached, and refreshed as requests come in.
//!
//! A rotation keeps the old value next to the new one, so an environment that hasn't refreshed yet
//! still accepts the right codes. While Secrets Manager is down, the cached value is used for up to a day.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use domain::code::{MacKey, MacKeys};
use domain::ports::{KeyError, KeySource};
use domain::time::Timestamp;
use serde::Deserialize;
use thiserror::Error as ThisError;

use crate::problem::{Failure, Problem};

/// How old a cached value may get before it is refreshed.
pub const REFRESH: Duration = Duration::from_mins(5);
const RETRY: Duration = Duration::from_secs(30);
const OLDEST: Duration = Duration::from_hours(24);
pub(crate) const SHORTEST_KEY: usize = 32;

#[derive(Debug, ThisError)]
pub enum SecretError {
    #[error("the secret {0} cannot be read")]
    Unavailable(String, #[source] Box<dyn Error + Send + Sync>),
    /// Lists every fault, and never a value.
    #[error("the secret {0} is wrong: {1}")]
    Invalid(String, String),
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        Self::caused(Problem::TemporarilyUnavailable, error)
    }
}

pub trait SecretSource: Sync {
    fn read(&self, id: &str) -> impl Future<Output = Result<String, SecretError>> + Send;
}

#[derive(Clone, Debug)]
pub struct SecretsManager(Client);

impl SecretsManager {
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }
}

impl SecretSource for SecretsManager {
    async fn read(&self, id: &str) -> Result<String, SecretError> {
        let answer = Box::pin(self.0.get_secret_value().secret_id(id).send()).await;
        let answer = answer.map_err(|error| SecretError::Unavailable(id.to_owned(), Box::new(error)))?;
        answer.secret_string.ok_or_else(|| SecretError::Invalid(id.to_owned(), "it has no text".to_owned()))
    }
}

/// The parsed content of a secret.
pub trait Document: Sized + Send + Sync {
    /// Fails with a description of what is wrong, without the value.
    fn parse(text: &str) -> Result<Self, String>;
}

pub struct Secret<D, S> {
    source: S,
    id: String,
    cached: Mutex<Option<Cached<D>>>,
}

struct Cached<D> {
    value: Arc<D>,
    read_at: Timestamp,
    try_at: Timestamp,
}

impl<D: Document, S: SecretSource> Secret<D, S> {
    /// Reads the secret at once.
    pub async fn open(source: S, id: String, now: Timestamp) -> Result<Self, SecretError> {
        let secret = Self::on_demand(source, id);
        secret.value(now).await?;
        Ok(secret)
    }

    /// A secret that is read when it is first needed, because few environments ever need it.
    pub const fn on_demand(source: S, id: String) -> Self {
        Self { source, id, cached: Mutex::new(None) }
    }

    /// As [`Self::open`], for a secret that some deployments do without.
    pub async fn maybe_open(source: S, id: Option<String>, now: Timestamp) -> Result<Option<Self>, SecretError> {
        match id {
            Some(id) => Self::open(source, id, now).await.map(Some),
            None => Ok(None),
        }
    }

    /// The value, refreshed first if it is due.
    pub async fn value(&self, now: Timestamp) -> Result<Arc<D>, SecretError> {
        let Some(age) = self.due(now) else { return self.cached(now) };
        match read(&self.source, &self.id).await {
            Ok(value) => {
                let value = Arc::new(value);
                *self.lock() = Some(Cached { value: Arc::clone(&value), read_at: now, try_at: now + REFRESH });
                Ok(value)
            }
            Err(error) if age < OLDEST => {
                tracing::warn!(secret = self.id, %error, "a secret could not be refreshed; using the cached value");
                self.cached(now)
            }
            Err(error) => Err(error),
        }
    }

    /// The value's age if this caller should refresh it. Other callers use the cached value meanwhile.
    fn due(&self, now: Timestamp) -> Option<Duration> {
        let mut cached = self.lock();
        let Some(cached) = cached.as_mut() else { return Some(OLDEST) };
        if now < cached.try_at {
            return None;
        }
        cached.try_at = now + RETRY;
        Some(now.since(cached.read_at))
    }

    /// The cached value, unless it is too old. The limit also applies to callers who find that a refresh
    /// is under way or has just failed.
    fn cached(&self, now: Timestamp) -> Result<Arc<D>, SecretError> {
        if let Some(cached) = self.lock().as_ref().filter(|cached| now.since(cached.read_at) < OLDEST) {
            return Ok(Arc::clone(&cached.value));
        }
        Err(SecretError::Unavailable(self.id.clone(), "it was last read more than a day ago".into()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Cached<D>>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner) // nothing panics while it is held
    }
}

impl<D, S> fmt::Debug for Secret<D, S> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Secret({})", self.id)
    }
}

async fn read<D: Document>(source: &impl SecretSource, id: &str) -> Result<D, SecretError> {
    let text = source.read(id).await?;
    D::parse(&text).map_err(|faults| SecretError::Invalid(id.to_owned(), faults))
}

impl<S: SecretSource + Send> KeySource for Secret<MacKeys, S> {
    async fn keys(&self, now: Timestamp) -> Result<Arc<MacKeys>, KeyError> {
        self.value(now).await.map_err(|error| KeyError(Box::new(error)))
    }
}

impl Document for MacKeys {
    fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Keys {
            #[serde(default)] // a missing key is reported as too short, along with the other faults
            current: String,
            previous: Option<String>,
            next: Option<String>,
            next_not_before: Option<String>,
        }
        let keys: Keys = document(text)?;
        let mut faults = Vec::new();
        let named =
            [("current", Some(&keys.current)), ("previous", keys.previous.as_ref()), ("next", keys.next.as_ref())];
        for (name, key) in named {
            if key.is_some_and(|key| key.len() < SHORTEST_KEY) {
                faults.push(format!("{name} is shorter than {SHORTEST_KEY} characters"));
            }
        }
        let not_before = keys.next_not_before.as_deref().and_then(timestamp);
        if keys.next.is_some() && not_before.is_none() {
            faults.push("next needs an RFC 3339 nextNotBefore, at least one refresh interval (5 min) ahead".to_owned());
        }
        if !faults.is_empty() {
            return Err(faults.join("; "));
        }
        Ok(Self {
            current: MacKey::from_secret(&keys.current),
            previous: keys.previous.as_deref().map(MacKey::from_secret),
            next: keys.next.as_deref().map(MacKey::from_secret).zip(not_before),
        })
    }
}

/// Credentials for the voice provider's REST API: an API key, never the account's auth token.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)] // a missing field is reported as empty, along with the others
pub struct VoiceCredentials {
    pub account_sid: String,
    pub api_key_sid: String,
    pub api_key_secret: String,
}

impl fmt::Debug for VoiceCredentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "VoiceCredentials({})", self.account_sid)
    }
}

impl Document for VoiceCredentials {
    fn parse(text: &str) -> Result<Self, String> {
        let credentials: Self = document(text)?;
        let fields = [
            ("accountSid", &credentials.account_sid),
            ("apiKeySid", &credentials.api_key_sid),
            ("apiKeySecret", &credentials.api_key_secret),
        ];
        let empty: Vec<_> = fields.iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| *name).collect();
        if empty.is_empty() { Ok(credentials) } else { Err(format!("empty: {}", empty.join(", "))) }
    }
}

/// Parses JSON. The error never repeats a value.
pub fn document<'a, D: Deserialize<'a>>(text: &'a str) -> Result<D, String> {
    serde_json::from_str(text).map_err(|error| {
        let what = if error.is_data() { "a field is missing or of the wrong type" } else { "it is not JSON" };
        format!("{what} (line {}, column {})", error.line(), error.column())
    })
}

fn timestamp(text: &str) -> Option<Timestamp> {
    let at = DateTime::from_str(text, Format::DateTimeWithOffset).ok()?;
    u64::try_from(at.secs()).ok().map(Timestamp::from_unix)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[derive(Default)]
    struct Source {
        down: AtomicBool,
    }

    impl SecretSource for &Source {
        async fn read(&self, id: &str) -> Result<String, SecretError> {
            tokio::task::yield_now().await;
            if self.down.load(Ordering::Relaxed) {
                return Err(SecretError::Unavailable(id.to_owned(), "down".into()));
            }
            Ok(r#"{"accountSid":"AC","apiKeySid":"SK","apiKeySecret":"s"}"#.to_owned())
        }
    }

    #[tokio::test]
    async fn a_secret_more_than_a_day_old_is_refused_whether_or_not_the_caller_tries_to_refresh_it() {
        let (source, start) = (Source::default(), Timestamp::from_unix(1_700_000_000));
        let secret = Secret::<VoiceCredentials, _>::open(&source, "voice".to_owned(), start).await.expect("opened");
        source.down.store(true, Ordering::Relaxed);
        let late = start + OLDEST;
        for (after, what) in [(0, "tries"), (1, "finds that it was tried"), (30, "tries again")] {
            assert!(secret.value(late + Duration::from_secs(after)).await.is_err(), "a caller who {what}");
        }
        let again = late + Duration::from_mins(2);
        let (tries, meanwhile) = tokio::join!(secret.value(again), secret.value(again));
        assert!(tries.is_err() && meanwhile.is_err());
        source.down.store(false, Ordering::Relaxed);
        assert!(secret.value(late + Duration::from_mins(4)).await.is_ok());
    }

    #[test]
    fn a_missing_field_is_named() {
        let fault = |parsed: Result<(), String>| parsed.expect_err("nothing is there");
        let keys = fault(MacKeys::parse(r#"{"previous":"short"}"#).map(drop));
        assert!(keys.contains("current") && keys.contains("previous") && !keys.contains("short\""), "{keys}");
        assert_eq!(fault(VoiceCredentials::parse("{}").map(drop)), "empty: accountSid, apiKeySid, apiKeySecret");
    }
}
