//! Running a handler as a Lambda function: what every `main` does, and the one place where a request is logged.

use std::convert::Infallible;
use std::io::Write as _;
use std::process::ExitCode;

use domain::time::Timestamp;
use http::Response;
pub use lambda_http::Error;
use lambda_http::lambda_runtime::{self, Context, LambdaEvent};
use lambda_http::{Body, Request, service_fn};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::clock::{self, Stopwatch};
use crate::event;
use crate::invocation::Invocation;
use crate::problem::Failure;
use crate::settings::Environment;
#[cfg(feature = "stream")]
use crate::stream::{Batch, Report};
use crate::telemetry::Telemetry;

/// Reads the settings, starts logging, and runs `serve` until the environment ends. What `serve` does before it takes
/// requests is init, which Lambda does not count as a request's time.
pub fn main<C, F: Future<Output = Result<(), Error>>>(
    read: impl FnOnce(&mut Environment) -> Option<C>,
    serve: impl FnOnce(C) -> F,
) -> ExitCode {
    let run = || {
        let (telemetry, config) = Environment::of_process().read(|env| settings(env, read))?;
        telemetry.init();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(serve(config))
    };
    ended(run())
}

/// All that a function reads: what is its own, and what every function needs.
pub fn settings<C>(env: &mut Environment, read: impl FnOnce(&mut Environment) -> Option<C>) -> Option<(Telemetry, C)> {
    let config = read(env);
    let telemetry = Telemetry::read(env);
    Some((telemetry?, config?))
}

/// Serves HTTP requests.
pub async fn serve<H, F>(handle: H) -> Result<(), Error>
where
    H: Fn(Request, Timestamp) -> F + Sync,
    F: Future<Output = Response<Body>> + Send,
{
    let handle = &handle;
    let answer = async |event: LambdaEvent<Box<RawValue>>| {
        let answer = invocation(event.context).run(answered(handle, event.payload.get())).await;
        Ok::<_, Infallible>(event::answer(answer))
    };
    lambda_runtime::run(service_fn(answer)).await
}

/// The answer of `handle` to `event`, or a refusal of what is not an HTTP request.
pub async fn answered<F: Future<Output = Response<Body>>>(
    handle: impl Fn(Request, Timestamp) -> F,
    event: &str,
) -> Response<Body> {
    let (watch, now) = (Stopwatch::start(), clock::now());
    match event::read(event) {
        Ok(request) => handle(request, now).await,
        Err(problem) => conclude("none", Err(problem.into()), watch, now),
    }
}

/// Serves batches of the table's stream.
#[cfg(feature = "stream")]
pub async fn serve_stream(handle: impl AsyncFn(&Batch) -> Report) -> Result<(), Error> {
    let handle = &handle;
    let answer = async |event: LambdaEvent<Batch>| {
        let answer = Box::pin(handle(&event.payload)); // else a type too deep for the compiler
        Ok::<_, Infallible>(invocation(event.context).run(answer).await)
    };
    lambda_runtime::run(service_fn(answer)).await
}

/// Serves single events, such as a rule delivers or a service that waits for the answer. After an error, Lambda delivers a
/// rule's event again. The runtime logs the error and hands it to whoever waits, so it must say nothing that may be in
/// neither.
pub async fn serve_events<T, E>(handle: impl AsyncFn(&str) -> Result<T, E>) -> Result<(), Error>
where
    T: Serialize,
    E: std::error::Error + Send + Sync + 'static,
{
    let handle = &handle;
    let answer = async |event: LambdaEvent<Box<RawValue>>| {
        let handled = Box::pin(handle(event.payload.get()));
        invocation(event.context).run(handled).await.map_err(Error::from)
    };
    lambda_runtime::run(service_fn(answer)).await
}

fn invocation(context: Context) -> Invocation {
    Invocation::new(context.request_id, context.xray_trace_id.as_deref())
}

/// Ends the process, and says why if it should have gone on: every cause in one line. Returning the error from
/// `main` would print all of it, and with it the response it carries, which may be a secret.
fn ended(outcome: Result<(), Error>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    let line = json!({ "level": "ERROR", "message": "the function cannot run", "cause": chain(&*error) });
    // Standard error, since configuration may have failed before logging began.
    let written = writeln!(std::io::stderr().lock(), "{line}");
    if written.is_err() { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// Turns a handler's outcome into its response and logs one line: which function answered, with what, and the causes
/// that no caller sees.
pub fn conclude(
    function: &'static str,
    outcome: Result<Response<Body>, Failure>,
    watch: Stopwatch,
    now: Timestamp,
) -> Response<Body> {
    let (response, problem, cause) = match outcome {
        Ok(response) => (response, None, None),
        Err(failure) => {
            (failure.problem.response(now), Some(failure.problem.name()), failure.cause.map(|c| chain(&*c)))
        }
    };
    let status = response.status().as_u16();
    let elapsed_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
    if response.status().is_server_error() {
        tracing::error!(function, status, problem, cause, elapsed_ms, "not answered");
    } else {
        tracing::info!(function, status, problem, cause, elapsed_ms, "answered");
    }
    response
}

/// An error and its causes in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
