//! The voice provider's webhooks: checks their signature and parses what they report.

mod signature;
mod twiml;

use std::sync::Arc;

use domain::call::{AnsweredBy, CallState, CallToken, Entry};
use domain::identity::ChallengeId;
use domain::time::Timestamp;
use lambda_http::{Request, RequestExt as _};

pub use self::signature::{SigningTokens, sign};
pub use self::twiml::{keys_go_to, twiml};
use crate::encoding::{parse_call_token, parse_challenge_path};
use crate::problem::Problem;
use crate::request;
use crate::secrets::{Document, Secret, SecretError, SecretSource, document};

/// The last part of a webhook's path where a key, or digits in the mode that matches them, are posted.
const KEYS: &str = "digits";
/// The same where four digits were asked for.
const FOUR_DIGITS: &str = "four-digits";
/// The same where a call that was reported asks for the fraud key again, so that a repeated webhook of the first
/// press is never taken for the second.
const BLOCK: &str = "block";

pub trait TokenSource: Sync {
    fn tokens(&self, now: Timestamp) -> impl Future<Output = Result<Arc<SigningTokens>, SecretError>> + Send;
}

impl<S: SecretSource + Send> TokenSource for Secret<SigningTokens, S> {
    async fn tokens(&self, now: Timestamp) -> Result<Arc<SigningTokens>, SecretError> {
        self.value(now).await
    }
}

impl Document for SigningTokens {
    fn parse(text: &str) -> Result<Self, String> {
        let tokens: Self = document(text)?;
        if tokens.is_void() { Err("a token is empty".to_owned()) } else { Ok(tokens) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The call was answered, and the provider asks what to say.
    Answer,
    /// A key was pressed, and the provider asks what to say.
    Digits,
    /// The call's progress, for information only.
    Status,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Answer, Self::Digits, Self::Status];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Digits => "digits",
            Self::Status => "status",
        }
    }

    /// Whether the provider expects a script in the response.
    #[must_use]
    pub const fn expects_script(self) -> bool {
        matches!(self, Self::Answer | Self::Digits)
    }
}

/// What a webhook reports, before it is interpreted.
#[derive(Clone, Debug)]
pub enum Report {
    Answered(AnsweredBy),
    Keyed(Entry),
    Progress(CallState),
}

/// A webhook whose signature was checked.
#[derive(Debug)]
pub struct Webhook {
    pub challenge: ChallengeId,
    pub token: CallToken,
    pub kind: Kind,
    /// `None` for reports that don't matter here.
    pub report: Option<Report>,
}

impl Webhook {
    /// Checks the signature, then parses the webhook. The signed URL is built from the configured address,
    /// never from the Host header, which the sender chooses.
    pub fn of(request: &Request, public_base_url: &str, tokens: &SigningTokens) -> Result<Self, Problem> {
        let body = request::body(request)?;
        let query = request.uri().query().unwrap_or_default();
        let mut url = format!("{public_base_url}{}", request.raw_http_path());
        if !query.is_empty() {
            url.push('?');
            url.push_str(query);
        }
        let is_json = media_type(request) == "application/json";
        let form = if is_json { Vec::new() } else { pairs(body) };
        let signed = tokens.verify(&url, &form, signature(request)?);
        if !signed || (is_json && !signature::body_matches(query, body)) {
            return Err(Problem::SignatureInvalid);
        }
        Self::read(request, &form)
    }

    fn read(request: &Request, form: &[(String, String)]) -> Result<Self, Problem> {
        let path = request.path_parameters();
        let challenge = path.first("challenge").and_then(parse_challenge_path).ok_or(Problem::NotFound)?;
        let token = path.first("token").and_then(parse_call_token).ok_or(Problem::NotFound)?;
        let field = |name| field(form, name);
        let (kind, report) = match path.first("event") {
            Some("answer") => (Kind::Answer, Some(Report::Answered(answered_by(field("AnsweredBy"))))),
            Some(FOUR_DIGITS) => {
                let digits = field("Digits").unwrap_or_default();
                (Kind::Digits, Some(Report::Keyed(Entry::parse_four_digits(digits))))
            }
            Some(KEYS) => (Kind::Digits, field("Digits").map(Entry::parse).map(Report::Keyed)),
            Some(BLOCK) => (Kind::Digits, field("Digits").map(Entry::parse_second_zero).map(Report::Keyed)),
            Some("status") => (Kind::Status, field("CallStatus").and_then(progress).map(Report::Progress)),
            _ => return Err(Problem::NotFound),
        };
        Ok(Self { challenge, token, kind, report })
    }
}

/// The signature header, which must be there exactly once and not be empty.
fn signature(request: &Request) -> Result<&str, Problem> {
    let mut values = request.headers().get_all("x-twilio-signature").iter();
    match (values.next().and_then(|value| value.to_str().ok()), values.next()) {
        (Some(value), None) if !value.is_empty() => Ok(value),
        _ => Err(Problem::SignatureInvalid),
    }
}

fn media_type(request: &Request) -> String {
    let value = request.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase()
}

fn pairs(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

/// A field's value. The signature covers a repeated field's values but not their order, so a field with
/// two different values is read as empty and approves nothing.
fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut values = form.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let first = values.next()?;
    Some(if values.all(|value| value == first) { first } else { "" })
}

fn answered_by(value: Option<&str>) -> AnsweredBy {
    match value {
        Some("human") => AnsweredBy::Human,
        Some(_) => AnsweredBy::NotHuman,
        None => AnsweredBy::Unjudged,
    }
}

fn progress(status: &str) -> Option<CallState> {
    match status {
        "ringing" => Some(CallState::Ringing),
        "busy" => Some(CallState::Busy),
        "no-answer" => Some(CallState::NoAnswer),
        "failed" | "canceled" => Some(CallState::Failed),
        "completed" => Some(CallState::Ended),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::code::MatchDigits;

    use super::*;

    fn read(body: &str, name: &str) -> Option<String> {
        field(&pairs(body.as_bytes()), name).map(str::to_owned)
    }

    #[test]
    fn only_a_human_answers_as_one() {
        for (body, by) in [
            ("AnsweredBy=human", AnsweredBy::Human),
            ("AnsweredBy=human&AnsweredBy=human", AnsweredBy::Human),
            ("CallStatus=in-progress", AnsweredBy::Unjudged),
            ("AnsweredBy=", AnsweredBy::NotHuman),
            ("AnsweredBy=Human", AnsweredBy::NotHuman),
            ("AnsweredBy=machine_start", AnsweredBy::NotHuman),
            ("AnsweredBy=fax", AnsweredBy::NotHuman),
            ("AnsweredBy=unknown", AnsweredBy::NotHuman),
            ("AnsweredBy=human&AnsweredBy=machine_start", AnsweredBy::NotHuman),
            ("AnsweredBy=machine_start&AnsweredBy=human", AnsweredBy::NotHuman),
        ] {
            assert_eq!(answered_by(read(body, "AnsweredBy").as_deref()), by, "{body}");
        }
    }

    #[test]
    fn only_a_lone_pound_a_lone_zero_and_two_digits_mean_something() {
        let digits = |keyed| MatchDigits::parse(keyed).map(Entry::Digits);
        for (body, keyed) in [
            ("Digits=%23", Some(Entry::Pound)),
            ("Digits=0", Some(Entry::Zero)),
            ("Digits=10", digits("10")),
            ("Digits=99&Digits=99", digits("99")),
            ("Digits=", Some(Entry::Other)),
            ("Digits=%23%23", Some(Entry::Other)),
            ("Digits=%EF%BC%83", Some(Entry::Other)),
            ("Digits=1&Digits=%23", Some(Entry::Other)),
            ("Digits=%23&Digits=1", Some(Entry::Other)),
            ("Digits=47&Digits=48", Some(Entry::Other)),
            ("Digits=7", Some(Entry::Other)),
            ("Digits=07", Some(Entry::Other)),
            ("Digits=00", Some(Entry::Other)),
            ("Digits=470", Some(Entry::Other)),
            ("Digits=+47", Some(Entry::Other)),
            ("Digits=*47", Some(Entry::Other)),
            ("Digits=47%23", Some(Entry::Other)),
            ("Digits=%D9%A4%D9%A7", Some(Entry::Other)),
            ("FinishedOnKey=%23", None),
        ] {
            assert_eq!(read(body, "Digits").as_deref().map(Entry::parse), keyed, "{body}");
        }
    }

    #[test]
    fn progress_that_means_nothing_here_is_ignored() {
        for (status, state) in [
            ("ringing", Some(CallState::Ringing)),
            ("busy", Some(CallState::Busy)),
            ("no-answer", Some(CallState::NoAnswer)),
            ("failed", Some(CallState::Failed)),
            ("canceled", Some(CallState::Failed)),
            ("completed", Some(CallState::Ended)),
            ("initiated", None),
            ("in-progress", None),
            ("COMPLETED", None),
            ("", None),
        ] {
            assert_eq!(progress(status), state, "{status:?}");
        }
    }
}
