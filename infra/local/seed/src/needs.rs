//! Reads from a sample event what it needs to find in the table.

use anyhow::{Context as _, Result, anyhow, bail};
use domain::call::CallToken;
use domain::identity::{ChallengeKey, SessionId, SubjectId};
use domain::purpose::Purpose;
use domain::receipt::ReceiptToken;
use domain::time::Timestamp;
use lambda_http::{Body, Request, RequestExt as _};
use platform::clock;
use platform::encoding::{base64url_text, parse_call_token, parse_challenge_path};
use platform::first_factor::{FirstFactor, SessionRule};
use platform::request::purpose;
use serde_json::Value;

use crate::fixture::{Call, Fixture, Since};

/// The token of the message that the sample receipts are about: 00 01 02 and so on.
const SAMPLE_TOKEN: [u8; 16] = 0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f_u128.to_be_bytes();

/// What the sample of this name needs to find in the table, if anything.
pub fn fixture(name: &str, request: &Request, issuer: &str, now: Timestamp) -> Result<Option<Fixture>> {
    let resends = name.contains("resend");
    let parameters = request.path_parameters();
    if let Some(path) = parameters.first("challenge") {
        let challenge = parse_challenge_path(path).context("the path has no valid challenge")?;
        if challenge.generation != 1 {
            bail!("the path must have generation 1, the first of a login, not {}", challenge.generation);
        }
        let token = parameters.first("token").and_then(parse_call_token).context("the path has no valid call token")?;
        let (answered, contested, since) = match parameters.first("event") {
            Some("digits") => (true, false, Since::Nothing),
            Some("four-digits") => (true, true, Since::Nothing),
            Some("block") => (true, false, Since::Report),
            _ => (false, false, Since::Nothing),
        };
        let (key, call) = (challenge.key, Some(Call { token, answered, contested }));
        let purpose = Purpose::Login;
        return Ok(Some(Fixture { key, purpose, runs: true, phone: None, call, receipt: None, since }));
    }
    if let Some(subject) = parameters.first("subject") {
        return administered(subject, request.raw_http_path(), issuer).map(Some);
    }
    let purpose = purpose_of(request)?;
    let starts = request.raw_http_path() == "/v1/challenge" && request.method() == "POST";
    let rule = SessionRule { claim: "jti".to_owned(), max_age: std::time::Duration::from_mins(15) };
    match FirstFactor::of(request, &rule, now) {
        Ok(first_factor) if !starts || resends || purpose == Purpose::Change => Ok(Some(Fixture {
            key: first_factor.challenge_for(purpose),
            purpose,
            runs: !starts || resends,
            phone: first_factor.phone,
            call: None,
            receipt: None,
            since: Since::Nothing,
        })),
        // The function refuses such a sample, or needs nothing in the table.
        Ok(_) | Err(_) => Ok(None),
    }
}

/// What a sample receipt needs: the message that it reports on, with the token that the samples have.
pub fn of_message(event: &Value) -> Result<Fixture> {
    let path = event.pointer("/detail/context/challenge").and_then(Value::as_str);
    let challenge = path.and_then(parse_challenge_path).context("the event has no challenge in its context")?;
    let token = ReceiptToken::from_bytes(SAMPLE_TOKEN);
    Ok(Fixture {
        key: challenge.key,
        purpose: Purpose::Login,
        runs: true,
        phone: None,
        call: None,
        receipt: Some(token),
        since: Since::Nothing,
    })
}

/// The purpose that the sample states in its query or body.
fn purpose_of(request: &Request) -> Result<Purpose> {
    let body = match request.body() {
        Body::Text(text) => serde_json::from_str(text).unwrap_or(Value::Null), // the function will say what is wrong
        _ => Value::Null,
    };
    let parameters = request.query_string_parameters();
    let word = parameters.first("purpose").or_else(|| body["purpose"].as_str());
    purpose(word).map_err(|problem| anyhow!("the sample's purpose is {}", problem.name()))
}

/// A subject for whom the administrator's action in the path makes sense.
fn administered(subject: &str, path: &str, issuer: &str) -> Result<Fixture> {
    let sub = base64url_text(subject).context("the path has no valid subject")?;
    let subject = SubjectId::new(issuer, &sub);
    let key = ChallengeKey { subject, session: SessionId::new("sample-login", None) };
    let (since, token) = match path.rsplit('/').next() {
        Some("unlock") => (Since::WrongGuess, None),
        Some("unblock") => (Since::Block, Some(CallToken::draw(&mut clock::random()))),
        Some("reset-phone") => (Since::Enrolment, None),
        _ => (Since::Nothing, None),
    };
    let purpose = Purpose::Login;
    Ok(Fixture {
        key,
        purpose,
        runs: true,
        phone: None,
        call: token.map(|token| Call { token, answered: true, contested: false }),
        receipt: None,
        since,
    })
}
