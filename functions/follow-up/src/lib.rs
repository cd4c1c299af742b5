//! Follows up changes, asynchronously: counts subjects that were verified again, for the country's budget, notifies a
//! number that another has replaced, and tells the provider which messages' codes were used.
//!
//! The stream delivers each change at least once. Records are handled in order, and counts are written before the next
//! notice is sent. So at a failure everything before it is done and nothing after it, and the stream is asked to resume
//! right there: no notice is sent twice because of another one, and a repeated tally is the same as before.
//!
//! Feedback comes last, with the time that is left, and holds nothing up. What the provider does not take in three tries
//! is given up: an hour after a message it takes it for failed by itself, while a notice must not wait so long.

use std::cell::Cell;
use std::error::Error;
use std::time::Duration;

use domain::delivery::SendFailure;
use domain::follow_up::{FollowUp, Notice, Tally};
use domain::phone::Reach;
use domain::ports::{Feedback, Notifier, Sent, Statistics};
use domain::receipt::MessageId;
use futures_util::{StreamExt as _, stream};
use platform::clock::Stopwatch;
use platform::run::chain;
use platform::stream::{Batch, Record, Report};
use thiserror::Error as ThisError;

mod change;
pub mod config;

/// Time for a batch, below the function's timeout.
pub const TIME: Duration = Duration::from_secs(50);
const SEND_LIMIT: Duration = Duration::from_secs(10);
/// For one message's feedback, all tries included.
const FEEDBACK_LIMIT: Duration = Duration::from_secs(5);
/// How many are told at once.
const AT_ONCE: usize = 10;

pub struct App<S, N, F> {
    pub store: S,
    pub reach: Reach,
    /// `None` where the deployment sends no messages.
    pub notifier: Option<N>,
    /// `None` where the provider takes no feedback.
    pub feedback: Option<F>,
    /// Time for a batch. A notice waits for the next batch if too little is left.
    pub time: Duration,
}

#[derive(Default)]
struct Done {
    verified: usize,
    notices: usize,
    /// The messages to give feedback on.
    converted: Vec<MessageId>,
}

/// Why the batch was not finished, and the first record that is not done.
struct Stopped<'a> {
    record: &'a Record,
    cause: Cause,
}

type Cause = Box<dyn Error + Send + Sync>;

/// Counted but not yet written.
#[derive(Default)]
struct Open<'a> {
    tally: Tally,
    first: Option<&'a Record>,
}

#[derive(Debug, ThisError)]
#[error("too little time is left to send a notice")]
struct OutOfTime;

impl<S: Statistics, N: Notifier, F: Feedback> App<S, N, F> {
    /// Handles a batch. A failure becomes part of the report: the runtime would log an error whole, with whatever the
    /// service answered.
    pub async fn handle(&self, batch: &Batch) -> Report {
        let watch = Stopwatch::start();
        let mut done = Done::default();
        let stopped = self.follow(&batch.records, watch, &mut done).await.err();
        let conversions = self.report(&done.converted, watch).await;
        let (records, Done { verified, notices, .. }) = (batch.records.len(), done);
        let elapsed_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Some(Stopped { record, cause }) = stopped else {
            tracing::info!(function = FUNCTION, records, verified, notices, conversions, elapsed_ms, "followed up");
            return Report::default();
        };
        let (change, cause) = (&record.id, chain(&*cause));
        tracing::error!(
            function = FUNCTION,
            records,
            verified,
            notices,
            conversions,
            change,
            cause,
            elapsed_ms,
            "not followed up"
        );
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
                Ok(Some(FollowUp::Converted(message))) => done.converted.push(message),
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

    /// Sends a notice. It is an error only if the notice was surely not sent and a later try may succeed.
    async fn tell(&self, notice: &Notice, watch: Stopwatch, done: &mut Done) -> Result<(), Cause> {
        let Some(notifier) = self.notifier.as_ref().filter(|_| notice.can_be_sent(&self.reach)) else {
            tracing::warn!(outcome = "unreachable", "a replaced number gets no messages");
            return Ok(());
        };
        if self.time.saturating_sub(watch.elapsed()) < SEND_LIMIT {
            return Err(OutOfTime.into());
        }
        let error = match notifier.notify(notice, SEND_LIMIT).await {
            Ok(Sent { id, sender }) => {
                done.notices += 1;
                tracing::info!(id, sender, country = notice.country.as_str(), "a notice was sent");
                return Ok(());
            }
            Err(error) => error,
        };
        let Some(outcome) = given_up(error.kind) else { return Err(error.into()) };
        tracing::warn!(outcome, cause = chain(&error), "gave up on a notice");
        Ok(())
    }

    /// Tells the provider which codes were used, and returns of how many it heard.
    async fn report(&self, messages: &[MessageId], watch: Stopwatch) -> usize {
        let Some(feedback) = &self.feedback else { return 0 };
        let heard = Cell::new(0);
        let left = || self.time.saturating_sub(watch.elapsed()).min(FEEDBACK_LIMIT);
        let tell = async |message: &MessageId| match feedback.converted(message, left()).await {
            Ok(()) => heard.set(heard.get() + 1),
            Err(error) => {
                tracing::warn!(id = message.as_str(), cause = chain(&error), "gave up on feedback");
            }
        };
        stream::iter(messages).for_each_concurrent(AT_ONCE, tell).await;
        heard.get()
    }
}

/// Why a notice is not tried again, if so: another try would fail too, or might send it twice.
const fn given_up(failure: SendFailure) -> Option<&'static str> {
    match failure {
        SendFailure::NumberRefused | SendFailure::OptedOut | SendFailure::NotPermitted | SendFailure::Unknown => {
            Some(failure.as_str())
        }
        SendFailure::Unauthorized | SendFailure::SpendLimit | SendFailure::Throttled | SendFailure::ProviderFault => {
            None
        }
    }
}

const FUNCTION: &str = "follow-up";
