//! The tests: many runs, in none of which may an invariant be violated; and runs over broken stores, in which
//! one must be.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::coverage::Coverage;
use crate::model::Sabotage;
use crate::run::run;

const RUNS: u64 = 10_000;
/// Of eleven interleavings, how many must be different.
const DISTINCT: u64 = 10;
const BATCH: u64 = 100;
/// How many runs it takes to find every fault built into the store.
const ENOUGH: u64 = 60_000;

/// Faults that no handler can run into, because another term still covers for the missing one. The comparison
/// with the real store finds them: it makes requests that no handler would.
const HARMLESS: [Sabotage; 8] = [
    Sabotage::ContinueExpired, // it was open at that time when it was read, and a resend only extends its life
    Sabotage::SettleExpired,   // the guess was counted at that time
    Sabotage::SettleBlocked,   // whatever was pending at the report is denied, and nothing starts until the block ends
    Sabotage::ReplaceOtherProof, // replacing a proof also changes the subject's version
    Sabotage::ReplaceNonProof, // the same
    Sabotage::ApproveByOtherMode, // in other modes no key means approval
    Sabotage::SpeakTwice,      // happens once in a million
    Sabotage::WebhookOfOtherGeneration, // each generation's calls have their own tokens
];

struct Explored {
    coverage: Coverage,
    schedules: HashSet<u64>,
    /// The lowest seed whose run violated an invariant.
    violation: Option<(u64, String)>,
}

/// Runs every seed below `runs`, on every core, until one violates an invariant.
fn explore(runs: u64, sabotage: Option<Sabotage>) -> Explored {
    let next = AtomicU64::new(0);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut explored = Explored { coverage: Coverage::default(), schedules: HashSet::new(), violation: None };
        while explored.violation.is_none() {
            let first = next.fetch_add(BATCH, Ordering::Relaxed);
            if first >= runs {
                break;
            }
            for seed in first..(first + BATCH).min(runs) {
                explored.one(seed, sabotage);
            }
        }
        if explored.violation.is_some() {
            next.store(runs, Ordering::Relaxed);
        }
        explored
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("no panic")).reduce(Explored::and).expect("a core")
    })
}

impl Explored {
    fn one(&mut self, seed: u64, sabotage: Option<Sabotage>) {
        let ran = catch_unwind(AssertUnwindSafe(|| run(seed, sabotage, false)));
        let violation = match ran {
            Ok(outcome) => {
                self.coverage.add(&outcome.coverage);
                self.schedules.insert(outcome.schedule);
                outcome.violation
            }
            Err(_) => Some("a panic".to_owned()),
        };
        if let (Some(violation), None) = (violation, &self.violation) {
            self.violation = Some((seed, violation));
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.coverage.add(&other.coverage);
        self.schedules.extend(other.schedules);
        self.violation = [self.violation, other.violation].into_iter().flatten().min();
        self
    }
}

/// The full trace of a seed's run, for people to read.
fn tell(seed: u64) -> String {
    let outcome = run(seed, None, true);
    let violation = outcome.violation.unwrap_or_else(|| "nothing was violated".to_owned());
    format!(
        "{}\nseed {seed}: {violation}\nto run it again: SIMULATION_SEED={seed} cargo test --package simulation\n",
        outcome.trace.join("\n")
    )
}

#[expect(clippy::disallowed_methods, reason = "a test's own switches")]
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().expect("a number"))
}

#[test]
#[expect(clippy::print_stdout, reason = "what was explored is worth knowing")]
fn no_interleaving_violates_an_invariant() {
    if let Some(seed) = given("SIMULATION_SEED") {
        println!("{}", tell(seed));
        assert_eq!(run(seed, None, false).violation, None);
        return;
    }
    let runs = given("SIMULATION_RUNS").unwrap_or(RUNS);
    let explored = explore(runs, None);
    if let Some((seed, violation)) = &explored.violation {
        panic!("{}\n{violation}", tell(*seed));
    }
    println!("{} different interleavings; number of runs with:\n{}", explored.schedules.len(), explored.coverage);
    let distinct = explored.schedules.len();
    assert!(distinct as u64 >= runs * DISTINCT / 11, "only {distinct} different interleavings");
    let rare = explored.coverage.below(u32::try_from(runs / 1_100).expect("fewer runs"));
    assert!(rare.is_empty(), "happened too rarely: {rare:?}");
}

#[test]
fn a_seed_always_gives_the_same_run() {
    for seed in 0..200 {
        let (one, other) = (run(seed, None, false), run(seed, None, true));
        assert_eq!(one.schedule, other.schedule, "seed {seed}");
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "how soon each is found is worth knowing")]
fn every_fault_built_into_the_store_is_found() {
    let mut missed = Vec::new();
    for sabotage in Sabotage::ALL.into_iter().filter(|sabotage| !HARMLESS.contains(sabotage)) {
        match explore(ENOUGH, Some(sabotage)).violation {
            Some((seed, violation)) => println!("{sabotage:?}: run {seed}: {violation}"),
            None => missed.push(sabotage),
        }
    }
    assert!(missed.is_empty(), "not found in {ENOUGH} runs: {missed:?}");
}
