//! Caches the records of the countries that this process sends to, each for a minute.

use std::sync::Arc;
use std::time::Duration;

use domain::budget::CountryRecord;
use domain::channel::Channel;
use domain::phone::Country;
use domain::ports::{ChallengeStore, StoreError};
use domain::quota::{Charge, Counter};
use domain::time::Timestamp;
use platform::cache::Cache;

/// How long a record is fresh enough. A stale one does no harm: the charge has its own condition.
const FRESH: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub struct Countries(Cache<Country, CountryRecord>);

impl Default for Countries {
    fn default() -> Self {
        Self(Cache::new(FRESH))
    }
}

impl Countries {
    /// The record of `country`, read from the store if it is missing or too old.
    pub(crate) async fn record(
        &self,
        country: Country,
        store: &impl ChallengeStore,
        now: Timestamp,
    ) -> Result<Arc<CountryRecord>, StoreError> {
        self.0.get(country, now, || store.country(country)).await
    }

    /// Remembers that a counter of `country` is used up.
    pub(crate) fn remember_full(&self, country: Country, channel: Channel, charge: &Charge) {
        let Counter { window, shard, .. } = charge.counter;
        self.0.learn(country, |record| record.unverified.extend([((channel, window, shard), charge.quota)]));
    }

    /// Remembers that the breaker of `country` is open.
    pub(crate) fn remember_open(&self, country: Country, channel: Channel, until: Timestamp) {
        self.0.learn(country, |record| record.open_until.extend([(channel, until)]));
    }
}
