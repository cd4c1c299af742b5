//! Reporting fraud by `0` in a call: what it stops, blocks and denies, in one transaction.

use std::time::Duration;

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use domain::call::{AnsweredBy, CallToken, FraudReport, Key};
use domain::challenge::Challenge;
use domain::identity::SubjectId;
use domain::phone::PhoneNumber;
use domain::policy::Policy;
use domain::ports::StoreError;
use domain::time::Timestamp;

use super::fault::Cancelled;
use super::key::{challenge_key, subject_key};
use super::table::DynamoStore;
use super::value::{bytes, number, text, time};
use super::write::as_writes;
use super::{challenge_item, expression};
use crate::item::challenge::{APPROVED, DENIED};

/// The positions of a report's first two writes.
const CHALLENGE: usize = 0;
const SUBJECT: usize = 1;

/// Generations count from one, so no stored one is this.
const NO_GENERATION: u32 = 0;

/// How often a report is decided again after something else has changed its challenge.
const TRIES: usize = 3;

/// One report, as it is decided on what was read.
struct Report<'a> {
    stored: &'a Challenge,
    token: &'a CallToken,
    key: Key,
    leads_to: FraudReport,
    policy: &'a Policy,
    now: Timestamp,
}

impl DynamoStore {
    /// The first report of a subject stops this sign-in. The next one blocks the subject: that of another call is
    /// recognised by the subject's condition, which refuses to count it as the first.
    pub(super) async fn report_fraud(
        &self,
        mut stored: Challenge,
        token: &CallToken,
        key: Key,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        let mut leads_to = if key == Key::Block { FraudReport::Blocked } else { FraudReport::Stopped };
        for _ in 0..TRIES {
            let report = Report { stored: &stored, token, key, leads_to, policy, now };
            let Some(writes) = self.report(&report) else { return Ok(Some(stored)) };
            let Some(cancelled) = self.transact(as_writes(writes)?).await? else {
                return Ok(Some(stored.reported(token, leads_to)));
            };
            match (refused_challenge(&stored, &cancelled)?, cancelled.refused(SUBJECT)) {
                (Some(current), _) if is_same(&current, &stored) => return Ok(Some(current)),
                (Some(current), _) => stored = current,
                (None, Some(_)) if leads_to == FraudReport::Stopped => leads_to = FraudReport::Blocked,
                (None, _) => return Ok(Some(stored)),
            }
        }
        Err(StoreError::Conflict)
    }

    /// The order of the writes: the challenge, the subject, the number. None if the challenge knows no such call.
    fn report(&self, report: &Report<'_>) -> Option<Vec<UpdateBuilder>> {
        let stored = report.stored;
        let current = stored.call.as_ref().filter(|call| call.has_token(report.token));
        let (phone, is_unverified) = match (current, stored.former_call(report.token)) {
            (Some(_), _) => (&stored.phone, stored.is_typed()),
            (None, Some(former)) => (&former.phone, former.is_unverified),
            (None, None) => return None,
        };
        let number = Some(phone).filter(|_| is_unverified);
        let mut writes = vec![
            self.reported_challenge(report, current.is_some()),
            self.reported_subject(report, &stored.id.key.subject, number),
        ];
        writes.extend(number.map(|phone| self.block_number(phone, report.blocks_until())));
        Some(writes)
    }

    fn reported_challenge(&self, report: &Report<'_>, is_current: bool) -> UpdateBuilder {
        let is_second = report.key == Key::Block;
        let denies = !is_second && !report.stored.outlives_a_report();
        let (update, condition) = match (is_current, is_second) {
            (true, false) => (expression::REPORT, expression::FIRST_REPORT),
            (true, true) => (expression::REPORT, expression::SECOND_REPORT),
            (false, false) => (expression::REPORT_FORMER, expression::FIRST_REPORT_OF_FORMER),
            (false, true) => (expression::REPORT_FORMER, expression::SECOND_REPORT_OF_FORMER),
        };
        let update = expression::and(update, expression::AND_DENIED, denies);
        let condition = expression::and(condition, expression::AND_NOT_APPROVED, denies);
        let digest = report.token.digest();
        let mut write = self
            .write(challenge_key(&report.stored.id.key), update, &condition)
            .expression_attribute_values(":oldest", time(before(report.now, Policy::REPORT_WINDOW)))
            .expression_attribute_values(":report", text(report.leads_to.as_str()));
        write = if is_current {
            write.expression_attribute_values(":token", bytes(&digest))
        } else {
            write.expression_attribute_names("#call", challenge_item::call_name(&digest))
        };
        if denies {
            let proof = if report.stored.is_proof() { report.stored.id.generation } else { NO_GENERATION };
            write = write
                .expression_attribute_values(":denied", text(DENIED))
                .expression_attribute_values(":approved", text(APPROVED))
                .expression_attribute_values(":proof", number(proof));
        }
        if is_second {
            return write.expression_attribute_values(":stopped", text(FraudReport::Stopped.as_str()));
        }
        write
            .expression_attribute_values(":human", text(AnsweredBy::Human.as_str()))
            .expression_attribute_values(":orUnjudged", text(AnsweredBy::least_judged(report.policy).as_str()))
    }

    /// The subject's item names the blocked number, so that both can be unblocked together.
    fn reported_subject(
        &self,
        report: &Report<'_>,
        subject: &SubjectId,
        blocked: Option<&PhoneNumber>,
    ) -> UpdateBuilder {
        let stops = report.leads_to == FraudReport::Stopped;
        let (update, condition) = if stops {
            (expression::STOP_CALLS, expression::NOT_REPORTED_LATELY)
        } else {
            (expression::BLOCK_AND_DENY_ALL, expression::EXISTS)
        };
        let update = expression::and(update, expression::AND_ITS_NUMBER, blocked.is_some());
        let mut write = self
            .write(subject_key(subject), update, condition)
            .expression_attribute_values(":now", time(report.now))
            .expression_attribute_values(":one", number(1_u32));
        if stops {
            let forgotten = time(before(report.now, Policy::REPORT_MEMORY));
            write = write.expression_attribute_values(":forgotten", forgotten);
        }
        if !stops || blocked.is_some() {
            write = write.expression_attribute_values(":until", time(report.blocks_until()));
        }
        match blocked {
            Some(phone) => write.expression_attribute_values(":number", bytes(&phone.digest())),
            None => write,
        }
    }
}

impl Report<'_> {
    fn blocks_until(&self) -> Timestamp {
        self.now + self.policy.fraud_block
    }
}

fn before(now: Timestamp, duration: Duration) -> Timestamp {
    Timestamp::from_unix(now.as_unix().saturating_sub(duration.as_secs()))
}

fn refused_challenge(stored: &Challenge, cancelled: &Cancelled) -> Result<Option<Challenge>, StoreError> {
    cancelled.refused(CHALLENGE).map(|item| challenge_item::read(&stored.id.key.subject, item)).transpose()
}

/// Whether a report on one is the same as on the other.
fn is_same(current: &Challenge, stored: &Challenge) -> bool {
    let token = |of: &Challenge| of.call.as_ref().map(|call| call.token);
    current.id == stored.id
        && current.outlives_a_report() == stored.outlives_a_report()
        && token(current) == token(stored)
}
