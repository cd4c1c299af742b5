//! Phone numbers: what a user may type, what is stored, and which numbers are refused.
//!
//! Everything is keyed on E.164, so a subscriber has one key however the number is written. The numbering
//! plan (which prefixes belong to which country and kind of line) is behind [`NumberingPlan`], so that only the
//! function that needs its tables links them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use thiserror::Error;

use crate::channel::Channel;
use crate::digest::sha256;
use crate::words::words;

mod calling_code;
mod dialled;

pub use dialled::Dialled;

/// A phone number in E.164 form. Prints masked: no log or response needs the whole number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    const FEWEST_DIGITS: usize = 7;

    /// Parses a number in E.164 form: `+` and 7 to 15 digits, the first of them not zero.
    pub fn parse(e164: &str) -> Result<Self, PhoneRefusal> {
        let digits = e164.strip_prefix('+').ok_or(PhoneRefusal::Invalid)?;
        let well_formed = (Self::FEWEST_DIGITS..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if well_formed { Ok(Self(e164.to_owned())) } else { Err(PhoneRefusal::Invalid) }
    }

    /// The whole number, for the store, the providers and the MAC. Never log it or put it in a response.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// How the same subscriber is reached if the line is a mobile, where the plan writes mobiles differently. The
    /// national digits don't tell: Argentina puts a 9 before those of a mobile, and people leave it out.
    #[must_use]
    pub fn mobile_form(&self) -> Option<Self> {
        let national = self.0.strip_prefix("+54")?;
        (national.len() == 10 && !national.starts_with('9')).then(|| Self(format!("+549{national}")))
    }

    /// Whether both are the same subscriber, in whichever form.
    #[must_use]
    pub fn is_same_line(&self, other: &Self) -> bool {
        self == other || self.mobile_form().as_ref() == Some(other) || other.mobile_form().as_ref() == Some(self)
    }

    /// The key of what is stored about the number itself, across accounts.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256(&[b"number", self.0.as_bytes()])
    }

    /// The last two digits: enough for users to recognise their own number.
    #[must_use]
    pub fn ending(&self) -> &str {
        &self.0[self.0.len() - 2..]
    }

    /// The range of ten thousand numbers that it belongs to. Operators assign and sell numbers in such ranges.
    #[must_use]
    pub fn range(&self) -> &str {
        &self.0[..self.0.len() - 4]
    }
}

/// Hides all digits but the last two.
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
    /// No country: ISO 3166-1 leaves this code to its users.
    pub const NONE: Self = Self(*b"ZZ");

    /// Parses a two-letter code, in upper or lower case.
    pub fn parse(code: &str) -> Result<Self, PhoneRefusal> {
        match code.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(PhoneRefusal::Invalid),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// What the numbering plan knows about a valid number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    pub number: PhoneNumber,
    /// `None` for satellite and other ranges that belong to no country.
    pub country: Option<Country>,
    pub line: Line,
}

/// The kinds of line that are treated differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Can get messages and calls.
    Mobile,
    /// Can only be called.
    Fixed,
    /// Premium, shared-cost, toll-free, pager, satellite, voice over IP and unknown numbers: contacting them is
    /// expensive, or doesn't prove possession of one person's phone (NIST SP 800-63B-4 §3.1.3).
    Other,
}

words!(Line {
    Mobile => "mobile",
    Fixed => "fixed",
    Other => "other",
});

/// The tables of all countries' phone numbers.
pub trait NumberingPlan {
    /// Looks up a typed number: in `region` if it doesn't begin with `+`. `None` if it isn't valid.
    fn find(&self, dialled: &Dialled, region: Option<Country>) -> Option<Subscriber>;
}

/// How a typed number can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    Only(Subscriber),
    /// Digits without `+` that are one valid number in the region's national form, and another one with a `+` in front.
    Either {
        national: Subscriber,
        international: Subscriber,
    },
}

/// The two ways to read digits without `+`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    National,
    International,
}

words!(Form {
    National => "national",
    International => "international",
});

impl Reading {
    /// The number that the user means. If two readings are both in reach, only the user can tell: a wrong guess
    /// would contact a stranger.
    pub fn meant(self, chosen: Option<Form>, reach: &Reach) -> Result<Subscriber, PhoneRefusal> {
        match (self, chosen) {
            (Self::Only(subscriber), _)
            | (Self::Either { national: subscriber, .. }, Some(Form::National))
            | (Self::Either { international: subscriber, .. }, Some(Form::International)) => Ok(subscriber),
            (Self::Either { national, international }, None) => {
                match (reach.admit(national.clone()), reach.admit(international)) {
                    (Ok(national), Ok(international)) => Err(PhoneRefusal::Ambiguous {
                        national: national.country,
                        international: international.country,
                    }),
                    _ => Ok(national),
                }
            }
        }
    }
}

/// A number that this deployment sends to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    pub number: PhoneNumber,
    pub country: Country,
    pub line: Line,
}

/// The countries that a deployment sends to, the channels it uses in each, and the country that most users come from.
#[derive(Clone, Debug)]
pub struct Reach(BTreeMap<Country, BTreeSet<Channel>>, Option<Country>);

impl Reach {
    #[must_use]
    pub const fn new(countries: BTreeMap<Country, BTreeSet<Channel>>) -> Self {
        Self(countries, None)
    }

    /// The same, with the country that users most likely come from.
    #[must_use]
    pub fn mostly_to(self, first: Option<Country>) -> Self {
        Self(self.0, first)
    }

    /// Uses every channel in each of the `countries`.
    pub fn by_every_channel(countries: impl IntoIterator<Item = Country>) -> Self {
        Self::new(countries.into_iter().map(|country| (country, BTreeSet::from(Channel::ALL))).collect())
    }

    /// The countries, the most likely one first, and the channels used in each.
    pub fn countries(&self) -> impl Iterator<Item = (Country, &BTreeSet<Channel>)> {
        let first = self.1.and_then(|country| self.0.get_key_value(&country));
        let rest = self.0.iter().filter(|(country, _)| Some(**country) != self.1);
        first.into_iter().chain(rest).map(|(country, channels)| (*country, channels))
    }

    /// The subscriber as a destination, or the reason why this deployment doesn't send to it.
    pub fn admit(&self, subscriber: Subscriber) -> Result<Destination, PhoneRefusal> {
        let Subscriber { number, country, line } = subscriber;
        if line == Line::Other {
            return Err(PhoneRefusal::Type);
        }
        match country {
            Some(country) if self.0.contains_key(&country) => Ok(Destination { number, country, line }),
            Some(country) => Err(PhoneRefusal::Country(country)),
            None => Err(PhoneRefusal::Type),
        }
    }

    /// Whether `channel` is used in the country and can reach this kind of line.
    #[must_use]
    pub fn serves(&self, country: Country, line: Line, channel: Channel) -> bool {
        let used = self.0.get(&country).is_some_and(|channels| channels.contains(&channel));
        used && (channel == Channel::Call || line == Line::Mobile)
    }
}

/// Why a phone number is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PhoneRefusal {
    /// No such number exists.
    #[error("not a valid phone number")]
    Invalid,
    /// The digits can be two numbers that this deployment sends to, one in each country.
    #[error("the digits can be two different numbers")]
    Ambiguous { national: Country, international: Country },
    /// This kind of line is never used.
    #[error("a number of this type is not accepted")]
    Type,
    /// This deployment doesn't send to the number's country.
    #[error("numbers of this country are not accepted")]
    Country(Country),
    /// The number was reported as fraud, or has as many accounts as allowed. The caller isn't told which.
    #[error("this number is not accepted")]
    Unavailable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_number_is_in_e164_form() {
        assert!(PhoneNumber::parse("+14155552671").is_ok());
        for wrong in ["14155552671", "+0415555267", "+1 4155552671", "+123456", "+1234567890123456", "+1415555267a"] {
            assert!(PhoneNumber::parse(wrong).is_err(), "{wrong}");
        }
    }

    fn subscriber(e164: &str, country: &str, line: Line) -> Result<Subscriber, PhoneRefusal> {
        Ok(Subscriber { number: PhoneNumber::parse(e164)?, country: Some(Country::parse(country)?), line })
    }

    #[test]
    fn two_readings_in_reach_are_left_to_the_user_and_never_guessed() -> Result<(), PhoneRefusal> {
        let los_angeles = subscriber("+13234567890", "US", Line::Mobile)?;
        let antwerp = subscriber("+3234567890", "BE", Line::Fixed)?;
        let [us, be] = ["US", "BE"].map(Country::parse);
        let (us, be) = (us?, be?);
        let either = || Reading::Either { national: los_angeles.clone(), international: antwerp.clone() };
        let both = Reach::by_every_channel([us, be]);
        let ambiguous = PhoneRefusal::Ambiguous { national: us, international: be };
        assert_eq!(either().meant(None, &both), Err(ambiguous));
        assert_eq!(either().meant(Some(Form::National), &both), Ok(los_angeles.clone()));
        assert_eq!(either().meant(Some(Form::International), &both), Ok(antwerp.clone()));
        for reach in [vec![us], vec![be], vec![]] {
            let reach = Reach::by_every_channel(reach);
            assert_eq!(either().meant(None, &reach), Ok(los_angeles.clone()), "the region was given: {reach:?}");
        }
        assert_eq!(Reading::Only(antwerp.clone()).meant(None, &both), Ok(antwerp));
        Ok(())
    }

    #[test]
    fn an_argentine_number_is_the_same_line_with_and_without_the_nine_of_mobiles() -> Result<(), PhoneRefusal> {
        let [written, mobile] = ["+541169070000", "+5491169070000"].map(PhoneNumber::parse);
        let (written, mobile) = (written?, mobile?);
        assert_eq!((written.mobile_form().as_ref(), mobile.mobile_form()), (Some(&mobile), None));
        assert!(written.is_same_line(&mobile) && mobile.is_same_line(&written) && mobile.is_same_line(&mobile));
        for other in ["+14155552671", "+5491169070001", "+54116907000", "+551169070000"] {
            let other = PhoneNumber::parse(other)?;
            assert!(!other.is_same_line(&mobile) && other.mobile_form().as_ref() != Some(&mobile), "{other}");
        }
        Ok(())
    }

    #[test]
    fn a_number_prints_masked() -> Result<(), PhoneRefusal> {
        let number = PhoneNumber::parse("+14155552671")?;
        assert_eq!(number.to_string(), "+•••••••••71");
        assert_eq!(format!("{number:?}"), "PhoneNumber(+•••••••••71)");
        Ok(())
    }
}
