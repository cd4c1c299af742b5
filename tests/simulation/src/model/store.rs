//! The model behind the port, for tests that want a store without faults.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::budget::CountryRecord;
use domain::call::{CallEvent, CallToken};
use domain::challenge::Challenge;
use domain::channel::Channel;
use domain::delivery::Delivery;
use domain::identity::{Administrator, ChallengeId, ChallengeKey, SubjectId};
use domain::phone::Country;
use domain::policy::Policy;
use domain::ports::{ChallengeStore, ReceiptStore, Recorded, Settlement, Started, StoreError, SwitchStore};
use domain::quota::Counter;
use domain::receipt::Receipt;
use domain::refusal::Refused;
use domain::snapshot::Snapshot;
use domain::start_transaction::StartTransaction;
use domain::switches::Switches;
use domain::time::Timestamp;

use super::Model;

#[derive(Clone, Debug, Default)]
pub struct ModelStore(Arc<Mutex<Model>>);

impl ModelStore {
    #[must_use]
    pub fn over(model: Model) -> Self {
        Self(Arc::new(Mutex::new(model)))
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ChallengeStore for ModelStore {
    async fn load(&self, subject: &SubjectId) -> Result<Snapshot, StoreError> {
        Ok(self.model().load(subject))
    }

    async fn start(&self, transaction: &StartTransaction) -> Result<Started, StoreError> {
        self.model().start(transaction)
    }

    async fn note_refusal(&self, refused: &Refused<'_>, now: Timestamp) -> Result<(), StoreError> {
        self.model().note_refusal(refused, now)
    }

    async fn country(&self, country: Country) -> Result<CountryRecord, StoreError> {
        Ok(self.model().country(country))
    }

    async fn record_send(
        &self,
        challenge: &ChallengeId,
        channel: Channel,
        sent_at: Timestamp,
        delivery: Delivery,
        given_back: &[Counter],
    ) -> Result<(), StoreError> {
        self.model().record_send(challenge, channel, sent_at, delivery, given_back);
        Ok(())
    }

    async fn count_guess(&self, key: &ChallengeKey, now: Timestamp) -> Result<Option<Challenge>, StoreError> {
        Ok(self.model().count_guess(key, now))
    }

    async fn settle(&self, challenge: &Challenge, policy: &Policy, now: Timestamp) -> Result<Settlement, StoreError> {
        Ok(self.model().settle(challenge, policy, now))
    }

    async fn advance_call(
        &self,
        challenge: &ChallengeId,
        token: &CallToken,
        event: CallEvent,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        Ok(self.model().advance_call(challenge, token, event, policy, now))
    }
}

impl SwitchStore for ModelStore {
    async fn switches(&self) -> Result<Switches, StoreError> {
        Ok(self.model().switches().clone())
    }

    async fn switch(&self, after: &Switches, _: &Administrator, _: Timestamp) -> Result<(), StoreError> {
        self.model().switch(after)
    }
}

impl ReceiptStore for ModelStore {
    async fn record_receipt(
        &self,
        key: &ChallengeKey,
        receipt: &Receipt,
        _: Timestamp,
    ) -> Result<Recorded, StoreError> {
        Ok(self.model().record_receipt(key, receipt))
    }
}
