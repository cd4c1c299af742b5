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
        SubjectSort::Challenge(_) => Ok(converted(before, after)),
        SubjectSort::Refusal | SubjectSort::Unknown => Ok(None),
    }
}

fn settled<V: Value>(item: Reader<'_, V>) -> Result<Option<Settled>, Unreadable> {
    let Some(binding) = subject::binding(item)? else { return Ok(None) };
    Ok(Some(Settled { binding, locale: item.get_or_default(LOCALE)?, last_success_at: item.get(LAST_SUCCESS_AT)? }))
}

/// A challenge that cannot be read gives no feedback, and holds up no notice.
fn converted<V: Value>(before: Reader<'_, V>, after: Reader<'_, V>) -> Option<FollowUp> {
    match (messaged(before), messaged(after)) {
        (Ok(before), Ok(after)) => conversion(&before, &after),
        (Err(unreadable), _) | (_, Err(unreadable)) => {
            tracing::warn!(cause = %unreadable, "gave up on feedback");
            None
        }
    }
}

fn messaged<V: Value>(item: Reader<'_, V>) -> Result<Messaged, Unreadable> {
    Ok(Messaged { message: item.get(RECEIPT_MESSAGE)?, approved_by: item.get(APPROVED_BY)? })
}
