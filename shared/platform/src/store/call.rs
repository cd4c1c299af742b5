//! A call's webhooks: each is applied only if it moves this very call forward.

use std::borrow::Cow;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use domain::call::{AnsweredBy, CallEvent, CallState, CallToken, Key};
use domain::challenge::{Challenge, Method, Outcome};
use domain::code::SpokenCodeMacs;
use domain::identity::ChallengeId;
use domain::policy::{CallMode, Policy};
use domain::ports::StoreError;
use domain::purpose::Purpose;
use domain::time::Timestamp;

use super::fault::Updated;
use super::key::{challenge_key, subject_key};
use super::table::DynamoStore;
use super::value::{bytes, number, text, time};
use super::write::as_writes;
use super::{challenge_item, expression};
use crate::item::challenge::{APPROVED, DENIED, PENDING};

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
            (CallEvent::Pressed(Key::Fraud), _) => return self.report_fraud(challenge, token, policy, now).await,
            (CallEvent::Speaks(by, macs), CallMode::SpeakCode) if by.may_approve(policy) => speak(by, &macs, now),
            (CallEvent::Answered(by) | CallEvent::Speaks(by, _), _) => answer(by, policy, now),
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
    ///
    /// In one transaction, denies the challenge and every other pending one of the subject, and blocks the subject.
    /// A number that was only being enrolled is blocked too: the read before tells whether it was.
    async fn report_fraud(
        &self,
        challenge: &ChallengeId,
        token: &CallToken,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        let Some(reported) = self.read_challenge(challenge).await? else { return Ok(None) };
        let by_machine = reported.call.as_ref().is_some_and(|call| call.is_answered_by_machine(policy));
        if by_machine && reported.asks_for_four_digits(policy) {
            return self.advance(challenge, token, wrong_four_digits(policy, now)).await;
        }
        let until = now + policy.fraud_block;
        let number = reported.source.is_unverified().then(|| self.block_number(&reported, until));
        let block = self.block_and_deny_all(&reported, until, now);
        let writes = as_writes([self.deny(challenge, token, policy), block].into_iter().chain(number))?;
        if self.transact(writes).await?.is_none() {
            return Ok(Some(Challenge { outcome: Outcome::Denied, ..reported }));
        }
        self.read_challenge(challenge).await // no longer this call: the caller hears what the current state calls for
    }

    fn deny(&self, challenge: &ChallengeId, token: &CallToken, policy: &Policy) -> UpdateBuilder {
        self.write(challenge_key(&challenge.key), expression::DENY, expression::IN_TALK_WITH_A_HUMAN)
            .expression_attribute_values(":human", text(AnsweredBy::Human.as_str()))
            .expression_attribute_values(":orUnjudged", or_unjudged(policy))
            .expression_attribute_values(":denied", text(DENIED))
            .expression_attribute_values(":generation", number(challenge.generation))
            .expression_attribute_values(":pending", text(PENDING))
            .expression_attribute_values(":token", bytes(&token.digest()))
            .expression_attribute_values(":answered", text(CallState::Answered.as_str()))
    }

    /// The subject's item names the blocked number, so that both can be unblocked together.
    fn block_and_deny_all(&self, reported: &Challenge, until: Timestamp, now: Timestamp) -> UpdateBuilder {
        let blocks_number = reported.source.is_unverified();
        let and_number = if blocks_number { expression::AND_ITS_NUMBER } else { expression::AND_NO_NUMBER };
        let update = [expression::BLOCK_AND_DENY_ALL, and_number].concat();
        let write = self
            .write(subject_key(&reported.id.key.subject), update, expression::EXISTS)
            .expression_attribute_values(":until", time(until))
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":one", number(1_u32));
        if blocks_number {
            write.expression_attribute_values(":number", bytes(&reported.phone.digest()))
        } else {
            write
        }
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
    let update = expression::and(expression::ANSWER, expression::AND_BY_A_MACHINE, !by.may_approve(policy));
    let values = vec![
        pending(),
        (":state", text(by.state(policy).as_str())),
        (":by", text(by.as_str())),
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
        (":orUnjudged", or_unjudged(policy)),
    ]
}

fn or_unjudged(policy: &Policy) -> AttributeValue {
    let by = if AnsweredBy::Unjudged.may_approve(policy) { AnsweredBy::Unjudged } else { AnsweredBy::Human };
    text(by.as_str())
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
