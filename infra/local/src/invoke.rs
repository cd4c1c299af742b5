//! `local invoke EVENT_FILE`: runs one function with one sample event, through `cargo lambda invoke`. A
//! sample is a fixed file, so first its timestamps are brought up to date, its webhook is signed for
//! this stack's address, and the challenge that it needs is written to the table.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::development::{MAC_KEY, VOICE_AUTH_TOKEN};
use crate::functions::{self, Functions, Purpose};
use crate::gateway::function_of;
use crate::run::told_to_stop;
use crate::settings::{Settings, repository, state_file};
use crate::stack::Stack;
use crate::{clock, phone};

const SIGNATURE: &str = "x-twilio-signature";
/// A sample with this in its file name keeps its own signature.
const FORGED: &str = "forged";
/// A sample with one of these in its file name runs in a stack with that call mode.
const CALL_MODES: [&str; 2] = ["match-digits", "speak-code"];

const CANARY: &str = "canary";
const COGNITO: &str = "cognito";
/// The functions that the canary calls through the gateway, and that have to run before it does.
const CALLED_BY_CANARY: [&str; 3] = ["start-challenge", "verify-code", "jwks"];

/// Runs the sample and prints the function's answer.
pub(crate) async fn invoke(file: &str) -> Result<()> {
    let mut event = read(file)?;
    let function = addressed(&event)?;
    let settings = Settings::from_environment()?;
    Functions::compile(&settings).await?;
    let mut stack = Stack::start(&settings, false).await?;
    if let Some(mode) = CALL_MODES.into_iter().find(|mode| file.contains(mode)) {
        stack.environment.insert("CALL_MODE", mode.to_owned());
    }
    bring_up_to_date(&mut event);
    if !file.contains(FORGED) {
        sign(&mut event, &stack.gateway)?;
    }
    let prepared = prepared(file, &event)?;
    seed(&stack, &prepared).await?;
    let mut functions = Functions::start(&settings, &stack, Purpose::Develop).await?;
    let outcome = tokio::select! {
        outcome = ask(&mut functions, &settings, &stack, function, &prepared) => outcome,
        stopped = told_to_stop() => stopped.and(Err(anyhow!("interrupted"))),
    };
    functions.stop().await;
    outcome
}

/// The function that the event is for: that of its route, or the one that takes events of its kind.
fn addressed(event: &Value) -> Result<&'static str> {
    if event.get("triggerSource").is_some() {
        return Ok(COGNITO);
    }
    match event.get("detail-type").and_then(Value::as_str) {
        Some("Scheduled Event") => return Ok(CANARY),
        Some(_) => return Ok("message-receipts"),
        None => {}
    }
    let key = event["routeKey"].as_str().context("the event has no routeKey")?;
    function_of(key).with_context(|| format!("the API has no route {key}"))
}

fn read(file: &str) -> Result<Value> {
    // `make -C` and `cargo run` change the working directory, so also try the path from the repository's root.
    let path = if Path::new(file).exists() { PathBuf::from(file) } else { repository()?.join(file) };
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}

/// Makes the sample's login one that happened just now.
fn bring_up_to_date(event: &mut Value) {
    let now = clock::epoch_seconds();
    if event.get("requestContext").is_none() {
        return;
    }
    event["requestContext"]["timeEpoch"] = json!(clock::epoch_millis());
    let Some(claims) = event.pointer_mut("/requestContext/authorizer/jwt/claims") else { return };
    for (claim, time) in [("iat", now), ("auth_time", now), ("exp", now + 900)] {
        if claims.get(claim).is_some() {
            claims[claim] = json!(time.to_string());
        }
    }
}

/// Signs a webhook as the provider would, for this stack's public address.
fn sign(event: &mut Value, public_url: &str) -> Result<()> {
    if event["headers"].get(SIGNATURE).is_none() {
        return Ok(());
    }
    let body = event["body"].as_str().unwrap_or_default();
    let body = if event["isBase64Encoded"] == true { STANDARD.decode(body)? } else { body.as_bytes().to_vec() };
    let form = form_urlencoded::parse(&body).into_owned().collect();
    let path = event["rawPath"].as_str().context("the event has no rawPath")?;
    let url = format!("{public_url}{path}");
    event["headers"][SIGNATURE] = json!(phone::sign(VOICE_AUTH_TOKEN, &url, &form)?);
    Ok(())
}

/// Writes the event as it will be sent to a file of the sample's name.
fn prepared(file: &str, event: &Value) -> Result<PathBuf> {
    let name = Path::new(file).file_name().and_then(|name| name.to_str()).context("the file has no name")?;
    let path = state_file(name)?;
    fs::write(&path, serde_json::to_string_pretty(event)?)?;
    Ok(path)
}

async fn seed(stack: &Stack, event: &Path) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["run", "--quiet", "--package", "seed", "--"]).arg(event).current_dir(repository()?);
    functions::clean(&mut cargo);
    cargo.envs(&stack.environment).env("SEED_MAC_KEY", MAC_KEY);
    ensure!(cargo.status().await?.success(), "cannot write the challenge that the sample needs");
    Ok(())
}

async fn ask(
    functions: &mut Functions,
    settings: &Settings,
    stack: &Stack,
    function: &str,
    event: &Path,
) -> Result<()> {
    let needed: &[_] = match function {
        // Any event makes the canary sign in, so that it is not asked whether it is ready.
        CANARY => &CALLED_BY_CANARY,
        COGNITO => &[], // an event of any other kind is an error
        _ => &[function],
    };
    functions.ready(&reqwest::Client::new(), stack, needed).await?;
    let (_, port) = stack.functions.rsplit_once(':').context("the functions' URL has no port")?;
    let mut lambda = Command::new(&settings.cargo_lambda);
    lambda
        .args(["lambda", "invoke", function, "--invoke-address", "127.0.0.1", "--invoke-port", port])
        .arg("--data-file")
        .arg(event)
        .current_dir(repository()?);
    let answer = lambda.output().await?;
    if !answer.status.success() {
        bail!("cargo lambda invoke failed: {}", String::from_utf8_lossy(&answer.stderr).trim());
    }
    print(&String::from_utf8_lossy(&answer.stdout));
    Ok(())
}

/// Prints the function's answer, with a JSON body expanded so that it can be read.
fn print(answer: &str) {
    let Ok(mut answer) = serde_json::from_str::<Value>(answer) else { return println!("{answer}") };
    if let Some(body) = answer["body"].as_str().and_then(|body| serde_json::from_str::<Value>(body).ok()) {
        answer["body"] = body;
    }
    println!("{answer:#}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_a_samples_login_are_updated_and_its_other_claims_stay() {
        let mut event = json!({ "requestContext": { "authorizer": { "jwt": { "claims": {
            "sub": "alice", "auth_time": "1700000000", "exp": "1700000900",
        } } } } });
        bring_up_to_date(&mut event);

        let claims = &event["requestContext"]["authorizer"]["jwt"]["claims"];
        assert_eq!(claims["sub"], "alice");
        let auth_time: u64 = claims["auth_time"].as_str().unwrap().parse().unwrap();
        assert!(clock::epoch_seconds() - auth_time < 5);
        assert!(claims.get("iat").is_none());
    }

    #[test]
    fn an_event_goes_to_the_function_of_its_route_or_its_kind() {
        let to = |event: Value| addressed(&event).ok();
        assert_eq!(to(json!({ "routeKey": "POST /v1/challenge" })), Some("start-challenge"));
        assert_eq!(to(json!({ "detail-type": "Text Message Delivery Status Updated" })), Some("message-receipts"));
        assert_eq!(to(json!({ "detail-type": "Scheduled Event" })), Some("canary"));
        assert_eq!(to(json!({ "triggerSource": "DefineAuthChallenge_Authentication" })), Some("cognito"));
        assert_eq!(to(json!({ "routeKey": "GET /elsewhere" })), None);
    }

    #[test]
    fn a_webhook_is_signed_for_the_stacks_address_whether_or_not_its_body_is_base64() {
        let webhook = |body: &str, encoded: bool| {
            let mut event = json!({
                "rawPath": "/v1/calls/a/b/digits", "headers": { SIGNATURE: "" },
                "body": body, "isBase64Encoded": encoded,
            });
            sign(&mut event, "http://127.0.0.1:1").unwrap();
            event["headers"][SIGNATURE].clone()
        };
        assert_eq!(webhook("Digits=%23", false), webhook("RGlnaXRzPSUyMw==", true));
        assert_ne!(webhook("Digits=%23", false), "");
    }
}
