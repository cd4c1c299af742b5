//! Running a handler as a Lambda function, and the one boundary where a request is logged.

use std::convert::Infallible;
use std::io::Write as _;
use std::process::ExitCode;

use domain::time::Timestamp;
use http::Response;
use lambda_http::{Body, Error, Request, RequestExt as _, service_fn};
use serde_json::json;

use crate::clock::{self, Stopwatch};
use crate::lines;
use crate::problem::Failure;

/// Serves requests until the environment ends. Everything that can be prepared was prepared before,
/// during init, which Lambda does not bill as a request's time.
pub async fn serve<H, F>(handle: H) -> Result<(), Error>
where
    H: Fn(Request, Timestamp) -> F + Sync,
    F: Future<Output = Response<Body>> + Send,
{
    let handle = &handle;
    let answer = move |request: Request| async move {
        let id = request.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
        Ok::<_, Infallible>(lines::of_request(id, handle(request, clock::now())).await)
    };
    lambda_http::run(service_fn(answer)).await
}

/// Ends the process, and says why if it was not to end: every cause in one line. Returning the error
/// from `main` would print it whole, and with it the answer that it came with, a secret included.
#[must_use]
pub fn ended(outcome: Result<(), Error>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    let line = json!({ "level": "ERROR", "message": "the function cannot run", "cause": chain(&*error) });
    // Standard error, since configuration may have failed before logging began.
    let written = writeln!(std::io::stderr().lock(), "{line}");
    if written.is_err() { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// Turns a handler's outcome into its response and leaves one log line: what was asked of which
/// function, how it ended, and the chain of causes that no caller sees.
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

/// An error and its causes in one line, for the log.
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
