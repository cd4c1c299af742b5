//! Limits on what may be sent for one subject, over sliding windows.

use std::time::Duration;

use crate::call::Call;
use crate::channel::Channel;
use crate::limit::Limit;
use crate::policy::Policy;
use crate::quota::SendLimit;
use crate::snapshot::Snapshot;
use crate::subject::Subject;
use crate::time::Timestamp;

/// The limit that refuses a send by `channel` now, if any. If several do, the one that does so longest.
#[must_use]
pub fn reached(stored: &Snapshot, channel: Channel, policy: &Policy, now: Timestamp) -> Option<SendLimit> {
    let windows = windows(channel, policy, stored.calls_given_back(now));
    let reached = windows.filter_map(|window| window.reached(&stored.subject, now));
    reached.chain(paused(&stored.subject, channel, now)).max_by_key(|limit| limit.retry_at)
}

/// Sends by `channel` that the windows still allow.
#[must_use]
pub fn left(stored: &Snapshot, channel: Channel, policy: &Policy, now: Timestamp) -> usize {
    if paused(&stored.subject, channel, now).is_some() {
        return 0;
    }
    let left = |window: Window| window.quota.saturating_sub(window.sent(&stored.subject, now).count());
    windows(channel, policy, stored.calls_given_back(now)).map(left).min().unwrap_or_default()
}

/// The limit of one call at a time, while `call` may still be in progress, or the pause after a report that outlasts it.
#[must_use]
pub fn live_call(call: &Call, subject: &Subject, now: Timestamp) -> SendLimit {
    let window = Policy::RING + Policy::TALK;
    let live = SendLimit { limit: Limit::CallLive, quota: 1, window, retry_at: call.placed_at + window };
    paused(subject, Channel::Call, now).filter(|pause| pause.retry_at > live.retry_at).unwrap_or(live)
}

/// After a report of fraud nobody is called for a while.
fn paused(subject: &Subject, channel: Channel, now: Timestamp) -> Option<SendLimit> {
    let retry_at = subject.calls_paused(now).filter(|_| channel == Channel::Call)?;
    Some(SendLimit { limit: Limit::CallReported, quota: 0, window: Policy::CALL_PAUSE, retry_at })
}

struct Window {
    limit: Limit,
    channels: &'static [Channel],
    quota: usize,
    length: Duration,
}

fn windows(channel: Channel, policy: &Policy, calls_given_back: usize) -> impl Iterator<Item = Window> {
    let of_all = [
        Window {
            limit: Limit::SubjectShort,
            channels: &Channel::ALL,
            quota: policy.max_sends_short,
            length: Policy::SHORT_WINDOW,
        },
        Window {
            limit: Limit::SubjectLong,
            channels: &Channel::ALL,
            quota: policy.max_sends_long,
            length: Policy::LONG_WINDOW,
        },
    ];
    let of_calls = Window {
        limit: Limit::SubjectCalls,
        channels: &[Channel::Call],
        quota: policy.max_calls_short + calls_given_back,
        length: Policy::SHORT_WINDOW,
    };
    of_all.into_iter().chain((channel == Channel::Call).then_some(of_calls))
}

impl Window {
    fn sent(&self, subject: &Subject, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.channels.iter().flat_map(move |channel| subject.sent_within(*channel, self.length, now))
    }

    fn reached(&self, subject: &Subject, now: Timestamp) -> Option<SendLimit> {
        let mut sent: Vec<_> = self.sent(subject, now).collect();
        sent.sort_unstable();
        let beyond = sent.len().checked_sub(self.quota)?;
        let retry_at = sent.get(beyond).map_or(now + self.length, |first| *first + self.length);
        Some(SendLimit { limit: self.limit, quota: self.quota, window: self.length, retry_at })
    }
}
