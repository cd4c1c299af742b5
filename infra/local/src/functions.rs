//! The functions, compiled from this checkout and run by `cargo lambda watch`. It runs as a child in its
//! own process group and ends with this program. The functions get development credentials only: the
//! developer's real ones never reach them.

use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::pin::pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::accepted;
use crate::compiler::{self, Compiler};
use crate::settings::{Settings, binaries, repository};
use crate::stack::Stack;

/// Every function that the API or the desk calls, in the order in which a login uses them.
pub(crate) const NAMES: [&str; 10] = [
    "authorize",
    "login-page",
    "start-challenge",
    "get-challenge",
    "verify-code",
    "call-callback",
    "message-receipts",
    "jwks",
    "admin",
    "cognito",
];

/// How long a function may take to start once it is compiled.
const START_TIMEOUT: Duration = Duration::from_mins(1);
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Variables that would point an SDK at a real account, or tell a nested cargo about the outer one.
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

/// The running `cargo lambda watch`.
pub(crate) struct Functions {
    child: Child,
    group: Pid,
}

/// What the functions are started for.
pub(crate) enum Purpose {
    /// For development: they reload when their code changes, and log to the terminal.
    Develop,
    /// For the demo: they do not reload, and log to this file.
    Demonstrate(File),
}

/// Where the functions' output goes.
type Output = Arc<Mutex<Box<dyn Write + Send>>>;

impl Functions {
    /// Compiles every function, with cargo's progress on the terminal. That can take minutes, so check for
    /// cargo-lambda first.
    pub(crate) async fn compile(settings: &Settings) -> Result<()> {
        let mut lambda = Command::new(&settings.cargo_lambda);
        lambda.args(["lambda", "--version"]).stdout(Stdio::null());
        lambda.status().await.with_context(|| not_installed(settings))?;
        if compiler::is_locked(&binaries()?) {
            eprintln!("{}", compiler::LOCKED);
        }
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--bins"]).current_dir(repository()?).stdin(Stdio::null());
        clean(&mut cargo);
        let status = cargo.status().await.context("cannot run cargo")?;
        ensure!(status.success(), "the functions do not compile: see cargo's errors above");
        Ok(())
    }

    /// Starts them on the port that the gateway invokes, if they accept their settings.
    pub(crate) async fn start(settings: &Settings, stack: &Stack, purpose: Purpose) -> Result<Self> {
        accepted::check(&binaries()?, &stack.environment).await?;
        let mut command = watch(settings, stack)?;
        let output: Output = match purpose {
            // Standard output is for the command's own results.
            Purpose::Develop => Arc::new(Mutex::new(Box::new(io::stderr()))),
            Purpose::Demonstrate(file) => {
                command.arg("--ignore-changes");
                Arc::new(Mutex::new(Box::new(file)))
            }
        };
        let mut child = command.spawn().with_context(|| not_installed(settings))?;
        pass_on(child.stdout.take(), &output, &stack.compiler);
        pass_on(child.stderr.take(), &output, &stack.compiler);
        let group = child
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()))
            .context("cargo lambda watch exited immediately")?;
        Ok(Self { child, group })
    }

    /// Waits until each of `names` answers a request, and prints how long that took.
    pub(crate) async fn ready(&mut self, http: &reqwest::Client, stack: &Stack, names: &[&str]) -> Result<()> {
        for name in names {
            let started = Instant::now();
            tokio::select! {
                answered = wait_for(http, stack, name) => answered?,
                status = self.child.wait() => bail!("cargo lambda watch exited: {}", status?),
            }
            eprintln!("  {name:16} ready in {:.1} s", started.elapsed().as_secs_f64());
        }
        Ok(())
    }

    /// Fails when the child exits, which it should not do on its own.
    pub(crate) async fn ended(&mut self) -> Result<()> {
        let status = self.child.wait().await?;
        bail!("cargo lambda watch exited: {status}")
    }

    /// Stops the child and everything it started.
    pub(crate) async fn stop(mut self) {
        self.signal(Signal::INT);
        if timeout(STOP_TIMEOUT, self.child.wait()).await.is_err() {
            self.signal(Signal::KILL);
        }
    }

    fn signal(&self, signal: Signal) {
        // An error means that the group is already gone, which is what we want.
        let _ = kill_process_group(self.group, signal);
    }
}

impl Drop for Functions {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

fn watch(settings: &Settings, stack: &Stack) -> Result<Command> {
    let (_, port) = stack.functions.rsplit_once(':').context("the functions' URL has no port")?;
    let mut command = Command::new(&settings.cargo_lambda);
    command
        .args(["lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", port])
        .current_dir(repository()?)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    clean(&mut command);
    command.envs(&stack.environment);
    if env::var_os("RUST_LOG").is_none() {
        command.env("RUST_LOG", "warn"); // cargo-lambda's own log, which at `info` drowns the functions'
    }
    Ok(command)
}

fn not_installed(settings: &Settings) -> String {
    format!("cannot run {}: install cargo-lambda, or set CARGO_LAMBDA to its path", settings.cargo_lambda)
}

/// Removes from a child's environment what it must not inherit.
pub(crate) fn clean(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let foreign = name.to_str().is_some_and(|name| FOREIGN.contains(&name) || name.starts_with("CARGO_PKG_"));
        if foreign {
            command.env_remove(name);
        }
    }
}

/// Passes on each line of output, and has it read for what cargo does.
fn pass_on(source: Option<impl AsyncRead + Unpin + Send + 'static>, output: &Output, compiler: &Compiler) {
    let Some(source) = source else { return };
    let (output, compiler) = (Arc::clone(output), compiler.clone());
    tokio::spawn(async move {
        let mut lines = BufReader::new(source).split(b'\n');
        while let Ok(Some(line)) = lines.next_segment().await {
            let line = String::from_utf8_lossy(&line);
            // A terminal that is gone reads nothing.
            let _ = writeln!(output.lock().unwrap_or_else(PoisonError::into_inner), "{line}");
            compiler.hear(&line);
        }
    });
}

/// Waits for a function's first answer. The time that cargo needs does not count.
async fn wait_for(http: &reqwest::Client, stack: &Stack, name: &str) -> Result<()> {
    let mut answered = pin!(answer(http, &stack.functions, name));
    loop {
        tokio::select! {
            () = &mut answered => return Ok(()),
            () = sleep(START_TIMEOUT) => ensure!(
                stack.compiler.is_busy(),
                "{name} did not start within {START_TIMEOUT:?}: see what it printed"
            ),
            word = stack.compiler.breaks() => bail!("{word}"),
        }
    }
}

/// Asks until the function answers. While it is being started, cargo-lambda refuses connections or keeps the request.
async fn answer(http: &reqwest::Client, functions: &str, name: &str) {
    // One that takes events answers with nothing, or with an error if it must not be called so.
    let is_answer =
        |answer: Value| answer["statusCode"].is_number() || answer.is_null() || answer["errorType"].is_string();
    while !ask(http, functions, name).await.is_ok_and(is_answer) {
        sleep(Duration::from_millis(300)).await;
    }
}

/// Invokes a function with a request that has no identity and no signature: any answer shows that it is
/// running, and only the login page's is a success.
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
    let answer = http.post(url).json(&event).send().await?;
    Ok(answer.json().await?)
}
