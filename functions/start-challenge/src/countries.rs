//! Caches the records of the countries that this process sends to, each for a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::budget::CountryRecord;
use domain::channel::Channel;
use domain::phone::Country;
use domain::ports::{ChallengeStore, StoreError};
use domain::quota::{Charge, Counter};
use domain::time::Timestamp;

/// How long a record is fresh enough. A stale one does no harm: the charge has its own condition.
const FRESH: Duration = Duration::from_mins(1);

/// The records, each with the time it was read.
#[derive(Debug, Default)]
pub struct Countries(Mutex<HashMap<Country, (Timestamp, Arc<CountryRecord>)>>);

impl Countries {
    /// The record of `country`, read from the store if it is missing or too old.
    pub(crate) async fn record(
        &self,
        country: Country,
        store: &impl ChallengeStore,
        now: Timestamp,
    ) -> Result<Arc<CountryRecord>, StoreError> {
        if let Some(record) = self.known(country, now) {
            return Ok(record);
        }
        let record = Arc::new(store.country(country).await?);
        self.records().insert(country, (now, Arc::clone(&record)));
        Ok(record)
    }

    /// Remembers that a counter of `country` is used up.
    pub(crate) fn remember_full(&self, country: Country, channel: Channel, charge: &Charge) {
        let Counter { window, shard, .. } = charge.counter;
        self.learn(country, |record| record.unverified.extend([((channel, window, shard), charge.quota)]));
    }

    /// Remembers that the breaker of `country` is open.
    pub(crate) fn remember_open(&self, country: Country, channel: Channel, until: Timestamp) {
        self.learn(country, |record| record.open_until.extend([(channel, until)]));
    }

    fn learn(&self, country: Country, change: impl FnOnce(&mut CountryRecord)) {
        if let Some((_, record)) = self.records().get_mut(&country) {
            change(Arc::make_mut(record));
        }
    }

    fn known(&self, country: Country, now: Timestamp) -> Option<Arc<CountryRecord>> {
        let records = self.records();
        let (read_at, record) = records.get(&country)?;
        (now.since(*read_at) < FRESH).then(|| Arc::clone(record))
    }

    fn records(&self) -> std::sync::MutexGuard<'_, HashMap<Country, (Timestamp, Arc<CountryRecord>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // a panic cannot leave the map half-changed
    }
}
