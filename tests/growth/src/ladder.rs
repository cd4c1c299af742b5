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

/// No quota is as high.
const UNBOUNDED: f64 = 1e12;

/// What the load asks for where nothing refuses it, and what even then does not succeed.
#[must_use]
pub fn demand(rate: f64) -> Report {
    let unbounded = Cause::RAISABLE.into_iter().map(|cause| (cause, UNBOUNDED)).collect();
    run(rate, People::starting(rate), &unbounded)
}

/// Climbs: each time to a quarter more than the whole load asks for, in two figures.
#[must_use]
pub fn climb(rate: f64) -> Ladder {
    let demand = demand(rate);
    let mut quotas = BTreeMap::new();
    let first = run(rate, People::starting(rate), &quotas);
    let (mut last, mut rungs) = (first.clone(), Vec::<Rung>::new());
    while let Some(cause) = worst(&last) {
        let allowed = quotas.get(&cause).copied().unwrap_or(cause.at_first());
        let asked = demand.asked.get(&cause).copied().unwrap_or_default();
        let raised = rounded((asked * 1.25).max(allowed * 1.25));
        rungs.push(Rung { cause, allowed, raised, approved: approved(&last) });
        quotas.insert(cause, raised);
        last = run(rate, People::starting(rate), &quotas);
    }
    Ladder { rungs, first, last }
}

fn rounded(figure: f64) -> f64 {
    let unit = 10_f64.powf(figure.log10().floor() - 1.0).max(1.0);
    (figure / unit).ceil() * unit
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

#[cfg(test)]
mod tests {
    use super::*;

    fn order(rate: f64) -> (Ladder, Vec<Cause>) {
        let ladder = climb(rate);
        let order = ladder.rungs.iter().map(|rung| rung.cause).collect();
        (ladder, order)
    }

    fn stopped(report: &Report, operation: Operation, cause: Cause) -> f64 {
        let tally = report.operations.get(&operation).cloned().unwrap_or_default();
        f64::from(tally.stopped.get(&cause).copied().unwrap_or_default()) / f64::from(tally.asked.max(1))
    }

    #[test]
    fn a_new_account_stops_at_its_own_template_then_the_table_then_sms() {
        let (ladder, order) = order(1_000.0);
        let begin = [Cause::StartsPerSecond, Cause::RequestsPerSecond, Cause::TableWrites, Cause::SmsRate];
        assert_eq!(order.get(..4), Some(begin.as_slice()), "{order:?}");
        assert!(!order.contains(&Cause::Concurrency) && !order.contains(&Cause::Signatures), "{order:?}");
        assert!(approved(&ladder.first) < 25.0 && approved(&ladder.last) > 900.0);
    }

    #[test]
    fn at_each_load_the_starts_of_the_template_bind_first() {
        for rate in [1_000.0, 10_000.0, 100_000.0] {
            let first = run(rate, People::starting(rate), &BTreeMap::new());
            assert_eq!(worst(&first), Some(Cause::StartsPerSecond));
        }
    }

    #[test]
    fn the_shards_of_a_country_suffice_where_the_limit_on_a_range_does_not() {
        for (rate, refused_by_range) in [(10_000.0, 0.0..0.002), (100_000.0, 0.015..0.02)] {
            let report = demand(rate);
            assert!(stopped(&report, Operation::Start, Cause::Conflict) < 0.001);
            assert!(stopped(&report, Operation::Verify, Cause::Conflict) < 0.001);
            assert!(stopped(&report, Operation::Start, Cause::Partition) < 0.001);
            let by_range = stopped(&report, Operation::Start, Cause::SendLimit(domain::quota::RANGE));
            assert!(refused_by_range.contains(&by_range), "{rate}: {by_range}");
        }
    }

    #[test]
    fn one_who_starts_all_the_time_throttles_only_himself() {
        let rate = 1_000.0;
        let unbounded = Cause::RAISABLE.into_iter().map(|cause| (cause, UNBOUNDED)).collect();
        let mut people = People::starting(rate);
        people.hot_person = 200.0;
        let report = run(rate, people, &unbounded);
        let start = &report.operations[&Operation::Start];
        assert!(report.hot_refused > 400, "{}", report.hot_refused);
        assert_eq!(start.asked - start.done, report.hot_refused, "all that is refused is his: {:?}", start.stopped);
    }

    #[test]
    fn the_figures_of_the_template_and_of_the_advice_to_poll_are_those_assumed() {
        let template = include_str!("../../../infra/template.yaml");
        let default = |name: &str| {
            let (_, rest) = template.split_once(&format!("\n  {name}:\n"))?;
            rest.split_once("Default: ")?.1.lines().next()?.parse::<f64>().ok()
        };
        assert_eq!(default("StartsPerSecond"), Some(Cause::StartsPerSecond.at_first()));
        assert_eq!(default("RequestsPerSecond"), Some(Cause::RequestsPerSecond.at_first()));
        let (_, source) = template.split_once("\n  FollowUpSource:\n").unwrap_or_default();
        assert!(source.lines().take(12).any(|line| line.trim() == format!("BatchSize: {}", crate::model::BATCH)));
        assert!(include_str!("../../../shared/platform/src/reply.rs").contains("POLL_SECONDS: u16 = 2;"));
    }
}
