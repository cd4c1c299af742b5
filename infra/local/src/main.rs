//! The local stack: the functions, compiled from this checkout, with everything they talk to on
//! loopback (DynamoDB, KMS, Secrets Manager, SNS, End User Messaging, the voice provider, an issuer, the HTTP API).
//!
//! `local run` starts it and leaves it running, `local demo` walks through complete logins, `local invoke
//! EVENT_FILE` runs one function with one event, and `local serve` starts everything but the functions,
//! for scripts.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a command line program")]

mod accepted;
mod aws_json;
mod certificate;
mod clock;
mod compiler;
mod demo;
mod development;
mod dynamodb;
mod entra;
mod functions;
mod gateway;
mod invoke;
mod issuer;
mod jwt;
mod keys;
mod kms;
mod net;
mod phone;
mod run;
mod secrets;
mod settings;
mod stack;
mod timeline;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "usage: local run | demo | invoke EVENT_FILE | serve";

#[tokio::main]
async fn main() -> ExitCode {
    match perform(&std::env::args().skip(1).collect::<Vec<_>>()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn perform(arguments: &[String]) -> Result<()> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["run"] => run::run().await,
        ["demo"] => demo::demo().await,
        ["invoke", file] => invoke::invoke(file).await,
        ["serve"] => run::serve().await,
        _ => bail!("{USAGE}"),
    }
}
