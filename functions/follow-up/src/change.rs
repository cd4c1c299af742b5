//! What follows from a change of a subject's or a challenge's item.

use domain::follow_up::{FollowUp, Messaged, Settled, conversion, follow_up};
use platform::item::attribute::{APPROVED_BY, LAST_SUCCESS_AT, LOCALE, RECEIPT_MESSAGE, SK};
use platform::item::key::SubjectSort;
use platform::item::{Reader, Unreadable, Value, subject};
use platform::stream::Change;

/// From a change of a subject, nothing follows unless a number is enrolled before and after it.
pub(crate) fn follows(change: &Change) -> Result<Option<FollowUp>, Unreadable> {
    let (Some(before), Some(after)) = (change.before(), change.after()) else { return Ok(None) };
    match SubjectSort::parse(after.text(SK)?)? {
        SubjectSort::Subject => {
            let (before, after) = (settled(before)?, settled(after)?);
            Ok(before.zip(after).and_then(|(before, after)| follow_up(&before, &after)))
        }
        SubjectSort::Challenge(_) => Ok(conversion(&messaged(before)?, &messaged(after)?)),
        SubjectSort::Refusal | SubjectSort::Unknown => Ok(None),
    }
}

fn settled<V: Value>(item: Reader<'_, V>) -> Result<Option<Settled>, Unreadable> {
    let Some(binding) = subject::binding(item)? else { return Ok(None) };
    Ok(Some(Settled { binding, locale: item.get_or_default(LOCALE)?, last_success_at: item.get(LAST_SUCCESS_AT)? }))
}

fn messaged<V: Value>(item: Reader<'_, V>) -> Result<Messaged, Unreadable> {
    Ok(Messaged { message: item.get(RECEIPT_MESSAGE)?, approved_by: item.get(APPROVED_BY)? })
}
