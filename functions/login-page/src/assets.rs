//! The page's files, as the build script has embedded them.

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
    /// Uncompressed.
    pub identity: &'static [u8],
    /// Gzipped.
    pub gzip: &'static [u8],
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
    /// All strings, as a JSON object.
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
    Brand,
    Title,
    Noscript,
    Logo,
    Tokens,
    Config,
    Strings,
}

include!(concat!(env!("OUT_DIR"), "/tables.rs"));

/// The module for frontends that build their own page.
pub const CLIENT: &str = "mfa-client.js";

/// All files.
#[must_use]
pub fn files() -> &'static [Asset] {
    FILES
}

/// All languages, English among them.
#[must_use]
pub fn locales() -> &'static [Locale] {
    LOCALES
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
            digest.update(format!("{} {}\n", file.name, file.identity.len()));
            digest.update(file.identity);
        }
        assert_eq!(digest.finalize()[..], DIGEST);
    }
}
