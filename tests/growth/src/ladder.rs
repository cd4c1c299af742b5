//! Raises what refuses most, one quota after another, until none that can be raised refuses.

use std::collections::BTreeMap;

use crate::model::{Operation, Report, run};
use crate::people::People;
use crate::quotas::Cause;

/// One more step up.
#[derive(Clone, Debug)]
pub struct Rung {
    /// What refused most.
    pub cause: Cause,
    /// What it allowed.
    pub allowed: f64,
    /// What it is raised to.
    pub raised: f64,
    /// Logins per second that were approved before it was raised.
    pub approved: f64,
}

/// From a new account to the load.
#[derive(Clone, Debug)]
pub struct Ladder {
    /// What was raised, in order.
    pub rungs: Vec<Rung>,
    /// As it is in a new account.
    pub first: Report,
    /// As it is when all is raised.
    pub last: Report,
}

/// Climbs.
#[must_use]
pub fn climb(rate: f64) -> Ladder {
    let mut quotas = BTreeMap::new();
    let first = run(rate, People::starting(rate), &quotas);
    let (mut last, mut rungs) = (first.clone(), Vec::<Rung>::new());
    while let Some(cause) = worst(&last) {
        let allowed = quotas.get(&cause).copied().unwrap_or(cause.at_first());
        // A quota is asked for in round figures and with room: four times, until it is enough.
        let raised = allowed * 4.0;
        if rungs.last().is_none_or(|rung| rung.cause != cause) {
            rungs.push(Rung { cause, allowed, raised, approved: approved(&last) });
        }
        if let Some(rung) = rungs.last_mut() {
            rung.raised = raised;
        }
        quotas.insert(cause, raised);
        // Far below what is asked for there is nothing to learn.
        if last.asked.get(&cause).is_none_or(|asked| raised >= *asked) {
            last = run(rate, People::starting(rate), &quotas);
        }
    }
    Ladder { rungs, first, last }
}

/// Logins per second that were approved.
#[must_use]
pub fn approved(report: &Report) -> f64 {
    report.operations.get(&Operation::Verify).map_or(0.0, |tally| f64::from(tally.done)) / report.seconds
}

/// What refuses most of what can be raised, if it refuses one in a thousand of an operation.
#[must_use]
pub fn worst(report: &Report) -> Option<Cause> {
    let share = |cause: Cause| {
        let of = report.operations.values().map(|tally| {
            f64::from(tally.stopped.get(&cause).copied().unwrap_or_default()) / f64::from(tally.asked.max(1))
        });
        of.fold(0.0, f64::max)
    };
    let worst = Cause::RAISABLE.into_iter().max_by(|one, other| share(*one).total_cmp(&share(*other)))?;
    (share(worst) > 0.001).then_some(worst)
}
