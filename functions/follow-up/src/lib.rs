//! Does what follows from a change of a subject: counts who was verified again for the country's budget,
//! and tells a number that another has taken its place.
//!
//! No request waits for this. The stream brings each change at least once. Records are gone through in
//! their order, and what was counted before a notice is written before it is sent. So a failure always
//! has all before it done and nothing after it, and the stream is asked to begin again right there: no
//! notice is sent twice because of another, and a tally that is added again is the same as before.

use std::error::Error;
use std::time::Duration;

use domain::follow_up::{FollowUp, Notice, Tally};
use domain::phone::Reach;
use domain::ports::{Notifier, SendFailure, Statistics};
use platform::clock::Stopwatch;
use platform::run::chain;
use platform::stream::{Batch, Record, Report};
use thiserror::Error as ThisError;

mod change;
pub mod config;

/// Time for a batch, under the function's own.
pub const TIME: Duration = Duration::from_secs(50);
/// Time for one notice.
const SEND_LIMIT: Duration = Duration::from_secs(10);

/// What the function works with.
pub struct App<S, N> {
    /// Where statistics are kept.
    pub store: S,
    /// The countries that are sent to, and by which channels.
    pub reach: Reach,
    /// Sends notices, where the deployment sends messages.
    pub notifier: Option<N>,
    /// Time for a batch. A notice for which too little is left waits for the next.
    pub time: Duration,
}

/// What was done of a batch.
#[derive(Default)]
struct Done {
    verified: usize,
    notices: usize,
}

/// Why not all of a batch was done, and the first record of which something is left.
struct Stopped<'a> {
    record: &'a Record,
    cause: Cause,
}

type Cause = Box<dyn Error + Send + Sync>;

/// What is counted and not yet written.
#[derive(Default)]
struct Open<'a> {
    tally: Tally,
    first: Option<&'a Record>,
}

#[derive(Debug, ThisError)]
#[error("no time is left to send a notice")]
struct OutOfTime;

impl<S: Statistics, N: Notifier> App<S, N> {
    /// Does what follows from a batch. Every failure becomes part of the report: returned as an error, it
    /// would be logged whole, with what it was answered.
    pub async fn handle(&self, batch: &Batch) -> Report {
        let watch = Stopwatch::start();
        let mut done = Done::default();
        let stopped = self.follow(&batch.records, watch, &mut done).await.err();
        let (records, Done { verified, notices }) = (batch.records.len(), done);
        let elapsed_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Some(Stopped { record, cause }) = stopped else {
            tracing::info!(function = FUNCTION, records, verified, notices, elapsed_ms, "followed up");
            return Report::default();
        };
        let (change, cause) = (&record.id, chain(&*cause));
        tracing::error!(function = FUNCTION, records, verified, notices, change, cause, elapsed_ms, "not followed up");
        Report::again_from(record)
    }

    async fn follow<'a>(&self, records: &'a [Record], watch: Stopwatch, done: &mut Done) -> Result<(), Stopped<'a>> {
        let mut open = Open::default();
        for record in records {
            let stopped = |cause: Cause| Stopped { record, cause };
            match change::follows(&record.change) {
                Ok(None) => {}
                Ok(Some(FollowUp::Verified(country, day))) => {
                    open.tally.add(country, day, &record.id);
                    open.first.get_or_insert(record);
                }
                Ok(Some(FollowUp::Replaced(notice))) => {
                    self.count(std::mem::take(&mut open), done).await?;
                    self.tell(&notice, watch, done).await.map_err(stopped)?;
                }
                Err(unreadable) => {
                    self.count(open, done).await?;
                    return Err(stopped(unreadable.into()));
                }
            }
        }
        self.count(open, done).await
    }

    async fn count<'a>(&self, open: Open<'a>, done: &mut Done) -> Result<(), Stopped<'a>> {
        let Some(record) = open.first else { return Ok(()) };
        self.store.count_verified(&open.tally).await.map_err(|error| Stopped { record, cause: error.into() })?;
        done.verified += open.tally.subjects();
        Ok(())
    }

    /// Sends a notice. Only what surely was not sent, and may be at another time, is an error.
    async fn tell(&self, notice: &Notice, watch: Stopwatch, done: &mut Done) -> Result<(), Cause> {
        let Some(notifier) = self.notifier.as_ref().filter(|_| notice.can_be_sent(&self.reach)) else {
            tracing::warn!(outcome = "unreachable", "a number was replaced to which no messages are sent");
            return Ok(());
        };
        if self.time.saturating_sub(watch.elapsed()) < SEND_LIMIT {
            return Err(OutOfTime.into());
        }
        let Err(error) = notifier.notify(notice, SEND_LIMIT).await else {
            done.notices += 1;
            return Ok(());
        };
        let Some(outcome) = given_up(error.kind) else { return Err(error.into()) };
        tracing::warn!(outcome, cause = chain(&error), "a notice is given up");
        Ok(())
    }
}

/// Why a notice is not tried again, if it is not: another try could not do better, or might send it twice.
const fn given_up(failure: SendFailure) -> Option<&'static str> {
    match failure {
        SendFailure::NumberRefused => Some("invalid"),
        SendFailure::Unknown => Some("unknown"),
        SendFailure::Unauthorized | SendFailure::SpendLimit | SendFailure::Throttled | SendFailure::ProviderFault => {
            None
        }
    }
}

const FUNCTION: &str = "follow-up";
