//! The only access to time and randomness. Everything else is passed the time and the random source.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::time::Timestamp;
use humantime::{format_rfc3339_millis, format_rfc3339_seconds};
use rand::rngs::ThreadRng;

/// The end of the year 9999, the last that RFC 3339 can represent. Later times are written as this one.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// The time now. A clock before 1970 gives the maximum, at which every challenge has expired.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one source of time")]
pub fn now() -> Timestamp {
    Timestamp::from_unix(SystemTime::now().duration_since(UNIX_EPOCH).map_or(u64::MAX, |since| since.as_secs()))
}

/// The time now as RFC 3339 in UTC, to the millisecond: for log lines.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "finer than `now`, for logs only and never for a decision")]
pub fn rfc3339_millis() -> String {
    format_rfc3339_millis(SystemTime::now().clamp(UNIX_EPOCH, UNIX_EPOCH + LAST)).to_string()
}

#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(at.as_unix()).min(LAST)).to_string()
}

/// Parses RFC 3339 in UTC, with `Z`.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let at = humantime::parse_rfc3339(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_unix(at.as_secs()))
}

/// The random source: `ChaCha12`, seeded and reseeded by the operating system.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one source of randomness")]
pub fn random() -> ThreadRng {
    rand::rng()
}

#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one stopwatch")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_up_to_the_year_9999() {
        let written = [0, 1_800_000_000, LAST.as_secs(), u64::MAX].map(|at| rfc3339(Timestamp::from_unix(at)));
        let last = "9999-12-31T23:59:59Z";
        assert_eq!(written, ["1970-01-01T00:00:00Z", "2027-01-15T08:00:00Z", last, last]);
    }
}
