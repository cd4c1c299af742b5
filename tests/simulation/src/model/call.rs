//! The model's calls: what each webhook may move.

use domain::call::{AnsweredBy, Call, CallEvent, CallState, CallToken, Key};
use domain::challenge::{Challenge, Method, Outcome};
use domain::identity::ChallengeId;
use domain::policy::Policy;
use domain::time::Timestamp;

use super::{Model, Sabotage};

impl Model {
    /// `ChallengeStore::advance_call`.
    pub fn advance_call(
        &mut self,
        challenge: &ChallengeId,
        token: &CallToken,
        event: CallEvent,
        policy: &Policy,
        now: Timestamp,
    ) -> Option<Challenge> {
        let mut stored = self.challenge(&challenge.key)?.clone();
        let is_this_call = self.is_this_call(&stored, challenge, token);
        if let Some(mut call) = stored.call.clone().filter(|_| is_this_call) {
            let moved = match event {
                CallEvent::Answered(by) => self.answer(&stored, &mut call, by, policy, now),
                CallEvent::Pressed(Key::Approve) => self.approve(&mut stored, &call, policy, now),
                CallEvent::Pressed(Key::Other) => wrong_key(&mut call),
                CallEvent::Pressed(Key::Fraud) => self.report_fraud(&mut stored, &call, policy, now),
                CallEvent::Progress(state) => self.progress(&mut call, state),
            };
            if moved {
                stored.call = Some(call);
                self.challenge_mut(&challenge.key)?.clone_from(&stored);
            }
        }
        self.challenge(&challenge.key).cloned()
    }

    fn is_this_call(&self, stored: &Challenge, challenge: &ChallengeId, token: &CallToken) -> bool {
        let same_token = stored.call.as_ref().is_some_and(|call| call.token == token.digest());
        self.holds(Sabotage::WebhookOfOtherGeneration, stored.id == *challenge)
            && self.holds(Sabotage::WebhookOfOtherCall, same_token)
            && self.holds(Sabotage::WebhookWhenSettled, stored.outcome == Outcome::Pending)
    }

    fn answer(&self, stored: &Challenge, call: &mut Call, by: AnsweredBy, policy: &Policy, now: Timestamp) -> bool {
        let awaited = matches!(call.state, CallState::Calling | CallState::Ringing);
        let moves = stored.expires_at > now && self.holds(Sabotage::AnswerTwice, awaited);
        if moves {
            call.state = by.state(policy);
            call.answered_by = Some(by);
        }
        moves
    }

    fn approve(&self, stored: &mut Challenge, call: &Call, policy: &Policy, now: Timestamp) -> bool {
        let by_one_who_may = call.answered_by.is_some_and(|by| by.may_approve(policy));
        let moves = self.holds(Sabotage::ApproveExpired, stored.expires_at > now)
            && self.holds(Sabotage::ApproveExhausted, !stored.is_exhausted())
            && self.holds(Sabotage::ApproveUnanswered, call.state == CallState::Answered && by_one_who_may)
            && self.holds(Sabotage::ApproveContested, !stored.contested);
        if moves {
            stored.outcome = Outcome::Approved { at: now, by: Method::PressPound, settled: false };
        }
        moves
    }

    /// Denies the challenge and blocks its subject, both or neither.
    fn report_fraud(&mut self, stored: &mut Challenge, call: &Call, policy: &Policy, now: Timestamp) -> bool {
        let blocks = !self.does(Sabotage::DenyUnblocked);
        let Some(subject) = self.subjects.get_mut(&stored.id.key.subject) else { return false };
        let moves = call.state == CallState::Answered;
        if moves && blocks {
            subject.blocked_until = Some(now + policy.fraud_block);
            subject.version += 1;
        }
        if moves {
            stored.outcome = Outcome::Denied;
        }
        moves
    }

    fn progress(&self, call: &mut Call, state: CallState) -> bool {
        let forward = if state.is_over() { !call.state.is_over() } else { call.state == CallState::Calling };
        let moves = self.holds(Sabotage::ProgressBackwards, forward);
        if moves {
            call.state = state;
        }
        moves
    }
}

fn wrong_key(call: &mut Call) -> bool {
    let moves = call.state == CallState::Answered;
    if moves {
        call.wrong_keys += 1;
    }
    moves
}
