//! The model's calls: what each webhook may change.

use domain::call::{AnsweredBy, Call, CallEvent, CallState, CallToken, FormerCall, FraudReport, Key};
use domain::challenge::{Challenge, Method, Outcome};
use domain::code::{CodeMac, SpokenCodeMacs};
use domain::identity::ChallengeId;
use domain::policy::{CallMode, Policy};
use domain::purpose::Purpose;
use domain::subject::NumberBlock;
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
        if let CallEvent::Pressed(key @ (Key::Fraud | Key::Block)) = event
            && !(key == Key::Fraud && self.is_for_a_machine(&stored, token, policy))
        {
            self.report_fraud(&stored, token, key, policy, now);
            return self.challenge(&challenge.key).cloned();
        }
        let whatever = matches!(event, CallEvent::Progress(_) | CallEvent::Answered(_));
        let is_this_call = self.is_this_call(&stored, challenge, token, whatever);
        if let Some(mut call) = stored.call.clone().filter(|_| is_this_call) {
            let moved = self.moves(&mut stored, &mut call, event, policy, now);
            if moved {
                stored.call = Some(call);
                self.challenge_mut(&challenge.key)?.clone_from(&stored);
            }
        }
        if let CallEvent::Answered(by) | CallEvent::Speaks(by, _) = event {
            self.note_answer(challenge, token, by, policy, now);
        }
        self.challenge(&challenge.key).cloned()
    }

    /// What an event may do depends on the mode.
    fn moves(
        &mut self,
        stored: &mut Challenge,
        call: &mut Call,
        event: CallEvent,
        policy: &Policy,
        now: Timestamp,
    ) -> bool {
        let any = self.does(Sabotage::ApproveByOtherMode);
        match (event, policy.call_mode) {
            (CallEvent::Pressed(Key::Fraud | Key::Block), _) => self.wrong_four_digits(stored, call, policy, now),
            (CallEvent::Speaks(by, macs), CallMode::SpeakCode) if by.may_approve(policy) => {
                self.speak(stored, call, by, &macs, now)
            }
            (CallEvent::Answered(by) | CallEvent::Speaks(by, _), _) => self.answer(stored, call, by, policy, now),
            (CallEvent::Pressed(Key::Approve), mode) if any || mode == CallMode::PressPound => {
                let uncontested = self.holds(Sabotage::ApproveContested, !stored.contested);
                uncontested
                    && stored.purpose == Purpose::Login
                    && self.approve(stored, call, Method::PressPound, policy, now)
            }
            (CallEvent::Entered { matches: true }, mode) if any || mode == CallMode::MatchDigits => {
                self.approve(stored, call, Method::MatchDigits, policy, now)
            }
            (CallEvent::Entered { matches: false }, CallMode::MatchDigits) => {
                self.answered_by_human(stored, call, policy, now) && self.wrong_digits(stored, call, now)
            }
            (CallEvent::Entered { matches: true }, CallMode::PressPound) => {
                let moves = self.takes_four_digits(stored, call, policy, now);
                if moves {
                    stored.outcome = Outcome::Approved { at: now, by: Method::MatchDigits, settled: false };
                }
                moves
            }
            (CallEvent::Entered { matches: false }, CallMode::PressPound) => {
                self.wrong_four_digits(stored, call, policy, now)
            }
            (CallEvent::Pressed(Key::Approve | Key::Other) | CallEvent::Entered { .. }, _) => wrong_key(call),
            (CallEvent::Progress(state), _) => self.progress(call, state),
        }
    }

    fn is_this_call(&self, stored: &Challenge, challenge: &ChallengeId, token: &CallToken, whatever: bool) -> bool {
        let same_token = stored.call.as_ref().is_some_and(|call| call.token == token.digest());
        self.holds(Sabotage::WebhookOfOtherGeneration, stored.id == *challenge)
            && self.holds(Sabotage::WebhookOfOtherCall, same_token)
            && self.holds(Sabotage::WebhookWhenSettled, whatever || stored.outcome == Outcome::Pending)
    }

    fn answer(&self, stored: &mut Challenge, call: &mut Call, by: AnsweredBy, policy: &Policy, now: Timestamp) -> bool {
        let awaited = matches!(call.state, CallState::Calling | CallState::Ringing);
        let moves = self.holds(Sabotage::AnswerTwice, awaited);
        if moves {
            call.state = by.state(policy);
            (call.answered_by, call.answered_at) = (Some(by), Some(now));
            stored.answers += 1;
            if !by.may_approve(policy) {
                stored.machine_answered_at = Some(now);
            }
        }
        moves
    }

    /// Answers the call and adds the code that it will say.
    fn speak(
        &self,
        stored: &mut Challenge,
        call: &mut Call,
        by: AnsweredBy,
        macs: &SpokenCodeMacs,
        now: Timestamp,
    ) -> bool {
        let awaited = matches!(call.state, CallState::Calling | CallState::Ringing);
        let is_said = |mac: &CodeMac| stored.spoken.iter().any(|said| said.as_bytes() == mac.as_bytes());
        let is_new = !macs.under_all.iter().any(is_said);
        let moves = stored.expires_at > now
            && !stored.is_exhausted()
            && self.holds(Sabotage::AnswerTwice, awaited)
            && self.holds(Sabotage::SpeakTwice, is_new);
        if moves {
            call.state = CallState::Answered;
            (call.answered_by, call.answered_at) = (Some(by), Some(now));
            stored.answers += 1;
            stored.spoken.push(macs.mac);
        }
        moves
    }

    fn approve(&self, stored: &mut Challenge, call: &Call, by: Method, policy: &Policy, now: Timestamp) -> bool {
        let moves = self.answered_by_human(stored, call, policy, now);
        if moves {
            stored.outcome = Outcome::Approved { at: now, by, settled: false };
        }
        moves
    }

    /// Ends the call and counts a guess.
    fn wrong_digits(&self, stored: &mut Challenge, call: &mut Call, now: Timestamp) -> bool {
        if !self.does(Sabotage::WrongDigitsFree) {
            stored.attempts += 1;
            stored.last_guess_at = Some(now);
            call.state = CallState::Ended;
        }
        true
    }

    fn wrong_four_digits(&self, stored: &mut Challenge, call: &mut Call, policy: &Policy, now: Timestamp) -> bool {
        self.takes_four_digits(stored, call, policy, now) && self.wrong_digits(stored, call, now)
    }

    /// Whether the call asks for four digits and goes on, whoever has answered it.
    fn takes_four_digits(&self, stored: &Challenge, call: &Call, policy: &Policy, now: Timestamp) -> bool {
        let asks = stored.purpose == Purpose::Login && (stored.contested || call.is_answered_by_machine(policy));
        self.holds(Sabotage::FourDigitsUnasked, asks)
            && self.holds(Sabotage::ApproveExpired, stored.expires_at > now)
            && self.holds(Sabotage::ApproveExhausted, !stored.is_exhausted())
            && self.holds(Sabotage::ApproveUnanswered, call.state == CallState::Answered)
    }

    fn answered_by_human(&self, stored: &Challenge, call: &Call, policy: &Policy, now: Timestamp) -> bool {
        let by_one_who_may = call.answered_by.is_some_and(|by| by.may_approve(policy));
        self.holds(Sabotage::ApproveExpired, stored.expires_at > now)
            && self.holds(Sabotage::ApproveExhausted, !stored.is_exhausted())
            && self.holds(Sabotage::ApproveUnanswered, call.state == CallState::Answered && by_one_who_may)
    }

    /// Whoever takes a call that has been replaced, or whose code comes too late, may still report it.
    fn note_answer(
        &mut self,
        challenge: &ChallengeId,
        token: &CallToken,
        by: AnsweredBy,
        policy: &Policy,
        now: Timestamp,
    ) {
        let Some(mut stored) = self.challenge(&challenge.key).cloned() else { return };
        let is_open = stored.is_open(now);
        let same_generation = stored.id == *challenge;
        if let Some(mut call) = stored.call.clone().filter(|call| call.token == token.digest()) {
            if same_generation && !is_open && self.answer(&mut stored, &mut call, by, policy, now) {
                stored.call = Some(call);
            }
        } else {
            let awaits = |of: &&mut FormerCall| of.call.token == token.digest() && of.call.answered_by.is_none();
            if let Some(former) = stored.former_calls.iter_mut().find(awaits) {
                former.call.answered_by = Some(by);
                stored.answers += 1;
            }
        }
        if let Some(kept) = self.challenge_mut(&challenge.key) {
            kept.clone_from(&stored);
        }
    }

    /// The first report stops the sign-in and the calls, the next one blocks the subject and denies what is pending;
    /// both block a number that was only being enrolled: all of it or nothing.
    fn report_fraud(&mut self, stored: &Challenge, token: &CallToken, key: Key, policy: &Policy, now: Timestamp) {
        let former = stored.former_call(token).filter(|_| !self.does(Sabotage::ReportForgotReplaced));
        let of = match (stored.call.as_ref().filter(|call| call.token == token.digest()), former) {
            (Some(call), _) => Some((call, &stored.phone, stored.is_typed())),
            (None, Some(former)) => Some((&former.call, &former.phone, former.is_unverified)),
            (None, None) => None,
        };
        let Some((call, phone, is_unverified)) = of else { return };
        let expected = if key == Key::Block { Some(FraudReport::Stopped) } else { None };
        let unreported = call.report.is_none() && self.does(Sabotage::BlockUnreported);
        let once = unreported || self.holds(Sabotage::ReportTwice, call.report == expected);
        let machine = call.is_answered_by_machine(policy) && self.does(Sabotage::ReportByMachine);
        let heard = machine || self.holds(Sabotage::ReportUnanswered, call.may_report(policy, now));
        let pending = stored.outcome == Outcome::Pending || !self.does(Sabotage::ReportForgotSettled);
        let (blocks, denies) = (!self.does(Sabotage::DenyUnblocked), !self.does(Sabotage::DenyOne));
        let Some(subject) = self.subjects.get_mut(&stored.id.key.subject).filter(|_| once && heard && pending) else {
            return;
        };
        let is_recent = subject.reported_at.is_some_and(|at| at + Policy::REPORT_MEMORY > now);
        let until = now + policy.fraud_block;
        let mut leads_to = FraudReport::Stopped;
        if blocks {
            subject.reported_at = Some(now);
        }
        if key == Key::Block || is_recent {
            leads_to = FraudReport::Blocked;
            if blocks {
                subject.blocked_until = Some(until);
                subject.denied_version = if denies { Some(subject.version) } else { subject.denied_version };
            }
        }
        if is_unverified {
            subject.reported_number = Some(NumberBlock { number: phone.digest(), until });
        }
        subject.version += 1;
        if is_unverified {
            self.block_number(phone, until);
        }
        let reported = self.reported(stored, token, leads_to);
        if let Some(kept) = self.challenge_mut(&stored.id.key) {
            *kept = reported;
        }
    }

    fn reported(&self, stored: &Challenge, token: &CallToken, leads_to: FraudReport) -> Challenge {
        let reported = stored.clone().reported(token, leads_to);
        let leaves_it =
            self.does(Sabotage::ReportLeavesSignIn) || (self.does(Sabotage::ReportLeavesProof) && stored.is_approved());
        let outcome = match reported.outcome {
            _ if leaves_it => stored.outcome,
            _ if self.does(Sabotage::ReportTakesBackApproval) => Outcome::Denied,
            outcome => outcome,
        };
        Challenge { outcome, ..reported }
    }

    /// Where a machine is asked for digits, `0` is a wrong entry.
    fn is_for_a_machine(&self, stored: &Challenge, token: &CallToken, policy: &Policy) -> bool {
        let this = stored.call.as_ref().filter(|call| call.token == token.digest());
        let machine = this.is_some_and(|call| call.is_answered_by_machine(policy));
        machine && stored.asks_for_four_digits(policy) && !self.does(Sabotage::ReportByMachine)
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
