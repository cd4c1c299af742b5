//! The events of what accounts share: numbers, limits and breakers. Where an item belongs to a
//! number, a network or a range, only a keyed digest of that is told.

use domain::phone::Country;
use platform::clock::rfc3339;

use super::{CHANNELS, Step};
use crate::correlation::CorrelationKey;
use crate::event::{About, Event, Fact};
use platform::stream::{Image, Unreadable};

/// What a limit is on: the kinds of partitions that have one.
const SCOPES: [&str; 4] = ["number", "network", "range", "country"];

/// A number that may not be used for a while.
pub(super) fn number(step: &Step<'_>, partition: &str, key: &CorrelationKey) -> Result<Vec<Event>, Unreadable> {
    if !step.set("blockedUntil") {
        return Ok(Vec::new());
    }
    let fact = Fact::NumberBlocked { until: rfc3339(step.new.time("blockedUntil")?) };
    let about = About { phone_digest: Some(key.digest(partition)), ..About::default() };
    Ok(vec![Event { at: step.at, about, fact }])
}

/// A country's channel that is shut.
pub(super) fn breaker(step: &Step<'_>, partition: &str, channel: &str) -> Result<Vec<Event>, Unreadable> {
    if !step.set("openedAt") {
        return Ok(Vec::new());
    }
    let channel = CHANNELS.into_iter().find(|known| *known == channel).ok_or(Unreadable("sk"))?;
    let fact = Fact::BreakerOpened { channel, until: rfc3339(step.new.time("openUntil")?) };
    Ok(vec![Event { at: step.new.time("openedAt")?, about: about(partition)?, fact }])
}

/// A limit whose last send is taken.
pub(super) fn limit(
    step: &Step<'_>,
    partition: &str,
    sort: &str,
    key: &CorrelationKey,
) -> Result<Vec<Event>, Unreadable> {
    if !is_reached(step.new)? || step.old.map(is_reached).transpose()? == Some(true) {
        return Ok(Vec::new());
    }
    let scope = partition.split_once('#').and_then(|(kind, _)| SCOPES.into_iter().find(|known| *known == kind));
    let mut parts = sort.split('#');
    let policy = parts.next().unwrap_or(sort).to_owned();
    let shard = parts.nth(1).map(|shard| shard.parse().map_err(|_| Unreadable("sk"))).transpose()?;
    let fact = Fact::LimitReached {
        policy,
        quota: step.new.number("quota")?,
        scope: scope.ok_or(Unreadable("pk"))?,
        key_digest: key.digest(partition),
        shard,
    };
    Ok(vec![Event { at: step.at, about: about(partition)?, fact }])
}

fn is_reached(image: &Image) -> Result<bool, Unreadable> {
    Ok(image.number("used")? >= image.number("quota")?)
}

/// The country, where a partition is a country's: that is no secret of anyone.
fn about(partition: &str) -> Result<About, Unreadable> {
    let country = partition.strip_prefix("country#").map(Country::parse).transpose().map_err(|_| Unreadable("pk"))?;
    Ok(About { country: country.map(|country| country.as_str().to_owned()), ..About::default() })
}
