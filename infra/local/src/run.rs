//! `local run` and `local serve`: the stack runs until it is told to stop.

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};

use crate::development::{ACCESS_KEY, ACCESS_SECRET, REGION};
use crate::functions::{Functions, NAMES, Purpose};
use crate::issuer::ACCOUNTS;
use crate::settings::Settings;
use crate::stack::Stack;

/// Starts everything and prints the addresses.
pub(crate) async fn run() -> Result<()> {
    let settings = Settings::from_environment()?;
    eprintln!("Compiling the functions (takes minutes on a fresh clone, seconds after that)");
    Functions::compile(&settings).await?;
    let stack = Stack::start(&settings, true).await?;
    eprintln!("Starting the functions");
    let mut functions = Functions::start(&settings, &stack, Purpose::Develop).await?;
    let outcome = tokio::select! {
        outcome = serve_until_stopped(&mut functions, &stack) => outcome,
        stopped = told_to_stop() => stopped,
    };
    functions.stop().await;
    outcome
}

/// Starts everything but the functions, prints all addresses as one line of JSON, and keeps running.
pub(crate) async fn serve() -> Result<()> {
    let stack = Stack::start(&Settings::from_environment()?, false).await?;
    println!("{}", serde_json::to_string(&stack)?);
    told_to_stop().await
}

async fn serve_until_stopped(functions: &mut Functions, stack: &Stack) -> Result<()> {
    functions.ready(&reqwest::Client::new(), stack, &NAMES).await?;
    print_addresses(stack);
    functions.ended().await
}

fn print_addresses(stack: &Stack) {
    let Stack { gateway, issuer, phone, dynamodb, functions, environment, .. } = stack;
    let call_mode = environment.get("CALL_MODE").map_or("press-pound", String::as_str);
    let provider = environment.get("SMS_PROVIDER").map_or("sns", String::as_str);
    println!("\nReady. Open this page to sign in, with a phone beside it that gets the messages and calls:\n");
    println!("  {phone}\n");
    println!("Functions reload when their code changes. Press Ctrl-C to stop.\n");
    println!("  API        {gateway}");
    println!("  Issuer     {issuer}");
    println!("  DynamoDB   {dynamodb}");
    println!("  Functions  {functions}");
    println!("  Messages   {provider} (choose another with SMS_PROVIDER=end-user-messaging)");
    println!("  Call mode  {call_mode} (choose another with CALL_MODE=match-digits or CALL_MODE=speak-code)\n");
    println!("Accounts:\n");
    for account in ACCOUNTS {
        println!("  {:9}  {}", account.name, account.phone.unwrap_or("no number yet"));
    }
    println!("\nTo call the API yourself, sign in as alice and have a code sent:\n");
    println!(
        "  TOKEN=$(curl -s {issuer}/login -H 'content-type: application/json' \
         -d '{{\"account\":\"alice\"}}' | sed 's/.*:\"\\(.*\\)\".*/\\1/')\n  \
         curl -s {gateway}/v1/challenge -H \"authorization: Bearer $TOKEN\" \
         -H 'content-type: application/json' -d '{{\"channel\":\"sms\"}}'\n"
    );
    println!("To call the administrators' routes, sign requests with these credentials:\n");
    println!(
        "  curl -s {gateway}/v1/admin/switches --user {ACCESS_KEY}:{ACCESS_SECRET} \\\n    --aws-sigv4 aws:amz:{REGION}:execute-api\n"
    );
    println!("  AWS_ACCESS_KEY_ID={ACCESS_KEY} AWS_SECRET_ACCESS_KEY={ACCESS_SECRET} AWS_REGION={REGION}\n");
}

/// Returns when a person or a supervisor stops the program.
pub(crate) async fn told_to_stop() -> Result<()> {
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
