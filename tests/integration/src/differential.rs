//! Compares the simulation's model of the store with the store itself: the same random operations, decided on
//! fresh and on stale reads, must give the same answers and leave the same state.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use domain::budget::CountryRecord;
use domain::call::{AnsweredBy, CallEvent, CallState, CallToken, Key};
use domain::challenge::{Challenge, Method};
use domain::channel::Channel;
use domain::code::SpokenCodeMacs;
use domain::delivery::Delivery;
use domain::identity::{Administrator, ChallengeId, SessionId, SubjectId};
use domain::phone::Country;
use domain::policy::{CallMode, Policy, UnverifiedBudget};
use domain::ports::{ChallengeStore, ReceiptStore, StoreError, SwitchStore};
use domain::purpose::Purpose;
use domain::receipt::{Fate, MessageId, Receipt};
use domain::refusal::{Consequence, Contest, Refusal, Refused};
use domain::snapshot::Snapshot;
use domain::start::Decision;
use domain::start_transaction::StartTransaction;
use domain::switches::{Setting, Switch, Switches};
use domain::time::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use simulation::model::{Model, ModelStore, Sabotage};

use crate::scene::{NOW, Scene, number};

/// How many sequences to run on the real store, where each operation is a request.
const SEQUENCES: u64 = 100;
/// How many such sequences it takes to find every fault built into the model.
const ENOUGH: u64 = 4_000;
const VERBS: usize = 60;
const VERBS_OF_A_SESSION: usize = 15;

const EVENTS: [CallEvent; 13] = [
    CallEvent::Progress(CallState::Ringing),
    CallEvent::Answered(AnsweredBy::Human),
    CallEvent::Answered(AnsweredBy::Human),
    CallEvent::Answered(AnsweredBy::NotHuman),
    CallEvent::Answered(AnsweredBy::Unjudged),
    CallEvent::Pressed(Key::Approve),
    CallEvent::Pressed(Key::Approve),
    CallEvent::Pressed(Key::Other),
    CallEvent::Pressed(Key::Fraud),
    CallEvent::Pressed(Key::Block),
    CallEvent::Progress(CallState::Ended),
    CallEvent::Entered { matches: true },
    CallEvent::Entered { matches: false },
];

/// An operation with its arguments.
#[derive(Clone, Debug)]
enum Verb {
    Start(Box<StartTransaction>),
    RecordSend(ChallengeId, Channel, Timestamp, Delivery),
    Refuse(Refusal, Channel, Consequence),
    Country,
    CountGuess,
    Settle(Box<Challenge>),
    AdvanceCall(ChallengeId, CallToken, CallEvent),
    Receipt(Receipt),
    Switch(Switches),
}

/// One sequence of operations on two stores.
struct Sequence<'a, A, B> {
    stores: (&'a A, &'a B),
    scene: &'a mut Scene,
    seed: u64,
    random: StdRng,
    /// Two subjects with the same numbers, one after the other.
    who: usize,
    /// Everything read so far of each, the latest last. Later operations are decided on any of it.
    reads: [Vec<Snapshot>; 2],
    transactions: Vec<StartTransaction>,
    latest: Option<Verb>,
    calls: Vec<(ChallengeId, CallToken)>,
    /// All switches, as they were read, the latest last.
    switches: Vec<Switches>,
    answers: &'a mut BTreeMap<String, usize>,
}

impl<A: ChallengeStore + ReceiptStore + SwitchStore, B: ChallengeStore + ReceiptStore + SwitchStore>
    Sequence<'_, A, B>
{
    /// Applies random operations until the stores differ, and says how they do.
    async fn run(mut self) -> Result<(), String> {
        self.scene.rules.policy = Policy {
            code_life: Duration::from_mins(2),
            max_guesses: 3,
            lock_at_failures: 1_000,
            delay_from_failures: 1_000,
            max_sends: 10,
            max_sends_short: 1_000,
            max_sends_long: 1_000,
            max_calls_short: 1_000,
            max_sends_number_short: 6,
            max_sends_number_long: 9,
            max_sends_number_unverified: 3,
            max_sends_network: 8,
            max_accounts: 1,
            unverified: UnverifiedBudget {
                enforced: self.below(4) > 0,
                floor: 5,
                per_range: 4,
                ..UnverifiedBudget::default()
            },
            call_mode: [CallMode::PressPound, CallMode::MatchDigits, CallMode::SpeakCode][self.below(3)],
            cooldown: Duration::ZERO,
            fraud_block: Duration::from_secs([30, 150, 600][self.below(3)]),
            ..Policy::default()
        };
        for who in [1, 0] {
            self.turn_to(who);
            self.reads[who].push(self.load().await?);
        }
        self.switches.push(self.load_switches().await?);
        for verb in 0..VERBS {
            let who = usize::from(verb >= VERBS / 4 && self.below_of(3));
            if who != self.who {
                self.turn_to(who);
                self.latest = None;
            }
            let changes = (verb / VERBS_OF_A_SESSION % 2 == 1) != self.below_of(6);
            self.scene.purpose = if changes { Purpose::Change } else { Purpose::Login };
            let jump = [0, 1, 6, 20, 130, 310][self.below(6)];
            self.scene.now = self.scene.now + Duration::from_secs(if self.below(5) == 0 { jump } else { 0 });
            let session = (verb / VERBS_OF_A_SESSION).saturating_sub(usize::from(self.below(4) == 0));
            self.scene.session(&session.to_string());
            if self.scene.purpose == Purpose::Change {
                self.scene.key.session = self.scene.key.session.to_change();
            }
            self.scene.address = IpAddr::from([203, 0, 113, u8::from(self.below(3) == 0)]);
            let again = self.latest.take().filter(|_| self.random.random_bool(0.3));
            let Some(verb) = again.or_else(|| self.draw()) else { continue };
            let now = self.scene.now;
            let ahead = if self.below_of(8) { 0 } else { 40 + self.below(45) as u64 };
            self.scene.now = Timestamp::from_unix(now.as_unix() + ahead - 40); // the clock of another function
            let answers = (self.apply(self.stores.0, &verb).await, self.apply(self.stores.1, &verb).await);
            self.scene.now = now;
            if answers.0 != answers.1 {
                return Err(format!("{verb:?} gives\n{}\non one store and\n{}\non the other", answers.0, answers.1));
            }
            let name: String = format!("{verb:?}").chars().take_while(char::is_ascii_alphabetic).collect();
            let gist: String = answers.0.chars().take(14).collect();
            *self.answers.entry(format!("{name} {gist}")).or_default() += 1;
            if self.below(3) == 0 {
                let stored = self.load().await.map_err(|difference| format!("{verb:?} leaves\n{difference}"))?;
                self.reads[self.who].push(stored);
                self.switches
                    .push(self.load_switches().await.map_err(|difference| format!("{verb:?} leaves\n{difference}"))?);
            }
            self.latest = Some(verb);
        }
        self.load().await.map(drop)
    }

    fn turn_to(&mut self, who: usize) {
        self.who = who;
        self.scene.key.subject = SubjectId::new("https://login", &format!("{} {who}", self.seed));
    }

    async fn apply(&self, store: &(impl ChallengeStore + ReceiptStore + SwitchStore), verb: &Verb) -> String {
        let (key, now, policy) = (&self.scene.key, self.scene.now, &self.scene.rules.policy);
        match verb {
            Verb::Start(transaction) => text(store.start(transaction).await),
            Verb::Refuse(refusal, channel, consequence) => {
                let refused = Refused {
                    subject: &key.subject,
                    channel: *channel,
                    refusal: *refusal,
                    consequence: Some(consequence.clone()),
                };
                text(store.note_refusal(&refused, now).await)
            }
            Verb::Country => text(store.country(Country::parse("US").expect("a country")).await),
            Verb::RecordSend(id, channel, at, delivery) => {
                text(store.record_send(id, *channel, *at, *delivery, &[]).await)
            }
            Verb::CountGuess => text(store.count_guess(key, now).await),
            Verb::Settle(challenge) => text(store.settle(challenge, policy, now).await),
            Verb::Receipt(receipt) => text(store.record_receipt(key, receipt, now).await),
            Verb::Switch(after) => text(store.switch(after, &operator(), now).await),
            Verb::AdvanceCall(id, token, event) => text(store.advance_call(id, token, *event, policy, now).await),
        }
    }

    /// What both stores contain, if it is the same.
    async fn load(&self) -> Result<Snapshot, String> {
        let subject = &self.scene.key.subject;
        let one = self.stores.0.load(subject).await.map_err(|error| error.to_string())?;
        let other = self.stores.1.load(subject).await.map_err(|error| error.to_string())?;
        if all(&one) == all(&other) { Ok(one) } else { Err(format!("{}\nand\n{}", all(&one), all(&other))) }
    }

    async fn load_switches(&self) -> Result<Switches, String> {
        let one = self.stores.0.switches().await.map_err(|error| error.to_string())?;
        let other = self.stores.1.switches().await.map_err(|error| error.to_string())?;
        if one == other { Ok(one) } else { Err(format!("{one:#?}\nand\n{other:#?}")) }
    }

    fn draw(&mut self) -> Option<Verb> {
        match self.below(24) {
            19 if self.below_of(2) => self.switch().map(Verb::Switch),
            20 => self.refuse(),
            21 if self.below_of(4) => Some(Verb::Country),
            21 => self.receipt(),
            0..5 | 22 | 23 => self.start().map(|transaction| Verb::Start(Box::new(transaction))),
            5 => self.record_send(),

            6..9 => Some(Verb::CountGuess),
            9..12 => self.settle(),
            _ => self.webhook(),
        }
    }

    /// A start decided on one of the reads, or one that was applied before.
    fn start(&mut self) -> Option<StartTransaction> {
        if self.below(8) == 0 && !self.transactions.is_empty() {
            let index = self.below(self.transactions.len());
            return self.transactions.get(index).cloned();
        }
        let stored = self.read();
        let channel = Channel::ALL[self.below(2)];
        let typed = self.number();
        self.scene.claimed = Some(number(&self.number())).filter(|_| self.below_of(3));
        let prompts = stored.subject.binding.is_none() && self.scene.claimed.is_none();
        let typed = Some(typed).filter(|_| prompts || (self.scene.purpose == Purpose::Change && self.below_of(2)));
        let Ok(Decision::Send(mut transaction)) = self.scene.decide(&stored, channel, typed.as_deref()) else {
            return None;
        };
        if self.below(6) == 0 {
            transaction.at = transaction.at + Duration::from_secs(130); // older than a code can be
        }
        if transaction.challenge.source.is_unverified() {
            let rules = &self.scene.rules.policy.unverified;
            transaction.charge_budget(&CountryRecord::default(), rules, &mut self.random).ok()?;
        }
        match channel {
            Channel::Sms => _ = transaction.add_code(&self.scene.keys, &mut self.random),
            Channel::Call => {
                let token = transaction.add_call(&mut self.random);
                self.calls.push((transaction.challenge.id, token));
            }
        }
        self.transactions.push((*transaction).clone());
        Some(*transaction)
    }

    /// Sets or clears a switch, decided on what was read, sometimes not lately.
    fn switch(&mut self) -> Option<Switches> {
        let latest = self.switches.len().saturating_sub(1);
        let back = [0, 0, 0, 1, 2][self.below(5)];
        let read = self.switches[latest.saturating_sub(back)].clone();
        let switch = Switch::parse(["sms", "call-US", "enrolment"][self.below(3)])?;
        let now = self.scene.now;
        if self.below_of(3) {
            return read.cleared(switch, now);
        }
        let until = now + Duration::from_secs(60 + self.below(600) as u64);
        let setting = Setting::parse(switch, "a test", until, None, operator(), now).ok()?;
        read.set(switch, setting, now).ok()?
    }

    /// Settles what was read, at once or after its result would have expired; in most cases it is proven.
    fn settle(&mut self) -> Option<Verb> {
        let challenge = self.read_challenge()?;
        if challenge.is_approved() && self.below_of(3) {
            self.scene.now = self.scene.now + Policy::RESULT_LIFE;
        }
        let by = [Method::SmsCode, Method::SpokenCode][self.below(2)];
        let is_left = challenge.is_approved() || self.below_of(12);
        let proven = if is_left { challenge } else { challenge.proven(by, self.scene.now) };
        Some(Verb::Settle(Box::new(proven)))
    }

    fn refuse(&mut self) -> Option<Verb> {
        let stored = self.read();
        let challenge = self.read_challenge()?;
        let until = self.scene.now + Duration::from_mins(1);
        let consequence = match self.below(3) {
            0 if self.below_of(4) => {
                let mut subject = stored.subject;
                subject.account_for(&stored.challenges, self.scene.now);
                Consequence::Lock(Box::new(subject))
            }
            0 | 1 => {
                let refused = SessionId::new("another login", None);
                Consequence::Contest(Box::new(Contest {
                    call_of: challenge.id,
                    refused,
                    version: stored.subject.version,
                }))
            }
            _ => Consequence::OpenBreaker(Country::parse("US").expect("a country"), until),
        };
        Some(Verb::Refuse(Refusal::Locked, Channel::ALL[self.below(2)], consequence))
    }

    /// One of this sequence's phone numbers.
    fn number(&mut self) -> String {
        format!("+1415{:03}000{}", 200 + self.seed % 700, self.below(2))
    }

    /// True one time in so many.
    fn below_of(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn record_send(&mut self) -> Option<Verb> {
        let challenge = self.read_challenge()?;
        let channel = Channel::ALL[self.below(2)];
        let (at, _) = challenge.sends(channel).last?;
        let delivery = [Delivery::Failed, Delivery::Unknown][self.below(2)];
        Some(Verb::RecordSend(challenge.id, channel, at, delivery))
    }

    /// A receipt of one of the messages that were read, the latest or an earlier one; seldom of none.
    fn receipt(&mut self) -> Option<Verb> {
        let digests = self.read_challenge()?.receipts?.digests;
        let digest = if self.below_of(8) { [0; 32] } else { digests[self.below(digests.len())] };
        let message = MessageId::parse("sequence")?;
        let fate = Fate::ALL[self.below(Fate::ALL.len())];
        Some(Verb::Receipt(Receipt { digest, message, fate, at: self.scene.now, price: None }))
    }

    fn webhook(&mut self) -> Option<Verb> {
        let latest = self.calls.len().checked_sub(1)?;
        let index = if self.below(5) == 0 { self.below(latest + 1) } else { latest };
        let (mut id, token) = self.calls[index].clone();
        if self.below(12) == 0 {
            id.generation = 1 + u32::try_from(self.below(3)).expect("small");
        }
        let event = if self.below(3) == 0 { self.speaks(&id)? } else { EVENTS[self.below(EVENTS.len())] };
        Some(Verb::AdvanceCall(id, token, event))
    }

    /// A call that is about to say a code: a new one, or one that the challenge already has.
    fn speaks(&mut self, id: &ChallengeId) -> Option<CallEvent> {
        let challenge = self.read_challenge()?;
        let (_, mut macs) = self.scene.keys.speak(id, self.scene.now, &mut self.random);
        let known = [challenge.codes.as_slice(), &challenge.spoken].concat();
        if let Some(mac) = known.last().filter(|_| self.random.random_bool(0.6)) {
            macs = SpokenCodeMacs { mac: *mac, under_all: [*mac; 3] };
        }
        Some(CallEvent::Speaks(AnsweredBy::Human, macs))
    }

    fn read_challenge(&mut self) -> Option<Challenge> {
        let stored = self.read();
        let count = stored.challenges.len();
        if count == 0 { None } else { stored.challenges.get(self.below(count)).cloned() }
    }

    /// In most cases the latest read, sometimes one that is entirely or partly out of date.
    fn read(&mut self) -> Snapshot {
        let latest = self.reads[self.who].len().saturating_sub(1);
        let back = [0, 0, 0, 0, 1, 2, 5][self.below(7)];
        let mut stored = self.reads[self.who][latest.saturating_sub(back)].clone();
        if self.below(2) == 0 {
            stored.subject = self.reads[self.who][latest].subject.clone();
        }
        stored
    }

    fn below(&mut self, count: usize) -> usize {
        self.random.random_range(0..count)
    }
}

fn operator() -> Administrator {
    Administrator::parse("arn:aws:iam::123456789012:user/jane").expect("an ARN")
}

fn text<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => format!("{error:?}"),
    }
}

/// Everything stored, to compare.
pub(crate) fn all(stored: &Snapshot) -> String {
    let mut challenges: Vec<_> = stored.challenges.iter().collect();
    challenges.sort_by_key(|challenge| challenge.id.key.session);
    let codes: Vec<_> = challenges.iter().flat_map(|challenge| &challenge.codes).map(|mac| *mac.as_bytes()).collect();
    format!("{:#?} {challenges:#?} {codes:?}", stored.subject)
}

/// Runs each sequence on two new stores, and returns the first difference.
pub(crate) async fn differ<
    A: ChallengeStore + ReceiptStore + SwitchStore,
    B: ChallengeStore + ReceiptStore + SwitchStore,
>(
    scene: &mut Scene,
    sequences: u64,
    stores: impl Fn() -> (A, B),
    answers: &mut BTreeMap<String, usize>,
) -> Result<(), String> {
    for seed in 0..sequences {
        scene.now = NOW + Duration::from_hours(48 * seed); // so that each sequence has its own windows
        let (one, other) = stores();
        let sequence = Sequence {
            stores: (&one, &other),
            scene: &mut *scene,
            seed,
            random: StdRng::seed_from_u64(seed),
            who: 0,
            reads: Default::default(),
            transactions: Vec::new(),
            latest: None,
            calls: Vec::new(),
            switches: Vec::new(),
            answers: &mut *answers,
        };
        sequence.run().await.map_err(|difference| format!("sequence {seed}: {difference}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn the_model_does_what_the_store_does() {
    let mut scene = Scene::new().await;
    let store = scene.store.clone();
    let mut answers = BTreeMap::new();
    let model = ModelStore::default();
    let same = differ(&mut scene, SEQUENCES, || (store.clone(), model.clone()), &mut answers).await;
    assert_eq!(same, Ok(()));
    let verbs: usize = answers.values().sum();
    assert!(verbs >= 2_000, "{verbs} verbs: {answers:#?}");
    for (answer, least) in [
        ("Start Applied", 20),
        ("Start Refused(SendLi", 5),
        ("Start Refused(Number", 5),
        ("Start Conflict", 20),
        ("CountGuess None", 20),
        ("CountGuess Some(Challenge", 20),
        ("Settle Refused(Challe", 20),
        ("Settle Settled(Challe", 20),
        ("Receipt Applied(None)", 5),
        ("Receipt Ignored", 20),
        ("Switch ()", 10),
        ("Switch Conflict", 5),
    ] {
        assert!(answers.get(answer).is_some_and(|count| *count >= least), "{answer}: {answers:#?}");
    }
}

/// Faults that need a history which random operations rarely produce. The exploration finds the last four; the
/// first four each leave out a term of a condition, which that condition's own test finds.
const SELDOM: [Sabotage; 8] = [
    Sabotage::SpeakTwice,
    Sabotage::SettleBlocked,
    Sabotage::ReplaceOtherProof,
    Sabotage::ReplaceNonProof,
    Sabotage::EnrolBlockedNumber,
    Sabotage::KeepFormerAccount,
    Sabotage::SettleDenied,
    Sabotage::SweepAtExpiry,
];

#[tokio::test]
async fn a_model_that_differs_from_the_store_is_detected() {
    let mut scene = Scene::new().await;
    let mut missed = Vec::new();
    for sabotage in Sabotage::ALL.into_iter().filter(|sabotage| !SELDOM.contains(sabotage)) {
        let stores = || (ModelStore::default(), ModelStore::over(Model::sabotaged(Some(sabotage))));
        if differ(&mut scene, ENOUGH, stores, &mut BTreeMap::new()).await.is_ok() {
            missed.push(sabotage);
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}
