//! Phone numbers: what a person may type, what is kept, and which numbers are refused.
//!
//! Everything is keyed on E.164, so that one subscriber has one key however the number is spelled.
//! The numbering plan itself (which prefix belongs to which country and type) is behind
//! [`NumberingPlan`], so that only the function that needs its tables links them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use thiserror::Error;

use crate::channel::Channel;
use crate::digest::sha256;
use crate::words::words;

/// A phone number in E.164 form. Prints masked, since a log or a response never needs all of it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Takes a number that is already in E.164 form: `+` and 7 to 15 digits, the first not zero.
    pub fn parse(e164: &str) -> Result<Self, PhoneRefusal> {
        let digits = e164.strip_prefix('+').ok_or(PhoneRefusal::Invalid)?;
        let well_formed = (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if well_formed { Ok(Self(e164.to_owned())) } else { Err(PhoneRefusal::Invalid) }
    }

    /// The full number, for the store, the providers and the MAC; never for a log or a response.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The digest under which is kept what belongs to the number and to no one account.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256(&[b"number", self.0.as_bytes()])
    }

    /// The last two digits: enough to recognise one's own number by.
    #[must_use]
    pub fn ending(&self) -> &str {
        &self.0[self.0.len() - 2..]
    }

    /// The range of ten thousand numbers that it belongs to: what an operator assigns, or sells, in one.
    #[must_use]
    pub fn range(&self) -> &str {
        &self.0[..self.0.len() - 4]
    }
}

/// All but the last two digits hidden.
impl fmt::Display for PhoneNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.ending();
        write!(out, "+{}{shown}", "•".repeat(self.0.len() - shown.len() - 1))
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PhoneNumber({self})")
    }
}

/// A country by its ISO 3166-1 alpha-2 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// No country: a code that ISO 3166-1 leaves to its users.
    pub const NONE: Self = Self(*b"ZZ");

    /// Reads a two-letter code in either case.
    pub fn parse(code: &str) -> Result<Self, PhoneRefusal> {
        match code.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(PhoneRefusal::Invalid),
        }
    }

    /// The code in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// What a person typed, reduced to an optional leading `+` and ASCII digits.
///
/// Separators that people write are dropped; anything that could change the meaning (letters,
/// extensions, digits of other scripts) is refused rather than silently lost.
#[derive(Clone, PartialEq, Eq)]
pub struct Dialled(String);

impl Dialled {
    /// Reads a number as typed or pasted, in international or national form.
    pub fn parse(typed: &str) -> Result<Self, PhoneRefusal> {
        let typed = typed.trim_matches(is_separator);
        let typed = typed.strip_prefix("tel:").unwrap_or(typed);
        let mut dialled = String::with_capacity(16);
        for character in typed.chars() {
            match character {
                '+' if dialled.is_empty() => dialled.push('+'),
                '0'..='9' if dialled.len() < 16 => dialled.push(character),
                separator if is_separator(separator) => {}
                _ => return Err(PhoneRefusal::Invalid),
            }
        }
        let digits = dialled.trim_start_matches('+').len();
        if (7..=15).contains(&digits) { Ok(Self(dialled)) } else { Err(PhoneRefusal::Invalid) }
    }

    /// The `+` and digits for the numbering plan.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the number names its country itself.
    #[must_use]
    pub fn is_international(&self) -> bool {
        self.0.starts_with('+')
    }
}

fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '-' | '.' | '(' | ')' | '/')
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}')
        || matches!(character, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{feff}')
}

/// What the numbering plan says of a valid number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// The number.
    pub number: PhoneNumber,
    /// Its country; none for satellite and other ranges that belong to no country.
    pub country: Option<Country>,
    /// What kind of line it is.
    pub line: Line,
}

/// The kinds of line that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Can receive both messages and calls.
    Mobile,
    /// Can be called only.
    Fixed,
    /// Premium, shared-cost, toll-free, pager, satellite, voice over IP and whatever is unknown:
    /// either a way to make us pay, or no proof of one person's phone (NIST SP 800-63B-4 §3.1.3).
    Other,
}

words!(Line {
    Mobile => "mobile",
    Fixed => "fixed",
    Other => "other",
});

/// The tables that tell a number's country and kind.
pub trait NumberingPlan {
    /// Finds the valid number that was dialled, in `region` when it does not name its country.
    fn find(&self, dialled: &Dialled, region: Option<Country>) -> Option<Subscriber>;
}

/// A number that a deployment sends to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The number.
    pub number: PhoneNumber,
    /// Its country.
    pub country: Country,
    /// What kind of line it is.
    pub line: Line,
}

/// Which numbers a deployment sends to, and by which channels: the table of its countries, and the likeliest of them.
#[derive(Clone, Debug)]
pub struct Reach(BTreeMap<Country, BTreeSet<Channel>>, Option<Country>);

impl Reach {
    /// Sends to the `countries` by the channels given, and to no other.
    #[must_use]
    pub const fn new(countries: BTreeMap<Country, BTreeSet<Channel>>) -> Self {
        Self(countries, None)
    }

    /// The same, with the country that users most likely come from.
    #[must_use]
    pub fn mostly_to(self, first: Option<Country>) -> Self {
        Self(self.0, first)
    }

    /// Sends to the `countries` by every channel.
    pub fn by_every_channel(countries: impl IntoIterator<Item = Country>) -> Self {
        Self::new(countries.into_iter().map(|country| (country, BTreeSet::from(Channel::ALL))).collect())
    }

    /// The countries, the most likely one first, and the channels used in each.
    pub fn countries(&self) -> impl Iterator<Item = (Country, &BTreeSet<Channel>)> {
        let first = self.1.and_then(|country| self.0.get_key_value(&country));
        let rest = self.0.iter().filter(|(country, _)| Some(**country) != self.1);
        first.into_iter().chain(rest).map(|(country, channels)| (*country, channels))
    }

    /// The subscriber as a destination if this deployment sends to such numbers, else why not.
    pub fn admit(&self, subscriber: Subscriber) -> Result<Destination, PhoneRefusal> {
        let Subscriber { number, country, line } = subscriber;
        if line == Line::Other {
            return Err(PhoneRefusal::Type);
        }
        match country.filter(|country| self.0.contains_key(country)) {
            Some(country) => Ok(Destination { number, country, line }),
            None => Err(PhoneRefusal::Country),
        }
    }

    /// Whether `channel` is used in the country and reaches such a line.
    #[must_use]
    pub fn serves(&self, country: Country, line: Line, channel: Channel) -> bool {
        let used = self.0.get(&country).is_some_and(|channels| channels.contains(&channel));
        used && (channel == Channel::Call || line == Line::Mobile)
    }
}

/// Why a phone number is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PhoneRefusal {
    /// Not a number that could be dialled.
    #[error("not a valid phone number")]
    Invalid,
    /// A number of a kind that is never used.
    #[error("a number of this type is not accepted")]
    Type,
    /// A number of a country this deployment does not send to.
    #[error("numbers of this country are not accepted")]
    Country,
    /// A number that has been reported, or that has as many accounts as it may: which, is not told.
    #[error("this number is not accepted")]
    Unavailable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_number_is_dialled_alike() {
        let spellings = [
            "+14155552671",
            "+1 (415) 555-2671",
            "tel:+1-415-555-2671",
            "\u{200e}+1 415 555 2671",
            "+1\u{a0}415\u{a0}555\u{a0}2671",
            "+1.415.555.2671\n",
            "\u{feff}tel:+1/415/555/2671\u{202c}",
            "+1 415\u{2011}555\u{2013}2671",
        ];
        for spelling in spellings {
            assert_eq!(Dialled::parse(spelling).map(|dialled| dialled.0), Ok("+14155552671".into()), "{spelling:?}");
        }
    }

    #[test]
    fn what_could_change_the_meaning_is_refused() {
        let refused = [
            "",
            "+",
            "123456",
            "+1234567890123456",
            "+1 415 555 2671 ext 9",
            "+1415555267x1",
            "+14155552671;ext=9",
            "+1-800-FLOWERS",
            "+1415+5552671",
            "+１４１５５５５２６７１",
            "+١٤١٥٥٥٥٢٦٧١",
            "+1415555\u{0}671",
            "+14155552671,9",
            "+14155552671#9",
        ];
        for typed in refused {
            assert!(Dialled::parse(typed).is_err(), "{typed:?}");
        }
    }

    #[test]
    fn a_stored_number_is_plain_e164() {
        assert!(PhoneNumber::parse("+14155552671").is_ok());
        for wrong in ["14155552671", "+0415555267", "+1 4155552671", "+123456", "+1234567890123456", "+1415555267a"] {
            assert!(PhoneNumber::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_number_prints_masked() -> Result<(), PhoneRefusal> {
        let number = PhoneNumber::parse("+14155552671")?;
        assert_eq!(number.to_string(), "+•••••••••71");
        assert_eq!(format!("{number:?}"), "PhoneNumber(+•••••••••71)");
        Ok(())
    }
}
