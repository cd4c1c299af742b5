//! The simulation of growth counts the requests that the store and the handlers really make.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::budget::CountryRecord;
use domain::call::{AnsweredBy, CallEvent, CallState, CallToken, Key as Pressed};
use domain::challenge::{Challenge, Method};
use domain::channel::Channel;
use domain::follow_up::Tally;
use domain::phone::Country;
use domain::policy::Policy;
use domain::ports::{ChallengeStore as _, Settlement, Started, Statistics as _};
use domain::rules::Rules;
use domain::snapshot::Snapshot;
use domain::start_transaction::StartTransaction;
use growth::people::{self, COUNTRIES, NOON, People, Person, WEBHOOKS};
use growth::polls::Wait;
use growth::requests::{self, Kind, Request, Write};
use growth::transactions;
use platform::store::DynamoStore;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::json;

use crate::api::{Api, Keys, Login};
use crate::wire::{Wire, kind};

/// The same requests, with the parts of each transaction sorted: their order costs nothing.
fn sorted(mut requests: Vec<Request>) -> Vec<Request> {
    for request in &mut requests {
        if let Request::Transaction(writes) = request {
            writes.sort_by(|one, other| {
                (&one.key.partition, &one.key.sort).cmp(&(&other.key.partition, &other.key.sort))
            });
        }
    }
    requests
}

/// A visitor of the simulation, on the real store.
struct Visitor {
    store: DynamoStore,
    wire: Wire,
    rules: Rules,
    person: Person,
    random: StdRng,
}

impl Visitor {
    async fn new(person: u64) -> Self {
        let (backend, wire) = Wire::tap().await;
        let (store, rules, random) = (backend.store(), transactions::rules(), StdRng::seed_from_u64(person));
        Self { store, wire, rules, person: Person(person), random }
    }

    /// Starts as the handler does, and checks that this makes the requests that growth counts.
    async fn start(&mut self, channel: Channel, session: u64) -> (StartTransaction, Option<CallToken>) {
        let stored = self.store.load(&transactions::key(self.person, session).subject).await.expect("a snapshot");
        let mut transaction =
            transactions::transaction(&self.rules, &stored, self.person, channel, session).expect("a transaction");
        if transaction.challenge.source.is_unverified() {
            let record = People::starting(1_000.0).record(transaction.challenge.country);
            let rules = &self.rules.policy.unverified;
            transaction.charge_budget(&record, rules, &mut self.random).expect("a budget");
        }
        let token = match channel {
            Channel::Sms => {
                transaction.add_code(&Keys::all(), &mut self.random);
                None
            }
            Channel::Call => Some(transaction.add_call(&mut self.random)),
        };
        assert_eq!(self.store.start(&transaction).await.expect("started"), Started::Applied);
        assert_eq!(self.wire.heard(), requests::start(&transaction));
        (transaction, token)
    }

    async fn guess(&self, transaction: &StartTransaction) -> Challenge {
        let counted = self.store.count_guess(&transaction.challenge.id.key, NOON).await.expect("counted");
        assert_eq!(self.wire.heard(), [requests::count(&transaction.challenge)]);
        counted.expect("an open challenge")
    }

    async fn webhook(&self, transaction: &StartTransaction, token: &CallToken, event: CallEvent) -> Challenge {
        let (id, policy) = (transaction.challenge.id, &self.rules.policy);
        let advanced = self.store.advance_call(&id, token, event, policy, NOON).await.expect("an answer");
        assert_eq!(self.wire.heard(), [requests::count(&transaction.challenge)]);
        advanced.expect("a challenge")
    }

    async fn settle(&self, transaction: &StartTransaction, proven: &Challenge) {
        let settled = self.store.settle(proven, &self.rules.policy, NOON).await.expect("settled");
        assert!(matches!(settled, Settlement::Settled(_)), "{settled:?}");
        assert_eq!(sorted(self.wire.heard()), sorted(vec![requests::settlement(&transaction.challenge)]));
    }

    /// A newcomer's login, then their next one.
    async fn log_in_by_code(&mut self) {
        for session in 0..2 {
            let (transaction, _) = self.start(Channel::Sms, session).await;
            assert_eq!(transaction.challenge.source.is_unverified(), session == 0);
            self.guess(&transaction).await;
            let right = self.guess(&transaction).await;
            self.settle(&transaction, &right.proven(Method::SmsCode, NOON)).await;
        }
    }

    async fn log_in_by_call(&mut self, session: u64) {
        let (transaction, token) = self.start(Channel::Call, session).await;
        let token = token.expect("a call");
        for event in [CallEvent::Progress(CallState::Ringing), CallEvent::Answered(AnsweredBy::Human)] {
            self.webhook(&transaction, &token, event).await;
        }
        let by_digits = transaction.challenge.contested;
        let event = if by_digits { CallEvent::Entered { matches: true } } else { CallEvent::Pressed(Pressed::Approve) };
        let approved = self.webhook(&transaction, &token, event).await;
        self.settle(&transaction, &approved).await;
        self.webhook(&transaction, &token, CallEvent::Progress(CallState::Ended)).await;
    }
}

#[tokio::test]
async fn a_login_by_code_makes_the_requests_that_growth_counts() {
    for person in 1..40 {
        Visitor::new(person).await.log_in_by_code().await;
    }
}

#[tokio::test]
async fn a_login_by_call_makes_the_requests_that_growth_counts() {
    for person in 1..10 {
        let mut visitor = Visitor::new(person).await;
        visitor.log_in_by_call(0).await; // a newcomer
        visitor.log_in_by_call(1).await;
    }
}

fn countries() -> impl Iterator<Item = Country> {
    COUNTRIES.iter().map(|(_, code)| Country::parse(code).expect("a country"))
}

/// One person of each country.
fn batch(changes: [&str; 5]) -> Tally {
    let mut tally = Tally::default();
    for (country, change) in countries().zip(changes) {
        tally.add(country, CountryRecord::day(NOON), change);
    }
    tally
}

#[tokio::test]
async fn a_stream_batch_makes_the_transaction_that_growth_counts() {
    let (backend, wire) = Wire::tap().await;
    backend.store().count_verified(&batch(["a", "b", "c", "d", "e"])).await.expect("counted");
    assert_eq!(sorted(wire.heard()), sorted(vec![requests::tally(countries(), NOON)]));
}

/// A request without its keys: the verbs and kinds of its items.
fn shape(request: &Request) -> String {
    let of = |write: &Write| format!("{:?} {:?}", write.verb, write.kind);
    match request {
        Request::Query(partition) => format!("query {}", partition.split('#').next().unwrap_or_default()),
        Request::Update(write) => of(write),
        Request::Transaction(writes) => writes.iter().map(of).collect::<Vec<_>>().join(", "),
    }
}

fn shapes(requests: &[Request]) -> Vec<String> {
    requests.iter().map(shape).collect()
}

/// The simulation's requests for a login by that channel: its start, its guess or webhook, and its
/// settlement.
fn simulated(is_known: bool, channel: Channel) -> [Vec<String>; 3] {
    let (rules, person, mut random) = (transactions::rules(), Person(1), StdRng::seed_from_u64(1));
    let stored = if is_known { transactions::known(person, 0) } else { Snapshot::default() };
    let mut transaction = transactions::transaction(&rules, &stored, person, channel, 1).expect("a transaction");
    if !is_known {
        let record = CountryRecord::default();
        transaction.charge_budget(&record, &rules.policy.unverified, &mut random).expect("the least budget");
    }
    let challenge = &transaction.challenge;
    [requests::start(&transaction), vec![requests::count(challenge)], vec![requests::settlement(challenge)]]
        .map(|requests| shapes(&requests))
}

#[tokio::test]
async fn the_handlers_make_the_round_trips_that_growth_counts() {
    let (backend, wire) = Wire::tap().await;
    let heard = || {
        // The country's snapshot is kept for a minute and the switches for half of one, and both are read in parallel with
        // the account.
        let mut heard = shapes(&wire.heard());
        heard.retain(|request| request != "query country" && request != "query switches");
        heard
    };
    let query = [shape(&requests::status(&transactions::key(Person(1), 1).subject))];
    let (mut api, login) = (Api::over(backend), Login::newcomer());
    for (is_known, login) in [(false, login.clone()), (true, login.again("login-2"))] {
        let [start, count, settlement] = simulated(is_known, Channel::Sms);
        api.status(&login).await;
        assert_eq!(heard(), query);
        let number = json!({ "channel": "sms", "phoneNumber": (!is_known).then_some("+14155552671") });
        assert_eq!(api.post(&login, number).await.status, 201);
        assert_eq!(heard(), start);
        api.status(&login).await;
        assert_eq!(heard(), query, "a poll");
        let right = api.phone.last_code();
        assert_eq!(api.guess(&login, if right == "000000" { "000001" } else { "000000" }).await.status, 422);
        assert_eq!(heard(), count, "a wrong code");
        assert_eq!(api.guess(&login, &right).await.status, 200);
        assert_eq!(heard(), [count, settlement].concat(), "the right one");
        api.pass(60);
    }

    api.pass(600); // no other sign-in competes any more
    let login = login.again("login-3");
    let [start, count, settlement] = simulated(true, Channel::Call);
    assert_eq!(api.post(&login, json!({ "channel": "call" })).await.status, 201);
    assert_eq!(heard(), start);
    for silent in ["initiated", "in-progress"] {
        api.webhook("status", &[("CallStatus", silent)]).await;
    }
    assert_eq!(heard(), Vec::<String>::new());
    api.webhook("status", &[("CallStatus", "ringing")]).await;
    api.webhook("answer", &[("CallStatus", "in-progress"), ("AnsweredBy", "human")]).await;
    api.webhook("digits", &[("Digits", "#")]).await;
    api.webhook("status", &[("CallStatus", "completed")]).await;
    assert_eq!(heard(), vec![count[0].clone(); usize::try_from(WEBHOOKS.moving + 1).expect("a few")]);
    api.status(&login).await;
    assert_eq!(heard(), [query.to_vec(), settlement].concat(), "the status that completes an approval by call");
}

/// How often the page asks until the wait ends, if it follows what the handlers advise.
async fn polls(api: &mut Api, login: &Login, channel: &str, wait: Wait) -> u32 {
    let started = api.now;
    let mut answer = api.post(login, json!({ "channel": channel })).await;
    assert_eq!(answer.status, 201);
    let mut answered = wait.answered.filter(|_| channel == "call");
    let mut unanswered = wait.answered.is_none() && channel == "call";
    let (mut passed, mut polls) = (Duration::ZERO, 0);
    loop {
        passed += Duration::from_millis(answer.json["pollAfterMs"].as_u64().expect("advice"));
        if passed >= wait.ends {
            return polls;
        }
        if let Some(at) = answered.take_if(|at| *at <= passed) {
            api.now = started + at;
            api.webhook("answer", &[("CallStatus", "in-progress"), ("AnsweredBy", "human")]).await;
        }
        if unanswered && passed >= Policy::RING {
            unanswered = false;
            api.webhook("status", &[("CallStatus", "no-answer")]).await;
        }
        api.now = started + passed;
        answer = api.status(login).await;
        polls += 1;
    }
}

#[tokio::test]
async fn the_handlers_advise_as_many_polls_as_growth_counts() {
    let waits = [(people::MESSAGE, Channel::Sms), (people::LEFT, Channel::Sms)]
        .into_iter()
        .chain([(people::CALL, Channel::Call), (people::LEFT, Channel::Call)]);
    for (wait, channel) in waits {
        let transaction = transactions::transaction(
            &transactions::rules(),
            &transactions::known(Person(1), 0),
            Person(1),
            channel,
            1,
        );
        let counted = wait.polls(&Policy::default(), &transaction.expect("a transaction").challenge);
        let (mut api, login) = (Api::new().await, Login::known());
        assert_eq!(polls(&mut api, &login, channel.as_str(), wait).await, counted, "{channel:?}, {wait:?}");
    }
}

/// An item's size as DynamoDB counts it: names and values, with two digits of a number per byte, and for a
/// list or map three bytes plus one per element (developer guide, "DynamoDB item sizes and formats").
pub(crate) fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Bool(_) => 1,
        AttributeValue::Bs(set) => set.iter().map(|bytes| bytes.as_ref().len()).sum(),
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + size(value)).sum::<usize>(),
        AttributeValue::M(map) => 3 + map.iter().map(|(name, value)| 1 + name.len() + size(value)).sum::<usize>(),
        other => panic!("an attribute of an unexpected type: {other:?}"),
    }
}

/// A user who uses up every limit: all codes and calls of one challenge, and a day's sends.
async fn use_every_limit(api: &mut Api) {
    let login = Login::newcomer();
    let first = json!({ "channel": "sms", "phoneNumber": "+14155552671" });
    assert_eq!(api.post(&login, first).await.status, 201);
    api.guess(&login, &api.phone.last_code()).await;
    let mut session = 2;
    for sent in 1..10 {
        let login = login.again(&format!("login-{session}")).at(api.now);
        let channel = if sent % 4 == 3 { "call" } else { "sms" };
        api.post(&login, json!({ "channel": channel })).await;
        if channel == "call" {
            api.webhook("status", &[("CallStatus", "ringing")]).await;
            api.webhook("answer", &[("CallStatus", "in-progress"), ("AnsweredBy", "human")]).await;
            api.webhook("digits", &[("Digits", "5")]).await;
            api.webhook("status", &[("CallStatus", "completed")]).await;
        }
        api.guess(&login, "000000").await;
        session += u64::from(sent % 4 == 0);
        api.pass(if sent % 4 == 0 { 600 } else { 60 });
    }
}

#[tokio::test]
async fn growth_counts_every_item_as_at_least_its_size_and_at_most_three_times_that() {
    let (backend, _) = Wire::tap().await;
    let mut api = Api::over(backend);
    use_every_limit(&mut api).await;
    api.backend.store().count_verified(&batch(["f", "g", "h", "i", "j"])).await.expect("counted");
    let items = api.backend.client.scan().table_name(&api.backend.table).send().await.expect("items");
    let mut largest = BTreeMap::<Kind, usize>::new();
    for item in items.items() {
        let key = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).expect("a key");
        let Some(kind) = kind(key("pk"), key("sk")) else { continue }; // a refusal, which growth does not count
        let size: usize = item.iter().map(|(name, value)| name.len() + size(value)).sum();
        let most = largest.entry(kind).or_default();
        *most = size.max(*most);
    }
    assert_eq!(largest.len(), 5, "{largest:?}");
    for (kind, size) in largest {
        let says = usize::try_from(kind.bytes()).expect("a size");
        assert!((says / 3..=says).contains(&size), "{kind:?} has {size} bytes, but growth counts {says}");
    }
}
