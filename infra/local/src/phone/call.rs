//! A call as the phone sees it: its status, what was said and pressed, and each webhook that the provider
//! sent for it (so that a test can send one again).

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;

use super::signature::Form;
use crate::clock;

/// A call's status, in the provider's words.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Status {
    Queued,
    Initiated,
    Ringing,
    InProgress,
    Completed,
    Busy,
    NoAnswer,
    Failed,
}

impl Status {
    /// As in `CallStatus`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Failed => "failed",
        }
    }

    /// The event that one subscribes to in order to be told of this status.
    pub(crate) fn event(self) -> &'static str {
        match self {
            Self::Queued | Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "answered",
            Self::Completed | Self::Busy | Self::NoAnswer | Self::Failed => "completed",
        }
    }

    /// Whether no other status follows.
    pub(crate) fn is_final(self) -> bool {
        self.event() == "completed"
    }
}

/// Who picks up, as machine detection reports it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Answerer {
    #[default]
    Human,
    Machine,
    Fax,
    Unknown,
}

impl Answerer {
    /// As in `AnsweredBy`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Machine => "machine_start",
            Self::Fax => "fax",
            Self::Unknown => "unknown",
        }
    }
}

/// What the person holding the phone does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Answer(Answerer),
    Press(char),
    HangUp,
    /// Let it ring until the caller gives up, but skip the wait.
    Ignore,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Call {
    pub(crate) sid: String,
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) status: Status,
    pub(crate) answered_by: Option<&'static str>,
    pub(crate) spoken: Vec<String>,
    /// The language tag of the last thing said.
    pub(crate) language: Option<String>,
    pub(crate) pressed: String,
    /// Whether key presses are being collected now.
    pub(crate) listening: bool,
    /// Why the provider gave up, if it did: a failed webhook, or a script that it cannot read.
    pub(crate) problem: Option<String>,
    pub(crate) webhooks: Vec<Webhook>,
    pub(crate) at_millis: u64,
    pub(crate) answered_at_millis: Option<u64>,
    #[serde(skip)]
    pub(crate) actions: Sender<Action>,
}

/// A webhook that was sent, and what came back.
#[derive(Clone, Serialize)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) form: Form,
    pub(crate) signature: String,
    /// The status of the answer, if one came.
    pub(crate) answered: Option<u16>,
}

impl Call {
    pub(crate) fn queued(sid: String, to: String, from: String, actions: Sender<Action>) -> Self {
        Self {
            sid,
            to,
            from,
            status: Status::Queued,
            answered_by: None,
            spoken: Vec::new(),
            language: None,
            pressed: String::new(),
            listening: false,
            problem: None,
            webhooks: Vec::new(),
            at_millis: clock::epoch_millis(),
            answered_at_millis: None,
            actions,
        }
    }
}
