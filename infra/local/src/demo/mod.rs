//! `local demo`: starts everything, performs the main job step by step as a login page and a phone's
//! holder would, and prints it. It succeeds only if each step truly happened.

mod proof;
mod scenes;
mod transcript;
mod world;

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::functions::{Functions, NAMES, Purpose};
use crate::run::told_to_end;
use crate::settings::{Settings, set, state_file};
use crate::stack::Stack;
use transcript::Transcript;
use world::World;

/// Between two sends of one channel: the product's default is 30 s, too long to watch.
const COOLDOWN: Duration = Duration::from_secs(3);
const LAST_LINES: usize = 15;

/// Runs the demo.
pub(crate) async fn demo() -> Result<()> {
    let settings = Settings::from_environment()?;
    println!("Compiling the functions (minutes on a fresh clone, seconds later)");
    Functions::compile(&settings).await?;
    let mut stack = Stack::start(&settings, false).await?;
    let cooldown = cooldown()?;
    stack.environment.insert("CALL_MODE", "press-pound".to_owned()); // what the scenes press
    stack.environment.insert("COOLDOWN_SECONDS", cooldown.as_secs().to_string());
    let log = state_file("functions.log")?;
    let mut functions = Functions::start(&settings, &stack, Purpose::Demonstrate(File::create(&log)?))?;
    let world = World { http: reqwest::Client::new(), stack, cooldown };
    println!("Starting them (their own output goes to {})", log.display());
    let outcome = tokio::select! {
        outcome = perform(&mut functions, &world) => outcome,
        stopped = told_to_end() => stopped.and(Err(anyhow!("it was interrupted"))),
    };
    let outcome = outcome.map_err(|error| explain(&error, &log));
    functions.stop().await;
    outcome
}

async fn perform(functions: &mut Functions, world: &World) -> Result<()> {
    functions.ready(&world.http, &world.stack, &NAMES).await?;
    println!("\nThe main job, end to end, against the real functions. DynamoDB, KMS, Secrets Manager, SNS,");
    println!("the voice provider and API Gateway are emulated on loopback.");
    let cooldown = world.cooldown.as_secs();
    println!("The cooldown between sends is {cooldown} s here (COOLDOWN_SECONDS; the product's default is 30 s).");
    let mut transcript = Transcript::new();
    scenes::no_token(world, &mut transcript).await?;
    scenes::send_code(world, &mut transcript).await?;
    scenes::call_me(world, &mut transcript).await?;
    scenes::wrong_code(world, &mut transcript).await?;
    scenes::resend(world, &mut transcript).await?;
    scenes::enrolment(world, &mut transcript).await?;
    scenes::number_change(world, &mut transcript).await?;
    println!("\n{}", transcript.summary());
    Ok(())
}

fn cooldown() -> Result<Duration> {
    let Some(seconds) = set("COOLDOWN_SECONDS") else { return Ok(COOLDOWN) };
    let seconds = seconds.parse().with_context(|| format!("COOLDOWN_SECONDS={seconds} is no number of seconds"))?;
    Ok(Duration::from_secs(seconds))
}

/// A failure with what the functions said last, and what to do next.
fn explain(error: &anyhow::Error, log: &Path) -> anyhow::Error {
    let said = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = said.lines().collect();
    let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n    ");
    anyhow!(
        "the demo failed\n  {error:#}\n  next:     read the functions' last lines below (all are in {}), or try the \
         step by hand with `local run`\n\n    {last}",
        log.display()
    )
}
