//! Runs a step of load on a deployment that was idle.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use domain::budget::CountryRecord;
use domain::phone::Country;
use domain::rules::Rules;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::gateway::Gateway;
use crate::people::{COUNTRIES, NOON, People, Person};
use crate::quotas::{Bucket, Cause, INVOCATIONS, RETRIED};
use crate::report::{Operation, Report};
use crate::requests::{self, IN_TRANSACTION, Key, Request};
use crate::table::Table;
use crate::times::{COLD, GATEWAY, OWN, QUERY, Step, TRANSACTION, UPDATE};
use crate::transactions;
use crate::visits::What;

const SEED: u64 = 20_261_125;
const SECOND: u64 = 1_000_000;
/// How long a run takes at that rate. Whatever starts in the first half is warm-up and isn't counted. People
/// respond within a sixth of the run: longer delays would only shift the counts, the rates stay the same.
fn end(rate: f64) -> u64 {
    if rate > 50_000.0 {
        SECOND
    } else if rate > 5_000.0 {
        2 * SECOND
    } else {
        4 * SECOND
    }
}
/// Stream records in one batch of the follow-up function, which writes all their counts in one transaction.
pub const BATCH: f64 = 100.0;

/// The deployment.
pub(crate) struct World {
    pub(crate) rules: Rules,
    pub(crate) people: People,
    pub(crate) records: HashMap<Country, CountryRecord>,
    pub(crate) buckets: BTreeMap<Cause, Bucket>,
    pub(crate) gateway: Gateway,
    pub(crate) table: Table,
    pub(crate) used: HashMap<Key, f64>,
    pub(crate) sends: HashMap<Person, usize>,
    pub(crate) random: StdRng,
    pub(crate) report: Report,
    pub(crate) end: u64,
    agenda: BinaryHeap<Event>,
    planned: u64,
    tallies: u32,
    followed: f64,
}

/// A request in progress.
pub(crate) struct Visit {
    /// When it arrived.
    pub(crate) now: u64,
    /// How many milliseconds it has taken so far.
    pub(crate) spent: f64,
}

impl Visit {
    /// The simulated time it has reached.
    pub(crate) fn at(&self) -> u64 {
        self.now + micros(self.spent)
    }
}

/// Simulates `rate` starts per second under these quotas.
#[must_use]
pub fn run(rate: f64, people: People, quotas: &BTreeMap<Cause, f64>) -> Report {
    let limit = |cause: Cause| quotas.get(&cause).copied().unwrap_or(cause.at_first());
    let records = COUNTRIES.iter().filter_map(|(_, code)| Country::parse(code).ok());
    let mut world = World {
        rules: transactions::rules(),
        people,
        records: records.map(|country| (country, people.record(country))).collect(),
        buckets: Cause::RAISABLE.into_iter().map(|cause| (cause, Bucket::new(limit(cause)))).collect(),
        gateway: Gateway::new(limit(Cause::RequestsPerSecond), limit(Cause::Concurrency), limit(Cause::LambdaRamp)),
        table: Table::default(),
        used: HashMap::new(),
        sends: HashMap::new(),
        random: StdRng::seed_from_u64(SEED),
        report: Report { seconds: seconds(end(rate)) / 2.0, ..Report::default() },
        end: end(rate),
        agenda: BinaryHeap::new(),
        planned: 0,
        tallies: 0,
        followed: 0.0,
    };
    world.go(rate);
    world.conclude()
}

impl World {
    fn go(&mut self, rate: f64) {
        self.plan(0, What::Arrival);
        let (mut numbered, mut is_warm) = (0, false);
        while let Some(Event { at: now, what, .. }) = self.agenda.pop() {
            if now >= self.end {
                break;
            }
            numbered += 1;
            if self.counts(now) && !is_warm {
                is_warm = true;
                self.table.conflicts.clear();
            }
            match what {
                What::Arrival => {
                    let next = now + self.gap(rate);
                    self.plan(next, What::Arrival);
                    self.arrival(now, numbered);
                }
                What::Tally => self.tally(now),
                What::Done(operation) => self.gateway.leave(operation),
                request => self.request(now, request),
            }
        }
    }

    fn conclude(mut self) -> Report {
        let seconds = self.report.seconds;
        for asked in self.report.asked.values_mut() {
            *asked /= seconds;
        }
        let rates = self.report.operations.values().map(|tally| f64::from(tally.asked) / seconds);
        let (all, busiest) = rates.fold((0.0, 0.0_f64), |(all, most), rate| (all + rate, most.max(rate)));
        let environments = |rate: f64, made: f64| made.max(rate / INVOCATIONS);
        self.report.asked.extend([
            (Cause::RequestsPerSecond, busiest),
            (Cause::Concurrency, environments(all, self.gateway.most)),
            (Cause::LambdaRamp, environments(busiest, self.gateway.made())),
        ]);
        self.report.tallies = f64::from(self.tallies) / seconds;
        self.report.conflicts = self.table.conflicts;
        self.report
    }

    pub(crate) fn plan(&mut self, at: u64, what: What) {
        self.planned += 1;
        self.agenda.push(Event { at, number: self.planned, what });
    }

    /// Takes a request through the gateway into an environment and does its work there. Returns the result
    /// with the total time in milliseconds.
    pub(crate) fn visit<T>(
        &mut self,
        operation: Operation,
        now: u64,
        work: impl FnOnce(&mut Self, &mut Visit) -> Result<T, Cause>,
    ) -> Result<(f64, T), Cause> {
        let ended = self.admitted(operation, now).and_then(|cold| {
            let mut visit = Visit { now, spent: 0.0 };
            self.pass(&mut visit, GATEWAY);
            let way = visit.spent;
            if cold {
                self.pass(&mut visit, COLD);
            }
            self.pass(&mut visit, OWN);
            let ended = work(self, &mut visit);
            self.plan(visit.at(), What::Done(operation));
            if self.counts(now) {
                self.report.busy += visit.spent - way;
            }
            ended.map(|what| (visit.spent, what))
        });
        if self.counts(now) {
            let latency = ended.as_ref().map(|(spent, _)| *spent).map_err(|cause| *cause);
            self.report.operations.entry(operation).or_default().note(latency);
        }
        ended
    }

    fn admitted(&mut self, operation: Operation, now: u64) -> Result<bool, Cause> {
        if operation == Operation::Start {
            self.take(Cause::StartsPerSecond, now, 1.0)?;
        } else {
            self.gateway.admit(operation, now)?;
        }
        self.take(Cause::GatewayRate, now, 1.0)?;
        self.gateway.enter(operation, now)
    }

    /// Makes a request to the table. `false` if it conflicted with another transaction.
    pub(crate) fn ask(&mut self, visit: &mut Visit, request: &Request) -> Result<bool, Cause> {
        match request {
            Request::Query(_) => {
                visit.spent += self.take(Cause::TableReads, visit.now, requests::read_units())?;
                self.pass(visit, QUERY);
            }
            Request::Update(write) => {
                visit.spent += self.take_for(Cause::TableWrites, visit.now, write.kind.units(), RETRIED)?;
                visit.spent += self.table.update(write, visit.now, RETRIED)?;
                self.pass(visit, UPDATE);
            }
            Request::Transaction(writes) => {
                let units: f64 = writes.iter().map(|write| write.kind.units() * IN_TRANSACTION).sum();
                self.take(Cause::TableWrites, visit.now, units)?;
                let met_none = self.table.transact(writes, visit.now, visit.at())?;
                self.pass(visit, TRANSACTION);
                return Ok(met_none);
            }
        }
        Ok(true)
    }

    /// Each change to a subject with a number is a record for the follow-up function, and each full batch
    /// is one more transaction. Partial batches would mean more transactions.
    pub(crate) fn followed(&mut self, at: u64) {
        self.followed += 1.0;
        if self.followed >= BATCH {
            self.followed -= BATCH;
            let when = self.soon(at);
            self.plan(when, What::Tally);
        }
    }

    fn tally(&mut self, now: u64) {
        let counted = requests::tally(self.records.keys().copied(), NOON);
        if let Request::Transaction(writes) = counted {
            // Nobody waits for this and the stream retries it, so only the number of attempts matters.
            let _ = self.table.transact(&writes, now, now);
        }
        self.tallies += u32::from(self.counts(now));
    }

    pub(crate) const fn counts(&self, now: u64) -> bool {
        now >= self.end / 2
    }

    pub(crate) fn take(&mut self, cause: Cause, now: u64, many: f64) -> Result<f64, Cause> {
        self.take_for(cause, now, many, cause.patience())
    }

    fn take_for(&mut self, cause: Cause, now: u64, many: f64, patience: f64) -> Result<f64, Cause> {
        if self.counts(now) {
            *self.report.asked.entry(cause).or_default() += many;
        }
        let bucket = self.buckets.get_mut(&cause);
        bucket.map_or(Some(0.0), |bucket| bucket.take(now, many, patience)).ok_or(cause)
    }

    /// Adds a step's time, drawn from the lognormal distribution that fits its two percentiles.
    pub(crate) fn pass(&mut self, visit: &mut Visit, step: Step) {
        let (radius, angle) = (self.draw(), self.draw() * std::f64::consts::TAU);
        let normal = (-2.0 * (1.0 - radius).ln()).sqrt() * angle.cos();
        visit.spent += step.0 * ((step.1 / step.0).ln() / 2.326 * normal).exp();
    }
}

/// Scheduled events, the earliest first.
struct Event {
    at: u64,
    number: u64,
    what: What,
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Event {}

#[expect(clippy::cast_precision_loss, reason = "microseconds of a short run")]
fn seconds(now: u64) -> f64 {
    now as f64 / 1e6
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds of a request")]
pub(crate) fn micros(milliseconds: f64) -> u64 {
    (milliseconds * 1e3) as u64
}
