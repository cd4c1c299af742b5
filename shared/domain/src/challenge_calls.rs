//! The calls of a challenge, former ones included: which may still be reported, what a report leads to, and how many
//! digits a call asks for.

use crate::call::{Call, CallToken, FormerCall, FraudReport};
use crate::challenge::{Challenge, Outcome};
use crate::code::DigitCount;
use crate::policy::{CallMode, Policy};
use crate::purpose::Purpose;
use crate::time::Timestamp;

impl Challenge {
    pub const MOST_FORMER_CALLS: usize = 2;

    /// The former call with this token.
    #[must_use]
    pub fn former_call(&self, token: &CallToken) -> Option<&FormerCall> {
        self.former_calls.iter().find(|former| former.call.has_token(token))
    }

    /// The former calls to keep once another call or generation replaces its call.
    #[must_use]
    pub fn calls_to_keep(&self, now: Timestamp) -> Vec<FormerCall> {
        let (phone, is_unverified) = (self.phone.clone(), self.is_typed());
        let current = self.call.clone().map(|call| FormerCall { call, phone, is_unverified });
        let all = self.former_calls.iter().cloned().chain(current);
        let mut kept: Vec<_> = all.filter(|of| of.call.may_still_be_reported(now)).collect();
        kept.drain(..kept.len().saturating_sub(Self::MOST_FORMER_CALLS));
        kept
    }

    /// What reporting fraud in its calls has led to, former calls included.
    #[must_use]
    pub fn report(&self) -> Option<FraudReport> {
        self.calls().filter_map(|call| call.report).max()
    }

    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        let former = self.former_calls.iter().map(|former| &former.call);
        self.call.iter().chain(former)
    }

    /// Whether a report of fraud comes too late to stop it.
    #[must_use]
    pub fn outlives_a_report(&self) -> bool {
        self.is_approved() && !self.is_proof()
    }

    /// The challenge after fraud was reported in the call with this token.
    #[must_use]
    pub fn reported(mut self, token: &CallToken, report: FraudReport) -> Self {
        let former = self.former_calls.iter_mut().map(|former| &mut former.call);
        if let Some(call) = self.call.iter_mut().chain(former).find(|call| call.has_token(token)) {
            call.report = Some(report);
        }
        if !self.outlives_a_report() {
            self.outcome = Outcome::Denied;
        }
        self
    }

    /// Whether its call may still be in progress, whatever became of the challenge.
    #[must_use]
    pub fn has_live_call(&self, now: Timestamp) -> bool {
        self.call.as_ref().is_some_and(|call| call.is_live(now))
    }

    /// Whether its call asks for the four digits on the page where `#` would otherwise approve: another sign-in
    /// competes with this one, or nothing human seems to have answered.
    #[must_use]
    pub fn asks_for_four_digits(&self, policy: &Policy) -> bool {
        let machine = self.call.as_ref().is_some_and(|call| call.is_answered_by_machine(policy));
        policy.call_mode == CallMode::PressPound && self.purpose == Purpose::Login && (self.contested || machine)
    }

    /// How many of the page's digits its call asks for, if any.
    #[must_use]
    pub fn digits_to_enter(&self, policy: &Policy) -> Option<DigitCount> {
        let asks = policy.call_mode != CallMode::PressPound || self.asks_for_four_digits(policy);
        policy.call_mode.digits().filter(|_| asks)
    }
}
