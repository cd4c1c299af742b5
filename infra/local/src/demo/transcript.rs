//! What the demo prints: numbered scenes, one line per step with the time it took, and for a step that
//! failed, what was expected and what came instead.

use std::fmt::Display;
use std::future::Future;
use std::time::Instant;

use anyhow::{Result, anyhow};
use serde::Serialize;

pub(crate) struct Transcript {
    started: Instant,
    scenes: usize,
    steps: usize,
}

impl Transcript {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), scenes: 0, steps: 0 }
    }

    pub(crate) fn scene(&mut self, title: &str) {
        self.scenes += 1;
        println!("\n{}. {title}\n", self.scenes);
    }

    /// Performs a step, which returns a value and the lines to print for it.
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

    /// The last line, once every step has passed.
    pub(crate) fn summary(&self) -> String {
        let seconds = self.started.elapsed().as_secs_f64();
        format!("All {} steps of {} scenes passed in {seconds:.1} s.", self.steps, self.scenes)
    }
}

/// Fails unless `came` equals `expected`, and shows both.
pub(crate) fn equal<T: PartialEq + Serialize>(what: &str, came: &T, expected: &T) -> Result<()> {
    let (shown, wanted) = (serde_json::to_string(came)?, serde_json::to_string(expected)?);
    if came == expected { Ok(()) } else { Err(mismatch(&format!("{what} is {wanted}"), shown)) }
}

pub(crate) fn ensure(holds: bool, expected: &str, came: impl Display) -> Result<()> {
    if holds { Ok(()) } else { Err(mismatch(expected, came)) }
}

pub(crate) fn mismatch(expected: &str, came: impl Display) -> anyhow::Error {
    anyhow!("expected: {expected}\n  got:      {came}")
}
