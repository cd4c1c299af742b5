//! Retries after a conflict: another request got in between and nothing was changed, so the caller need not know.
//!
//! The waits are random ("full jitter"), so that requests that collided once do not collide again.

use std::time::Duration;

use domain::ports::StoreError;
use rand::RngExt as _;
use tokio::runtime::Handle;

use crate::clock::{self, Stopwatch};
use crate::problem::Failure;

/// How long a request may go on trying. Less than any function's timeout, whatever else it has to do.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// The longest first wait, which doubles with each try.
const FIRST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_millis(150);

/// Something that may have failed because of a conflict.
pub trait Conflicting {
    fn is_conflict(&self) -> bool;
}

impl Conflicting for StoreError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict)
    }
}

impl Conflicting for Failure {
    fn is_conflict(&self) -> bool {
        let cause = self.cause.as_ref().and_then(|cause| cause.downcast_ref::<StoreError>());
        cause.is_some_and(StoreError::is_conflict)
    }
}

/// Tries until there is no conflict, or until `patience` would be over before the next try.
pub async fn on_conflict<T, E: Conflicting, F>(patience: Duration, mut attempt: impl FnMut() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let watch = Stopwatch::start();
    let mut most = FIRST;
    loop {
        let outcome = attempt().await;
        if !outcome.as_ref().is_err_and(Conflicting::is_conflict) {
            return outcome;
        }
        let wait = Duration::from_micros(clock::random().random_range(0..=micros(most)));
        if watch.elapsed() + wait >= patience {
            return outcome;
        }
        pause(wait).await;
        most = (most * 2).min(LONGEST);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A test that polls requests by hand has no runtime, and so no clock to wait for: it only lets others go first.
async fn pause(wait: Duration) {
    match Handle::try_current() {
        Ok(_) => tokio::time::sleep(wait).await,
        Err(_) => tokio::task::yield_now().await,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn a_conflict_is_tried_again_and_any_other_outcome_is_not() {
        let tries = Cell::new(0);
        let after = |conflicts, last: fn() -> Result<(), StoreError>| {
            tries.set(0);
            let tries = &tries;
            on_conflict(PATIENCE, move || {
                tries.set(tries.get() + 1);
                std::future::ready(if tries.get() <= conflicts { Err(StoreError::Conflict) } else { last() })
            })
        };
        assert!(after(6, || Ok(())).await.is_ok());
        assert_eq!(tries.get(), 7);
        let down = after(1, || Err(StoreError::Unreadable("x"))).await;
        assert!(matches!(down, Err(StoreError::Unreadable("x"))));
        assert_eq!(tries.get(), 2);
    }

    #[tokio::test]
    async fn conflicts_that_do_not_end_are_given_up_within_the_time_there_is() {
        for patience in [Duration::ZERO, Duration::from_millis(200)] {
            let (watch, tries) = (Stopwatch::start(), Cell::new(0));
            let outcome: Result<(), _> = on_conflict(patience, || {
                tries.set(tries.get() + 1);
                std::future::ready(Err(StoreError::Conflict))
            })
            .await;
            assert!(matches!(outcome, Err(StoreError::Conflict)));
            assert!(watch.elapsed() < patience + Duration::from_millis(150), "{:?}", watch.elapsed());
            assert!(tries.get() <= 40, "{} tries", tries.get());
            assert_eq!(tries.get() > 1, !patience.is_zero());
        }
    }

    #[test]
    fn a_failure_is_a_conflict_if_the_store_says_so() {
        assert!(Failure::from(StoreError::Conflict).is_conflict());
        assert!(!Failure::from(StoreError::Unreadable("x")).is_conflict());
        assert!(!Failure::from(crate::problem::Problem::TemporarilyUnavailable).is_conflict());
    }
}
