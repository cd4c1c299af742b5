//! Who takes part: people, their login sessions, and the requests that they and the voice provider make.

use std::collections::HashMap;
use std::time::Duration;

use domain::channel::Channel;
use domain::code::DigitCount;
use domain::identity::{ChallengeKey, SessionId, SubjectId};
use domain::purpose::Purpose;
use domain::time::Timestamp;
use http::header;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _};
use platform::callback::sign;
use platform::clock::rfc3339;
use platform::encoding::{base64url, call_token, challenge_path};
use serde_json::{Value, json};

use crate::past::{PlacedCall, SentMessage};
use crate::providers::mac_keys;

pub(crate) const ISSUER: &str = "https://login.example.com";
pub(crate) const BASE_URL: &str = "https://mfa.example.com";
pub(crate) const VOICE_TOKEN: &str = "simulated-voice-auth-token";
/// The maximum age of a first factor.
pub(crate) const MAX_AGE: Duration = Duration::from_mins(15);
/// Phone numbers. Two people share the first one.
pub(crate) const NUMBERS: [&str; 3] = ["+14155552671", "+14155552672", "+447400123456"];
/// What operators switch.
pub(crate) const SWITCHES: [&str; 6] = ["sms", "call", "sms-US", "call-GB", "enrolment", "unverified-budget"];
pub(crate) const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];

pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) person: usize,
    pub(crate) key: ChallengeKey,
    pub(crate) since: Timestamp,
    context: RequestContext,
}

impl Login {
    /// A login of a person whose first factor vouches for `claim`.
    pub(crate) fn new(person: usize, session: usize, claim: Option<&str>, network: usize, since: Timestamp) -> Self {
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
            "http": { "method": "POST", "sourceIp": format!("203.0.113.{network}") },
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

    /// This login session's challenge for the purpose.
    pub(crate) fn challenge_for(&self, purpose: Purpose) -> ChallengeKey {
        match purpose {
            Purpose::Login => self.key,
            Purpose::Change => ChallengeKey { session: self.key.session.to_change(), ..self.key },
        }
    }

    fn request(&self, method: &str, path: &str, purpose: Purpose, body: String) -> Request {
        let request = plain(method, path, body, "application/json").with_request_context(self.context.clone());
        match purpose {
            Purpose::Login => request,
            Purpose::Change => {
                request.with_query_string_parameters(HashMap::from([("purpose".to_owned(), vec!["change".to_owned()])]))
            }
        }
    }
}

impl Asked {
    /// The request as sent by this login, or by the provider.
    pub(crate) fn request(&self, login: Option<&Login>, purpose: Purpose) -> Option<Request> {
        let field = if purpose == Purpose::Change { r#","purpose":"change""# } else { "" };
        let (method, path, body, queried) = match self {
            Self::Webhook { call, report, forged } => return Some(webhook(call, *report, *forged)),
            Self::Receipt { event } => return Some(plain("POST", "/", event.clone(), "application/json")),
            Self::Operate { switch, until } => return Some(operation(switch, *until)),
            Self::Start { channel, typed } => {
                let typed = typed.map(|number| format!(r#","phoneNumber":"{number}""#)).unwrap_or_default();
                let body = format!(r#"{{"channel":"{}"{typed}{field}}}"#, channel.as_str());
                ("POST", "/v1/challenge", body, Purpose::Login)
            }
            Self::Guess(code) => {
                ("POST", "/v1/challenge/code", format!(r#"{{"code":"{code}"{field}}}"#), Purpose::Login)
            }
            Self::Status => ("GET", "/v1/challenge", String::new(), purpose),
        };
        login.map(|login| login.request(method, path, queried, body))
    }
}

/// What a request asks for.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    Start {
        channel: Channel,
        typed: Option<&'static str>,
    },
    Status,
    Guess(String),
    Webhook {
        call: PlacedCall,
        report: Report,
        forged: bool,
    },
    Receipt {
        event: String,
    },
    /// An operator sets a switch until that time, or clears it.
    Operate {
        switch: &'static str,
        until: Option<Timestamp>,
    },
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
    SecondZero,
    OtherKey,
    Digits,
    WrongDigits,
    FourDigits,
    WrongFourDigits,
    /// `#` alone, where four digits are asked for.
    NoDigits,
    Completed,
    Busy,
    NoAnswer,
    Failed,
}

impl Report {
    pub(crate) const ALL: [Self; 18] = [
        Self::Initiated,
        Self::Ringing,
        Self::Human,
        Self::Machine,
        Self::Unjudged,
        Self::Pound,
        Self::Zero,
        Self::SecondZero,
        Self::OtherKey,
        Self::Digits,
        Self::WrongDigits,
        Self::FourDigits,
        Self::WrongFourDigits,
        Self::NoDigits,
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
            Self::SecondZero => ("block", "Digits", "0"),
            Self::OtherKey => ("digits", "Digits", "5"),
            Self::Digits | Self::WrongDigits => ("digits", "Digits", ""),
            Self::FourDigits | Self::WrongFourDigits | Self::NoDigits => ("four-digits", "Digits", ""),
            Self::Completed => ("status", "CallStatus", "completed"),
            Self::Busy => ("status", "CallStatus", "busy"),
            Self::NoAnswer => ("status", "CallStatus", "no-answer"),
            Self::Failed => ("status", "CallStatus", "failed"),
        }
    }
}

/// A webhook, signed by the provider or forged.
fn webhook(call: &PlacedCall, report: Report, forged: bool) -> Request {
    let (kind, name, value) = report.webhook();
    let (challenge, token) = (challenge_path(&call.challenge), call_token(&call.token));
    let path = format!("/v1/calls/{challenge}/{token}/{kind}");
    let value = match report {
        Report::Digits => digits(call, DigitCount::Two),
        Report::WrongDigits => another(&digits(call, DigitCount::Two)),
        Report::FourDigits => digits(call, DigitCount::Four),
        Report::WrongFourDigits => another(&digits(call, DigitCount::Four)),
        _ => value.to_owned(),
    };
    let mut form = vec![(name.to_owned(), value)];
    if kind == "answer" {
        form.push(("To".to_owned(), call.to.expose().to_owned()));
    }
    let signature = sign(if forged { "guessed" } else { VOICE_TOKEN }, &format!("{BASE_URL}{path}"), &form);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
    let mut request = plain("POST", &path, body, "application/x-www-form-urlencoded");
    request.headers_mut().insert("x-twilio-signature", signature.parse().expect("base64"));
    let parameters = [("challenge", challenge), ("token", token), ("event", kind.to_owned())];
    let parameters: HashMap<_, _> = parameters.map(|(name, value)| (name.to_owned(), vec![value])).into();
    request.with_path_parameters(parameters)
}

/// The digits that the page shows during a call.
fn digits(call: &PlacedCall, count: DigitCount) -> String {
    mac_keys().digits_of_call(count, &call.challenge, &call.token.digest(), Timestamp::from_unix(0)).expose()
}

/// As many digits, but others.
fn another(digits: &str) -> String {
    let last = if digits.ends_with('1') { "2" } else { "1" };
    format!("{}{last}", &digits[..digits.len() - 1])
}

fn plain(method: &str, path: &str, body: String, media_type: &str) -> Request {
    let request = http::Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, media_type);
    request.body(Body::Text(body)).expect("a request").with_raw_http_path(path)
}

/// A change of a switch.
fn operation(switch: &str, until: Option<Timestamp>) -> Request {
    let method = if until.is_some() { "PUT" } else { "DELETE" };
    let mut body = json!({ "reason": "simulated", "until": until.map(rfc3339) });
    if switch == "unverified-budget" {
        body["mode"] = json!("record-only");
    }
    let request = plain(method, &format!("/v1/admin/switches/{switch}"), body.to_string(), "application/json");
    request.with_path_parameters(HashMap::from([("switch".to_owned(), vec![switch.to_owned()])]))
}

/// An event about a message, as the provider puts it on the bus.
pub(crate) fn receipt(message: &SentMessage, kind: &str, is_final: bool) -> Value {
    json!({
        "source": "aws.sms-voice", "detail-type": "Text Message Delivery Status Updated",
        "detail": {
            "eventType": kind, "eventTimestamp": 1_800_000_000_000_u64, "isFinal": is_final, "messageId": "simulated",
            "destinationPhoneNumber": message.to.expose(),
            "context": { "challenge": challenge_path(&message.challenge), "receipt": base64url(message.token.expose()) },
        },
    })
}
