//! How the text of a setting is read, where its kind alone does not say.

use std::collections::BTreeSet;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use domain::channel::Channel;
use domain::code::Code;
use domain::phone::{Country, PhoneNumber, Reach};
use domain::rules::{Enrolment, TestNumber};
use domain::time::Timestamp;
use tracing::Level;

/// An address that the page links to, if any.
pub(super) fn page(text: &str) -> Result<Option<String>, NoAddress> {
    address(&["https://"], text)
}

/// An address for those who need help, if any.
pub(super) fn support(text: &str) -> Result<Option<String>, NoAddress> {
    address(&["https://", "mailto:", "tel:"], text)
}

#[derive(Debug)]
pub(super) struct NoAddress;

fn address(schemes: &[&str], text: &str) -> Result<Option<String>, NoAddress> {
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
    let fits = rest.is_some_and(|rest| !rest.is_empty()) && !text.contains(char::is_whitespace);
    match text {
        "" => Ok(None),
        _ if fits => Ok(Some(text.to_owned())),
        _ => Err(NoAddress),
    }
}

pub(super) fn audiences(text: &str) -> Option<Vec<String>> {
    let fits = |audience: &str| !audience.is_empty() && !audience.contains(char::is_whitespace);
    text.split(',').map(|audience| fits(audience).then(|| audience.to_owned())).collect()
}

/// Whether a secret may be sent to this address: https, or http on loopback.
#[must_use]
pub fn is_protected(url: &str) -> bool {
    ["https://", "http://127.0.0.1:", "http://localhost:"].iter().any(|prefix| url.starts_with(prefix))
}

/// https, or http on loopback, without a trailing slash.
pub(super) fn base_url(text: &str) -> Option<String> {
    (is_protected(text) && !text.ends_with('/')).then(|| text.to_owned())
}

/// The same with nothing after the host and its port, spelled as browsers and the provider spell it: pages and
/// webhooks are served at the root, and a page compares the address with its own.
pub(super) fn origin(text: &str) -> Option<String> {
    let (_, authority) = text.split_once("://")?;
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    base_url(text).filter(|_| !host.is_empty() && host.bytes().all(is_name) && is_port)
}

/// An amount of dollars as both providers take it.
#[allow(clippy::option_option, reason = "not set is an amount of none")]
pub(super) fn price(text: &str) -> Option<Option<String>> {
    if text.is_empty() {
        return Some(None);
    }
    let digits =
        |text: &str, longest| (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    (digits(whole, 2) && digits(rest, 5)).then(|| Some(text.to_owned()))
}

pub(super) fn number(text: &str) -> Option<PhoneNumber> {
    PhoneNumber::parse(text).ok()
}

pub(super) fn channels(list: &str) -> Option<BTreeSet<Channel>> {
    list.split(',').map(channel).collect()
}

/// Each country by every channel, or by those after its colon. The first one listed is the likeliest.
pub(super) fn reach(list: &str) -> Option<Reach> {
    let country = |entry: &str| {
        let (code, by) = entry.trim().split_once(':').map_or((entry.trim(), None), |(code, by)| (code, Some(by)));
        let channels = by.map_or(Some(BTreeSet::from(Channel::ALL)), |by| by.split('+').map(channel).collect());
        Country::parse(code).ok().zip(channels)
    };
    let listed = list.split(',').map(country).collect::<Option<Vec<_>>>()?;
    let first = listed.first().map(|(country, _)| *country);
    Some(Reach::new(listed.into_iter().collect()).mostly_to(first))
}

fn channel(word: &str) -> Option<Channel> {
    Channel::ALL.into_iter().find(|channel| channel.as_str() == word.trim())
}

/// Each as number, code, end and the accounts that may use it, with spaces between them.
pub(super) fn test_numbers(list: &str) -> Option<Vec<TestNumber>> {
    let test_number = |entry: &str| {
        let mut words = entry.split_ascii_whitespace();
        let number = PhoneNumber::parse(words.next()?).ok()?;
        let code = Code::parse(words.next()?).ok()?;
        let until = DateTime::from_str(words.next()?, Format::DateTime).ok()?;
        let until = Timestamp::from_unix(u64::try_from(until.secs()).ok()?);
        let subjects: BTreeSet<_> = words.map(str::to_owned).collect();
        (!subjects.is_empty()).then_some(TestNumber { number, code, subjects, until })
    };
    if list.is_empty() { Some(Vec::new()) } else { list.split(';').map(test_number).collect() }
}

pub(super) fn enrolment(enrolment: Enrolment) -> &'static str {
    match enrolment {
        Enrolment::SelfService => "self",
        Enrolment::ClaimsOnly => "claims-only",
    }
}

pub(super) fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}
