//! Raises the quota that refuses most, one after another, until no quota that can be raised still refuses.

use std::collections::BTreeMap;

use crate::model::run;
use crate::people::People;
use crate::quotas::Cause;
use crate::report::{Operation, Report};

#[derive(Clone, Debug)]
pub struct Rung {
    /// The quota that refused most.
    pub cause: Cause,
    pub allowed: f64,
    pub raised: f64,
    /// Logins approved per second before it was raised.
    pub approved: f64,
    /// The 99th percentile of successful starts and status requests before it was raised, in milliseconds.
    pub p99: [f64; 2],
}

/// From a new account to the load.
#[derive(Clone, Debug)]
pub struct Ladder {
    pub rungs: Vec<Rung>,
    /// In a new account.
    pub first: Report,
    /// With every quota raised as needed.
    pub last: Report,
}

/// Higher than any quota.
const UNBOUNDED: f64 = 1e12;

/// What the load asks for if no quota refuses it, and what fails even then.
#[must_use]
pub fn demand(rate: f64) -> Report {
    let unbounded = Cause::RAISABLE.into_iter().map(|cause| (cause, UNBOUNDED)).collect();
    run(rate, People::starting(rate), &unbounded)
}

/// Raises one quota at a time to 1.25 times what the whole load needs, rounded to two figures.
#[must_use]
pub fn climb(rate: f64, tell: impl Fn(&Rung)) -> Ladder {
    let demand = demand(rate);
    let mut quotas = BTreeMap::new();
    let first = run(rate, People::starting(rate), &quotas);
    let (mut last, mut rungs) = (first.clone(), Vec::<Rung>::new());
    while let Some(cause) = worst(&last) {
        let allowed = quotas.get(&cause).copied().unwrap_or(cause.at_first());
        let raised = rounded((demand.asked_of(cause) * 1.25).max(allowed * 1.25));
        let p99 = [Operation::Start, Operation::Status].map(|operation| last.of(operation).latency(0.99));
        let rung = Rung { cause, allowed, raised, approved: last.approved_each_second(), p99 };
        tell(&rung);
        rungs.push(rung);
        quotas.insert(cause, raised);
        last = run(rate, People::starting(rate), &quotas);
    }
    Ladder { rungs, first, last }
}

fn rounded(figure: f64) -> f64 {
    let unit = 10_f64.powf(figure.log10().floor() - 1.0).max(1.0);
    (figure / unit).ceil() * unit
}

/// The quota that refuses most, if it can be raised and refuses at least one in a thousand of an operation.
#[must_use]
pub fn worst(report: &Report) -> Option<Cause> {
    let share = |cause: Cause| report.operations.values().map(|tally| tally.stopped_by(cause)).fold(0.0, f64::max);
    let worst = Cause::RAISABLE.into_iter().max_by(|one, other| share(*one).total_cmp(&share(*other)))?;
    (share(worst) > 0.001).then_some(worst)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../../infra/template.yaml");

    #[test]
    fn a_new_account_stops_at_its_own_template_and_then_at_sms_calls_and_the_table() {
        let rate = 400.0;
        let ladder = climb(rate, |_| ());
        let order: Vec<Cause> = ladder.rungs.iter().map(|rung| rung.cause).collect();
        assert_eq!(order.first(), Some(&Cause::StartsPerSecond), "{order:?}");
        for cause in [Cause::RequestsPerSecond, Cause::TableWrites, Cause::SmsRate, Cause::CallRate] {
            assert!(order.contains(&cause), "{cause} in {order:?}");
        }
        assert!(!order.contains(&Cause::Signatures), "{order:?}");
        assert!(ladder.first.approved_each_second() < 25.0);
        // How many start in two seconds is chance.
        let started = f64::from(ladder.last.of(Operation::Start).asked);
        assert!(f64::from(ladder.last.approved) > 0.9 * started, "{} of {started}", ladder.last.approved);
    }

    #[test]
    fn at_each_load_the_templates_limit_on_starts_binds_first() {
        for rate in [1_000.0, 10_000.0] {
            let first = run(rate, People::starting(rate), &BTreeMap::new());
            assert_eq!(worst(&first), Some(Cause::StartsPerSecond));
        }
    }

    #[test]
    fn conflicts_on_a_country_stop_less_than_one_in_a_thousand_at_ten_thousand_starts_a_second() {
        let report = demand(10_000.0);
        assert!(
            report.conflicts.get("country").is_some_and(|met| *met > 20),
            "there are conflicts: {:?}",
            report.conflicts
        );
        for operation in [Operation::Start, Operation::Verify, Operation::Status] {
            let tally = report.of(operation);
            assert!(tally.stopped_by(Cause::Conflict) < 0.001, "{operation:?}: {:?}", tally.stopped);
            assert!(tally.stopped_by(Cause::Partition) == 0.0, "{operation:?}: {:?}", tally.stopped);
        }
    }

    #[test]
    fn a_person_who_starts_all_the_time_throttles_nobody_else() {
        let rate = 400.0;
        let unbounded = Cause::RAISABLE.into_iter().map(|cause| (cause, UNBOUNDED)).collect();
        let mut people = People::starting(rate);
        people.hot_person = 200.0;
        let report = run(rate, people, &unbounded);
        let start = report.of(Operation::Start);
        assert!(report.hot_refused > 200, "{}", report.hot_refused);
        assert_eq!(start.asked - start.done, report.hot_refused, "somebody else was refused: {:?}", start.stopped);
    }

    #[test]
    fn a_login_takes_at_most_six_status_requests_on_average() {
        let report = demand(400.0);
        let polls = report.polls_per_login();
        assert!((4.0..6.0).contains(&polls), "{polls}");
        assert!(report.asked_of(Cause::RequestsPerSecond) > 1_600.0, "one route gets most of all requests");
    }

    #[test]
    fn the_templates_limits_are_those_assumed() {
        let of = |name: &str, field: &str| {
            let (_, rest) = TEMPLATE.split_once(&format!("\n  {name}:\n"))?;
            rest.split_once(field)?.1.lines().next()?.trim().parse::<f64>().ok()
        };
        for cause in [Cause::StartsPerSecond, Cause::RequestsPerSecond] {
            let name = cause.to_string().replace(" (template)", "");
            assert_eq!(of(&name, "Default:"), Some(cause.at_first()));
            assert!(of(&name, "MaxValue:") >= Some(1_500_000.0), "enough for 100,000 starts a second");
        }
        assert_eq!(of("FollowUpSource", "BatchSize:"), Some(crate::model::BATCH));
    }
}
