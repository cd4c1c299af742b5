//! `local demo`: starts everything, plays complete logins step by step, both as the login page and as the
//! person holding the phone, and prints each step. It exits with 0 only if every check passed.

mod proof;
mod scenes;
mod transcript;
mod world;

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::functions::{Functions, NAMES, Purpose};
use crate::run::told_to_stop;
use crate::settings::{Settings, set, state_file};
use crate::stack::Stack;
use transcript::Transcript;
use world::World;

/// Between two sends on one channel. The product's default of 30 s is too long to watch.
const COOLDOWN: Duration = Duration::from_secs(3);
const LAST_LINES: usize = 15;

pub(crate) async fn demo() -> Result<()> {
    let settings = Settings::from_environment()?;
    println!("Compiling the functions (takes minutes on a fresh clone, seconds after that)");
    Functions::compile(&settings).await?;
    let mut stack = Stack::start(&settings, false).await?;
    let cooldown = cooldown()?;
    stack.environment.insert("CALL_MODE", "press-pound".to_owned()); // the key that the scenes press
    stack.environment.insert("COOLDOWN_SECONDS", cooldown.as_secs().to_string());
    let log = state_file("functions.log")?;
    let mut functions = Functions::start(&settings, &stack, Purpose::Demonstrate(File::create(&log)?)).await?;
    let world = World { http: reqwest::Client::new(), stack, cooldown };
    println!("Starting the functions (their output goes to {})", log.display());
    let outcome = tokio::select! {
        outcome = perform(&mut functions, &world) => outcome,
        stopped = told_to_stop() => stopped.and(Err(anyhow!("interrupted"))),
    };
    let outcome = outcome.map_err(|error| explain(&error, &log));
    functions.stop().await;
    outcome
}

async fn perform(functions: &mut Functions, world: &World) -> Result<()> {
    functions.ready(&world.http, &world.stack, &NAMES).await?;
    println!("\nComplete logins against the real functions. DynamoDB, KMS, Secrets Manager, SNS, the voice");
    println!("provider and API Gateway are emulated on this machine; nothing is sent to a real phone.");
    let cooldown = world.cooldown.as_secs();
    println!("The wait between two sends is {cooldown} s here, to save time; the product's default is 30 s.");
    let mut transcript = Transcript::new();
    scenes::no_token(world, &mut transcript).await?;
    // The call comes first: for ten minutes after a sign-in, a call of the same user asks for the page's digits.
    scenes::call_me(world, &mut transcript).await?;
    scenes::send_code(world, &mut transcript).await?;
    scenes::wrong_code(world, &mut transcript).await?;
    scenes::resend(world, &mut transcript).await?;
    scenes::enrolment(world, &mut transcript).await?;
    scenes::number_change(world, &mut transcript).await?;
    println!("\n{}", transcript.summary());
    println!("To try it in a browser, with a phone beside the login page: make run");
    Ok(())
}

fn cooldown() -> Result<Duration> {
    let Some(seconds) = set("COOLDOWN_SECONDS") else { return Ok(COOLDOWN) };
    let seconds = seconds.parse().with_context(|| format!("COOLDOWN_SECONDS={seconds} is not a number of seconds"))?;
    Ok(Duration::from_secs(seconds))
}

/// The failure, what to do next, and the last lines of the functions' log.
fn explain(error: &anyhow::Error, log: &Path) -> anyhow::Error {
    let logged = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = logged.lines().collect();
    let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n    ");
    anyhow!(
        "the demo failed\n  {error:#}\n  next:     read the end of the functions' log below (all of it is in {}), \
         or try the step by hand with `make run`\n\n    {last}",
        log.display()
    )
}
