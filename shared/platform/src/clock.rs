//! The ambient things, each in one place: the time and the system's random source.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use domain::time::Timestamp;
use rand::rngs::ThreadRng;

/// The time now. A clock before 1970 reads as the end of time, when every challenge has expired.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one source of time")]
pub fn now() -> Timestamp {
    Timestamp::from_unix(SystemTime::now().duration_since(UNIX_EPOCH).map_or(u64::MAX, |since| since.as_secs()))
}

/// The time now as RFC 3339 in UTC, to the millisecond: for what is logged.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the other source of time, finer and for no decision")]
pub fn rfc3339_millis() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    DateTime::from_millis(millis).fmt(Format::DateTime).unwrap_or_default()
}

/// The random source: `ChaCha12`, seeded and reseeded by the operating system.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one source of randomness")]
pub fn random() -> ThreadRng {
    rand::rng()
}

/// Measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one stopwatch")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
