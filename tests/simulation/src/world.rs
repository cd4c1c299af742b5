//! The world of one run: the stored state, the true time, the past, and the source of all random choices.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::identity::SubjectId;
use domain::policy::Policy;
use domain::time::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::coverage::{Coverage, Seen};
use crate::invariants::{self, Effect};
use crate::model::{Model, Sabotage};
use crate::past::{Errand, Past};

/// When every run starts.
pub(crate) const BEGINNING: Timestamp = Timestamp::from_unix(1_800_000_000);

/// What can go wrong with a request to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It conflicted with another transaction: nothing was applied.
    Conflict,
    /// Nothing was applied, but the function cannot tell.
    Down,
    /// It was applied, but the function cannot tell.
    Lost,
    /// It was applied, the answer was lost, and the client sent it again.
    Twice,
    /// A read that returned some items from one moment and some from another.
    Torn,
}

pub(crate) struct World {
    pub(crate) random: StdRng,
    pub(crate) model: Model,
    /// The true time, which no function's clock shows exactly.
    pub(crate) clock: Timestamp,
    pub(crate) policy: Policy,
    pub(crate) past: Past,
    /// The errand whose future is being polled.
    pub(crate) running: usize,
    pub(crate) coverage: Coverage,
    /// Faults per thousand requests to a port.
    pub(crate) fault_rate: u32,
    /// Whether each request runs alone.
    pub(crate) alone: bool,
    schedule: DefaultHasher,
    trace: Option<Vec<String>>,
    broken: Option<String>,
}

impl World {
    fn new(seed: u64, sabotage: Option<Sabotage>, traced: bool) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            model: Model::sabotaged(sabotage),
            clock: BEGINNING,
            policy: Policy::default(),
            past: Past::default(),
            running: 0,
            coverage: Coverage::default(),
            fault_rate: 0,
            alone: false,
            schedule: DefaultHasher::new(),
            trace: traced.then(Vec::new),
            broken: None,
        }
    }

    /// The request whose future is being polled.
    pub(crate) fn errand(&mut self) -> &mut Errand {
        &mut self.past.errands[self.running]
    }

    pub(crate) const fn saw(&mut self, seen: Seen) {
        self.coverage.note(seen);
    }

    /// True for that many choices in a thousand.
    pub(crate) fn chance(&mut self, per_thousand: u32) -> bool {
        let chosen = self.random.random_range(0..1000) < per_thousand;
        self.decided(u64::from(chosen));
        chosen
    }

    /// A random number below `count`.
    pub(crate) fn choose(&mut self, count: usize) -> usize {
        let chosen = self.random.random_range(0..count);
        self.decided(chosen as u64);
        chosen
    }

    fn decided(&mut self, choice: u64) {
        choice.hash(&mut self.schedule);
    }

    /// Which of the `possible` faults a request to a port runs into, if any.
    pub(crate) fn fault(&mut self, possible: &[Fault]) -> Option<Fault> {
        if !self.chance(self.fault_rate) {
            return None;
        }
        let fault = possible[self.choose(possible.len())];
        self.errand().disturbed = true;
        self.say(|| format!("  … {fault:?}"));
        Some(fault)
    }

    /// Applies an effect to the store and checks the change against the past.
    pub(crate) fn apply<T>(
        &mut self,
        subject: &SubjectId,
        effect: &Effect<'_>,
        verb: impl FnOnce(&mut Model) -> T,
    ) -> T {
        let before = self.model.load(subject);
        let answer = verb(&mut self.model);
        let after = self.model.load(subject);
        let errand = self.running;
        self.say(|| format!("  {errand}: {effect:?}: {}", invariants::difference(&before, &after)));
        if let Err(violation) = invariants::check(self, &before, &after, effect) {
            self.breaks(format!("request {errand}: {violation}"));
        }
        answer
    }

    /// Records a violation; only the first one counts.
    pub(crate) fn breaks(&mut self, violation: String) {
        self.say(|| format!("  VIOLATION: {violation}"));
        self.broken.get_or_insert(violation);
    }

    pub(crate) const fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// Adds a line to the trace, if there is one.
    pub(crate) fn say(&mut self, line: impl FnOnce() -> String) {
        let time = self.clock.since(BEGINNING).as_secs();
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{time:>6} s  {}", line()));
        }
    }

    /// The outcome of the run.
    pub(crate) fn outcome(&mut self) -> Outcome {
        Outcome {
            violation: self.broken.take(),
            coverage: self.coverage.clone(),
            schedule: self.schedule.finish(),
            trace: self.trace.take().unwrap_or_default(),
        }
    }
}

pub(crate) struct Outcome {
    pub(crate) violation: Option<String>,
    pub(crate) coverage: Coverage,
    /// A digest of all choices made.
    pub(crate) schedule: u64,
    pub(crate) trace: Vec<String>,
}

/// The world, shared by all ports of all functions.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn new(seed: u64, sabotage: Option<Sabotage>, traced: bool) -> Self {
        Self(Arc::new(Mutex::new(World::new(seed, sabotage, traced))))
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
