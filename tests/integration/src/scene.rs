//! One subject in one login session, with a clock that the test sets.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use domain::call::{AnsweredBy, CallEvent, CallToken, Key};
use domain::challenge::Challenge;
use domain::channel::Channel;
use domain::code::{Code, MacKey, MacKeys};
use domain::identity::{ChallengeKey, Network, SessionId, SubjectId};
use domain::locale::Locale;
use domain::phone::{Country, PhoneNumber, Reach};
use domain::policy::Policy;
use domain::ports::{ChallengeStore, Settlement, Started, StoreError};
use domain::purpose::Purpose;
use domain::receipt::ReceiptToken;
use domain::refusal::Refusal;
use domain::request::{Login, Request};
use domain::rules::{Enrolment, Rules};
use domain::snapshot::Snapshot;
use domain::start::{Decision, Start};
use domain::start_transaction::StartTransaction;
use domain::switches::Switches;
use domain::time::Timestamp;
use platform::store::DynamoStore;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use seed::fixed::AllMobile;

use crate::backend::Backend;

pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
pub(crate) const ALICE: &str = "+14155552671";

pub(crate) struct Scene {
    pub(crate) backend: Backend,
    pub(crate) store: DynamoStore,
    pub(crate) key: ChallengeKey,
    pub(crate) now: Timestamp,
    pub(crate) rules: Rules,
    pub(crate) keys: MacKeys,
    pub(crate) claimed: Option<PhoneNumber>,
    /// What the first factor says of it.
    pub(crate) enrolment: Enrolment,
    pub(crate) address: IpAddr,
    pub(crate) purpose: Purpose,
    pub(crate) locale: Locale,
    random: StdRng,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let backend = Backend::fresh().await;
        Self {
            store: backend.store(),
            backend,
            key: ChallengeKey { subject: SubjectId::new("https://login", "alice"), session: SessionId::new("1", None) },
            now: NOW,
            rules: Rules {
                policy: Policy::default(),
                channels: BTreeSet::from(Channel::ALL),
                reach: Reach::by_every_channel(Country::parse("US")),
                enrolment: Enrolment::SelfService,
                test_numbers: Vec::new(),
            },
            keys: MacKeys { current: MacKey::from_secret("current"), previous: None, next: None },
            claimed: Some(number(ALICE)),
            enrolment: Enrolment::SelfService,
            address: IpAddr::from([203, 0, 113, 7]),
            purpose: Purpose::Login,
            locale: Locale::En,
            random: StdRng::seed_from_u64(7),
        }
    }

    /// Lifts every limit on sends, for tests that are not about limits.
    pub(crate) fn send_without_limits(&mut self) {
        let policy = &mut self.rules.policy;
        (policy.max_sends_short, policy.max_sends_long, policy.max_calls_short) = (1000, 1000, 1000);
        (policy.max_sends_number_short, policy.max_sends_number_long, policy.max_sends_network) = (1000, 1000, 1000);
    }

    pub(crate) fn session(&mut self, session: &str) {
        self.key.session = SessionId::new(session, None);
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
    }

    pub(crate) async fn load(&self) -> Snapshot {
        self.store.load(&self.key.subject).await.expect("a snapshot")
    }

    pub(crate) async fn challenge(&self) -> Challenge {
        self.load().await.challenge(&self.key).expect("a challenge").clone()
    }

    pub(crate) fn login(&self) -> Login<'_> {
        let Self { key, purpose, enrolment, .. } = *self;
        Login { key, purpose, sub: "alice", claimed: self.claimed.as_ref(), enrolment }
    }

    pub(crate) fn decide(&self, stored: &Snapshot, channel: Channel, typed: Option<&str>) -> Result<Decision, Refusal> {
        let request = Request {
            key: self.key,
            purpose: self.purpose,
            sub: "alice".to_owned(),
            channel,
            typed: typed.map(|typed| AllMobile::subscriber(number(typed))),
            claimed: self.claimed.clone(),
            enrolment: self.enrolment,
            network: Network::of(self.address),
            locale: self.locale,
            keep_until: self.now + Duration::from_hours(2),
        };
        Start { rules: &self.rules, plan: &AllMobile, switches: &Switches::NONE }.decide(stored, &request, self.now)
    }

    pub(crate) async fn transaction(&self, channel: Channel) -> StartTransaction {
        match self.decide(&self.load().await, channel, None).expect("a decision") {
            Decision::Send(transaction) => *transaction,
            Decision::Running => panic!("the challenge is running"),
        }
    }

    /// Sends a code and returns it.
    pub(crate) async fn send_code(&mut self) -> Code {
        self.send_message().await.0
    }

    /// Sends a code and returns it with the token of its receipts.
    pub(crate) async fn send_message(&mut self) -> (Code, ReceiptToken) {
        let mut transaction = self.transaction(Channel::Sms).await;
        let message = transaction.add_code(&self.keys, &mut self.random);
        assert_eq!(self.store.start(&transaction).await.expect("started"), Started::Applied);
        message
    }

    /// Places a call and returns its token.
    pub(crate) async fn place_call(&mut self) -> CallToken {
        let mut transaction = self.transaction(Channel::Call).await;
        let token = transaction.add_call(&mut self.random);
        assert_eq!(self.store.start(&transaction).await.expect("started"), Started::Applied);
        token
    }

    /// Whether a guess was right; `None` if it was not judged.
    pub(crate) async fn guess(&self, code: &Code) -> Result<Option<bool>, StoreError> {
        let Some(counted) = self.store.count_guess(&self.key, self.now).await? else { return Ok(None) };
        let Some(by) = counted.judge(&self.keys, code) else { return Ok(Some(false)) };
        let proven = counted.proven(by, self.now);
        let settled = match self.store.settle(&proven, &self.rules.policy, self.now).await {
            Err(StoreError::Conflict) => self.store.settle(&proven, &self.rules.policy, self.now).await?,
            settled => settled?,
        };
        Ok(Some(matches!(settled, Settlement::Settled(_))))
    }

    /// A code that is none of those sent.
    pub(crate) async fn wrong_code(&self) -> Code {
        let challenge = self.challenge().await;
        let codes = (0..1_000_000).map(|code| Code::parse(&format!("{code:06}")).expect("six digits"));
        let mut wrong = codes.filter(|code| challenge.judge(&self.keys, code).is_none());
        wrong.next().expect("a wrong code")
    }

    pub(crate) async fn webhook(&self, token: &CallToken, event: CallEvent) -> Option<Challenge> {
        let id = self.challenge().await.id;
        self.store.advance_call(&id, token, event, &self.rules.policy, self.now).await.expect("an answer")
    }

    pub(crate) async fn answer(&self, token: &CallToken, by: AnsweredBy) -> Option<Challenge> {
        self.webhook(token, CallEvent::Answered(by)).await
    }

    pub(crate) async fn press(&self, token: &CallToken, key: Key) -> Option<Challenge> {
        self.webhook(token, CallEvent::Pressed(key)).await
    }
}

pub(crate) fn number(e164: &str) -> PhoneNumber {
    PhoneNumber::parse(e164).expect("a number")
}
