//! The languages, each with its words in a file of its own. This is the list of them: to add one, add
//! it here, and write its words and the login page's (in `assets/locales`).
//!
//! A message must fit one SMS part with the longest brand (16 characters) and host (24): 160
//! characters of the GSM 7-bit alphabet, or 70 of UCS-2. Its last line is the origin-bound code of
//! the WICG draft, so that a browser offers the code only to the page it belongs to. A notice has no
//! such line, since it has no code.

mod ar;
mod de;
mod en;
mod es;
mod fr;
mod it;
mod ja;
mod pt;
mod words;
mod zh;
mod zh_hant;

pub use words::{Door, Phrases};

use crate::code::Code;
use crate::phone::PhoneNumber;
use crate::purpose::Purpose;
use words::Words;

/// A language the product speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    /// English, and the answer to every language not spoken here.
    #[default]
    En,
    /// Spanish.
    Es,
    /// French.
    Fr,
    /// German.
    De,
    /// Portuguese.
    Pt,
    /// Italian.
    It,
    /// Japanese.
    Ja,
    /// Chinese, in simplified characters.
    Zh,
    /// Chinese, in traditional characters.
    ZhHant,
    /// Arabic.
    Ar,
}

impl Locale {
    /// All languages.
    pub const ALL: [Self; 10] =
        [Self::En, Self::Es, Self::Fr, Self::De, Self::Pt, Self::It, Self::Ja, Self::Zh, Self::ZhHant, Self::Ar];

    /// The language of a BCP 47 tag, English if it is not supported.
    #[must_use]
    pub fn from_tag(tag: &str) -> Self {
        Self::known(tag).unwrap_or_default()
    }

    /// The language of a BCP 47 tag: the one whose own tag is the longest beginning of it.
    #[must_use]
    pub fn known(tag: &str) -> Option<Self> {
        let ranges = Self::ALL.into_iter().flat_map(|locale| locale.tags().iter().map(move |range| (range, locale)));
        ranges
            .filter(|(range, _)| begins_with(tag, range))
            .max_by_key(|(range, _)| range.len())
            .map(|(_, locale)| locale)
    }

    #[must_use]
    pub const fn tag(self) -> &'static str {
        self.tags()[0]
    }

    /// The direction of its script, as HTML's `dir` has it.
    #[must_use]
    pub const fn direction(self) -> &'static str {
        match self {
            Self::Ar => "rtl",
            Self::En | Self::Es | Self::Fr | Self::De | Self::Pt | Self::It | Self::Ja | Self::Zh | Self::ZhHant => {
                "ltr"
            }
        }
    }

    /// Its own tag, then others that get it. Apart from the words, so that the login page carries none of them.
    const fn tags(self) -> &'static [&'static str] {
        match self {
            Self::En => &["en"],
            Self::Es => &["es"],
            Self::Fr => &["fr"],
            Self::De => &["de"],
            Self::Pt => &["pt"],
            Self::It => &["it"],
            Self::Ja => &["ja"],
            Self::Zh => &["zh"],
            Self::ZhHant => &["zh-Hant", "zh-TW", "zh-HK", "zh-MO"],
            Self::Ar => &["ar"],
        }
    }

    /// The message that carries `code` for `purpose`, bound to the page at `host`.
    #[must_use]
    pub fn sms(self, purpose: Purpose, brand: &str, host: &str, code: &Code) -> String {
        let code = code.expose();
        let messages = &self.words().messages;
        let words = match purpose {
            Purpose::Login => messages.login,
            Purpose::Change => messages.change,
        };
        format!("{}\n@{host} #{code}", words(brand, code))
    }

    /// The message to a number that is replaced by `new`: that it is, and where to turn, which is the
    /// support page if its address fits.
    #[must_use]
    pub fn notice(self, brand: &str, new: &PhoneNumber, support_url: Option<&str>) -> String {
        let messages = &self.words().messages;
        let changed = (messages.changed)(brand, new.ending());
        let see_page = messages.see_page;
        let with_page = support_url.map(|url| format!("{changed}{see_page}{url}"));
        with_page.filter(|text| fits_one_part(text)).unwrap_or_else(|| format!("{changed}{}", messages.ask_support))
    }

    /// The words of a call for `purpose`.
    #[must_use]
    pub const fn phrases(self, purpose: Purpose) -> &'static Phrases {
        match purpose {
            Purpose::Login => &self.words().login,
            Purpose::Change => &self.words().change,
        }
    }

    /// What a call to change the number says where no key can approve it.
    #[must_use]
    pub const fn cannot_approve_change(self) -> &'static str {
        self.words().cannot_approve_change
    }

    /// What the pages of another site's login say.
    #[must_use]
    pub const fn door(self) -> &'static Door {
        match self {
            Self::En => &en::DOOR,
            Self::Es => &es::DOOR,
            Self::Fr => &fr::DOOR,
            Self::De => &de::DOOR,
            Self::Pt => &pt::DOOR,
            Self::It => &it::DOOR,
            Self::Ja => &ja::DOOR,
            Self::Zh => &zh::DOOR,
            Self::ZhHant => &zh_hant::DOOR,
            Self::Ar => &ar::DOOR,
        }
    }

    const fn words(self) -> &'static Words {
        match self {
            Self::En => &en::WORDS,
            Self::Es => &es::WORDS,
            Self::Fr => &fr::WORDS,
            Self::De => &de::WORDS,
            Self::Pt => &pt::WORDS,
            Self::It => &it::WORDS,
            Self::Ja => &ja::WORDS,
            Self::Zh => &zh::WORDS,
            Self::ZhHant => &zh_hant::WORDS,
            Self::Ar => &ar::WORDS,
        }
    }
}

/// Whether a tag begins with these subtags, in whatever case, and with `_` for `-` as some systems write it.
fn begins_with(tag: &str, range: &str) -> bool {
    let mut subtags = tag.split(['-', '_']);
    range.split('-').all(|wanted| subtags.next().is_some_and(|subtag| subtag.eq_ignore_ascii_case(wanted)))
}

/// Whether a text is sent in one part: 160 places of the GSM 7-bit alphabet (3GPP TS 23.038 §6.2.1, in
/// whose extension a character takes two), or 70 of UCS-2 where one character is in neither.
fn fits_one_part(text: &str) -> bool {
    let places = |character| match character {
        _ if GSM7.contains(character) => Some(1),
        _ if GSM7_EXTENSION.contains(character) => Some(2),
        _ => None,
    };
    match text.chars().map(places).sum::<Option<usize>>() {
        Some(places) => places <= 160,
        None => text.encode_utf16().count() <= 70,
    }
}

const GSM7: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const GSM7_EXTENSION: &str = "^{}\\[~]|€";

#[cfg(test)]
mod tests;
