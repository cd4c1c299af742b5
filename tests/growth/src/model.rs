//! A step of load on a deployment that was idle, and what comes of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use domain::budget::CountryRecord;
use domain::challenge::{Challenge, NumberSource};
use domain::channel::Channel;
use domain::phone::Country;
use domain::quota::{Charge, Scope};
use domain::rules::Rules;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::people::{COUNTRIES, People, Person};
use crate::quotas::{AROUND, Bucket, CALL, COLD, Cause, HELD, PUBLISH, RAMP, READ, SIGN, Step, TRANSACTION, UPDATE};
use crate::writes::{self, IN_TRANSACTION, Key, UNITS};

const SEED: u64 = 20_261_125;
const SECOND: u64 = 1_000_000;
/// It runs for so long at that rate; what begins before the half is warming up and does not count. People
/// answer within a sixth of it, since what takes longer would only be counted later: the rates are the same.
fn end(rate: f64) -> u64 {
    if rate > 50_000.0 {
        SECOND
    } else if rate > 5_000.0 {
        2 * SECOND
    } else {
        6 * SECOND
    }
}
/// Starts that ask for a call, in per cent; of these the page polls every two seconds, as it is advised,
/// until the phone has been answered and heard out: about so often.
const CALLS_PERCENT: u32 = 15;
const POLLS: u32 = 8;
/// Of 100 who were sent something, so many approve; the others leave it.
const APPROVE_PERCENT: u32 = 95;
/// Stream records that one run of the follow-up function takes, all of whose counts are one transaction.
pub const BATCH: f64 = 100.0;

/// What the functions do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// start-challenge.
    Start,
    /// verify-code; of a call, the status that completes its approval.
    Verify,
    /// get-challenge.
    Status,
}

/// What became of an operation's requests.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Requests.
    pub asked: u32,
    /// Those that did what they should.
    pub done: u32,
    /// What stopped the others.
    pub stopped: BTreeMap<Cause, u32>,
    latencies: Vec<f64>,
}

impl Tally {
    /// The latency in milliseconds that this share of the successful stays below.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    pub fn latency(&self, share: f64) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get((sorted.len() as f64 * share) as usize).copied().unwrap_or_default()
    }
}

/// What was used, and could not be had.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// By operation.
    pub operations: BTreeMap<Operation, Tally>,
    /// What each quota was asked for in a second.
    pub asked: BTreeMap<Cause, f64>,
    /// Conflicts that a first try met, by the kind of item.
    pub conflicts: BTreeMap<&'static str, u32>,
    /// Starts of the one hot person that were refused.
    pub hot_refused: u32,
    /// Transactions per second that count verified subjects on the hot country's item.
    pub tallies: f64,
    /// Of those, the share that meets another or finds the partition busy, and is brought again by the stream.
    pub tallies_again: f64,
    /// Seconds that were counted.
    pub seconds: f64,
}

#[derive(Debug)]
enum What {
    Start,
    Verify(Box<Challenge>),
    Poll,
    Tally,
    Done(Operation),
}

struct Pool {
    busy: f64,
    made: f64,
}

/// The deployment.
struct World {
    rules: Rules,
    people: People,
    records: HashMap<Country, CountryRecord>,
    buckets: BTreeMap<Cause, Bucket>,
    routes: BTreeMap<Operation, Bucket>,
    pools: BTreeMap<Operation, Pool>,
    concurrency: f64,
    provisioned: f64,
    items: HashMap<Key, Bucket>,
    held: HashMap<Key, u64>,
    used: HashMap<Key, f64>,
    sends: HashMap<Person, usize>,
    random: StdRng,
    report: Report,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    waiting: HashMap<u64, What>,
    next: u64,
    end: u64,
    followed: f64,
}

/// Lets so many people start per second, under these quotas.
#[must_use]
pub fn run(rate: f64, people: People, quotas: &BTreeMap<Cause, f64>) -> Report {
    let limit = |cause: Cause| quotas.get(&cause).copied().unwrap_or(cause.at_first());
    let operations = [Operation::Start, Operation::Verify, Operation::Status];
    let per_route = Bucket::new(limit(Cause::RequestsPerSecond));
    let mut world = World {
        rules: writes::rules(),
        people,
        records: HashMap::new(),
        buckets: Cause::RAISABLE.into_iter().map(|cause| (cause, Bucket::new(limit(cause)))).collect(),
        routes: operations.into_iter().map(|operation| (operation, per_route)).collect(),
        pools: operations.into_iter().map(|operation| (operation, Pool { busy: 0.0, made: 0.0 })).collect(),
        concurrency: limit(Cause::Concurrency),
        provisioned: limit(Cause::LambdaRamp),
        items: HashMap::new(),
        held: HashMap::new(),
        used: HashMap::new(),
        sends: HashMap::new(),
        random: StdRng::seed_from_u64(SEED),
        report: Report { seconds: seconds(end(rate)) / 2.0, ..Report::default() },
        queue: BinaryHeap::new(),
        waiting: HashMap::new(),
        next: 0,
        end: end(rate),
        followed: 0.0,
    };
    for (_, code) in COUNTRIES {
        if let Ok(country) = Country::parse(code) {
            world.records.insert(country, people.record(country));
        }
    }
    world.go(rate);
    for (cause, asked) in &mut world.report.asked {
        if *cause != Cause::Concurrency && *cause != Cause::LambdaRamp {
            *asked /= world.report.seconds;
        }
    }
    let busiest = world.report.operations.values().map(|tally| f64::from(tally.asked)).fold(0.0, f64::max);
    world.report.asked.insert(Cause::RequestsPerSecond, busiest / world.report.seconds);
    let made = world.pools.values().map(|pool| pool.made).fold(0.0, f64::max);
    world.report.asked.insert(Cause::LambdaRamp, made);
    world.report
}

impl World {
    fn go(&mut self, rate: f64) {
        self.at(0, What::Start);
        let (mut tallies, mut again) = (0.0, 0.0);
        while let Some(Reverse((now, id))) = self.queue.pop() {
            let Some(what) = self.waiting.remove(&id) else { continue };
            if now >= self.end {
                break;
            }
            match what {
                What::Start => {
                    let next = now + self.gap(rate);
                    self.at(next, What::Start);
                    self.start(now, id);
                }
                What::Verify(challenge) => self.verify(now, &challenge),
                What::Poll => self.poll(now),
                What::Tally => {
                    let key = writes::tally(COUNTRIES[0].1);
                    let met = !self.hold(std::slice::from_ref(&key), now) || !self.item(&key, now, IN_TRANSACTION);
                    if self.counts(now) {
                        tallies += 1.0;
                        again += f64::from(u8::from(met));
                    }
                }
                What::Done(operation) => {
                    if let Some(pool) = self.pools.get_mut(&operation) {
                        pool.busy -= 1.0;
                    }
                }
            }
        }
        self.report.tallies = tallies / self.report.seconds;
        self.report.tallies_again = if tallies > 0.0 { again / tallies } else { 0.0 };
    }

    fn at(&mut self, when: u64, what: What) {
        self.next += 1;
        self.waiting.insert(self.next, what);
        self.queue.push(Reverse((when, self.next)));
    }

    fn start(&mut self, now: u64, session: u64) {
        let person = self.people.next(&mut self.random);
        let channel = if self.random.random_range(0..100) < CALLS_PERCENT { Channel::Call } else { Channel::Sms };
        let ended = self.try_start(now, session, person, channel);
        if person == Person(0) && ended.is_err() && self.counts(now) {
            self.report.hot_refused += 1;
        }
        self.note(Operation::Start, now, ended.as_ref().map(|(latency, _)| *latency).map_err(|cause| *cause));
        let Ok((latency, challenge)) = ended else { return };
        *self.sends.entry(person).or_default() += 1;
        let heard = now + micros(latency);
        if channel == Channel::Call {
            for _ in 0..POLLS {
                let when = heard + self.random.random_range(0..self.end / 6);
                self.at(when, What::Poll);
            }
        }
        if self.random.random_range(0..100) < APPROVE_PERCENT {
            let when = heard + self.random.random_range(0..self.end / 6);
            self.at(when, What::Verify(challenge));
        }
    }

    fn try_start(
        &mut self,
        now: u64,
        session: u64,
        person: Person,
        channel: Channel,
    ) -> Result<(f64, Box<Challenge>), Cause> {
        self.take(Cause::StartsPerSecond, now, 1.0)?;
        let send = if channel == Channel::Sms { PUBLISH } else { CALL };
        let mut latency = self.enter(Operation::Start, now, READ.0 + TRANSACTION.0 + send.0)?;
        let mut again = false;
        let challenge = loop {
            latency += self.time(READ);
            self.take(Cause::TableReads, now, 1.0)?;
            let before = self.sends.get(&person).copied().unwrap_or_default();
            let draft = writes::draft(&self.rules, &self.people, person, channel, before, session);
            let mut draft = draft.map_err(Cause::SendLimit)?;
            if draft.challenge.source.is_unverified() {
                let record = self.records.get(&draft.challenge.country).cloned().unwrap_or_default();
                let charged = draft.charge_budget(&record, &self.rules.policy.unverified, &mut self.random);
                charged.map_err(|exhausted| Cause::SendLimit(exhausted.limit.policy))?;
            }
            let written = self.write(&writes::of_start(&draft), now, now + micros(latency))?;
            latency += self.time(TRANSACTION);
            if written {
                self.charge(&draft.charges)?;
                self.followed(draft.challenge.source, now + micros(latency));
                break draft.challenge;
            }
            if again {
                return Err(Cause::Conflict);
            }
            again = true;
        };
        self.take(if channel == Channel::Sms { Cause::SmsRate } else { Cause::CallRate }, now, 1.0)?;
        Ok((latency + self.time(send), Box::new(challenge)))
    }

    fn verify(&mut self, now: u64, challenge: &Challenge) {
        let ended = self.try_verify(now, challenge);
        self.note(Operation::Verify, now, ended);
    }

    fn try_verify(&mut self, now: u64, challenge: &Challenge) -> Result<f64, Cause> {
        let mut latency = self.enter(Operation::Verify, now, UPDATE.0 + TRANSACTION.0 + SIGN.0)?;
        self.one(&writes::challenge(challenge), now, UNITS)?;
        latency += self.time(UPDATE);
        let keys = writes::of_settlement(challenge);
        let mut settled = self.write(&keys, now, now + micros(latency))?;
        latency += self.time(TRANSACTION);
        if !settled {
            settled = self.write(&keys, now, now + micros(latency))?;
            latency += self.time(TRANSACTION);
        }
        if !settled {
            return Err(Cause::Conflict);
        }
        self.followed(challenge.source, now + micros(latency));
        for (counter, sends) in &challenge.charged {
            *self.used.entry(writes::counter(counter)).or_default() -= f64::from(*sends);
        }
        self.take(Cause::Signatures, now, 1.0)?;
        Ok(latency + self.time(SIGN))
    }

    fn poll(&mut self, now: u64) {
        let ended = self.enter(Operation::Status, now, READ.0).and_then(|latency| {
            self.take(Cause::TableReads, now, 1.0)?;
            Ok(latency + self.time(READ))
        });
        self.note(Operation::Status, now, ended);
    }

    /// Through the gateway and into an environment; how long that took.
    fn enter(&mut self, operation: Operation, now: u64, busy: f64) -> Result<f64, Cause> {
        if !self.routes.get_mut(&operation).is_some_and(|route| route.take(now, 1.0)) {
            return Err(Cause::RequestsPerSecond);
        }
        self.take(Cause::GatewayRate, now, 1.0)?;
        let all: f64 = self.pools.values().map(|pool| pool.busy).sum();
        if self.counts(now) {
            let most = self.report.asked.entry(Cause::Concurrency).or_default();
            *most = most.max(all + 1.0);
        }
        if all + 1.0 > self.concurrency {
            return Err(Cause::Concurrency);
        }
        let mut latency = self.time(AROUND);
        let pool = self.pools.entry(operation).or_insert(Pool { busy: 0.0, made: 0.0 });
        let mut cold = false;
        if pool.busy + 1.0 > pool.made {
            if pool.made + 1.0 > seconds(now).mul_add(RAMP, self.provisioned) {
                return Err(Cause::LambdaRamp);
            }
            pool.made += 1.0;
            cold = pool.made > self.provisioned - Cause::LambdaRamp.at_first();
        }
        pool.busy += 1.0;
        if cold {
            latency += self.time(COLD);
        }
        self.at(now + micros(busy + latency), What::Done(operation));
        Ok(latency)
    }

    /// A transaction of a request that came `now`: whether it met no other. What a second may take is taken
    /// when the request comes, since time cannot run backwards there.
    fn write(&mut self, keys: &[Key], now: u64, at: u64) -> Result<bool, Cause> {
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let units = keys.len() as f64 * IN_TRANSACTION * UNITS;
        self.take(Cause::TableWrites, now, units)?;
        if !keys.iter().all(|key| self.item(key, now, IN_TRANSACTION * UNITS)) {
            return Err(Cause::Partition);
        }
        Ok(self.hold(keys, at))
    }

    fn one(&mut self, key: &Key, at: u64, units: f64) -> Result<(), Cause> {
        self.take(Cause::TableWrites, at, units)?;
        if self.item(key, at, units) { Ok(()) } else { Err(Cause::Partition) }
    }

    /// Each change of an account with a number is a record for the follow-up function, and each full batch
    /// one more transaction. Batches that are not full would be more of them.
    fn followed(&mut self, source: NumberSource, at: u64) {
        self.followed += f64::from(u8::from(!source.enrols()));
        if self.followed >= BATCH {
            self.followed -= BATCH;
            let when = at + self.random.random_range(0..self.end / 6);
            self.at(when, What::Tally);
        }
    }

    fn item(&mut self, key: &Key, at: u64, units: f64) -> bool {
        let bucket = self.items.entry(key.clone()).or_insert(Bucket::new(Cause::Partition.at_first()));
        bucket.take(at, units)
    }

    fn hold(&mut self, keys: &[Key], at: u64) -> bool {
        let met = keys.iter().find(|key| self.held.get(key).is_some_and(|since| since.abs_diff(at) < HELD));
        if let Some(met) = met {
            let kind = ["country", "network", "range", "number", "subject"].into_iter();
            let kind = kind.clone().find(|kind| met.0.starts_with(kind)).unwrap_or("challenge");
            let counts = u32::from(self.counts(at));
            *self.report.conflicts.entry(kind).or_default() += counts;
            return false;
        }
        self.held.extend(keys.iter().map(|key| (key.clone(), at)));
        true
    }

    fn charge(&mut self, charges: &[Charge]) -> Result<(), Cause> {
        for charge in charges {
            let key = writes::counter(&charge.counter);
            if !self.used.contains_key(&key) {
                // The record that decides is a snapshot with nothing used, so the morning stands on the counter.
                let morning = self.people.morning(&charge.counter, 32.0, &mut self.random);
                self.used.insert(key.clone(), morning);
            }
            let full = self.used.get(&key).is_some_and(|used| *used >= f64::from(charge.quota));
            if full && charge.enforced {
                return Err(Cause::SendLimit(charge.counter.policy));
            }
        }
        for charge in charges {
            *self.used.entry(writes::counter(&charge.counter)).or_default() += 1.0;
        }
        debug_assert!(charges.iter().any(|charge| matches!(charge.counter.scope, Scope::Network(_))));
        Ok(())
    }

    const fn counts(&self, now: u64) -> bool {
        now >= self.end / 2
    }

    fn take(&mut self, cause: Cause, now: u64, many: f64) -> Result<(), Cause> {
        if self.counts(now) {
            *self.report.asked.entry(cause).or_default() += many;
        }
        let taken = self.buckets.get_mut(&cause).is_none_or(|bucket| bucket.take(now, many));
        if taken { Ok(()) } else { Err(cause) }
    }

    fn note(&mut self, operation: Operation, now: u64, ended: Result<f64, Cause>) {
        if !self.counts(now) {
            return;
        }
        let tally = self.report.operations.entry(operation).or_default();
        tally.asked += 1;
        match ended {
            Ok(latency) => {
                tally.done += 1;
                tally.latencies.push(latency);
            }
            Err(cause) => *tally.stopped.entry(cause).or_default() += 1,
        }
    }

    /// Lognormal through the step's two figures.
    fn time(&mut self, step: Step) -> f64 {
        let sum: f64 = (0..12).map(|_| self.random.random::<f64>()).sum();
        step.0 * ((step.1 / step.0).ln() / 2.326 * (sum - 6.0)).exp()
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "microseconds")]
    fn gap(&mut self, rate: f64) -> u64 {
        (-(1.0 - self.random.random::<f64>()).ln() / rate * 1e6) as u64
    }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of a short run")]
fn seconds(now: u64) -> f64 {
    now as f64 / 1e6
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds of a request")]
fn micros(milliseconds: f64) -> u64 {
    (milliseconds * 1e3) as u64
}
