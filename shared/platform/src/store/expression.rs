//! The expressions of every write, to be read side by side. No attribute is a reserved word but
//! `ttl`, so they need no placeholders for names.

/// A challenge that may still be approved.
macro_rules! open {
    () => {
        "outcome = :pending AND expiresAt > :now AND attempts < maxAttempts"
    };
}

/// This call of this generation, while nothing is settled.
macro_rules! this_call {
    () => {
        "generation = :generation AND outcome = :pending AND callToken = :token"
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
pub(super) const GENERATION_UNMOVED: &str = "generation = :generation AND attempts = :attempts \
     AND smsUsed = :messages AND callsUsed = :calls AND outcome = :pending";
pub(super) const RESEND_SMS: &str = "SET smsUsed = smsUsed + :one, smsAt = :now, smsDelivery = :accepted, \
     codes = :codes, expiresAt = :expiresAt, locale = :locale, #ttl = :ttl";
pub(super) const CALL_AGAIN: &str = "SET callsUsed = callsUsed + :one, callsAt = :now, callsDelivery = :accepted, \
     callToken = :token, callPlacedAt = :now, callState = :calling, wrongKeys = :zero, \
     expiresAt = :expiresAt, locale = :locale, #ttl = :ttl REMOVE answeredBy";
/// The sends are those that were read, or a code or call that another start has added meanwhile would
/// be written over: a read may meet that start half-way and see its subject without its challenge.
pub(super) const SAME_OPEN_AND_SMS_UNMOVED: &str =
    concat!("generation = :generation AND smsUsed = :used AND ", open!());
pub(super) const SAME_OPEN_AND_CALLS_UNMOVED: &str =
    concat!("generation = :generation AND callsUsed = :used AND ", open!());
pub(super) const CONTEST: &str = "SET contested = :true";
pub(super) const EXISTS: &str = "attribute_exists(pk)";

pub(super) const SMS_UNKNOWN: &str = "SET smsDelivery = :delivery";
pub(super) const SMS_FAILED: &str = "SET smsDelivery = :delivery, smsUsed = smsUsed - :one";
pub(super) const SMS_TAKEN_FOR_ACCEPTED: &str = "generation = :generation AND smsAt = :at AND smsDelivery = :accepted";
pub(super) const CALL_UNKNOWN: &str = "SET callsDelivery = :delivery";
pub(super) const CALL_FAILED: &str = "SET callsDelivery = :delivery, callsUsed = callsUsed - :one, callState = :failed";
pub(super) const CALL_TAKEN_FOR_ACCEPTED: &str =
    "generation = :generation AND callsAt = :at AND callsDelivery = :accepted";

pub(super) const APPROVE_BY_CODE: &str =
    "SET outcome = :approved, approvedAt = :now, approvedBy = :method, settled = :true";
pub(super) const OPEN_FOR_CODE: &str = "generation = :generation AND outcome = :pending AND expiresAt > :now";
pub(super) const COMPLETE_APPROVAL: &str = "SET settled = :true";
pub(super) const APPROVED_BY_CALL: &str =
    "generation = :generation AND outcome = :approved AND approvedAt > :oldest AND attribute_not_exists(settled)";

macro_rules! settle_subject {
    ($enrol:literal) => {
        concat!(
            "SET failures = :zero, lastSuccessAt = :now, version = version + :one",
            $enrol,
            " REMOVE guessesReserved.#reservation"
        )
    };
}
macro_rules! not_blocked {
    ($bound:literal) => {
        concat!("version > :zero AND (attribute_not_exists(blockedUntil) OR blockedUntil <= :now) AND ", $bound)
    };
}
pub(super) const SETTLE: &str = settle_subject!("");
pub(super) const SETTLE_AND_ENROL: &str = settle_subject!(", phone = :phone, binding = version + :one");
pub(super) const BOUND_ALIKE: &str = not_blocked!("phone = :phone AND binding = :binding");
pub(super) const NOT_BOUND: &str = not_blocked!("attribute_not_exists(phone)");

pub(super) const ANSWER: &str = "SET callState = :state, answeredBy = :by";
pub(super) const CAN_ANSWER: &str =
    concat!(this_call!(), " AND expiresAt > :now AND callState IN (:calling, :ringing)");
pub(super) const APPROVE_BY_CALL: &str = "SET outcome = :approved, approvedAt = :now, approvedBy = :method";
pub(super) const CAN_APPROVE: &str = concat!(
    this_call!(),
    " AND expiresAt > :now AND attempts < maxAttempts AND callState = :answered \
     AND answeredBy IN (:human, :orUnjudged) AND attribute_not_exists(contested)"
);
pub(super) const WRONG_KEY: &str = "SET wrongKeys = wrongKeys + :one";
pub(super) const IN_TALK: &str = concat!(this_call!(), " AND callState = :answered");
pub(super) const DENY: &str = "SET outcome = :denied";
pub(super) const BLOCK: &str = "SET blockedUntil = :until, version = version + :one";
pub(super) const PROGRESS: &str = "SET callState = :state";
pub(super) const CAN_RING: &str = concat!(this_call!(), " AND callState = :calling");
pub(super) const CAN_END: &str = concat!(this_call!(), " AND callState IN (:calling, :ringing, :answered)");
