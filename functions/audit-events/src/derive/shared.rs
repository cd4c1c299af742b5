//! The events of what accounts share: numbers, limits and breakers. Where an item belongs to a number, a network or a
//! range, only a keyed digest of it is published.

use domain::channel::Channel;
use domain::phone::Country;
use platform::clock::rfc3339;
use platform::item::Unreadable;
use platform::item::attribute::{BLOCKED_UNTIL, OPEN_UNTIL, OPENED_AT, PK, QUOTA, USED};
use platform::item::key::{SCOPES, SharedSort, country_of};

use super::{Item, Step, switches};
use crate::correlation::CorrelationKey;
use crate::event::{About, Event, Fact};

pub(super) fn events(
    step: &Step<'_>,
    partition: &str,
    sort: &str,
    key: &CorrelationKey,
) -> Result<Vec<Event>, Unreadable> {
    let event = match SharedSort::parse(sort)? {
        SharedSort::Number => blocked(step, partition, key)?,
        SharedSort::Breaker(channel) => breaker(step, partition, channel)?,
        SharedSort::Switches => return switches::events(step),
        SharedSort::Counter { limit, shard, .. } => reached(step, partition, limit, shard, key)?,
        SharedSort::Verified(_) | SharedSort::Unknown => None,
    };
    Ok(event.into_iter().collect())
}

fn blocked(step: &Step<'_>, partition: &str, key: &CorrelationKey) -> Result<Option<Event>, Unreadable> {
    if !step.set(BLOCKED_UNTIL) {
        return Ok(None);
    }
    let fact = Fact::NumberBlocked { until: rfc3339(step.new.require(BLOCKED_UNTIL)?) };
    let about = About { phone_digest: Some(key.digest(partition)), ..About::default() };
    Ok(Some(Event { at: step.at, about, fact }))
}

fn breaker(step: &Step<'_>, partition: &str, channel: Channel) -> Result<Option<Event>, Unreadable> {
    if !step.set(OPENED_AT) {
        return Ok(None);
    }
    let fact = Fact::BreakerOpened { channel: channel.as_str(), until: rfc3339(step.new.require(OPEN_UNTIL)?) };
    Ok(Some(Event { at: step.new.require(OPENED_AT)?, about: about(partition)?, fact }))
}

/// The last send that a limit allows was made.
fn reached(
    step: &Step<'_>,
    partition: &str,
    limit: &str,
    shard: u32,
    key: &CorrelationKey,
) -> Result<Option<Event>, Unreadable> {
    if !is_reached(step.new)? || step.old.map(is_reached).transpose()? == Some(true) {
        return Ok(None);
    }
    let scope = partition.split_once('#').and_then(|(kind, _)| SCOPES.into_iter().find(|known| *known == kind));
    let fact = Fact::LimitReached {
        limit: limit.to_owned(),
        quota: step.new.require(QUOTA)?,
        scope: scope.ok_or(Unreadable(PK.name))?,
        key_digest: key.digest(partition),
        shard,
    };
    Ok(Some(Event { at: step.at, about: about(partition)?, fact }))
}

fn is_reached(item: Item<'_>) -> Result<bool, Unreadable> {
    let Some(quota) = item.get(QUOTA)? else { return Ok(false) }; // only ever given back to
    Ok(item.require(USED)? >= i64::from(quota))
}

/// A country is no secret of anyone.
fn about(partition: &str) -> Result<About, Unreadable> {
    let country = country_of(partition).map(Country::parse).transpose().map_err(|_| Unreadable(PK.name))?;
    Ok(About { country: country.map(|country| country.as_str().to_owned()), ..About::default() })
}
