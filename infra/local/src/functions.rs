//! The functions, compiled from this checkout and run by `cargo lambda watch` as a child in a process
//! group of its own, which ends with this program. Their environment holds development credentials
//! only: a developer's real ones never reach them.

use std::env;
use std::fs::File;
use std::io;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::settings::{Settings, repository};
use crate::stack::Stack;

/// Every function of the product, in the order of a login.
pub(crate) const NAMES: [&str; 7] =
    ["login-page", "start-challenge", "get-challenge", "verify-code", "call-callback", "jwks", "admin"];

/// How long a function that is compiled already may take to come up.
const START_TIMEOUT: Duration = Duration::from_mins(1);
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Variables that would lead an SDK to a real account, or that tell a nested cargo of an outer one.
const FOREIGN: [&str; 9] = [
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
];

/// The running child.
pub(crate) struct Functions {
    child: Child,
    group: Pid,
}

/// What the functions are run for.
pub(crate) enum Purpose {
    /// To work on them: they reload when their code changes, and report on the terminal.
    Develop,
    /// To be shown: no editor disturbs them, and their reports go to a file.
    Demonstrate(File),
}

impl Functions {
    /// Compiles every function, with cargo's own progress on the terminal. That can take minutes, so a
    /// missing cargo-lambda is reported before.
    pub(crate) async fn compile(settings: &Settings) -> Result<()> {
        let mut lambda = Command::new(&settings.cargo_lambda);
        lambda.args(["lambda", "--version"]).stdout(Stdio::null());
        lambda.status().await.with_context(|| absent(settings))?;
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--bins"]).current_dir(repository()?).stdin(Stdio::null());
        clean(&mut cargo);
        let status = cargo.status().await.context("cargo cannot be run")?;
        ensure!(status.success(), "the functions do not compile: see cargo's messages above");
        Ok(())
    }

    /// Starts them where the stack expects them.
    pub(crate) fn start(settings: &Settings, stack: &Stack, purpose: Purpose) -> Result<Self> {
        let (_, port) = stack.functions.rsplit_once(':').context("the functions' URL has no port")?;
        let mut command = Command::new(&settings.cargo_lambda);
        command
            .args(["lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", port])
            .current_dir(repository()?)
            .stdin(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        clean(&mut command);
        command.envs(&stack.environment);
        match purpose {
            // What a command itself has to say keeps its standard output to itself.
            Purpose::Develop => command.stdout(io::stderr()),
            Purpose::Demonstrate(file) => command.arg("--ignore-changes").stdout(file.try_clone()?).stderr(file),
        };
        let child = command.spawn().with_context(|| absent(settings))?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).context("the child ended at once")?;
        Ok(Self { child, group })
    }

    /// Waits until each of `names` answers a request that has no identity and no signature, and says so.
    pub(crate) async fn ready(&mut self, http: &reqwest::Client, stack: &Stack, names: &[&str]) -> Result<()> {
        for name in names {
            let started = Instant::now();
            tokio::select! {
                answered = wait_for(http, &stack.functions, name) => answered?,
                status = self.child.wait() => bail!("cargo lambda watch ended: {}", status?),
            }
            eprintln!("  {name} is up after {:.1} s", started.elapsed().as_secs_f64());
        }
        Ok(())
    }

    /// Returns when the child ends, which it should not.
    pub(crate) async fn ended(&mut self) -> Result<()> {
        let status = self.child.wait().await?;
        bail!("cargo lambda watch ended: {status}")
    }

    /// Ends the child and all that it started.
    pub(crate) async fn stop(mut self) {
        self.signal(Signal::INT);
        if timeout(STOP_TIMEOUT, self.child.wait()).await.is_err() {
            self.signal(Signal::KILL);
        }
    }

    fn signal(&self, signal: Signal) {
        // An error means that the group is gone, which is what was wanted.
        let _ = kill_process_group(self.group, signal);
    }
}

impl Drop for Functions {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

fn absent(settings: &Settings) -> String {
    format!("{} cannot be run: install cargo-lambda, or set CARGO_LAMBDA to it", settings.cargo_lambda)
}

/// Takes from a child's environment what must not reach it.
pub(crate) fn clean(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let foreign = name.to_str().is_some_and(|name| FOREIGN.contains(&name) || name.starts_with("CARGO_PKG_"));
        if foreign {
            command.env_remove(name);
        }
    }
}

async fn wait_for(http: &reqwest::Client, functions: &str, name: &str) -> Result<()> {
    let deadline = Instant::now() + START_TIMEOUT;
    loop {
        let last = match ask(http, functions, name).await {
            Ok(answer) if answer["statusCode"].is_number() => return Ok(()),
            Ok(answer) => format!("it answered {answer}"),
            Err(error) => format!("{error:#}"),
        };
        ensure!(
            Instant::now() < deadline,
            "{name} did not come up within {START_TIMEOUT:?} (does it refuse its settings?): {last}"
        );
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// Invokes a function with a request that all but the login page must refuse.
async fn ask(http: &reqwest::Client, functions: &str, name: &str) -> Result<Value> {
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "", "headers": {},
        "requestContext": {
            "accountId": "123456789012", "apiId": "local", "domainName": "127.0.0.1", "domainPrefix": "local",
            "http": { "method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "" },
            "requestId": "ready", "routeKey": "$default", "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 0,
        },
        "isBase64Encoded": false,
    });
    let url = format!("{functions}/2015-03-31/functions/{name}/invocations");
    let answer = http.post(url).json(&event).timeout(START_TIMEOUT).send().await?;
    Ok(answer.json().await?)
}
