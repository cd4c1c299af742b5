//! The handlers when the store has a problem: a conflict, a read halfway through a write, an outage.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::budget::CountryRecord;
use domain::call::{CallEvent, CallToken};
use domain::challenge::Challenge;
use domain::channel::Channel;
use domain::delivery::{Delivery, SendFailure};
use domain::identity::{ChallengeId, ChallengeKey, SubjectId};
use domain::phone::Country;
use domain::policy::Policy;
use domain::ports::{ChallengeStore, Settlement, Started, StoreError};
use domain::quota::Counter;
use domain::refusal::Refused;
use domain::snapshot::Snapshot;
use domain::start_transaction::StartTransaction;
use domain::time::Timestamp;
use platform::store::DynamoStore;
use serde_json::json;
use start_challenge::countries::Countries;

use crate::api::{Answer, Api, BASE_URL, Keys, Login, Signer, Tokens, webhook};

/// Fails the first requests of some kinds, and returns half-written data for the first reads.
struct Flaky {
    store: DynamoStore,
    conflicts: AtomicUsize,
    torn_reads: AtomicUsize,
    records: bool,
    record_conflicts: AtomicUsize,
}

impl Flaky {
    fn over(api: &Api) -> Self {
        Self {
            store: api.backend.store(),
            conflicts: AtomicUsize::new(0),
            torn_reads: AtomicUsize::new(0),
            records: true,
            record_conflicts: AtomicUsize::new(0),
        }
    }

    fn conflict(&self) -> Result<(), StoreError> {
        if take(&self.conflicts) { Err(StoreError::Conflict) } else { Ok(()) }
    }
}

fn take(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl ChallengeStore for Flaky {
    async fn load(&self, subject: &SubjectId) -> Result<Snapshot, StoreError> {
        let mut stored = self.store.load(subject).await?;
        if take(&self.torn_reads) {
            stored.challenges.clear();
        }
        Ok(stored)
    }

    async fn start(&self, transaction: &StartTransaction) -> Result<Started, StoreError> {
        self.conflict()?;
        self.store.start(transaction).await
    }

    async fn note_refusal(&self, refused: &Refused<'_>, now: Timestamp) -> Result<(), StoreError> {
        self.store.note_refusal(refused, now).await
    }

    async fn country(&self, country: Country) -> Result<CountryRecord, StoreError> {
        self.store.country(country).await
    }

    async fn record_send(
        &self,
        challenge: &ChallengeId,
        channel: Channel,
        sent_at: Timestamp,
        delivery: Delivery,
        given_back: &[Counter],
    ) -> Result<(), StoreError> {
        if self.records {
            if take(&self.record_conflicts) {
                return Err(StoreError::Conflict);
            }
            return self.store.record_send(challenge, channel, sent_at, delivery, given_back).await;
        }
        Err(StoreError::Unavailable("down".into()))
    }

    async fn count_guess(&self, key: &ChallengeKey, now: Timestamp) -> Result<Option<Challenge>, StoreError> {
        self.store.count_guess(key, now).await
    }

    async fn settle(&self, challenge: &Challenge, policy: &Policy, now: Timestamp) -> Result<Settlement, StoreError> {
        self.conflict()?;
        self.store.settle(challenge, policy, now).await
    }

    async fn advance_call(
        &self,
        challenge: &ChallengeId,
        token: &CallToken,
        event: CallEvent,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        self.conflict()?;
        self.store.advance_call(challenge, token, event, policy, now).await
    }
}

async fn start(api: &Api, store: Flaky, login: &Login, channel: &str) -> Answer {
    let start = start_challenge::App {
        settings: api.start.settings.clone(),
        countries: Countries::default(),
        send_timeout: api.start.send_timeout,
        store,
        keys: Keys,
        sms: api.phone.clone(),
        caller: Some(api.phone.clone()),
    };
    let body = json!({ "channel": channel }).to_string();
    Answer::of(start.handle(login.request("POST", "/v1/challenge", Some(&body)), api.now).await)
}

#[tokio::test]
async fn a_start_that_conflicts_with_another_is_retried_once_and_then_given_up() {
    for (conflicts, status, sent) in [(1, 201, 1), (2, 503, 0)] {
        let (api, login) = (Api::new().await, Login::known());
        let store = Flaky { conflicts: AtomicUsize::new(conflicts), ..Flaky::over(&api) };
        assert_eq!(start(&api, store, &login, "sms").await.status, status, "{conflicts} conflicts");
        assert_eq!(api.phone.codes().len(), sent);
    }
}

#[tokio::test]
async fn a_start_that_reads_a_half_written_one_reads_again() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "call" })).await;
    let other = login.again("login-2");
    let store = Flaky { torn_reads: AtomicUsize::new(1), ..Flaky::over(&api) };
    let started = start(&api, store, &other, "sms").await;
    assert_eq!((started.status, &started.json["contested"]), (201, &json!(true)));
    let store = Flaky { torn_reads: AtomicUsize::new(2), ..Flaky::over(&api) };
    assert_eq!(start(&api, store, &login.again("login-3"), "sms").await.status, 503);
}

#[tokio::test]
async fn the_answer_tells_how_a_send_went_even_if_that_cannot_be_recorded() {
    for (failure, status) in [(SendFailure::ProviderFault, 503), (SendFailure::Unknown, 201)] {
        let (api, login) = (Api::new().await, Login::known());
        api.phone.fail(Some(failure));
        let store = Flaky { records: false, ..Flaky::over(&api) };
        let answer = start(&api, store, &login, "sms").await;
        assert_eq!(answer.status, status, "{failure:?}: {}", answer.text);
        assert_ne!(answer.problem(), "temporarily-unavailable");
    }
}

#[tokio::test]
async fn recording_a_failed_send_is_retried_after_a_conflict() {
    let (api, login) = (Api::new().await, Login::known());
    api.phone.fail(Some(SendFailure::ProviderFault));
    let store = Flaky { record_conflicts: AtomicUsize::new(1), ..Flaky::over(&api) };
    assert_eq!(start(&api, store, &login, "sms").await.status, 503);
    assert_eq!(api.backend.item("challenge#").await["smsDelivery"], "failed");
}

#[tokio::test]
async fn a_key_pressed_during_another_write_is_not_lost() {
    for (digits, conflicts, status, state) in
        [("#", 1, 200, "approved"), ("#", 2, 503, "pending"), ("0", 3, 200, "denied"), ("0", 4, 503, "pending")]
    {
        let (api, login) = (Api::new().await, Login::known());
        api.post(&login, json!({ "channel": "call" })).await;
        api.webhook("answer", &[("AnsweredBy", "human")]).await;
        let callback = call_callback::App {
            policy: Policy::default(),
            public_base_url: BASE_URL.to_owned(),
            brand: "Example".to_owned(),
            store: Flaky { conflicts: AtomicUsize::new(conflicts), ..Flaky::over(&api) },
            tokens: Tokens,
            keys: None::<Keys>,
        };
        let (challenge, token) = api.phone.last_call();
        let pressed = webhook(&challenge, &token, "digits", &[("Digits", digits)], |event, signature| {
            event["headers"]["x-twilio-signature"] = json!(signature);
        });
        assert_eq!(callback.handle(pressed, api.now).await.status(), status, "{digits} after {conflicts}");
        assert_eq!(api.status(&login).await.json["state"], state, "{digits} after {conflicts}");
    }
}

#[tokio::test]
async fn settling_a_right_code_is_retried_after_a_conflict() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "sms" })).await;
    let verify = verify_code::App {
        settings: api.start.settings.clone(),
        store: Flaky { conflicts: AtomicUsize::new(1), ..Flaky::over(&api) },
        keys: Keys,
        signer: Signer,
    };
    let body = json!({ "code": api.phone.last_code() }).to_string();
    let answer = verify.handle(login.request("POST", "/v1/challenge/code", Some(&body)), api.now).await;
    assert_eq!(Answer::of(answer).json["state"], "approved");
}
