//! The demo's printed account: numbered scenes, one line per step with the time that it took, and for
//! a step that failed what was expected, what came, and where to look.

use std::fmt::Display;
use std::future::Future;
use std::time::Instant;

use anyhow::{Result, anyhow};
use serde::Serialize;

/// Prints as the demo goes.
pub(crate) struct Transcript {
    started: Instant,
    scenes: usize,
    steps: usize,
}

impl Transcript {
    /// Starts the clock.
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), scenes: 0, steps: 0 }
    }

    /// Opens the next scene.
    pub(crate) fn scene(&mut self, title: &str) {
        self.scenes += 1;
        println!("\n{}. {title}\n", self.scenes);
    }

    /// Performs a step, which yields a value and the lines to show for it.
    pub(crate) async fn step<T>(&mut self, what: &str, work: impl Future<Output = Result<(T, String)>>) -> Result<T> {
        let started = Instant::now();
        let outcome = work.await;
        let milliseconds = started.elapsed().as_millis();
        match outcome {
            Ok((value, detail)) => {
                self.steps += 1;
                println!("   ok {milliseconds:>6} ms  {what}");
                for line in detail.lines() {
                    println!("                 {line}");
                }
                Ok(value)
            }
            Err(error) => {
                println!("   FAILED {milliseconds:>2} ms  {what}");
                Err(error)
            }
        }
    }

    /// What to say when every step has happened.
    pub(crate) fn summary(&self) -> String {
        let seconds = self.started.elapsed().as_secs_f64();
        format!("{} scenes, {} steps, all as they should be, in {seconds:.1} s", self.scenes, self.steps)
    }
}

/// Fails with both sides unless `came` is `expected`.
pub(crate) fn equal<T: PartialEq + Serialize>(what: &str, came: &T, expected: &T) -> Result<()> {
    let (shown, wanted) = (serde_json::to_string(came)?, serde_json::to_string(expected)?);
    if came == expected { Ok(()) } else { Err(mismatch(&format!("{what} is {wanted}"), shown)) }
}

/// Fails with both sides unless `holds`.
pub(crate) fn ensure(holds: bool, expected: &str, came: impl Display) -> Result<()> {
    if holds { Ok(()) } else { Err(mismatch(expected, came)) }
}

/// What was expected, and what came instead.
pub(crate) fn mismatch(expected: &str, came: impl Display) -> anyhow::Error {
    anyhow!("expected: {expected}\n  came:     {came}")
}
