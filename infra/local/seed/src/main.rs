//! Writes the challenge that a sample event needs, so that the function finds in the table what a real
//! login would have left there. It uses the product's own rules and store; only the code is fixed. A crate
//! of its own, because nothing else here needs the AWS SDK.
//!
//! `local invoke` runs it with an event file and the functions' environment.

#![expect(clippy::print_stderr, reason = "a command line program")]

mod fixture;

use std::env;
use std::fs;

use anyhow::{Context, Result, anyhow, bail};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::{Client, Config};
use domain::call::CallToken;
use domain::identity::{ChallengeKey, SessionId, SubjectId};
use domain::purpose::Purpose;
use lambda_http::{Body, Request, RequestExt as _};
use platform::aws::{Roots, connector, http_client};
use platform::clock;
use platform::encoding::{base64url_text, parse_call_token, parse_challenge_path};
use platform::first_factor::{FirstFactor, SessionRule};
use platform::request::purpose;
use platform::store::DynamoStore;
use serde_json::Value;

use fixture::{Call, Fixture, Since};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let file = env::args().nth(1).context("usage: seed EVENT_FILE")?;
    let event = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
    let request = lambda_http::request::from_str(&event).with_context(|| format!("{file} is not an HTTP API event"))?;
    let Some(fixture) = fixture(&request, file.contains("resend"))? else {
        eprintln!("Wrote nothing to the table: this sample needs nothing there");
        return Ok(());
    };
    let store = DynamoStore::over(client()?, variable("TABLE_NAME")?);
    fixture.write(&store, &variable("SEED_MAC_KEY")?, clock::now()).await?;
    eprintln!("Wrote to the table: {fixture}");
    Ok(())
}

/// What the sample needs to find in the table, if anything.
fn fixture(request: &Request, resends: bool) -> Result<Option<Fixture>> {
    let parameters = request.path_parameters();
    if let Some(path) = parameters.first("challenge") {
        let challenge = parse_challenge_path(path).context("the path has no valid challenge")?;
        if challenge.generation != 1 {
            bail!("the path must have generation 1, the first of a login, not {}", challenge.generation);
        }
        let token = parameters.first("token").and_then(parse_call_token).context("the path has no valid call token")?;
        let call = Call { token, answered: parameters.first("event") == Some("digits") };
        let (key, call, since) = (challenge.key, Some(call), Since::Nothing);
        return Ok(Some(Fixture { key, purpose: Purpose::Login, runs: true, phone: None, call, since }));
    }
    if let Some(subject) = parameters.first("subject") {
        return administered(subject, request.raw_http_path()).map(Some);
    }
    let purpose = purpose_of(request)?;
    let starts = request.raw_http_path() == "/v1/challenge" && request.method() == "POST";
    let rule = SessionRule { claim: "jti".to_owned(), max_age: std::time::Duration::from_mins(15) };
    match FirstFactor::of(request, &rule, clock::now()) {
        Ok(first_factor) if !starts || resends || purpose == Purpose::Change => Ok(Some(Fixture {
            key: first_factor.challenge_for(purpose),
            purpose,
            runs: !starts || resends,
            phone: first_factor.phone,
            call: None,
            since: Since::Nothing,
        })),
        // The function refuses such a sample, or needs nothing in the table.
        Ok(_) | Err(_) => Ok(None),
    }
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
fn administered(subject: &str, path: &str) -> Result<Fixture> {
    let sub = base64url_text(subject).context("the path has no valid subject")?;
    let subject = SubjectId::new(&variable("FIRST_FACTOR_ISSUER")?, &sub);
    let key = ChallengeKey { subject, session: SessionId::new("sample-login", None) };
    let (since, token) = match path.rsplit('/').next() {
        Some("unlock") => (Since::WrongGuess, None),
        Some("unblock") => (Since::Report, Some(CallToken::draw(&mut clock::random()))),
        Some("reset-phone") => (Since::Enrolment, None),
        _ => (Since::Nothing, None),
    };
    let purpose = Purpose::Login;
    Ok(Fixture {
        key,
        purpose,
        runs: true,
        phone: None,
        call: token.map(|token| Call { token, answered: true }),
        since,
    })
}

fn client() -> Result<Client> {
    let credentials =
        Credentials::new(variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?, None, None, "local");
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(variable("AWS_REGION")?))
        .credentials_provider(credentials)
        .endpoint_url(variable("AWS_ENDPOINT_URL_DYNAMODB")?)
        .http_client(http_client(&connector(Roots::Amazon)?));
    Ok(Client::from_conf(config.build()))
}

fn variable(name: &str) -> Result<String> {
    env::var(name).with_context(|| format!("{name} is not set: run this through `local invoke`"))
}
