//! The page's files, as the build script has embedded them.

use std::io::{self, Write as _};
use std::sync::OnceLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use platform::encoding::base64url;
use sha2::{Digest as _, Sha256};

use crate::brand::Logo;

/// A file that a browser may request.
#[derive(Debug)]
pub struct Asset {
    /// The last segment of its address.
    pub name: &'static str,
    /// Its `Content-Type`.
    pub media_type: &'static str,
    parts: &'static [&'static [u8]],
    /// Compressed with Brotli.
    pub brotli: &'static [u8],
    gzip: OnceLock<Vec<u8>>,
}

impl Asset {
    /// Uncompressed.
    #[must_use]
    pub fn identity(&self) -> Vec<u8> {
        self.parts.concat()
    }

    /// Gzipped, at the first request: every supported browser takes Brotli, so a copy of each file would only make the
    /// function larger.
    pub(crate) fn gzip(&self) -> io::Result<&[u8]> {
        if self.gzip.get().is_none() {
            let compressed = gzip(&self.identity())?;
            return Ok(self.gzip.get_or_init(|| compressed));
        }
        Ok(self.gzip.get().map_or(&[], Vec::as_slice))
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// The strings of one language.
#[derive(Debug)]
pub struct Locale {
    /// Its BCP 47 tag.
    pub tag: &'static str,
    /// The page's title.
    pub title: &'static str,
    /// What the page says without JavaScript.
    pub noscript: &'static str,
    /// What the page says if its script does not load, as a JSON object. The script has the rest.
    pub strings: &'static str,
}

/// A piece of the template.
#[derive(Debug)]
pub(crate) enum Part {
    Text(&'static str),
    Slot(Slot),
}

/// The template's placeholders: `{{noscript}}` is [`Slot::Noscript`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slot {
    Lang,
    Dir,
    Assets,
    Start,
    Brand,
    Title,
    Noscript,
    Logo,
    Style,
    Config,
    Strings,
}

include!(concat!(env!("OUT_DIR"), "/tables.rs"));

/// The module for frontends that build their own page.
pub const CLIENT: &str = "mfa-client.js";

/// All files.
#[must_use]
pub fn files() -> &'static [Asset] {
    &FILES
}

/// All languages, English among them.
#[must_use]
pub fn locales() -> &'static [Locale] {
    LOCALES
}

/// How numbers of each country are dialled and written: calling code, prefix of the national form, and the lengths of the
/// groups of a mobile number, with `|` in between.
#[must_use]
pub fn number_formats() -> &'static [(&'static str, &'static str)] {
    NUMBER_FORMATS
}

/// Empty for a country that the table lacks.
pub(crate) fn number_format(country: &str) -> &'static str {
    NUMBER_FORMATS.iter().find(|(known, _)| *known == country).map_or("", |(_, format)| format)
}

/// The file of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Asset> {
    FILES.iter().find(|asset| asset.name == name)
}

/// The version in the address of files that are cached forever: it changes with any byte. The build computes the files'
/// digest, because that took longer than the rest of a cold start.
pub(crate) fn version(logo: Option<&Logo>) -> String {
    let mut digest = Sha256::new_with_prefix(DIGEST);
    if let Some(logo) = logo {
        digest.update(logo.bytes());
    }
    base64url(&digest.finalize()[..9])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builds_digest_covers_every_name_and_every_byte() {
        let mut digest = Sha256::new();
        for file in files() {
            digest.update(format!("{} {}\n", file.name, file.identity().len()));
            digest.update(file.identity());
        }
        assert_eq!(digest.finalize()[..], DIGEST);
    }
}
