//! An event: what happened, to whom, when. Its JSON is described by `infra/events.schema.json`.
//!
//! It names accounts and challenges by their digests and shows a number masked. There is no code in
//! it, no MAC, no token, no full number and nothing of the first factor's claims.

use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use platform::clock::rfc3339;
use platform::events::Entry;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::correlation::CorrelationKey;

/// The version of the schema. It rises when a field goes or changes its meaning; new types and new
/// fields do not raise it.
const VERSION: u32 = 1;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) at: Timestamp,
    pub(crate) about: About,
    pub(crate) fact: Fact,
}

/// Whom and what an event is about, as far as its item knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct About {
    pub(crate) subject: Option<String>,
    pub(crate) challenge: Option<String>,
    /// True for a challenge of a test number, else nothing.
    pub(crate) test: Option<bool>,
    pub(crate) purpose: Option<&'static str>,
    pub(crate) number_source: Option<&'static str>,
    pub(crate) phone: Option<String>,
    pub(crate) phone_digest: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) line: Option<&'static str>,
}

impl About {
    /// The same, with a number.
    pub(crate) fn with_phone(self, phone: &PhoneNumber, key: &CorrelationKey) -> Self {
        Self { phone: Some(phone.to_string()), phone_digest: Some(key.number(phone)), ..self }
    }
}

/// What happened, with what only this type of event tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(crate) enum Fact {
    ChallengeStarted {},
    /// Persisted as accepted before it was sent: what the provider did otherwise follows as `ChallengeSendFailed`.
    ChallengeSent {
        channel: &'static str,
    },
    ChallengeSendFailed {
        channel: &'static str,
        delivery: &'static str,
    },
    /// The phone was proven and the account has agreed, so that a result may be issued.
    ChallengeApproved {
        method: &'static str,
        channel: &'static str,
    },
    ChallengeDenied {},
    /// The last guess was counted. Counting comes before comparing, so that one may still approve.
    ChallengeExhausted {
        guesses: u64,
    },
    ChallengeContested {},
    ChallengeRefused {
        reason: String,
        channel: Option<&'static str>,
        refusals: Option<u64>,
    },
    FraudReported {
        blocked_until: Option<String>,
    },
    LimitReached {
        policy: String,
        quota: u64,
        scope: &'static str,
        key_digest: String,
        shard: Option<u64>,
    },
    BreakerOpened {
        channel: &'static str,
        until: String,
    },
    SubjectLocked {
        failures: Option<u64>,
    },
    SubjectUnlocked {
        by: Option<String>,
    },
    SubjectUnblocked {
        by: Option<String>,
    },
    PhoneEnrolled {},
    PhoneChanged {
        previous_phone: String,
        previous_phone_digest: String,
    },
    PhoneReset {
        by: Option<String>,
    },
    PhoneClaimMismatch {},
    NumberBlocked {
        until: String,
    },
}

impl Fact {
    /// The type of the event: its `detail-type` on the bus.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::ChallengeStarted { .. } => "challenge.started",
            Self::ChallengeSent { .. } => "challenge.sent",
            Self::ChallengeSendFailed { .. } => "challenge.send-failed",
            Self::ChallengeApproved { .. } => "challenge.approved",
            Self::ChallengeDenied { .. } => "challenge.denied",
            Self::ChallengeExhausted { .. } => "challenge.exhausted",
            Self::ChallengeContested { .. } => "challenge.contested",
            Self::ChallengeRefused { .. } => "challenge.refused",
            Self::FraudReported { .. } => "fraud.reported",
            Self::LimitReached { .. } => "limit.reached",
            Self::BreakerOpened { .. } => "breaker.opened",
            Self::SubjectLocked { .. } => "subject.locked",
            Self::SubjectUnlocked { .. } => "subject.unlocked",
            Self::SubjectUnblocked { .. } => "subject.unblocked",
            Self::PhoneEnrolled { .. } => "phone.enrolled",
            Self::PhoneChanged { .. } => "phone.changed",
            Self::PhoneReset { .. } => "phone.reset",
            Self::PhoneClaimMismatch { .. } => "phone.claim-mismatch",
            Self::NumberBlocked { .. } => "number.blocked",
        }
    }
}

impl Event {
    /// The event as the bus takes it, under an id that is the same whenever it is derived again.
    pub(crate) fn entry(&self, id: &str, issuer: &str) -> Result<Entry, serde_json::Error> {
        let envelope = json!({
            "version": VERSION,
            "id": id,
            "time": rfc3339(self.at),
            "type": self.fact.name(),
            "issuer": issuer,
        });
        let mut detail = Map::new();
        for part in [envelope, serde_json::to_value(&self.about)?, serde_json::to_value(&self.fact)?] {
            let Value::Object(members) = part else { continue };
            detail.extend(members.into_iter().filter(|(_, value)| !value.is_null()));
        }
        Ok(Entry { kind: self.fact.name(), at: self.at, detail: serde_json::to_string(&detail)? })
    }
}
