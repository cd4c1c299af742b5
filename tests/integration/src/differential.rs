//! The simulation's model of the store against the store itself: the same random verbs, drawn from
//! fresh and from stale reads, must come to the same answers and leave the same state.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::budget::CountryRecord;
use domain::call::{AnsweredBy, CallEvent, CallState, CallToken, Key};
use domain::challenge::{Challenge, Delivery, Method, Outcome};
use domain::channel::Channel;
use domain::identity::ChallengeId;
use domain::policy::Policy;
use domain::ports::{ChallengeStore, StoreError};
use domain::snapshot::Snapshot;
use domain::start::{Decision, Draft};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use simulation::model::{Model, ModelStore, Sabotage};

use crate::scene::{NOW, Scene, number};

/// Sequences applied to the store itself: each verb is a request.
const SEQUENCES: u64 = 100;
/// Sequences of the same kind within which every fault of a model shows.
const ENOUGH: u64 = 2_000;
const VERBS: usize = 60;
const VERBS_OF_A_SESSION: usize = 15;

const EVENTS: [CallEvent; 10] = [
    CallEvent::Progress(CallState::Ringing),
    CallEvent::Answered(AnsweredBy::Human),
    CallEvent::Answered(AnsweredBy::Human),
    CallEvent::Answered(AnsweredBy::NotHuman),
    CallEvent::Answered(AnsweredBy::Unjudged),
    CallEvent::Pressed(Key::Approve),
    CallEvent::Pressed(Key::Approve),
    CallEvent::Pressed(Key::Other),
    CallEvent::Pressed(Key::Fraud),
    CallEvent::Progress(CallState::Ended),
];

/// A verb with its arguments.
#[derive(Clone, Debug)]
enum Verb {
    Start(Box<Draft>),
    RecordSend(ChallengeId, Channel, domain::time::Timestamp, Delivery),
    CountGuess,
    Settle(Box<Challenge>),
    AdvanceCall(ChallengeId, CallToken, CallEvent),
}

/// One sequence of verbs on two stores.
struct Sequence<'a, A, B> {
    stores: (&'a A, &'a B),
    scene: &'a mut Scene,
    random: StdRng,
    /// What was read so far, the latest last: later verbs are drawn from any of it.
    reads: Vec<Snapshot>,
    drafts: Vec<Draft>,
    latest: Option<Verb>,
    calls: Vec<(ChallengeId, CallToken)>,
    /// Of this sequence alone: what is kept of a number is kept for all.
    numbers: [String; 2],
    answers: &'a mut BTreeMap<String, usize>,
}

impl<A: ChallengeStore, B: ChallengeStore> Sequence<'_, A, B> {
    /// Applies random verbs until the stores differ, and says how.
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
            cooldown: Duration::ZERO,
            fraud_block: Duration::from_secs(90),
            ..Policy::default()
        };
        self.scene.send_without_limits();
        let policy = &mut self.scene.rules.policy;
        (policy.max_sends_number_unverified, policy.max_sends_network) = (1_000_000, 1_000_000);
        (policy.unverified.floor, policy.unverified.per_range) = (1_000_000, 1_000_000);
        self.reads.push(self.load().await?);
        for verb in 0..VERBS {
            let jump = [0, 1, 6, 20, 130, 310][self.below(6)];
            self.scene.now = self.scene.now + Duration::from_secs(if self.below(3) == 0 { jump } else { 0 });
            let session = (verb / VERBS_OF_A_SESSION).saturating_sub(usize::from(self.below(4) == 0));
            self.scene.session(&session.to_string());
            let again = self.latest.take().filter(|_| self.random.random_bool(0.3));
            let Some(verb) = again.or_else(|| self.draw()) else { continue };
            let now = self.scene.now;
            self.scene.now = now + Duration::from_secs(self.below(45) as u64); // another function's clock
            let answers = (self.apply(self.stores.0, &verb).await, self.apply(self.stores.1, &verb).await);
            self.scene.now = now;
            if answers.0 != answers.1 {
                return Err(format!("{verb:?} is answered\n{}\nand\n{}", answers.0, answers.1));
            }
            let name: String = format!("{verb:?}").chars().take_while(char::is_ascii_alphabetic).collect();
            let gist: String = answers.0.chars().take(14).collect();
            *self.answers.entry(format!("{name} {gist}")).or_default() += 1;
            if self.below(3) == 0 {
                let stored = self.load().await.map_err(|difference| format!("{verb:?} leaves\n{difference}"))?;
                self.reads.push(stored);
            }
            self.latest = Some(verb);
        }
        self.load().await.map(drop)
    }

    async fn apply(&self, store: &impl ChallengeStore, verb: &Verb) -> String {
        let (key, now, policy) = (&self.scene.key, self.scene.now, &self.scene.rules.policy);
        match verb {
            Verb::Start(draft) => text(store.start(draft).await),
            Verb::RecordSend(id, channel, at, delivery) => {
                text(store.record_send(id, *channel, *at, *delivery, &[]).await)
            }
            Verb::CountGuess => text(store.count_guess(key, now).await),
            Verb::Settle(challenge) => text(store.settle(challenge, policy, now).await),
            Verb::AdvanceCall(id, token, event) => text(store.advance_call(id, token, *event, policy, now).await),
        }
    }

    /// What both stores hold, if it is the same.
    async fn load(&self) -> Result<Snapshot, String> {
        let subject = &self.scene.key.subject;
        let one = self.stores.0.load(subject).await.map_err(|error| error.to_string())?;
        let other = self.stores.1.load(subject).await.map_err(|error| error.to_string())?;
        if all(&one) == all(&other) { Ok(one) } else { Err(format!("{}\nand\n{}", all(&one), all(&other))) }
    }

    fn draw(&mut self) -> Option<Verb> {
        match self.below(20) {
            0..5 => self.start().map(|draft| Verb::Start(Box::new(draft))),
            5 => self.record_send(),
            6..9 => Some(Verb::CountGuess),
            9..12 => self.settle(),
            _ => self.webhook(),
        }
    }

    /// A draft made of some read, or one that was applied before.
    fn start(&mut self) -> Option<Draft> {
        if self.below(8) == 0 && !self.drafts.is_empty() {
            let index = self.below(self.drafts.len());
            return self.drafts.get(index).cloned();
        }
        let stored = self.read();
        let channel = Channel::ALL[self.below(2)];
        let [own, another] = self.numbers.clone();
        self.scene.claimed = [None, None, Some(number(&own))][self.below(3)].clone();
        let typed = if self.below(2) == 0 { &own } else { &another };
        let typed = Some(typed.as_str()).filter(|_| self.scene.claimed.is_none() && stored.subject.binding.is_none());
        let Ok(Decision::Send(mut draft)) = self.scene.decide(&stored, channel, typed) else { return None };
        if self.below(6) == 0 {
            draft.at = draft.at + Duration::from_secs(130); // it has lain about for longer than a code lives
        }
        if draft.challenge.source.is_unverified() {
            let rules = &self.scene.rules.policy.unverified;
            draft.charge_budget(&CountryRecord::default(), rules, &mut self.random).expect("budget enough");
        }
        match channel {
            Channel::Sms => _ = draft.add_code(&self.scene.keys, &mut self.random),
            Channel::Call => {
                let token = draft.add_call(&mut self.random);
                self.calls.push((draft.challenge.id, token));
            }
        }
        self.drafts.push((*draft).clone());
        Some(*draft)
    }

    /// What was read is settled at once, or when its result would have expired.
    fn settle(&mut self) -> Option<Verb> {
        let challenge = self.read_challenge()?;
        if challenge.is_approved() && self.below(3) == 0 {
            self.scene.now = self.scene.now + Policy::RESULT_LIFE;
        }
        let proven = if challenge.outcome == Outcome::Pending {
            challenge.proven(Method::SmsCode, self.scene.now)
        } else {
            challenge
        };
        Some(Verb::Settle(Box::new(proven)))
    }

    fn record_send(&mut self) -> Option<Verb> {
        let challenge = self.read_challenge()?;
        let channel = Channel::ALL[self.below(2)];
        let (at, _) = challenge.sends(channel).last?;
        let delivery = [Delivery::Failed, Delivery::Unknown][self.below(2)];
        Some(Verb::RecordSend(challenge.id, channel, at, delivery))
    }

    fn webhook(&mut self) -> Option<Verb> {
        let latest = self.calls.len().checked_sub(1)?;
        let index = if self.below(5) == 0 { self.below(latest + 1) } else { latest };
        let (mut id, token) = self.calls[index].clone();
        if self.below(12) == 0 {
            id.generation = 1 + u32::try_from(self.below(3)).expect("small");
        }
        Some(Verb::AdvanceCall(id, token, EVENTS[self.below(EVENTS.len())]))
    }

    fn read_challenge(&mut self) -> Option<Challenge> {
        let stored = self.read();
        let count = stored.challenges.len();
        if count == 0 { None } else { stored.challenges.get(self.below(count)).cloned() }
    }

    /// Mostly the latest read; sometimes one that has been overtaken, in whole or in part.
    fn read(&mut self) -> Snapshot {
        let latest = self.reads.len().saturating_sub(1);
        let back = [0, 0, 0, 1, 1, 2, 3][self.below(7)];
        let mut stored = self.reads[latest.saturating_sub(back)].clone();
        if self.below(2) == 0 {
            stored.subject = self.reads[latest].subject.clone();
        }
        stored
    }

    fn below(&mut self, count: usize) -> usize {
        self.random.random_range(0..count)
    }
}

fn text<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => format!("{error:?}"),
    }
}

/// All that is kept, to compare.
fn all(stored: &Snapshot) -> String {
    let mut challenges: Vec<_> = stored.challenges.iter().collect();
    challenges.sort_by_key(|challenge| challenge.id.key.session);
    let codes: Vec<_> = challenges.iter().flat_map(|challenge| &challenge.codes).map(|mac| *mac.as_bytes()).collect();
    format!("{:#?} {challenges:#?} {codes:?}", stored.subject)
}

/// Runs the sequences on two stores, made anew for each, and answers the first difference.
async fn differ<A: ChallengeStore, B: ChallengeStore>(
    scene: &mut Scene,
    sequences: u64,
    stores: impl Fn() -> (A, B),
    answers: &mut BTreeMap<String, usize>,
) -> Result<(), String> {
    for seed in 0..sequences {
        scene.key.subject = domain::identity::SubjectId::new("https://login", &seed.to_string());
        scene.now = NOW;
        let (one, other) = stores();
        let sequence = Sequence {
            stores: (&one, &other),
            scene: &mut *scene,
            random: StdRng::seed_from_u64(seed),
            reads: Vec::new(),
            drafts: Vec::new(),
            latest: None,
            calls: Vec::new(),
            numbers: [0, 1].map(|index| format!("+1{}", 4_150_000_000 + 2 * seed + index)),
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
    let same = differ(&mut scene, SEQUENCES, || (store.clone(), ModelStore::default()), &mut answers).await;
    assert_eq!(same, Ok(()));
    let verbs: usize = answers.values().sum();
    assert!(verbs >= 2_000, "{verbs} verbs: {answers:#?}");
    for answer in [
        "Start Applied",
        "Start Conflict",
        "CountGuess None",
        "CountGuess Some(Challenge",
        "Settle Refused",
        "Settle Settled(Challe",
    ] {
        assert!(answers.get(answer).is_some_and(|count| *count >= 20), "{answer}: {answers:#?}");
    }
}

#[tokio::test]
async fn a_model_that_does_anything_else_is_found_out() {
    let mut scene = Scene::new().await;
    let mut missed = Vec::new();
    for sabotage in Sabotage::ALL.into_iter().filter(|sabotage| *sabotage != Sabotage::SweepAtExpiry) {
        let stores = || (ModelStore::default(), ModelStore::over(Model::sabotaged(Some(sabotage))));
        if differ(&mut scene, ENOUGH, stores, &mut BTreeMap::new()).await.is_ok() {
            missed.push(sabotage);
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}
