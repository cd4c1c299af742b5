//! Every event: its type, its fields, and what all events have in common. `infra/events.schema.json` describes
//! their JSON.
//!
//! Accounts and challenges are named by their digests, and a number is masked. An event holds no code, no MAC, no
//! token, no full number and nothing of the first factor's claims.

use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use platform::clock::rfc3339;
use platform::events::Entry;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::correlation::CorrelationKey;

/// The version of the schema. Raise it when a field is removed or changes its meaning, not for new types and fields.
const VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) at: Timestamp,
    pub(crate) about: About,
    pub(crate) fact: Fact,
}

/// Whom and what an event is about, as far as its item says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct About {
    pub(crate) subject: Option<String>,
    pub(crate) challenge: Option<String>,
    /// Only there, and true, for a challenge of a test number.
    pub(crate) test: Option<bool>,
    pub(crate) purpose: Option<&'static str>,
    pub(crate) number_source: Option<&'static str>,
    pub(crate) phone: Option<String>,
    pub(crate) phone_digest: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) line: Option<&'static str>,
}

impl About {
    pub(crate) fn with_phone(self, phone: &PhoneNumber, key: &CorrelationKey) -> Self {
        Self { phone: Some(phone.to_string()), phone_digest: Some(key.number(phone)), ..self }
    }
}

/// What its receipts say of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reported {
    /// How the provider calls it.
    pub(crate) message_id: String,
    /// How long it took, in seconds.
    pub(crate) seconds: u64,
    /// In millionths of a US dollar.
    pub(crate) price_micros: Option<u32>,
}

/// What happened, by the type of the event on the bus, with the fields that only this type has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub(crate) enum Fact {
    #[serde(rename = "challenge.started")]
    ChallengeStarted,
    /// Published as soon as the send is decided: if the provider does not accept it, `challenge.send-failed` follows.
    #[serde(rename = "challenge.sent")]
    ChallengeSent { channel: &'static str },
    #[serde(rename = "challenge.send-failed")]
    ChallengeSendFailed { channel: &'static str, delivery: &'static str },
    /// A receipt says that a message arrived. It may follow `message.failed`: some carriers give up and deliver later.
    #[serde(rename = "message.delivered")]
    MessageDelivered {
        #[serde(flatten)]
        message: Reported,
    },
    #[serde(rename = "message.failed")]
    MessageFailed {
        reason: &'static str,
        #[serde(flatten)]
        message: Reported,
    },
    /// The phone was proven and the account has agreed, so that a result may be issued.
    #[serde(rename = "challenge.approved")]
    ChallengeApproved { method: &'static str, channel: &'static str },
    #[serde(rename = "challenge.denied")]
    ChallengeDenied,
    /// The phone was proven, but the account is bound otherwise by now or the number cannot be enrolled.
    #[serde(rename = "challenge.not-settled")]
    ChallengeNotSettled,
    /// Fraud was reported in a call of a sign-in that had already been approved.
    #[serde(rename = "challenge.reported")]
    ChallengeReported,
    /// The last guess was counted. Counting comes before comparing, so it may still be the right one.
    #[serde(rename = "challenge.exhausted")]
    ChallengeExhausted { guesses: u32 },
    #[serde(rename = "challenge.contested")]
    ChallengeContested,
    #[serde(rename = "challenge.refused")]
    ChallengeRefused { reason: String, channel: Option<&'static str>, refusals: Option<u64> },
    #[serde(rename = "fraud.reported")]
    FraudReported { stage: &'static str, blocked_until: Option<String> },
    #[serde(rename = "limit.reached")]
    LimitReached { limit: String, quota: u32, scope: &'static str, key_digest: String, shard: u32 },
    #[serde(rename = "breaker.opened")]
    BreakerOpened { channel: &'static str, until: String },
    #[serde(rename = "subject.locked")]
    SubjectLocked { failures: Option<u32> },
    #[serde(rename = "subject.unlocked")]
    SubjectUnlocked { by: Option<String> },
    #[serde(rename = "subject.unblocked")]
    SubjectUnblocked { by: Option<String> },
    /// The account may enrol a typed number, once, until then.
    #[serde(rename = "subject.enrolment-opened")]
    SubjectEnrolmentOpened { by: String, until: String },
    #[serde(rename = "phone.enrolled")]
    PhoneEnrolled,
    #[serde(rename = "phone.changed")]
    PhoneChanged { previous_phone: String, previous_phone_digest: String },
    #[serde(rename = "phone.reset")]
    PhoneReset { by: Option<String> },
    #[serde(rename = "phone.claim-mismatch")]
    PhoneClaimMismatch,
    #[serde(rename = "number.blocked")]
    NumberBlocked { until: String },
    /// An operator has stopped or changed something for a while, or has set another end, reason or mode.
    #[serde(rename = "switch.set")]
    SwitchSet { switch: String, until: String, reason: String, mode: Option<&'static str>, by: String },
    /// An operator has ended a switch before its time. When one just ends, nothing changes, and nothing is published.
    #[serde(rename = "switch.cleared")]
    SwitchCleared { switch: String, by: Option<String> },
}

/// The types that are also counted as a metric, because an attack shows by them.
pub const FRAUD_SIGNS: [&str; 3] = ["breaker.opened", "fraud.reported", "subject.locked"];

#[derive(Serialize)]
struct Detail<'a> {
    version: u32,
    id: &'a str,
    time: String,
    issuer: &'a str,
    #[serde(rename = "requestId")]
    request: Option<&'a str>,
    #[serde(flatten)]
    about: &'a About,
    #[serde(flatten)]
    fact: &'a Fact,
}

impl Event {
    /// The event as the bus takes it. Its `id` is the same each time it is derived.
    pub(crate) fn entry(&self, id: &str, issuer: &str, request: Option<&str>) -> Result<Entry, serde_json::Error> {
        let Self { at, about, fact } = self;
        let detail = Detail { version: VERSION, id, time: rfc3339(*at), issuer, request, about, fact };
        let mut detail: Map<String, Value> = serde_json::from_value(serde_json::to_value(&detail)?)?;
        detail.retain(|_, value| !value.is_null());
        let kind = detail.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Entry { kind, at: *at, detail: serde_json::to_string(&detail)? })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The type of each fact. A fact that is missing here does not compile: the facts are those of a `match`.
    macro_rules! types {
        ($($fact:ident => $name:literal),+ $(,)?) => {{
            const fn has_a_type(fact: &Fact) {
                match fact {
                    $(Fact::$fact { .. } => ()),+
                }
            }
            has_a_type(&Fact::ChallengeStarted);
            BTreeSet::from([$($name),+])
        }};
    }

    #[test]
    fn the_events_of_the_file_that_is_checked_against_the_schema_are_of_every_type() {
        let types = types! {
            ChallengeStarted => "challenge.started",
            ChallengeSent => "challenge.sent",
            ChallengeSendFailed => "challenge.send-failed",
            MessageDelivered => "message.delivered",
            MessageFailed => "message.failed",
            ChallengeApproved => "challenge.approved",
            ChallengeDenied => "challenge.denied",
            ChallengeNotSettled => "challenge.not-settled",
            ChallengeReported => "challenge.reported",
            ChallengeExhausted => "challenge.exhausted",
            ChallengeContested => "challenge.contested",
            ChallengeRefused => "challenge.refused",
            FraudReported => "fraud.reported",
            LimitReached => "limit.reached",
            BreakerOpened => "breaker.opened",
            SubjectLocked => "subject.locked",
            SubjectUnlocked => "subject.unlocked",
            SubjectUnblocked => "subject.unblocked",
            SubjectEnrolmentOpened => "subject.enrolment-opened",
            PhoneEnrolled => "phone.enrolled",
            PhoneChanged => "phone.changed",
            PhoneReset => "phone.reset",
            PhoneClaimMismatch => "phone.claim-mismatch",
            NumberBlocked => "number.blocked",
            SwitchSet => "switch.set",
            SwitchCleared => "switch.cleared",
        };
        let lines: Vec<Value> = include_str!("../tests/stream/events.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let told: BTreeSet<_> = lines.iter().filter_map(|line| line["event"]["type"].as_str()).collect();
        assert_eq!(told, types);
        assert!(FRAUD_SIGNS.iter().all(|sign| types.contains(sign)));
    }
}
