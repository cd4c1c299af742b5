//! The handlers when the store has a problem: a conflict, a read halfway through a write, an outage.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use domain::budget::CountryRecord;
use domain::call::{CallEvent, CallToken};
use domain::challenge::Challenge;
use domain::channel::Channel;
use domain::delivery::{Delivery, SendFailure};
use domain::identity::{Administrator, ChallengeId, ChallengeKey, SubjectId};
use domain::phone::Country;
use domain::policy::Policy;
use domain::ports::{ChallengeStore, Settlement, Started, StoreError, SwitchStore};
use domain::quota::Counter;
use domain::refusal::Refused;
use domain::snapshot::Snapshot;
use domain::start_transaction::StartTransaction;
use domain::switches::Switches;
use domain::time::Timestamp;
use platform::clock::Stopwatch;
use platform::store::DynamoStore;
use platform::switchboard::Switchboard;
use serde_json::json;
use simulation::model::ModelStore;
use start_challenge::countries::Countries;

use crate::api::{Answer, Api, BASE_URL, Keys, Login, Phone, Signer, Tokens, webhook};
use crate::limits;
use crate::store_contract::at_once;

/// Fails the first requests of some kinds, and returns half-written data for the first reads.
struct Flaky<S = DynamoStore> {
    store: S,
    conflicts: AtomicUsize,
    torn_reads: AtomicUsize,
    records: bool,
    record_conflicts: AtomicUsize,
    /// Whether a start is under way, while which no other may write, as in DynamoDB.
    starting: AtomicBool,
}

impl Flaky {
    fn over(api: &Api) -> Self {
        Flaky::of(api.backend.store())
    }

    /// Every request conflicts, for good.
    fn endless(api: &Api) -> Self {
        Self { conflicts: AtomicUsize::new(usize::MAX), ..Self::over(api) }
    }
}

impl<S> Flaky<S> {
    fn of(store: S) -> Self {
        Self {
            store,
            conflicts: AtomicUsize::new(0),
            torn_reads: AtomicUsize::new(0),
            records: true,
            record_conflicts: AtomicUsize::new(0),
            starting: AtomicBool::new(false),
        }
    }

    fn conflict(&self) -> Result<(), StoreError> {
        if take(&self.conflicts) { Err(StoreError::Conflict) } else { Ok(()) }
    }
}

fn take(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl<S: ChallengeStore> ChallengeStore for Flaky<S> {
    async fn load(&self, subject: &SubjectId) -> Result<Snapshot, StoreError> {
        let mut stored = self.store.load(subject).await?;
        if take(&self.torn_reads) {
            stored.challenges.clear();
        }
        Ok(stored)
    }

    async fn start(&self, transaction: &StartTransaction) -> Result<Started, StoreError> {
        self.conflict()?;
        if self.starting.swap(true, Ordering::SeqCst) {
            return Err(StoreError::Conflict);
        }
        tokio::time::sleep(Duration::from_millis(5)).await; // as long as a transaction takes
        let started = self.store.start(transaction).await;
        self.starting.store(false, Ordering::SeqCst);
        started
    }

    async fn note_refusal(&self, refused: &Refused<'_>, now: Timestamp) -> Result<(), StoreError> {
        self.conflict()?;
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
        self.conflict()?;
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

impl<S: SwitchStore> SwitchStore for Flaky<S> {
    async fn switches(&self) -> Result<Switches, StoreError> {
        self.store.switches().await
    }

    async fn switch(&self, after: &Switches, by: &Administrator, at: Timestamp) -> Result<(), StoreError> {
        self.store.switch(after, by, at).await
    }
}

fn starter<S>(api: &Api, store: Flaky<S>) -> start_challenge::App<Flaky<S>, Keys, Phone, Phone> {
    start_challenge::App {
        settings: api.start.settings.clone(),
        countries: Countries::default(),
        switchboard: Switchboard::default(),
        send_timeout: api.start.send_timeout,
        store,
        keys: Keys,
        sms: api.phone.clone(),
        caller: Some(api.phone.clone()),
        edge: None,
    }
}

async fn start(api: &Api, store: Flaky, login: &Login, channel: &str) -> Answer {
    let start = starter(api, store);
    let body = json!({ "channel": channel }).to_string();
    Answer::of(start.handle(login.request("POST", "/v1/challenge", Some(&body)), api.now).await)
}

#[tokio::test]
async fn a_start_that_conflicts_with_others_is_tried_again() {
    for conflicts in [1, 2, 6] {
        let (api, login) = (Api::new().await, Login::known());
        let store = Flaky { conflicts: AtomicUsize::new(conflicts), ..Flaky::over(&api) };
        assert_eq!(start(&api, store, &login, "sms").await.status, 201, "{conflicts} conflicts");
        assert_eq!(api.phone.codes().len(), 1);
    }
}

#[tokio::test]
async fn a_start_whose_conflicts_do_not_end_is_given_up_while_a_send_would_still_have_time() {
    let (api, login) = (Api::new().await, Login::known());
    let watch = Stopwatch::start();
    let answer = start(&api, Flaky::endless(&api), &login, "sms").await;
    assert_eq!((answer.status, answer.problem()), (503, "temporarily-unavailable"));
    let most = (api.start.send_timeout / 2).min(Duration::from_secs(3));
    assert!(watch.elapsed() < most + Duration::from_secs(1), "{:?}", watch.elapsed());
    assert_eq!(api.phone.codes().len(), 0);
}

#[tokio::test]
async fn a_refusal_that_conflicts_is_tried_again() {
    let (api, login) = (Api::new().await, Login::newcomer());
    let store = Flaky { conflicts: AtomicUsize::new(3), ..Flaky::over(&api) };
    assert_eq!(start(&api, store, &login, "sms").await.problem(), "phone-number-required");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_turned_away_for_signing_in_several_times_at_once() {
    for many in [5, 10] {
        let api = Arc::new(limits::api(limits::unlimited).await);
        // In memory, since a busy machine would need longer for ten transactions than a start has.
        let app = Arc::new(starter(&api, Flaky::of(ModelStore::default())));
        let statuses = at_once(many, |index| {
            let (api, app) = (Arc::clone(&api), Arc::clone(&app));
            async move {
                let login = Login::known().again(&format!("login-{index}"));
                let request = login.request("POST", "/v1/challenge", Some(r#"{"channel":"sms"}"#));
                app.handle(request, api.now).await.status().as_u16()
            }
        });
        assert_eq!(statuses.await, vec![201; many]);
        assert_eq!(api.phone.codes().len(), many);
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
    let store = Flaky { torn_reads: AtomicUsize::new(usize::MAX), ..Flaky::over(&api) };
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
        assert_eq!(api.status(&login).await.json["channels"]["sms"]["lastSend"], "sending", "{failure:?}");
    }
}

#[tokio::test]
async fn a_call_of_which_nothing_is_known_holds_the_channel_until_it_must_be_over() {
    let (mut api, login) = (Api::new().await, Login::known());
    api.phone.fail(Some(SendFailure::ProviderFault));
    start(&api, Flaky { records: false, ..Flaky::over(&api) }, &login, "call").await;
    api.phone.fail(None);
    let body = || json!({ "channel": "call" });
    api.pass(30);
    let view = api.status(&login).await;
    let call = &view.json["channels"]["call"];
    assert_eq!((&call["available"], &call["reason"]), (&json!(false), &json!("call-live")));
    let free = call["nextSendAt"].clone();
    assert_eq!((api.post(&login, body()).await.status, api.phone.calls()), (200, 0));
    api.pass(110);
    let view = api.status(&login).await;
    assert_eq!(view.json["channels"]["call"]["available"], true, "from {free} on");
    assert_eq!((api.post(&login, body()).await.status, api.phone.calls()), (201, 1));
}

#[tokio::test]
async fn recording_a_failed_send_is_retried_after_a_conflict() {
    let (api, login) = (Api::new().await, Login::known());
    api.phone.fail(Some(SendFailure::ProviderFault));
    let store = Flaky { record_conflicts: AtomicUsize::new(4), ..Flaky::over(&api) };
    assert_eq!(start(&api, store, &login, "sms").await.status, 503);
    assert_eq!(api.backend.item("challenge#").await["smsDelivery"], "failed");
}

#[tokio::test]
async fn a_key_pressed_during_another_write_is_not_lost() {
    for (digits, conflicts, status, state) in [
        ("#", 6, 200, "approved"),
        ("#", usize::MAX, 503, "pending"),
        ("0", 12, 200, "denied"),
        ("0", usize::MAX, 503, "pending"),
    ] {
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
    let verify: verify_code::App<_, _, _> = verify_code::App {
        settings: api.start.settings.clone(),
        store: Flaky { conflicts: AtomicUsize::new(5), ..Flaky::over(&api) }, // in counting, and then in settling
        keys: Keys,
        signer: Signer,
        edge: None,
    };
    let body = json!({ "code": api.phone.last_code() }).to_string();
    let answer = verify.handle(login.request("POST", "/v1/challenge/code", Some(&body)), api.now).await;
    assert_eq!(Answer::of(answer).json["state"], "approved");
}
