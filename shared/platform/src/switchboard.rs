//! The switches as a process knows them: read at most every 30 seconds, so that they cost hardly anything and a new one
//! still holds soon.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ports::SwitchStore;
use domain::switches::Switches;
use domain::time::Timestamp;

use crate::cache::Cache;
use crate::problem::{Failure, Problem};
use crate::run;

/// How soon a switch holds everywhere.
const FRESH: Duration = Duration::from_secs(30);
/// How soon after a failure they are read again. Otherwise every request would wait for what cannot be read.
const RETRY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Switchboard {
    read: Cache<(), Switches>,
    failed_at: Mutex<Option<Timestamp>>,
}

impl Default for Switchboard {
    fn default() -> Self {
        Self { read: Cache::new(FRESH), failed_at: Mutex::default() }
    }
}

impl Switchboard {
    /// The switches. If they cannot be read, those that were read last, since most likely they are still right. A process
    /// that never read any cannot know what was stopped, and refuses.
    pub async fn current(&self, store: &impl SwitchStore, now: Timestamp) -> Result<Arc<Switches>, Failure> {
        let last = self.read.last(());
        if let Some(switches) = last.as_ref().filter(|_| self.has_just_failed(now)) {
            return Ok(Arc::clone(switches));
        }
        match (self.read.get((), now, || store.switches()).await, last) {
            (Ok(switches), _) => Ok(switches),
            (Err(error), Some(switches)) => {
                *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
                let cause = run::chain(&error);
                tracing::error!(cause, "the switches cannot be read; the last known ones count");
                Ok(switches)
            }
            (Err(error), None) => Err(Failure::caused(Problem::TemporarilyUnavailable, error)),
        }
    }

    fn has_just_failed(&self, now: Timestamp) -> bool {
        let failed_at = *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        failed_at.is_some_and(|at| at <= now && now.since(at) < RETRY)
    }
}
