//! What a process has read, each for a while, so that not every request has to read it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::time::Timestamp;

/// Values by key, each with the time it was read.
#[derive(Debug)]
pub struct Cache<K, V> {
    /// How long a value is new enough.
    fresh: Duration,
    values: Mutex<HashMap<K, (Timestamp, Arc<V>)>>,
}

impl<K: Eq + Hash + Copy, V: Clone> Cache<K, V> {
    #[must_use]
    pub fn new(fresh: Duration) -> Self {
        Self { fresh, values: Mutex::default() }
    }

    /// The value of `key`, from `read` if it is missing or too old. Most requests don't read, so none holds room for it.
    pub async fn get<E, F: Future<Output = Result<V, E>>>(
        &self,
        key: K,
        now: Timestamp,
        read: impl FnOnce() -> F,
    ) -> Result<Arc<V>, E> {
        if let Some((_, value)) = self.values().get(&key).filter(|(at, _)| self.is_fresh(*at, now)) {
            return Ok(Arc::clone(value));
        }
        let value = Arc::new(Box::pin(read()).await?);
        self.values().insert(key, (now, Arc::clone(&value)));
        Ok(value)
    }

    /// The value that was read last, however long ago.
    pub fn last(&self, key: K) -> Option<Arc<V>> {
        self.values().get(&key).map(|(_, value)| Arc::clone(value))
    }

    /// Changes the value of `key`, if there is one.
    pub fn learn(&self, key: K, change: impl FnOnce(&mut V)) {
        if let Some((_, value)) = self.values().get_mut(&key) {
            change(Arc::make_mut(value));
        }
    }

    /// A value from the future was read before the clock was set back: nobody knows how old it is.
    fn is_fresh(&self, read_at: Timestamp, now: Timestamp) -> bool {
        read_at <= now && now.since(read_at) < self.fresh
    }

    fn values(&self) -> MutexGuard<'_, HashMap<K, (Timestamp, Arc<V>)>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner) // a panic cannot leave the map half-changed
    }
}
