//! The switches as a process knows them: read at most every 30 seconds, so that they cost hardly anything and a new one
//! still holds soon.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::SwitchStore;
use domain::switches::Switches;
use domain::time::Timestamp;

use crate::cache::Cache;
use crate::problem::{Failure, Problem};
use crate::run;

/// How soon a switch holds everywhere.
const FRESH: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Switchboard(Cache<(), Switches>);

impl Default for Switchboard {
    fn default() -> Self {
        Self(Cache::new(FRESH))
    }
}

impl Switchboard {
    /// The switches. If they cannot be read, those that were read last, since most likely they are still right. A process
    /// that never read any cannot know what was stopped, and refuses.
    pub async fn current(&self, store: &impl SwitchStore, now: Timestamp) -> Result<Arc<Switches>, Failure> {
        match self.0.get((), now, || store.switches()).await {
            Ok(switches) => Ok(switches),
            Err(error) => match self.0.last(()) {
                Some(switches) => {
                    tracing::warn!(
                        cause = run::chain(&error),
                        "the switches cannot be read; the last known ones count"
                    );
                    Ok(switches)
                }
                None => Err(Failure::caused(Problem::TemporarilyUnavailable, error)),
            },
        }
    }
}
