//! What a request passes on its way in: throttles, environments, and the account's concurrency limit.

use std::collections::BTreeMap;

use crate::quotas::{Bucket, Cause, INVOCATIONS, RAMP};
use crate::report::Operation;

/// Routes and functions, one of each for each operation.
#[derive(Debug)]
pub struct Gateway {
    routes: BTreeMap<Operation, Bucket>,
    pools: BTreeMap<Operation, Pool>,
    concurrency: f64,
    invocations: Bucket,
    provisioned: f64,
    /// The most environments that were busy at once.
    pub most: f64,
}

/// The environments of one function. Each takes only so many requests per second.
#[derive(Debug)]
struct Pool {
    busy: f64,
    made: f64,
    rate: Bucket,
}

impl Gateway {
    /// `route` limits each route, `concurrency` the account; `provisioned` is per function.
    #[must_use]
    pub fn new(route: f64, concurrency: f64, provisioned: f64) -> Self {
        Self {
            routes: Operation::ALL.into_iter().map(|operation| (operation, Bucket::new(route))).collect(),
            pools: Operation::ALL.into_iter().map(|operation| (operation, Pool::of(provisioned))).collect(),
            concurrency,
            invocations: Bucket::new(concurrency * INVOCATIONS),
            provisioned,
            most: 0.0,
        }
    }

    /// Passes the route's throttle, or says which limit refuses the request.
    pub fn admit(&mut self, operation: Operation, now: u64) -> Result<(), Cause> {
        let admitted = self.routes.get_mut(&operation).and_then(|route| route.take(now, 1.0, 0.0));
        admitted.map(drop).ok_or(Cause::RequestsPerSecond)
    }

    /// Finds an environment. `true` if it is a cold start.
    pub fn enter(&mut self, operation: Operation, now: u64) -> Result<bool, Cause> {
        let all: f64 = self.pools.values().map(|pool| pool.busy).sum();
        let at_once = all + 1.0;
        if at_once > self.concurrency || self.invocations.take(now, 1.0, 0.0).is_none() {
            return Err(Cause::Concurrency);
        }
        let pool = self.pools.get_mut(&operation).ok_or(Cause::LambdaRamp)?;
        if pool.rate.take(now, 1.0, 0.0).is_none() {
            return Err(Cause::LambdaRamp);
        }
        let wakes = pool.busy + 1.0 > pool.made;
        if wakes {
            #[expect(clippy::cast_precision_loss, reason = "microseconds of a short run")]
            if pool.made + 1.0 > (now as f64 / 1e6).mul_add(RAMP, self.provisioned) {
                return Err(Cause::LambdaRamp);
            }
            pool.made += 1.0;
        }
        pool.busy += 1.0;
        self.most = self.most.max(at_once);
        Ok(wakes && pool.made > self.provisioned - Cause::LambdaRamp.at_first())
    }

    /// Frees the environment at the end of a request.
    pub fn leave(&mut self, operation: Operation) {
        if let Some(pool) = self.pools.get_mut(&operation) {
            pool.busy -= 1.0;
        }
    }

    /// The most environments that any one function created.
    #[must_use]
    pub fn made(&self) -> f64 {
        self.pools.values().map(|pool| pool.made).fold(0.0, f64::max)
    }
}

impl Pool {
    fn of(provisioned: f64) -> Self {
        Self { busy: 0.0, made: 0.0, rate: Bucket::new(provisioned * INVOCATIONS) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entered(gateway: &mut Gateway, operation: Operation) -> Vec<Result<bool, Cause>> {
        (0..120).map(|_| gateway.enter(operation, 0)).collect()
    }

    #[test]
    fn each_route_has_its_own_throttle() {
        let mut gateway = Gateway::new(100.0, 1e6, 1e6);
        let admitted =
            |gateway: &mut Gateway, operation| (0..20).filter(|_| gateway.admit(operation, 0).is_ok()).count();
        assert_eq!(admitted(&mut gateway, Operation::Status), 10, "a tenth of a second's");
        assert_eq!(admitted(&mut gateway, Operation::Verify), 10);
    }

    #[test]
    fn no_more_requests_run_at_once_than_the_account_allows() {
        let mut gateway = Gateway::new(1e6, 100.0, 1e6);
        let ended = entered(&mut gateway, Operation::Status);
        assert_eq!(ended.iter().filter(|ended| ended.is_ok()).count(), 100);
        assert_eq!(ended.last(), Some(&Err(Cause::Concurrency)));
        gateway.leave(Operation::Status);
        assert_eq!(gateway.enter(Operation::Verify, 1_000_000), Ok(false), "one of all functions' together");
    }

    #[test]
    fn a_function_scales_no_faster_than_lambda_allows_and_provisioned_environments_are_warm() {
        let mut gateway = Gateway::new(1e6, 1e6, 1_050.0);
        let ended = entered(&mut gateway, Operation::Status);
        assert_eq!(ended.iter().filter(|ended| **ended == Ok(false)).count(), 50);
        assert_eq!(ended.iter().filter(|ended| **ended == Ok(true)).count(), 70);
        let mut gateway = Gateway::new(1e6, 1e6, 50.0);
        assert_eq!(entered(&mut gateway, Operation::Status).last(), Some(&Err(Cause::LambdaRamp)));
    }
}
