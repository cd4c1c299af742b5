//! A call's webhooks: each is applied only if it moves this very call forward.

use std::borrow::Cow;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::call::{AnsweredBy, Call, CallEvent, CallState, CallToken, Key};
use domain::challenge::{Challenge, Method};
use domain::code::SpokenCodeMacs;
use domain::identity::ChallengeId;
use domain::policy::{CallMode, Policy};
use domain::ports::StoreError;
use domain::purpose::Purpose;
use domain::time::Timestamp;

use super::fault::Updated;
use super::key::challenge_key;
use super::table::DynamoStore;
use super::value::{bytes, number, text, time};
use super::{challenge_item, expression};
use crate::item::challenge::{APPROVED, PENDING};

impl DynamoStore {
    pub(super) async fn advance_call(
        &self,
        challenge: &ChallengeId,
        token: &CallToken,
        event: CallEvent,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        // The mode is checked here too, so that no caller of this can let `#` approve where digits are to be
        // matched, or digits where a code is spoken.
        let advance = match (event, policy.call_mode) {
            (CallEvent::Pressed(key @ (Key::Fraud | Key::Block)), _) => {
                return self.press_zero(challenge, token, key, policy, now).await;
            }
            (CallEvent::Speaks(by, macs), CallMode::SpeakCode) if by.may_approve(policy) => {
                let current = self.advance(challenge, token, speak(by, &macs, now)).await?;
                return self.note_answer(challenge, token, by, policy, current, now).await;
            }
            (CallEvent::Answered(by) | CallEvent::Speaks(by, _), _) => {
                let current = self.advance(challenge, token, answer(by, policy, now)).await?;
                return self.note_answer(challenge, token, by, policy, current, now).await;
            }
            (CallEvent::Pressed(Key::Approve), CallMode::PressPound) => press(policy, now),
            (CallEvent::Entered { matches: true }, CallMode::MatchDigits) => {
                approve(Method::MatchDigits, expression::CAN_ENTER, policy, now)
            }
            (CallEvent::Entered { matches: false }, CallMode::MatchDigits) => {
                wrong_digits(expression::CAN_ENTER, policy, now)
            }
            (CallEvent::Entered { matches: true }, CallMode::PressPound) => {
                approve(Method::MatchDigits, expression::CAN_ENTER_FOUR, policy, now).with_four_digits()
            }
            (CallEvent::Entered { matches: false }, CallMode::PressPound) => wrong_four_digits(policy, now),
            (CallEvent::Pressed(Key::Approve | Key::Other) | CallEvent::Entered { .. }, _) => wrong_key(),
            (CallEvent::Progress(state), _) => progress(state),
        };
        self.advance(challenge, token, advance).await
    }

    async fn advance(
        &self,
        challenge: &ChallengeId,
        token: &CallToken,
        advance: Advance,
    ) -> Result<Option<Challenge>, StoreError> {
        let Advance { update, condition, mut values } = advance;
        values.extend([(":generation", number(challenge.generation)), (":token", bytes(&token.digest()))]);
        let update = self.update(challenge_key(&challenge.key), &update, condition, values);
        let item = match self.send_update(update).await? {
            Updated::Done(item) => Some(item),
            Updated::Refused(item) => item,
        };
        item.map(|item| challenge_item::read(&challenge.key.subject, &item)).transpose()
    }

    /// A machine cannot report fraud: where it is asked for digits, `0` is a wrong entry.
    async fn press_zero(
        &self,
        challenge: &ChallengeId,
        token: &CallToken,
        key: Key,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        let Some(stored) = self.read_challenge(challenge).await? else { return Ok(None) };
        let this = stored.call.as_ref().filter(|call| call.has_token(token));
        let by_machine = this.is_some_and(|call| call.is_answered_by_machine(policy));
        if key == Key::Fraud && by_machine && stored.asks_for_four_digits(policy) {
            return self.advance(challenge, token, wrong_four_digits(policy, now)).await;
        }
        self.report_fraud(stored, token, key, policy, now).await
    }

    /// A second write only where the first cannot tell: a call that another generation has replaced, or one whose code
    /// comes too late.
    async fn note_answer(
        &self,
        challenge: &ChallengeId,
        token: &CallToken,
        by: AnsweredBy,
        policy: &Policy,
        current: Option<Challenge>,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        let Some(current) = current else { return Ok(None) };
        let awaits = |call: &Call| call.has_token(token) && call.answered_by.is_none() && !call.state.is_over();
        if current.call.as_ref().is_some_and(awaits) && !current.is_open(now) {
            return self.advance(challenge, token, answer(by, policy, now)).await;
        }
        let former = current.former_call(token).filter(|former| former.call.answered_by.is_none());
        let Some(former) = former else { return Ok(Some(current)) };
        let key = challenge_key(&challenge.key);
        let values = [(":by", text(by.as_str())), (":one", number(1_u32))];
        let update = self
            .update(key, expression::ANSWER_FORMER, expression::FORMER_IS_UNANSWERED, values)
            .expression_attribute_names("#call", challenge_item::call_name(&former.call.token));
        let (Updated::Done(item) | Updated::Refused(Some(item))) = self.send_update(update).await? else {
            return Ok(None);
        };
        challenge_item::read(&challenge.key.subject, &item).map(Some)
    }
}

/// What an event does to its call's challenge, and on which condition. `:generation` and `:token` are added to each.
struct Advance {
    update: Cow<'static, str>,
    condition: &'static str,
    values: Vec<(&'static str, AttributeValue)>,
}

impl Advance {
    fn for_login(mut self) -> Self {
        self.values.push((":login", text(Purpose::Login.as_str())));
        self
    }

    fn with_four_digits(self) -> Self {
        let mut advance = self.for_login();
        advance.values.push((":true", AttributeValue::Bool(true)));
        advance
    }
}

fn pending() -> (&'static str, AttributeValue) {
    (":pending", text(PENDING))
}

fn answer(by: AnsweredBy, policy: &Policy, now: Timestamp) -> Advance {
    let by_a_machine = !by.may_approve(policy);
    let update = expression::and(expression::ANSWER, expression::AND_BY_A_MACHINE, by_a_machine);
    let values = vec![
        (":state", text(by.state(policy).as_str())),
        (":by", text(by.as_str())),
        (":one", number(1_u32)),
        (":now", time(now)),
        (":calling", text(CallState::Calling.as_str())),
        (":ringing", text(CallState::Ringing.as_str())),
    ];
    Advance { update: update.into(), condition: expression::CAN_ANSWER, values }
}

/// Answers the call and stores the code before it is spoken, so that every spoken code is good and none is spoken twice.
fn speak(by: AnsweredBy, macs: &SpokenCodeMacs, now: Timestamp) -> Advance {
    let [a, b, c] = macs.under_all.map(|mac| bytes(mac.as_bytes()));
    let values = vec![
        pending(),
        (":state", text(CallState::Answered.as_str())),
        (":by", text(by.as_str())),
        (":one", number(1_u32)),
        (":now", time(now)),
        (":calling", text(CallState::Calling.as_str())),
        (":ringing", text(CallState::Ringing.as_str())),
        (":none", AttributeValue::L(Vec::new())),
        (":mac", AttributeValue::L(vec![bytes(macs.mac.as_bytes())])),
        (":a", a),
        (":b", b),
        (":c", c),
    ];
    Advance { update: expression::SPEAK.into(), condition: expression::CAN_SPEAK, values }
}

/// The pound key approves a login, and nothing else.
fn press(policy: &Policy, now: Timestamp) -> Advance {
    approve(Method::PressPound, expression::CAN_APPROVE, policy, now).for_login()
}

fn approve(by: Method, condition: &'static str, policy: &Policy, now: Timestamp) -> Advance {
    let mut values = in_human_talk(policy, now);
    values.extend([(":approved", text(APPROVED)), (":method", text(by.as_str()))]);
    Advance { update: expression::APPROVE_BY_CALL.into(), condition, values }
}

fn wrong_four_digits(policy: &Policy, now: Timestamp) -> Advance {
    wrong_digits(expression::CAN_ENTER_FOUR, policy, now).with_four_digits()
}

fn wrong_digits(condition: &'static str, policy: &Policy, now: Timestamp) -> Advance {
    let mut values = in_human_talk(policy, now);
    values.extend([(":one", number(1_u32)), (":ended", text(CallState::Ended.as_str()))]);
    Advance { update: expression::WRONG_DIGITS.into(), condition, values }
}

fn in_human_talk(policy: &Policy, now: Timestamp) -> Vec<(&'static str, AttributeValue)> {
    vec![
        pending(),
        (":now", time(now)),
        (":answered", text(CallState::Answered.as_str())),
        (":human", text(AnsweredBy::Human.as_str())),
        (":orUnjudged", text(AnsweredBy::least_judged(policy).as_str())),
    ]
}

fn wrong_key() -> Advance {
    let values = vec![pending(), (":one", number(1_u32)), (":answered", text(CallState::Answered.as_str()))];
    Advance { update: expression::WRONG_KEY.into(), condition: expression::IN_TALK, values }
}

fn progress(state: CallState) -> Advance {
    let mut values = vec![(":state", text(state.as_str())), (":calling", text(CallState::Calling.as_str()))];
    if !state.is_over() {
        return Advance { update: expression::PROGRESS.into(), condition: expression::CAN_RING, values };
    }
    values.extend([(":ringing", text(CallState::Ringing.as_str())), (":answered", text(CallState::Answered.as_str()))]);
    Advance { update: expression::PROGRESS.into(), condition: expression::CAN_END, values }
}
