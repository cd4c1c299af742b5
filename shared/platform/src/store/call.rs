//! Applying a call's webhooks, each on condition that it moves this very call forward.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use domain::call::{AnsweredBy, CallEvent, CallMode, CallState, CallToken, Key};
use domain::challenge::{Challenge, Method, Outcome, Purpose};
use domain::code::Utterance;
use domain::identity::ChallengeId;
use domain::policy::Policy;
use domain::ports::StoreError;
use domain::time::Timestamp;

use super::challenge_item::{APPROVED, DENIED, PENDING};
use super::fault::{Updated, cancelled, unavailable};
use super::item::{Word, bytes, number, text, time};
use super::quota::number_key;
use super::verbs::transaction;
use super::{DynamoStore, challenge_item, challenge_key, expression, subject_key};

impl DynamoStore {
    pub(super) async fn advance(
        &self,
        challenge: &ChallengeId,
        token: &CallToken,
        event: CallEvent,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        // What an event may do follows from the mode here too, so that no caller can have `#` approve
        // where digits are matched, or match digits where a code is spoken.
        let update = match (event, policy.call_mode) {
            (CallEvent::Pressed(Key::Fraud), _) => return self.report_fraud(challenge, token, policy, now).await,
            (CallEvent::Speaks(by, utterance), CallMode::SpeakCode) if by.may_approve(policy) => {
                self.speak(challenge, by, &utterance, now)
            }
            (CallEvent::Answered(by) | CallEvent::Speaks(by, _), _) => self.answer(challenge, by, policy, now),
            (CallEvent::Pressed(Key::Approve), CallMode::PressPound) => self
                .approve(challenge, Method::PressPound, expression::CAN_APPROVE, policy, now)
                .expression_attribute_values(":login", text(Purpose::Login.word())),
            (CallEvent::Entered { matches: true }, CallMode::MatchDigits) => {
                self.approve(challenge, Method::MatchDigits, expression::CAN_ENTER, policy, now)
            }
            (CallEvent::Entered { matches: false }, CallMode::MatchDigits) => self.wrong_digits(challenge, policy, now),
            (CallEvent::Pressed(Key::Approve | Key::Other) | CallEvent::Entered { .. }, _) => self
                .update(challenge_key(&challenge.key), expression::WRONG_KEY, expression::IN_TALK)
                .expression_attribute_values(":one", number(1_u32))
                .expression_attribute_values(":answered", text(CallState::Answered.word())),
            (CallEvent::Progress(state), _) => self.progress(challenge, state),
        };
        let update = update
            .expression_attribute_values(":generation", number(challenge.generation))
            .expression_attribute_values(":pending", text(PENDING))
            .expression_attribute_values(":token", bytes(&token.digest()));
        let item = match self.send_update(update).await? {
            Updated::Done(item) => Some(item),
            Updated::Refused(item) => item,
        };
        item.map(|item| challenge_item::read(&challenge.key.subject, &item)).transpose()
    }

    fn answer(
        &self,
        challenge: &ChallengeId,
        by: AnsweredBy,
        policy: &Policy,
        now: Timestamp,
    ) -> UpdateItemFluentBuilder {
        self.update(challenge_key(&challenge.key), expression::ANSWER, expression::CAN_ANSWER)
            .expression_attribute_values(":state", text(by.state(policy).word()))
            .expression_attribute_values(":by", text(by.word()))
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":calling", text(CallState::Calling.word()))
            .expression_attribute_values(":ringing", text(CallState::Ringing.word()))
    }

    /// Answers and adds the code to be said, so that whatever is said is good, and nothing is said twice.
    fn speak(
        &self,
        challenge: &ChallengeId,
        by: AnsweredBy,
        utterance: &Utterance,
        now: Timestamp,
    ) -> UpdateItemFluentBuilder {
        let [a, b, c] = utterance.under_all.map(|mac| bytes(mac.as_bytes()));
        let mac = AttributeValue::L(vec![bytes(utterance.mac.as_bytes())]);
        self.update(challenge_key(&challenge.key), expression::SPEAK, expression::CAN_SPEAK)
            .expression_attribute_values(":state", text(CallState::Answered.word()))
            .expression_attribute_values(":by", text(by.word()))
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":calling", text(CallState::Calling.word()))
            .expression_attribute_values(":ringing", text(CallState::Ringing.word()))
            .expression_attribute_values(":none", AttributeValue::L(Vec::new()))
            .expression_attribute_values(":mac", mac)
            .expression_attribute_values(":a", a)
            .expression_attribute_values(":b", b)
            .expression_attribute_values(":c", c)
    }

    fn approve(
        &self,
        challenge: &ChallengeId,
        by: Method,
        condition: &str,
        policy: &Policy,
        now: Timestamp,
    ) -> UpdateItemFluentBuilder {
        self.in_human_talk(challenge, expression::APPROVE_BY_CALL, condition, policy, now)
            .expression_attribute_values(":approved", text(APPROVED))
            .expression_attribute_values(":method", text(by.word()))
    }

    fn wrong_digits(&self, challenge: &ChallengeId, policy: &Policy, now: Timestamp) -> UpdateItemFluentBuilder {
        self.in_human_talk(challenge, expression::WRONG_DIGITS, expression::CAN_ENTER, policy, now)
            .expression_attribute_values(":one", number(1_u32))
            .expression_attribute_values(":ended", text(CallState::Ended.word()))
    }

    fn in_human_talk(
        &self,
        challenge: &ChallengeId,
        update: &str,
        condition: &str,
        policy: &Policy,
        now: Timestamp,
    ) -> UpdateItemFluentBuilder {
        let or_unjudged =
            if AnsweredBy::Unjudged.may_approve(policy) { AnsweredBy::Unjudged } else { AnsweredBy::Human };
        self.update(challenge_key(&challenge.key), update, condition)
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":answered", text(CallState::Answered.word()))
            .expression_attribute_values(":human", text(AnsweredBy::Human.word()))
            .expression_attribute_values(":orUnjudged", text(or_unjudged.word()))
    }

    fn progress(&self, challenge: &ChallengeId, state: CallState) -> UpdateItemFluentBuilder {
        let condition = if state.is_over() { expression::CAN_END } else { expression::CAN_RING };
        let update = self
            .update(challenge_key(&challenge.key), expression::PROGRESS, condition)
            .expression_attribute_values(":state", text(state.word()))
            .expression_attribute_values(":calling", text(CallState::Calling.word()));
        if !state.is_over() {
            return update;
        }
        update
            .expression_attribute_values(":ringing", text(CallState::Ringing.word()))
            .expression_attribute_values(":answered", text(CallState::Answered.word()))
    }

    /// Denies the challenge, with it every other pending one of the subject, blocks the subject and, where
    /// the number was only being enrolled, the number: all or nothing. Reads first whose number it is.
    async fn report_fraud(
        &self,
        challenge: &ChallengeId,
        token: &CallToken,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        let Some(reported) = self.read_challenge(challenge).await? else { return Ok(None) };
        let until = now + policy.fraud_block;
        let number = reported.source.is_unverified().then(|| self.block_number(&reported, until));
        let block = self.block_and_deny_all(&reported, until, now);
        let writes = transaction([self.deny(challenge, token), block].into_iter().chain(number))?;
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        let Err(error) = sent else { return Ok(Some(Challenge { outcome: Outcome::Denied, ..reported })) };
        cancelled(error)?;
        self.read_challenge(challenge).await // not this call any more: what stands says what the phone shall hear
    }

    fn deny(&self, challenge: &ChallengeId, token: &CallToken) -> UpdateBuilder {
        self.write(challenge_key(&challenge.key), expression::DENY, expression::IN_TALK)
            .expression_attribute_values(":denied", text(DENIED))
            .expression_attribute_values(":generation", number(challenge.generation))
            .expression_attribute_values(":pending", text(PENDING))
            .expression_attribute_values(":token", bytes(&token.digest()))
            .expression_attribute_values(":answered", text(CallState::Answered.word()))
    }

    /// Keeps which number is blocked with the subject, so that both can be unblocked together.
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

    fn block_number(&self, reported: &Challenge, until: Timestamp) -> UpdateBuilder {
        self.blind_write(number_key(&reported.phone.digest()), expression::BLOCK_NUMBER)
            .expression_attribute_values(":until", time(until))
    }

    async fn read_challenge(&self, challenge: &ChallengeId) -> Result<Option<Challenge>, StoreError> {
        let key = challenge_key(&challenge.key);
        let read = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        let item = read.send().await.map_err(unavailable)?.item;
        item.map(|item| challenge_item::read(&challenge.key.subject, &item)).transpose()
    }
}
