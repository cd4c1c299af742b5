//! `local run` and `local serve`: the stack stays up until it is told to end.

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};

use crate::development::{ACCESS_KEY, ACCESS_SECRET, REGION};
use crate::functions::{Functions, NAMES, Purpose};
use crate::issuer::ACCOUNTS;
use crate::settings::Settings;
use crate::stack::Stack;

/// Starts everything and prints what to open.
pub(crate) async fn run() -> Result<()> {
    let settings = Settings::from_environment()?;
    eprintln!("Compiling the functions (minutes on a fresh clone, seconds later)");
    Functions::compile(&settings).await?;
    let stack = Stack::start(&settings, true).await?;
    let mut functions = Functions::start(&settings, &stack, Purpose::Develop)?;
    let outcome = tokio::select! {
        outcome = stay_up(&mut functions, &stack) => outcome,
        stopped = told_to_end() => stopped,
    };
    functions.stop().await;
    outcome
}

/// Starts everything but the functions, prints all addresses as one line of JSON, and stays up.
pub(crate) async fn serve() -> Result<()> {
    let stack = Stack::start(&Settings::from_environment()?, false).await?;
    println!("{}", serde_json::to_string(&stack)?);
    told_to_end().await
}

async fn stay_up(functions: &mut Functions, stack: &Stack) -> Result<()> {
    functions.ready(&reqwest::Client::new(), stack, &NAMES).await?;
    print_addresses(stack);
    functions.ended().await
}

fn print_addresses(stack: &Stack) {
    let Stack { gateway, issuer, phone, dynamodb, functions, environment, .. } = stack;
    let call_mode = environment.get("CALL_MODE").map_or("press-pound", String::as_str);
    println!("\n  Open {phone}   a phone beside the login page\n");
    println!("The stack is up; functions reload when their code changes. Ctrl-C ends it.\n");
    println!("  API        {gateway}");
    println!("  issuer     {issuer}   POST /login {{\"account\": …}} gives a first-factor token");
    println!("  DynamoDB   {dynamodb}");
    println!("  functions  {functions}");
    println!("  calls      {call_mode}   CALL_MODE=match-digits or speak-code has them ask otherwise");
    println!(
        "  administer as AWS_ACCESS_KEY_ID={ACCESS_KEY} AWS_SECRET_ACCESS_KEY={ACCESS_SECRET} AWS_REGION={REGION}\n"
    );
    for account in ACCOUNTS {
        println!("  account {:10} {}", account.name, account.phone.unwrap_or("without a number"));
    }
    println!(
        "\n  TOKEN=$(curl -s {issuer}/login -H 'content-type: application/json' \
         -d '{{\"account\":\"alice\"}}' | sed 's/.*:\"\\(.*\\)\".*/\\1/')\n  \
         curl -s {gateway}/v1/challenge -H \"authorization: Bearer $TOKEN\" \
         -H 'content-type: application/json' -d '{{\"channel\":\"sms\"}}'\n"
    );
}

/// Returns when a person or a supervisor ends the program.
pub(crate) async fn told_to_end() -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}
