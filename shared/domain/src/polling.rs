//! When the page should ask for the status again, by what can change it.
//!
//! | While | Ask again after |
//! |---|---|
//! | a call rings | 2 s |
//! | a call was answered in which keys approve | 500 ms for the first 20 s, then 2 s |
//! | a call was answered in which only a code approves | 5 s |
//! | only a code can approve | the time since the last send, but at least 5 s and at most 15 s: the page learns the end from the code's own request |
//! | the same, and the message is on its way by its receipts | 5 s until the other channel is offered: whether it arrived is reported soon |
//! | denied by a report, in a call that may bring a second one | 2 s |
//! | approved, not settled | 500 ms: that request settles it |
//!
//! And always at the moment at which time alone changes the answer: when the other channel is offered, and at the end.

use std::time::Duration;

use crate::call::{CallState, FraudReport};
use crate::challenge::Challenge;
use crate::policy::{CallMode, Policy};
use crate::purpose::Purpose;
use crate::time::Timestamp;

/// While the approval is expected at any moment.
const SOON: Duration = Duration::from_millis(500);
/// How long that is in a call: most people have pressed a key by then.
const EXPECTED: Duration = Duration::from_secs(20);
const IN_A_CALL: Duration = Duration::from_secs(2);
const LEAST_FOR_A_CODE: Duration = Duration::from_secs(5);
const MOST_FOR_A_CODE: Duration = Duration::from_secs(15);

/// How long the page should wait after an answer about this pending challenge.
#[must_use]
pub fn poll_after(policy: &Policy, challenge: &Challenge, now: Timestamp) -> Duration {
    if challenge.is_approved() {
        return SOON;
    }
    let wait = match challenge.call.as_ref().filter(|call| call.is_live(now)) {
        Some(call) if call.state != CallState::Answered => IN_A_CALL,
        Some(call) if keys_approve(policy, challenge) => {
            let is_expected = call.answered_at.is_some_and(|at| now.since(at) < EXPECTED);
            if is_expected { SOON } else { IN_A_CALL }
        }
        Some(_) => LEAST_FOR_A_CODE,
        None if may_be_reported(challenge) && now < challenge.last_active_at() + Policy::PATIENCE => LEAST_FOR_A_CODE,
        None => now.since(challenge.last_active_at()).clamp(LEAST_FOR_A_CODE, MOST_FOR_A_CODE),
    };
    let changes = [challenge.last_active_at() + Policy::PATIENCE, challenge.expires_at];
    changes.into_iter().filter(|at| *at > now).fold(wait, |wait, at| wait.min(at.since(now)))
}

/// After a first report of fraud: a second one in the same call blocks the subject.
#[must_use]
pub fn poll_after_report(challenge: &Challenge, now: Timestamp) -> Option<Duration> {
    let mut reported = challenge.calls().filter(|call| call.report == Some(FraudReport::Stopped));
    reported.any(|call| call.is_live(now)).then_some(IN_A_CALL)
}

/// Whether its message has receipts, but none yet that the user is told of.
fn may_be_reported(challenge: &Challenge) -> bool {
    let fate = challenge.receipts.as_ref().and_then(|receipts| receipts.fate);
    fate.is_some_and(|fate| fate.told().is_none())
}

fn keys_approve(policy: &Policy, challenge: &Challenge) -> bool {
    match policy.call_mode {
        CallMode::PressPound => challenge.purpose == Purpose::Login,
        CallMode::MatchDigits => true,
        CallMode::SpeakCode => false,
    }
}
