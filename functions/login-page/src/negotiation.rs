//! Content negotiation: the language and the encoding of a response (RFC 9110 §12.5).

use domain::locale::Locale as Spoken;
use platform::preference::{by_quality, member};

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

/// How a response can be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Brotli,
    Gzip,
}

impl Encoding {
    /// Its name in `Accept-Encoding` and `Content-Encoding`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

/// The encoding that the request prefers among those on offer; where it has no preference, the first of them.
#[must_use]
pub fn encoding(accept_encoding: Option<&str>, offered: &[Encoding]) -> Option<Encoding> {
    let accepted: Vec<_> = accept_encoding.into_iter().flat_map(|list| list.split(',').map(member)).collect();
    let quality = |encoding: &Encoding| {
        let named = accepted.iter().find(|(name, _)| name.eq_ignore_ascii_case(encoding.as_str()));
        named.map_or(0.0, |(_, quality)| *quality)
    };
    let takes = offered.iter().filter(|encoding| quality(encoding) > 0.0);
    takes.rev().max_by(|one, other| quality(one).total_cmp(&quality(other))).copied() // the last of equal ones
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_compressed_as_the_request_prefers_and_with_brotli_if_it_does_not_care() {
        use Encoding::{Brotli, Gzip};
        for (accepted, of_both, of_gzip) in [
            (Some("gzip, deflate, br, zstd"), Some(Brotli), Some(Gzip)),
            (Some("gzip, deflate"), Some(Gzip), Some(Gzip)),
            (Some("br"), Some(Brotli), None),
            (Some("br;q=1.0, GZIP;q=0.2"), Some(Brotli), Some(Gzip)),
            (Some("BR;q=0.2, gzip;q=0.3"), Some(Gzip), Some(Gzip)),
            (Some("gzip;q=0, br;q=0"), None, None),
            (Some("gzip;q=0, br;q=0.001"), Some(Brotli), None),
            (Some("br;q=x, gzip"), Some(Gzip), Some(Gzip)),
            (Some("*"), None, None),
            (Some("brotli, gzipped"), None, None),
            (Some(""), None, None),
            (None, None, None),
        ] {
            assert_eq!(encoding(accepted, &[Brotli, Gzip]), of_both, "{accepted:?}");
            assert_eq!(encoding(accepted, &[Gzip]), of_gzip, "{accepted:?}");
        }
    }
}
