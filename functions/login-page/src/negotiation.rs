//! Content negotiation: the language and the encoding of a response (RFC 9110 §12.5).

use domain::locale::Locale as Spoken;

use crate::assets::{self, Locale};

/// The page's language: the first supported one of `ui_locales` (in order of preference, as in `OpenID` Connect),
/// otherwise of the browser's, otherwise English.
#[must_use]
pub fn locale(ui_locales: Option<&str>, accept_language: Option<&str>) -> &'static Locale {
    let asked = ui_locales.into_iter().flat_map(str::split_ascii_whitespace);
    let accepted = accept_language.map(by_quality).unwrap_or_default();
    let tag = asked.chain(accepted).find_map(Spoken::known).unwrap_or_default().tag();
    assets::locales().iter().find(|locale| locale.tag == tag).unwrap_or(&assets::locales()[0])
}

/// Whether the request accepts gzip.
#[must_use]
pub fn takes_gzip(accept_encoding: Option<&str>) -> bool {
    accept_encoding.is_some_and(|accepted| by_quality(accepted).iter().any(|name| name.eq_ignore_ascii_case("gzip")))
}

/// A list's members in order of preference, without those of quality 0.
fn by_quality(list: &str) -> Vec<&str> {
    let mut members: Vec<(&str, f32)> = list.split(',').map(member).filter(|(_, quality)| *quality > 0.0).collect();
    members.sort_by(|one, other| other.1.total_cmp(&one.1)); // stable: equal members keep their order
    members.into_iter().map(|(name, _)| name).collect()
}

/// A member and its quality: 1 if it has none, 0 if it is malformed.
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
    fn a_list_is_sorted_by_quality_and_equal_members_keep_their_order() {
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
    fn gzip_is_used_only_if_the_request_accepts_it() {
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
