//! What follows from a change of a subject's item.

use domain::follow_up::{FollowUp, Settled, follow_up};
use platform::item::attribute::{LAST_SUCCESS_AT, LOCALE};
use platform::item::{Reader, Unreadable, Value, subject};
use platform::stream::Change;

/// Nothing follows unless a number is enrolled before and after the change.
pub(crate) fn follows(change: &Change) -> Result<Option<FollowUp>, Unreadable> {
    let (Some(before), Some(after)) = (change.before(), change.after()) else { return Ok(None) };
    let (before, after) = (settled(before)?, settled(after)?);
    Ok(before.zip(after).and_then(|(before, after)| follow_up(&before, &after)))
}

fn settled<V: Value>(item: Reader<'_, V>) -> Result<Option<Settled>, Unreadable> {
    let Some(binding) = subject::binding(item)? else { return Ok(None) };
    Ok(Some(Settled { binding, locale: item.get_or_default(LOCALE)?, last_success_at: item.get(LAST_SUCCESS_AT)? }))
}
