//! The scenes of the demo. Each step checks its own outcome.

use anyhow::{Context, Result};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::proof::{Proof, verify};
use super::transcript::{Transcript, ensure, equal, mismatch};
use super::world::{Login, World};

const ALICE: &str = "+14155552671";
const BOB: &str = "+447400123456";
const NEWCOMER: &str = "+447400123457";
const NEW_NUMBER: &str = "+447400123458";

pub(crate) async fn no_token(world: &World, transcript: &mut Transcript) -> Result<()> {
    transcript.scene("No first factor, no access");
    transcript
        .step("The gateway refuses GET /v1/challenge without a token", async {
            let body = world.get("/v1/challenge").await?.expect(StatusCode::UNAUTHORIZED)?;
            Ok(((), format!("401 {body}")))
        })
        .await
}

/// Send Code, from the password to the verified result token.
pub(crate) async fn send_code(world: &World, transcript: &mut Transcript) -> Result<()> {
    transcript.scene("Send Code: a code by text message");
    let login = log_in(world, transcript, "alice").await?;
    let code = send_sms(world, transcript, &login, json!({ "channel": "sms" }), ALICE).await?;
    let approved = enter_right_code(transcript, &login, &code).await?;
    check_token(world, transcript, &login, &approved, &Proof::SMS).await?;
    transcript
        .step("The same code is refused a second time", async {
            let problem = login.enter(&code).await?.expect_problem(StatusCode::GONE, "challenge-closed")?;
            Ok(((), format!("410 {}", problem["title"])))
        })
        .await?;
    transcript
        .step("Reloading the page returns the same result token, byte for byte", async {
            let status = login.status().await?;
            equal("resultToken", &status["resultToken"], &approved["resultToken"])?;
            Ok(((), String::new()))
        })
        .await
}

/// Call Me, approved with `#`. The page only polls: it sends nothing more.
pub(crate) async fn call_me(world: &World, transcript: &mut Transcript) -> Result<()> {
    transcript.scene("Call Me: a call, approved with #");
    let login = log_in(world, transcript, "alice").await?;
    transcript
        .step("The page asks for a call: POST /v1/challenge {\"channel\":\"call\"}", async {
            let challenge = login.start(&json!({ "channel": "call" })).await?.expect(StatusCode::CREATED)?;
            equal("state", &challenge["state"], &json!("pending"))?;
            Ok(((), summary(&challenge)))
        })
        .await?;
    let ringing = transcript
        .step("The phone rings, and the page can tell", async {
            let call = world.call(ALICE, "a ringing phone", |call| call.status == "ringing").await?;
            let status = login.status_until("call ringing", |status| status["call"] == "ringing").await?;
            Ok((call, format!("GET /v1/challenge: {}", summary(&status))))
        })
        .await?;
    transcript
        .step("Alice answers and hears the prompt", async {
            world.act(&ringing, "answer", json!({ "as": "human" })).await?;
            let call = world.call(ALICE, "a prompt that waits for a key press", |call| call.listening).await?;
            Ok(((), format!("\"{}\"", call.spoken.join("\" \""))))
        })
        .await?;
    let approved = transcript
        .step("Alice presses #, and the page's next poll finds the login approved", async {
            world.act(&ringing, "press", json!({ "key": "#" })).await?;
            let status = login.status_until("state approved", |status| status["state"] == "approved").await?;
            Ok((status.clone(), summary(&status)))
        })
        .await?;
    check_token(world, transcript, &login, &approved, &Proof::CALL).await
}

/// A wrong code uses up one guess, and the right one still works.
pub(crate) async fn wrong_code(world: &World, transcript: &mut Transcript) -> Result<()> {
    transcript.scene("A wrong code uses up a guess; the right one still works");
    let login = log_in(world, transcript, "bob").await?;
    let code = send_sms(world, transcript, &login, json!({ "channel": "sms" }), BOB).await?;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    transcript
        .step(&format!("The user enters a wrong code: POST /v1/challenge/code {{\"code\":\"{wrong}\"}}"), async {
            let problem = login.enter(wrong).await?.expect_problem(StatusCode::UNPROCESSABLE_ENTITY, "code-wrong")?;
            equal("attemptsLeft", &problem["attemptsLeft"], &json!(4))?;
            Ok(((), format!("422 {}, attemptsLeft {}", problem["title"], problem["attemptsLeft"])))
        })
        .await?;
    let approved = enter_right_code(transcript, &login, &code).await?;
    check_token(world, transcript, &login, &approved, &Proof::SMS).await
}

/// A double click sends nothing, a resend does, and the first code stays valid.
pub(crate) async fn resend(world: &World, transcript: &mut Transcript) -> Result<()> {
    transcript.scene("After a resend, the first message's code still works");
    let login = log_in(world, transcript, "bob").await?;
    let first = send_sms(world, transcript, &login, json!({ "channel": "sms" }), BOB).await?;
    let before = world.messages(BOB).await?.len();
    transcript
        .step("A double click sends nothing and returns the running challenge", async {
            let challenge = login.start(&json!({ "channel": "sms" })).await?.expect(StatusCode::OK)?;
            equal("messages on the phone", &world.messages(BOB).await?.len(), &before)?;
            Ok(((), format!("200, nextSendAt {}", challenge["channels"]["sms"]["nextSendAt"])))
        })
        .await?;
    transcript
        .step("When the wait is over, the page may offer a resend", async {
            let offered = |status: &Value| status["channels"]["sms"]["available"] == true;
            let status = login.status_until("channels.sms.available", offered).await?;
            Ok(((), format!("sendsLeft {}", status["channels"]["sms"]["sendsLeft"])))
        })
        .await?;
    let second = send_sms(world, transcript, &login, json!({ "channel": "sms" }), BOB).await?;
    ensure(second != first, "a new code in the second message", &second)?;
    let approved = enter_right_code(transcript, &login, &first).await?;
    check_token(world, transcript, &login, &approved, &Proof::SMS).await
}

/// A new user enters a number, proves it, and is sent a code there the next time.
pub(crate) async fn enrolment(world: &World, transcript: &mut Transcript) -> Result<()> {
    transcript.scene("A new user enrols a number");
    let login = log_in(world, transcript, "newcomer").await?;
    transcript
        .step("GET /v1/challenge says that there is no number yet", async {
            let status = login.status().await?;
            equal("phoneNumber", &status["phoneNumber"], &Value::Null)?;
            Ok(((), summary(&status)))
        })
        .await?;
    let body = json!({ "channel": "sms", "phoneNumber": "07400 123457", "region": "GB" });
    let code = send_sms(world, transcript, &login, body, NEWCOMER).await?;
    let approved = enter_right_code(transcript, &login, &code).await?;
    check_token(world, transcript, &login, &approved, &Proof::ENROLMENT).await?;

    let next = log_in(world, transcript, "newcomer").await?;
    let code = send_sms(world, transcript, &next, json!({ "channel": "sms" }), NEWCOMER).await?;
    let approved = enter_right_code(transcript, &next, &code).await?;
    check_token(world, transcript, &next, &approved, &Proof::SMS).await
}

/// A user proves the old number, then the new one, and has the new one the next time.
pub(crate) async fn number_change(world: &World, transcript: &mut Transcript) -> Result<()> {
    transcript.scene("The user changes that number");
    let login = log_in(world, transcript, "newcomer").await?.changing_the_number();
    let body = json!({ "channel": "sms", "purpose": "change" });
    let code = send_sms(world, transcript, &login, body, NEWCOMER).await?;
    let early = json!({ "channel": "sms", "purpose": "change", "phoneNumber": NEW_NUMBER });
    transcript
        .step("A new number is refused until the old one is proven", async {
            let problem = login.start(&early).await?.expect_problem(StatusCode::CONFLICT, "proof-required")?;
            Ok(((), format!("409 {}", problem["title"])))
        })
        .await?;
    transcript
        .step(&format!("The user enters the code: POST /v1/challenge/code {}", login.guess(&code)), async {
            let challenge = login.enter(&code).await?.expect(StatusCode::OK)?;
            equal("change", &challenge["change"], &json!("new-number"))?;
            Ok(((), "the old number is proven; nothing has changed yet".to_owned()))
        })
        .await?;
    let code = send_sms(world, transcript, &login, early.clone(), NEW_NUMBER).await?;
    let changed = enter_right_code(transcript, &login, &code).await?;
    equal("change", &changed["change"], &json!("changed"))?;
    equal("resultToken", &changed["resultToken"], &Value::Null)?;
    let next = log_in(world, transcript, "newcomer").await?;
    transcript
        .step("In the next login, GET /v1/challenge shows the new number", async {
            let status = next.status().await?;
            let (_, hint) = NEW_NUMBER.split_at(NEW_NUMBER.len() - 2);
            ensure(status["phoneNumber"].as_str().is_some_and(|shown| shown.ends_with(hint)), hint, &status)?;
            Ok(((), summary(&status)))
        })
        .await
}

async fn log_in<'a>(world: &'a World, transcript: &mut Transcript, account: &str) -> Result<Login<'a>> {
    transcript
        .step(&format!("{account} signs in with a password, the first factor"), async {
            let login = world.log_in(account).await?;
            let claim = |name: &str| login.first_factor.text(name).unwrap_or("none").to_owned();
            let detail = format!(
                "first-factor token: sub {}, jti {}, phone_number {}",
                claim("sub"),
                claim("jti"),
                claim("phone_number")
            );
            Ok((login, detail))
        })
        .await
}

/// Has a code sent and reads it from the message that arrives.
async fn send_sms(
    world: &World,
    transcript: &mut Transcript,
    login: &Login<'_>,
    body: Value,
    number: &str,
) -> Result<String> {
    let before = world.messages(number).await?.len();
    transcript
        .step(&format!("The page asks for a code: POST /v1/challenge {body}"), async {
            let challenge = login.start(&body).await?.expect(StatusCode::CREATED)?;
            equal("state", &challenge["state"], &json!("pending"))?;
            equal("lastSend", &challenge["channels"]["sms"]["lastSend"], &json!("accepted"))?;
            Ok(((), summary(&challenge)))
        })
        .await?;
    transcript
        .step(&format!("One text message arrives at {number}"), async {
            let mut messages = world.messages(number).await?;
            equal("new messages", &(messages.len() - before), &1)?;
            let text = messages.pop().context("the message has disappeared")?.text;
            Ok((code_in(&text)?, text))
        })
        .await
}

/// The code from the message's last line, which binds it to the login's host: `@host #123456`.
fn code_in(text: &str) -> Result<String> {
    let line = text.lines().next_back().unwrap_or_default();
    let code = line.strip_prefix('@').and_then(|line| line.split_once(" #")).map(|(_, code)| code);
    match code {
        Some(code) if code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) => Ok(code.to_owned()),
        _ => Err(mismatch("a last line `@host #123456`", format!("{line:?}"))),
    }
}

async fn enter_right_code(transcript: &mut Transcript, login: &Login<'_>, code: &str) -> Result<Value> {
    transcript
        .step(&format!("The user enters the code: POST /v1/challenge/code {}", login.guess(code)), async {
            let challenge = login.enter(code).await?.expect(StatusCode::OK)?;
            equal("state", &challenge["state"], &json!("approved"))?;
            Ok((challenge.clone(), summary(&challenge)))
        })
        .await
}

async fn check_token(
    world: &World,
    transcript: &mut Transcript,
    login: &Login<'_>,
    challenge: &Value,
    proof: &Proof,
) -> Result<()> {
    transcript
        .step("The login's backend verifies the result token", async {
            Ok(((), verify(world, login, challenge, proof).await?))
        })
        .await
}

/// What a page would show of a challenge, in one line.
fn summary(challenge: &Value) -> String {
    ["state", "phoneNumber", "attemptsLeft", "call"]
        .iter()
        .filter(|member| !challenge[**member].is_null())
        .map(|member| format!("{member} {}", challenge[*member]))
        .collect::<Vec<_>>()
        .join(", ")
        .replace('"', "")
}
