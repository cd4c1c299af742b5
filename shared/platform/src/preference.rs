//! Lists in request headers, whose members may have a quality (RFC 9110 §12.4.2).

/// A list's members in order of preference, without those of quality 0.
#[must_use]
pub fn by_quality(list: &str) -> Vec<&str> {
    let mut members: Vec<(&str, f32)> = list.split(',').map(member).filter(|(_, quality)| *quality > 0.0).collect();
    members.sort_by(|one, other| other.1.total_cmp(&one.1)); // stable: equal members keep their order
    members.into_iter().map(|(name, _)| name).collect()
}

/// A member and its quality: 1 if it has none, 0 if it is malformed.
#[must_use]
pub fn member(text: &str) -> (&str, f32) {
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
}
