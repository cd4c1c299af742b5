//! Who takes part: people, their logins, and the requests that they and the voice provider make.

use std::collections::HashMap;
use std::time::Duration;

use domain::call::CallToken;
use domain::channel::Channel;
use domain::identity::{ChallengeId, ChallengeKey, SessionId, SubjectId};
use domain::time::Timestamp;
use http::header;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _};
use platform::callback::sign;
use platform::encoding::{call_token, challenge_path};
use serde_json::json;

pub(crate) const ISSUER: &str = "https://login.example.com";
pub(crate) const BASE_URL: &str = "https://mfa.example.com";
pub(crate) const VOICE_TOKEN: &str = "simulated-voice-auth-token";
/// How old a first factor may be.
pub(crate) const MAX_AGE: Duration = Duration::from_mins(15);
/// Two people share the first of them.
pub(crate) const NUMBERS: [&str; 3] = ["+14155552671", "+14155552672", "+447400123456"];
pub(crate) const PEOPLE: [&str; 2] = ["alice", "bob"];

/// One login session of a person.
pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) person: usize,
    pub(crate) key: ChallengeKey,
    pub(crate) since: Timestamp,
    context: RequestContext,
}

impl Login {
    /// The login of a person whose first factor vouches for `claim`.
    pub(crate) fn new(person: usize, session: usize, claim: Option<&str>, since: Timestamp) -> Self {
        let sub = PEOPLE[person];
        let session = format!("{sub}-{session}");
        let time = since.as_unix();
        let mut claims = json!({
            "iss": ISSUER, "sub": sub, "jti": session, "amr": "[pwd]",
            "auth_time": time.to_string(), "exp": (time + MAX_AGE.as_secs()).to_string(),
        });
        if let Some(number) = claim {
            claims["phone_number"] = json!(number);
            claims["phone_number_verified"] = json!("true");
        }
        let context = json!({
            "http": { "method": "POST", "sourceIp": format!("203.0.113.{person}") },
            "authorizer": { "jwt": { "claims": claims } },
        });
        Self {
            person,
            key: ChallengeKey { subject: SubjectId::new(ISSUER, sub), session: SessionId::new(&session, None) },
            name: session,
            since,
            context: RequestContext::ApiGatewayV2(serde_json::from_value(context).expect("a request context")),
        }
    }

    fn request(&self, method: &str, path: &str, body: String) -> Request {
        plain(method, path, body, "application/json").with_request_context(self.context.clone())
    }
}

impl Asked {
    /// The request, from whoever asks.
    pub(crate) fn request(&self, login: Option<&Login>) -> Option<Request> {
        let (method, path, body) = match self {
            Self::Webhook { challenge, token, report, forged } => {
                return Some(webhook(challenge, token, *report, *forged));
            }
            Self::Start { channel, typed } => {
                let typed = typed.map(|number| format!(r#","phoneNumber":"{number}""#)).unwrap_or_default();
                ("POST", "/v1/challenge", format!(r#"{{"channel":"{}"{typed}}}"#, channel.as_str()))
            }
            Self::Guess(code) => ("POST", "/v1/challenge/code", format!(r#"{{"code":"{code}"}}"#)),
            Self::Status => ("GET", "/v1/challenge", String::new()),
        };
        login.map(|login| login.request(method, path, body))
    }
}

/// What a request asks.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    Start { channel: Channel, typed: Option<&'static str> },
    Status,
    Guess(String),
    Webhook { challenge: ChallengeId, token: CallToken, report: Report, forged: bool },
}

/// What the voice provider reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Report {
    Initiated,
    Ringing,
    Human,
    Machine,
    Unjudged,
    Pound,
    Zero,
    OtherKey,
    Completed,
    Busy,
    NoAnswer,
    Failed,
}

impl Report {
    pub(crate) const ALL: [Self; 12] = [
        Self::Initiated,
        Self::Ringing,
        Self::Human,
        Self::Machine,
        Self::Unjudged,
        Self::Pound,
        Self::Zero,
        Self::OtherKey,
        Self::Completed,
        Self::Busy,
        Self::NoAnswer,
        Self::Failed,
    ];

    const fn webhook(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Initiated => ("status", "CallStatus", "initiated"),
            Self::Ringing => ("status", "CallStatus", "ringing"),
            Self::Human => ("answer", "AnsweredBy", "human"),
            Self::Machine => ("answer", "AnsweredBy", "machine_start"),
            Self::Unjudged => ("answer", "CallStatus", "in-progress"),
            Self::Pound => ("digits", "Digits", "#"),
            Self::Zero => ("digits", "Digits", "0"),
            Self::OtherKey => ("digits", "Digits", "5"),
            Self::Completed => ("status", "CallStatus", "completed"),
            Self::Busy => ("status", "CallStatus", "busy"),
            Self::NoAnswer => ("status", "CallStatus", "no-answer"),
            Self::Failed => ("status", "CallStatus", "failed"),
        }
    }
}

/// A webhook, signed by the provider or by somebody else.
fn webhook(challenge: &ChallengeId, token: &CallToken, report: Report, forged: bool) -> Request {
    let (kind, name, value) = report.webhook();
    let (challenge, token) = (challenge_path(challenge), call_token(token));
    let path = format!("/v1/calls/{challenge}/{token}/{kind}");
    let form = [(name.to_owned(), value.to_owned())];
    let signature = sign(if forged { "guessed" } else { VOICE_TOKEN }, &format!("{BASE_URL}{path}"), &form);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
    let mut request = plain("POST", &path, body, "application/x-www-form-urlencoded");
    request.headers_mut().insert("x-twilio-signature", signature.parse().expect("base64"));
    let parameters = [("challenge", challenge), ("token", token), ("event", kind.to_owned())];
    let parameters: HashMap<_, _> = parameters.map(|(name, value)| (name.to_owned(), vec![value])).into();
    request.with_path_parameters(parameters)
}

fn plain(method: &str, path: &str, body: String, media_type: &str) -> Request {
    let request = http::Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, media_type);
    request.body(Body::Text(body)).expect("a request").with_raw_http_path(path)
}
