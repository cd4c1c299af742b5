//! Wall-clock time in the forms that the emulated services print.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) fn since_epoch() -> Duration {
    // A clock before 1970 means a broken machine. Zero is safe: every token is then from the future, and refused.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

pub(crate) fn epoch_seconds() -> u64 {
    since_epoch().as_secs()
}

pub(crate) fn epoch_millis() -> u64 {
    let now = since_epoch();
    now.as_secs() * 1000 + u64::from(now.subsec_millis())
}

/// `Wed, 25 Nov 2026 05:32:50 +0000`, as the voice provider writes it.
pub(crate) fn rfc2822() -> String {
    httpdate::fmt_http_date(SystemTime::now()).replace("GMT", "+0000")
}

/// `25/Nov/2026:05:32:50 +0000`, as API Gateway writes it.
pub(crate) fn common_log() -> String {
    let date = httpdate::fmt_http_date(SystemTime::now());
    let fields: Vec<&str> = date.split(' ').collect();
    match fields.as_slice() {
        [_, day, month, year, time, _] => format!("{day}/{month}/{year}:{time} +0000"),
        _ => date,
    }
}

/// `2026-11-25T05:32:50Z`, as an event on a bus has it.
pub(crate) fn rfc3339(seconds: u64) -> String {
    let date = aws_smithy_types::DateTime::from_secs(seconds.try_into().unwrap_or_default());
    date.fmt(aws_smithy_types::date_time::Format::DateTime).unwrap_or_default()
}

/// `20261125T053250Z`, as in a signed request.
#[cfg(test)]
pub(crate) fn amz_date() -> String {
    rfc3339(epoch_seconds()).replace(['-', ':'], "")
}
