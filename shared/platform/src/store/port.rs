//! The port. Rust wants its implementation in one block, so each operation here calls the method of the same name, which
//! is in a file of its own.

use domain::budget::CountryRecord;
use domain::call::{CallEvent, CallToken};
use domain::challenge::Challenge;
use domain::channel::Channel;
use domain::delivery::Delivery;
use domain::identity::{ChallengeId, ChallengeKey, SubjectId};
use domain::phone::Country;
use domain::policy::Policy;
use domain::ports::{ChallengeStore, Settlement, Started, StoreError};
use domain::quota::Counter;
use domain::refusal::Refused;
use domain::snapshot::Snapshot;
use domain::start_transaction::StartTransaction;
use domain::time::Timestamp;

use super::table::DynamoStore;

impl ChallengeStore for DynamoStore {
    async fn load(&self, subject: &SubjectId) -> Result<Snapshot, StoreError> {
        self.load(subject).await
    }

    async fn start(&self, transaction: &StartTransaction) -> Result<Started, StoreError> {
        self.start(transaction).await
    }

    async fn note_refusal(&self, refused: &Refused<'_>, now: Timestamp) -> Result<(), StoreError> {
        self.note_refusal(refused, now).await
    }

    async fn country(&self, country: Country) -> Result<CountryRecord, StoreError> {
        self.country(country).await
    }

    async fn record_send(
        &self,
        challenge: &ChallengeId,
        channel: Channel,
        sent_at: Timestamp,
        delivery: Delivery,
        given_back: &[Counter],
    ) -> Result<(), StoreError> {
        self.record_send(challenge, channel, sent_at, delivery, given_back).await
    }

    async fn count_guess(&self, key: &ChallengeKey, now: Timestamp) -> Result<Option<Challenge>, StoreError> {
        self.count_guess(key, now).await
    }

    async fn settle(&self, challenge: &Challenge, policy: &Policy, now: Timestamp) -> Result<Settlement, StoreError> {
        self.settle(challenge, policy, now).await
    }

    async fn advance_call(
        &self,
        challenge: &ChallengeId,
        token: &CallToken,
        event: CallEvent,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        self.advance_call(challenge, token, event, policy, now).await
    }
}
