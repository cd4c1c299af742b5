//! The real functions over a store that is empty and refuses writes, so that every event goes through parsing,
//! rules and rendering, and no further.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::budget::CountryRecord;
use domain::call::{CallEvent, CallToken};
use domain::challenge::Challenge;
use domain::channel::Channel;
use domain::code::{MacKey, MacKeys};
use domain::delivery::{Delivery, SendFailure};
use domain::identity::{Administrator, ChallengeId, ChallengeKey, SubjectId};
use domain::phone::{Country, PhoneNumber, Reach};
use domain::policy::Policy;
use domain::ports::{
    CallPlacer, ChallengeStore, KeyError, KeySource, Message, SendError, Sent, Settlement, SmsSender, Started,
    StoreError, SwitchStore,
};
use domain::quota::Counter;
use domain::refusal::Refused;
use domain::result::Approval;
use domain::rules::{Enrolment, Rules};
use domain::snapshot::Snapshot;
use domain::start_transaction::StartTransaction;
use domain::switches::Switches;
use domain::time::Timestamp;
use http::Response;
use lambda_http::{Body, Request};
use platform::callback::{SigningTokens, TokenSource};
use platform::first_factor::{FirstFactor, SessionRule};
use platform::kms::SignError;
use platform::secrets::SecretError;
use platform::settings::{Environment, FactorSettings};
use platform::signer::ResultSigner;
use platform::switchboard::Switchboard;
use start_challenge::countries::Countries;
use tokio::runtime::{Builder, Runtime};

/// The base URL of webhooks, as in the sample events.
pub const BASE_URL: &str = "https://mfa.example.com";
/// The token that signs webhooks.
pub const SIGNING_TOKEN: &str = "12345";
/// Ten seconds after the first factor in the sample events.
const NOW: Timestamp = Timestamp::from_unix(1_795_600_010);

/// All functions that read callers' input.
pub struct Functions {
    start: start_challenge::App<Nothing, Nothing, Nothing, Nothing>,
    get: get_challenge::App<Nothing, Nothing, Nothing>,
    verify: verify_code::App<Nothing, Nothing, Nothing>,
    callback: call_callback::App<Nothing, Nothing, Nothing>,
    page: login_page::App,
    runtime: Runtime,
}

impl Functions {
    /// The functions, with the defaults of a deployment.
    ///
    /// # Panics
    /// If no runtime can be started, or the page's configuration here is invalid.
    #[must_use]
    pub fn new() -> Self {
        let settings = settings();
        Self {
            start: start_challenge::App {
                settings: settings.clone(),
                countries: Countries::default(),
                switchboard: Switchboard::default(),
                send_timeout: Duration::from_secs(10),
                store: Nothing,
                keys: Nothing,
                sms: Nothing,
                caller: Some(Nothing),
                edge: None,
            },
            get: get_challenge::App {
                settings: settings.clone(),
                store: Nothing,
                switchboard: Switchboard::default(),
                signer: Nothing,
                keys: Some(Nothing),
                edge: None,
            },
            verify: verify_code::App { settings, store: Nothing, keys: Nothing, signer: Nothing, edge: None },
            callback: call_callback::App {
                policy: Policy::default(),
                public_base_url: BASE_URL.to_owned(),
                brand: "Example".to_owned(),
                store: Nothing,
                tokens: Nothing,
                keys: Some(Nothing),
            },
            page: page(),
            runtime: Builder::new_current_thread().build().expect("a runtime"),
        }
    }

    /// `POST /v1/challenge`.
    pub fn start(&self, request: Request) -> Response<Body> {
        self.runtime.block_on(self.start.handle(request, NOW))
    }

    /// `GET /v1/challenge`.
    pub fn get(&self, request: Request) -> Response<Body> {
        self.runtime.block_on(self.get.handle(request, NOW))
    }

    /// `POST /v1/challenge/code`.
    pub fn verify(&self, request: Request) -> Response<Body> {
        self.runtime.block_on(self.verify.handle(request, NOW))
    }

    /// `POST /v1/calls/…`.
    pub fn callback(&self, request: Request) -> Response<Body> {
        self.runtime.block_on(self.callback.handle(request, NOW))
    }

    /// `GET /`, and the files that it names.
    #[must_use]
    pub fn page(&self, request: &Request) -> Response<Body> {
        self.page.handle(request, NOW)
    }
}

impl Default for Functions {
    fn default() -> Self {
        Self::new()
    }
}

fn page() -> login_page::App {
    let environment: Environment = [("BRAND", "Example"), ("ALLOWED_COUNTRIES", "US,GB,DE")].into_iter().collect();
    let config = environment.read(login_page::config::Config::read).expect("a configuration");
    login_page::App::new(config).expect("plain headers")
}

fn settings() -> FactorSettings {
    FactorSettings {
        table: "none".to_owned(),
        rules: Rules {
            policy: Policy::default(),
            channels: BTreeSet::from(Channel::ALL),
            reach: Reach::by_every_channel(["US", "GB", "DE"].iter().filter_map(|code| Country::parse(code).ok())),
            enrolment: Enrolment::SelfService,
            test_numbers: Vec::new(),
        },
        session: SessionRule { claim: "jti".to_owned(), max_age: Duration::from_mins(15) },
        support_url: None,
    }
}

/// In place of every port: stores nothing and sends nothing.
struct Nothing;

impl SwitchStore for Nothing {
    async fn switches(&self) -> Result<Switches, StoreError> {
        Ok(Switches::NONE)
    }

    async fn switch(&self, _: &Switches, _: &Administrator, _: Timestamp) -> Result<(), StoreError> {
        Err(down())
    }
}

impl ChallengeStore for Nothing {
    async fn load(&self, _: &SubjectId) -> Result<Snapshot, StoreError> {
        Ok(Snapshot::default())
    }

    async fn start(&self, _: &StartTransaction) -> Result<Started, StoreError> {
        Err(down())
    }

    async fn note_refusal(&self, _: &Refused<'_>, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn country(&self, _: Country) -> Result<CountryRecord, StoreError> {
        Ok(CountryRecord::default())
    }

    async fn record_send(
        &self,
        _: &ChallengeId,
        _: Channel,
        _: Timestamp,
        _: Delivery,
        _: &[Counter],
    ) -> Result<(), StoreError> {
        Err(down())
    }

    async fn count_guess(&self, _: &ChallengeKey, _: Timestamp) -> Result<Option<Challenge>, StoreError> {
        Ok(None)
    }

    async fn settle(&self, _: &Challenge, _: &Policy, _: Timestamp) -> Result<Settlement, StoreError> {
        Err(down())
    }

    async fn advance_call(
        &self,
        _: &ChallengeId,
        _: &CallToken,
        _: CallEvent,
        _: &Policy,
        _: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        Ok(None)
    }
}

fn down() -> StoreError {
    StoreError::Unavailable("writes are refused".into())
}

impl KeySource for Nothing {
    async fn keys(&self, _: Timestamp) -> Result<Arc<MacKeys>, KeyError> {
        Ok(Arc::new(MacKeys { current: MacKey::from_secret("a key"), previous: None, next: None }))
    }
}

impl TokenSource for Nothing {
    async fn tokens(&self, _: Timestamp) -> Result<Arc<SigningTokens>, SecretError> {
        Ok(Arc::new(SigningTokens::new(SIGNING_TOKEN.to_owned(), None)))
    }
}

impl SmsSender for Nothing {
    async fn send(&self, _: &Message<'_>, _: Duration) -> Result<Sent, SendError> {
        Err(SendError { kind: SendFailure::ProviderFault, source: None })
    }
}

impl CallPlacer for Nothing {
    async fn call(&self, _: &PhoneNumber, _: &ChallengeId, _: &CallToken, _: Duration) -> Result<Sent, SendError> {
        Err(SendError { kind: SendFailure::ProviderFault, source: None })
    }
}

impl ResultSigner for Nothing {
    async fn sign(&self, _: &Approval, _: &FirstFactor) -> Result<String, SignError> {
        unreachable!("an empty store has no approved challenge")
    }
}
