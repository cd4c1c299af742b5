//! Seeds the table for one sample event. `local invoke` runs it with the event's file and the functions' environment.

#![expect(clippy::print_stderr, reason = "a command line program")]

use std::env;
use std::fs;

use anyhow::{Context as _, Result};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::{Client, Config};
use domain::code::{MacKey, MacKeys};
use domain::time::Timestamp;
use platform::aws::{Roots, connector, http_client};
use platform::clock;
use platform::store::DynamoStore;
use seed::Fixture;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let file = env::args().nth(1).context("usage: seed EVENT_FILE")?;
    let event = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
    let now = clock::now();
    let Some(fixture) = needed(&file, &event, now)? else {
        eprintln!("Wrote nothing to the table: this sample needs nothing there");
        return Ok(());
    };
    let store = DynamoStore::over(client()?, variable("TABLE_NAME")?);
    let keys = MacKeys { current: MacKey::from_secret(&variable("SEED_MAC_KEY")?), previous: None, next: None };
    fixture.write(&store, &keys, now).await?;
    eprintln!("Wrote to the table: {fixture}");
    Ok(())
}

fn needed(file: &str, event: &str, now: Timestamp) -> Result<Option<Fixture>> {
    let document: Value = serde_json::from_str(event).with_context(|| format!("{file} is not JSON"))?;
    if document.get("detail-type").is_some() {
        return Ok(seed::of_message(&document).ok()); // the function drops what has no context
    }
    if document.get("triggerSource").is_some() {
        return Ok(None); // the triggers of a user pool read no table
    }
    let request = lambda_http::request::from_str(event).with_context(|| format!("{file} is not an HTTP API event"))?;
    seed::fixture(file, &request, &variable("FIRST_FACTOR_ISSUER")?, now)
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
