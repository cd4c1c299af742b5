//! Reads a subject's item, as the stream brings it, for what follows from its change.

use domain::follow_up::{FollowUp, Settled, follow_up};
use domain::locale::Locale;
use domain::phone::Line;
use domain::subject::Binding;
use platform::stream::{Change, Image, Unreadable};

const LINES: [&str; 3] = ["mobile", "fixed", "other"];

/// What follows from a change. Nothing does unless a number is enrolled before and after it.
pub(crate) fn follows(change: &Change) -> Result<Option<FollowUp>, Unreadable> {
    let (Some(old), Some(new)) = (&change.old_image, &change.new_image) else { return Ok(None) };
    let (before, after) = (settled(old)?, settled(new)?);
    Ok(before.zip(after).and_then(|(before, after)| follow_up(&before, &after)))
}

fn settled(image: &Image) -> Result<Option<Settled>, Unreadable> {
    let Some(number) = image.phone("phone")? else { return Ok(None) };
    let line = match image.word("line", &LINES)? {
        "mobile" => Line::Mobile,
        "fixed" => Line::Fixed,
        _ => Line::Other,
    };
    Ok(Some(Settled {
        binding: Binding {
            number,
            country: image.country()?.ok_or(Unreadable("country"))?,
            line,
            version: image.number("binding")?,
        },
        locale: image.maybe_text("locale")?.map(Locale::from_tag).unwrap_or_default(),
        last_success_at: image.maybe_time("lastSuccessAt")?,
    }))
}
