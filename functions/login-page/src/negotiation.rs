//! What a request would rather have: its language, its encoding (RFC 9110 §12.5).

use domain::locale::Locale as Spoken;

use crate::assets::{self, Locale};

/// The language of the page: the first known of `ui_locales` (as `OpenID` Connect has them, the most wanted
/// first), else of the browser's, else English.
#[must_use]
pub fn locale(ui_locales: Option<&str>, accept_language: Option<&str>) -> &'static Locale {
    let asked = ui_locales.into_iter().flat_map(str::split_ascii_whitespace);
    let accepted = accept_language.map(by_quality).unwrap_or_default();
    let tag = asked.chain(accepted).find_map(Spoken::known).unwrap_or_default().tag();
    assets::locales().iter().find(|locale| locale.tag == tag).unwrap_or(&assets::locales()[0])
}

/// Whether a compressed answer is welcome.
#[must_use]
pub fn takes_gzip(accept_encoding: Option<&str>) -> bool {
    accept_encoding.is_some_and(|accepted| by_quality(accepted).iter().any(|name| name.eq_ignore_ascii_case("gzip")))
}

/// The members of a list, the most wanted first, without those that are not wanted.
fn by_quality(list: &str) -> Vec<&str> {
    let mut members: Vec<(&str, f32)> = list.split(',').map(member).filter(|(_, quality)| *quality > 0.0).collect();
    members.sort_by(|one, other| other.1.total_cmp(&one.1)); // stable: equals stay as they stood
    members.into_iter().map(|(name, _)| name).collect()
}

/// A member and its quality, which is 1 unless it says otherwise, and 0 if that cannot be read.
fn member(text: &str) -> (&str, f32) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (name, quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_ordered_by_quality_and_keeps_its_order_where_that_is_equal() {
        for (list, expected) in [
            ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", &["fr-CH", "fr", "en", "de", "*"][..]),
            ("de;q=0.2,es ; q=0.7 , ja", &["ja", "es", "de"]),
            ("de;q=0, en;q=0.000, fr;Q=0.1", &["fr"]),
            ("de;q=x, en", &["en"]),
            ("a,b,c;q=1.0", &["a", "b", "c"]),
        ] {
            assert_eq!(by_quality(list), expected, "{list}");
        }
    }

    #[test]
    fn gzip_is_sent_to_who_takes_it() {
        for (accepted, expected) in [
            (Some("gzip, deflate, br, zstd"), true),
            (Some("br;q=1.0, GZIP;q=0.2"), true),
            (Some("gzip;q=0"), false),
            (Some("br"), false),
            (Some("*"), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(takes_gzip(accepted), expected, "{accepted:?}");
        }
    }
}
