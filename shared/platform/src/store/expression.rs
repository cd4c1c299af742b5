//! The expressions of every write, to be read side by side. Only `ttl` is a reserved word of DynamoDB, so the other
//! attributes need no placeholders.

/// The challenge may still be approved.
macro_rules! open {
    () => {
        "outcome = :pending AND expiresAt > :now AND attempts < maxAttempts"
    };
}

/// It is this call of this generation, and the challenge is pending.
macro_rules! this_call {
    () => {
        "generation = :generation AND outcome = :pending AND callToken = :token"
    };
}

/// It is this call of this generation, whatever became of the challenge.
macro_rules! same_call {
    () => {
        "generation = :generation AND callToken = :token"
    };
}

/// It is this call, whoever answered may approve, and the challenge may still be approved.
macro_rules! in_human_talk {
    () => {
        concat!(
            this_call!(),
            " AND expiresAt > :now AND attempts < maxAttempts AND callState = :answered \
             AND answeredBy IN (:human, :orUnjudged)"
        )
    };
}

/// Somebody who may approve took the call, not long ago, and has not reported it.
macro_rules! first_report {
    ($call:literal) => {
        concat!(
            $call,
            "callPlacedAt > :oldest AND ",
            $call,
            "answeredBy IN (:human, :orUnjudged) AND attribute_not_exists(",
            $call,
            "callReport)"
        )
    };
}

/// Whoever took the call has reported it once.
macro_rules! second_report {
    ($call:literal) => {
        concat!($call, "callPlacedAt > :oldest AND ", $call, "callReport = :stopped")
    };
}

/// A start writes former calls as it has read them: an answer that it has not read would be lost, and with it the report of
/// whoever took the call. The first answer makes the attribute.
macro_rules! no_answer_since {
    () => {
        "(attribute_not_exists(answers) OR answers = :answers)"
    };
}

pub(super) const COUNT_GUESS: &str = "SET attempts = attempts + :one, lastGuessAt = :now";
pub(super) const IS_OPEN: &str = open!();

pub(super) const SUBJECT_AT_START: &str = "SET version = :next, failures = :failures, guessesReserved = :reserved, \
     smsSent = :smsSent, callsPlaced = :callsPlaced";
pub(super) const AND_LAST_FAILURE: &str = ", lastFailureAt = :lastFailureAt";
pub(super) const SUBJECT_IS_NEW: &str = "attribute_not_exists(pk)";
pub(super) const SUBJECT_UNMOVED: &str = "version = :version";

pub(super) const NO_CHALLENGE: &str = "attribute_not_exists(pk)";
pub(super) const PROVEN_GENERATION: &str =
    concat!("generation = :generation AND outcome = :approved AND settled = :true AND ", no_answer_since!());
pub(super) const GENERATION_UNMOVED: &str = concat!(
    "generation = :generation AND attempts = :attempts AND smsUsed = :messages AND callsUsed = :calls \
     AND outcome = :pending AND ",
    no_answer_since!()
);
pub(super) const UNSETTLED_GENERATION_UNMOVED: &str = concat!(
    "generation = :generation AND attempts = :attempts AND smsUsed = :messages AND callsUsed = :calls \
     AND outcome IN (:pending, :approved, :refused) AND attribute_not_exists(settled) AND ",
    no_answer_since!()
);
/// Who has answered a call must not get lost when its generation is replaced: only who answered may report it. What is
/// known of an earlier message must not be taken for the new one's.
pub(super) const RESEND_SMS: &str = "REMOVE receiptSays, receiptRank, receiptMessage, receiptAt, receiptNotedAt, \
     receiptPrice SET receiptDigests = :digests, smsUsed = smsUsed + :one, smsAt = :now, smsDelivery = :sent, \
     codes = :codes, expiresAt = :expiresAt, locale = :locale, keepUntil = :keepUntil, #ttl = :ttl";
pub(super) const CALL_AGAIN: &str = "REMOVE answeredBy, callAnsweredAt, callReport SET callsUsed = callsUsed + :one, callsAt = :now, \
     callsDelivery = :sent, callToken = :token, callPlacedAt = :now, callState = :calling, wrongKeys = :zero, \
     formerCalls = :formerCalls, expiresAt = :expiresAt, locale = :locale, keepUntil = :keepUntil, #ttl = :ttl";
/// Each one is added separately, since a send that failed in the meantime takes its own away.
pub(super) const AND_CHARGED: &str = ", charged.#number = if_not_exists(charged.#number, :none) + :one, \
     charged.#range = if_not_exists(charged.#range, :none) + :one, \
     charged.#country = if_not_exists(charged.#country, :none) + :one";
/// The sends must be those that were read. Otherwise a code or call that another start has added in the meantime would be
/// overwritten: a read may catch that start half-way and see its subject without its challenge.
pub(super) const SAME_OPEN_AND_SMS_UNMOVED: &str =
    concat!("generation = :generation AND smsUsed = :used AND ", open!());
pub(super) const SAME_OPEN_AND_CALLS_UNMOVED: &str =
    concat!("generation = :generation AND callsUsed = :used AND ", open!(), " AND ", no_answer_since!());
pub(super) const AND_CONTESTED: &str = ", contested = :true";
pub(super) const CONTEST: &str = "SET contested = :true";
pub(super) const REFUSED_A_CALL: &str =
    "SET refusedCallSession = :session, refusedCallAt = :now, version = version + :one";
pub(super) const EXISTS: &str = "attribute_exists(pk)";

pub(super) const SMS_UNKNOWN: &str = "SET smsDelivery = :delivery";
pub(super) const SMS_FAILED: &str = "SET smsDelivery = :delivery, smsUsed = smsUsed - :one";
pub(super) const AND_GIVEN_BACK: &str =
    ", charged.#range = charged.#range - :one, charged.#country = charged.#country - :one";
/// Once it is settled, the enrolment has already given back what the sends were charged.
pub(super) const SMS_BEING_SENT: &str =
    "generation = :generation AND smsAt = :at AND smsDelivery = :sending AND attribute_not_exists(settled)";
pub(super) const CALL_UNKNOWN: &str = "SET callsDelivery = :delivery";
pub(super) const CALL_FAILED: &str = "SET callsDelivery = :delivery, callsUsed = callsUsed - :one, callState = :failed";
pub(super) const CALL_BEING_SENT: &str =
    "generation = :generation AND callsAt = :at AND callsDelivery = :sending AND attribute_not_exists(settled)";

/// `charged` must be what the transaction gives back: a send that failed in the meantime has given back its own.
pub(super) const APPROVE_BY_CODE: &str =
    "SET outcome = :approved, approvedAt = :at, approvedBy = :method, settled = :true, #ttl = keepUntil";
pub(super) const OPEN_FOR_CODE: &str = "generation = :generation AND outcome = :pending AND expiresAt > :now \
     AND charged = :charged";
pub(super) const COMPLETE_APPROVAL: &str = "SET settled = :true, #ttl = keepUntil";
pub(super) const APPROVED_BY_CALL: &str = "generation = :generation AND outcome = :approved AND approvedAt > :oldest AND attribute_not_exists(settled) \
     AND charged = :charged";
pub(super) const REFUSE: &str = "SET outcome = :refused";
pub(super) const NOT_SETTLED: &str =
    "generation = :generation AND outcome IN (:pending, :approved) AND attribute_not_exists(settled)";

macro_rules! settle_subject {
    ($enrol:literal, $and_remove:literal) => {
        concat!(
            "SET failures = :zero, lastSuccessAt = :now, version = version + :one",
            $enrol,
            " REMOVE lockedAt, guessesReserved.#reservation",
            $and_remove
        )
    };
}
macro_rules! agrees {
    ($bound:literal) => {
        concat!(
            "(attribute_not_exists(blockedUntil) OR blockedUntil <= :now) AND \
             (attribute_not_exists(deniedVersion) OR deniedVersion < :began) AND ",
            $bound
        )
    };
}
pub(super) const SETTLE: &str = settle_subject!("", "");
/// An enrolment uses up the opening that allowed it.
pub(super) const SETTLE_AND_ENROL: &str = settle_subject!(
    ", phone = :phone, country = :country, line = :line, locale = :locale, binding = version + :one",
    ", opening"
);
pub(super) const SAME_BINDING: &str = agrees!("phone = :phone AND binding = :binding");
pub(super) const BOUND_TO_FORMER: &str = agrees!("phone = :former AND binding = :binding");
pub(super) const NOT_BOUND: &str = agrees!("version > :zero AND attribute_not_exists(phone)");

macro_rules! has_room {
    () => {
        "(attribute_not_exists(accounts) OR contains(accounts, :subject) OR size(accounts) < :most)"
    };
}
pub(super) const HAS_ROOM: &str = has_room!();
pub(super) const HAS_ROOM_AND_IS_NOT_BLOCKED: &str =
    concat!(has_room!(), " AND (attribute_not_exists(blockedUntil) OR blockedUntil <= :now)");
pub(super) const ADD_ACCOUNT: &str = "ADD accounts :account";
pub(super) const REMOVE_ACCOUNT: &str = "DELETE accounts :account";

pub(super) const CHARGE: &str = "SET used = if_not_exists(used, :zero) + :one, quota = :quota, #ttl = :ttl";
pub(super) const BELOW_QUOTA: &str = "attribute_not_exists(used) OR used < :quota";
pub(super) const REFUND: &str = "SET #ttl = :ttl ADD used :back";

pub(super) const COUNT_VERIFIED: &str = "SET #ttl = :ttl ADD verified :subjects";

pub(super) const NOTE_REFUSAL: &str = "SET refusedAt = :now, reason = :reason, channel = :channel, \
     refusals = if_not_exists(refusals, :zero) + :one, #ttl = :ttl";
pub(super) const LOCK: &str = "SET lockedAt = :now, failures = :failures, guessesReserved = :reserved, version = :next";
pub(super) const OPEN_BREAKER: &str = "SET openedAt = :now, openUntil = :until, #ttl = :ttl";
pub(super) const BREAKER_IS_CLOSED: &str = "attribute_not_exists(openUntil) OR openUntil <= :now";

/// No other attribute may be named here: the role of message-receipts may touch these alone.
pub(super) const RECORD_RECEIPT: &str = "SET receiptSays = :says, receiptRank = :rank, receiptMessage = :message, \
     receiptAt = :at, receiptNotedAt = :now";
pub(super) const AND_PRICE: &str = ", receiptPrice = :price";
/// The digest is that of the latest message, so this also refuses to create an item that was deleted.
pub(super) const RECEIPT_SAYS_MORE: &str =
    "contains(receiptDigests, :digest) AND (attribute_not_exists(receiptRank) OR receiptRank < :rank)";

pub(super) const ANSWER: &str = "ADD answers :one SET callState = :state, answeredBy = :by, callAnsweredAt = :now";
pub(super) const AND_BY_A_MACHINE: &str = ", machineAnsweredAt = :now";
/// Whatever became of the challenge: whoever takes the call can still report it.
pub(super) const CAN_ANSWER: &str = concat!(same_call!(), " AND callState IN (:calling, :ringing)");
pub(super) const ANSWER_FORMER: &str = "ADD answers :one SET formerCalls.#call.answeredBy = :by";
pub(super) const FORMER_IS_UNANSWERED: &str =
    "attribute_exists(formerCalls.#call) AND attribute_not_exists(formerCalls.#call.answeredBy)";
pub(super) const APPROVE_BY_CALL: &str = "SET outcome = :approved, approvedAt = :now, approvedBy = :method";
/// `#` carries no secret: it must not change a number, and cannot tell two logins apart.
pub(super) const CAN_APPROVE: &str =
    concat!(in_human_talk!(), " AND purpose = :login AND attribute_not_exists(contested)");
/// A call asks for four digits where `#` would not be enough to sign in: contested, or not answered by a human.
pub(super) const CAN_ENTER_FOUR: &str = concat!(
    this_call!(),
    " AND expiresAt > :now AND attempts < maxAttempts AND callState = :answered AND purpose = :login \
     AND (contested = :true OR NOT answeredBy IN (:human, :orUnjudged))"
);
/// Whether the digits are right or wrong, their write ends what this condition asks for: only the first entry counts.
pub(super) const CAN_ENTER: &str = in_human_talk!();
pub(super) const WRONG_DIGITS: &str = "SET attempts = attempts + :one, lastGuessAt = :now, callState = :ended";
pub(super) const SPEAK: &str = "ADD answers :one SET callState = :state, answeredBy = :by, callAnsweredAt = :now, \
     spokenCodes = list_append(if_not_exists(spokenCodes, :none), :mac)";
/// `:a`, `:b` and `:c` are the code's MACs under each key that may be in use: it must be none that a call has said.
pub(super) const CAN_SPEAK: &str = concat!(
    this_call!(),
    " AND expiresAt > :now AND attempts < maxAttempts AND callState IN (:calling, :ringing) \
     AND NOT contains(spokenCodes, :a) AND NOT contains(spokenCodes, :b) AND NOT contains(spokenCodes, :c)"
);
pub(super) const WRONG_KEY: &str = "SET wrongKeys = wrongKeys + :one";
pub(super) const IN_TALK: &str = concat!(this_call!(), " AND callState = :answered");
pub(super) const REPORT: &str = "SET callReport = :report";
pub(super) const REPORT_FORMER: &str = "SET formerCalls.#call.callReport = :report";
pub(super) const AND_DENIED: &str = ", outcome = :denied";
/// A report takes back nothing that was approved after it was read, except the proof of the current number in a change,
/// but not what has replaced that proof since.
pub(super) const AND_NOT_APPROVED: &str = " AND (outcome <> :approved OR generation = :proof)";
/// Of two reports at once, in whatever calls, one is the first.
pub(super) const FIRST_REPORT: &str = concat!("callToken = :token AND ", first_report!(""));
pub(super) const SECOND_REPORT: &str = concat!("callToken = :token AND ", second_report!(""));
pub(super) const FIRST_REPORT_OF_FORMER: &str = first_report!("formerCalls.#call.");
pub(super) const SECOND_REPORT_OF_FORMER: &str = second_report!("formerCalls.#call.");
pub(super) const STOP_CALLS: &str = "SET reportedAt = :now, version = version + :one";
pub(super) const NOT_REPORTED_LATELY: &str =
    "attribute_exists(pk) AND (attribute_not_exists(reportedAt) OR reportedAt <= :forgotten)";
pub(super) const BLOCK_AND_DENY_ALL: &str = "SET reportedAt = :now, blockedUntil = :until, deniedAt = :now, \
     deniedVersion = version, version = version + :one";
pub(super) const AND_ITS_NUMBER: &str = ", reportedNumber = :number, reportedNumberUntil = :until";
pub(super) const BLOCK_NUMBER: &str = "SET blockedUntil = :until";
pub(super) const PROGRESS: &str = "SET callState = :state";
pub(super) const CAN_RING: &str = concat!(same_call!(), " AND callState = :calling");
pub(super) const CAN_END: &str = concat!(same_call!(), " AND callState IN (:calling, :ringing, :answered)");

/// Records who did what and when, with what the action does. The count distinguishes two equal actions within one
/// second, so that both get an audit event.
macro_rules! by_administrator {
    ($does:literal) => {
        concat!(
            "SET version = version + :one, adminAction = :action, adminBy = :by, adminAt = :at, \
             adminActions = if_not_exists(adminActions, :zero) + :one",
            $does
        )
    };
}
pub(super) const UNLOCK: &str =
    by_administrator!(", failures = :zero, guessesReserved = :reserved REMOVE lastFailureAt, lockedAt");
pub(super) const UNBLOCK: &str =
    by_administrator!(" REMOVE blockedUntil, reportedAt, reportedNumber, reportedNumberUntil");
pub(super) const UNBLOCK_NUMBER: &str = "REMOVE blockedUntil";
pub(super) const BLOCKED_BY_THE_SAME: &str = "blockedUntil = :until";
pub(super) const RESET_PHONE: &str =
    by_administrator!(", deniedVersion = version REMOVE phone, country, line, locale, binding, opening");
/// Also makes a subject that is not known.
pub(super) const OPEN_ENROLMENT: &str = "SET version = if_not_exists(version, :zero) + :one, opening = :opening";
pub(super) const FORGIVE: &str = "SET carried = attempts";
pub(super) const SAME_GENERATION: &str = "generation = :generation";

/// All switches at once, those that have ended left out.
pub(super) const SWITCH: &str = "SET version = :next, switches = :switches, adminBy = :by, adminAt = :at";
/// Before the first change, there is no item.
pub(super) const SWITCHES_UNMOVED: &str = "attribute_not_exists(version) OR version = :version";

/// The update, which also names itself in the item. A clause may occur only once.
pub(super) fn and_written_by(update: &str) -> String {
    match update.split_once("SET ") {
        Some((before, assignments)) => [before, "SET writtenBy = :writtenBy, ", assignments].concat(),
        None => [update, " SET writtenBy = :writtenBy"].concat(),
    }
}

/// The update, with the part if that applies.
pub(super) fn and(update: &str, part: &str, applies: bool) -> String {
    if applies { [update, part].concat() } else { update.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::item::attribute::NAMES;

    /// DynamoDB's own words.
    const SYNTAX: [&str; 14] = [
        "SET",
        "REMOVE",
        "ADD",
        "DELETE",
        "AND",
        "OR",
        "NOT",
        "IN",
        "attribute_exists",
        "attribute_not_exists",
        "contains",
        "size",
        "if_not_exists",
        "list_append",
    ];

    #[test]
    fn every_attribute_that_an_expression_names_is_in_the_schema() {
        let source = include_str!("expression.rs").split("#[cfg(test)]").next().expect("the expressions");
        let code: String = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let texts = code.split('"').skip(1).step_by(2);
        let words = texts.flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || "_:#".contains(c))));
        let named: BTreeSet<_> = words.filter(|word| word.starts_with(char::is_alphabetic)).collect();
        let unknown: Vec<_> = named.iter().filter(|name| !SYNTAX.contains(name) && !NAMES.contains(name)).collect();
        assert!(unknown.is_empty(), "not in the schema: {unknown:?}");
        assert!(named.len() > 40, "the expressions were not found: {named:?}");
    }
}
