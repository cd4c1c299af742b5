//! A number as a user types or pastes it.

use super::{PhoneNumber, PhoneRefusal};
use crate::digits::{ascii_digit, is_blank};

/// A typed number, reduced to an optional leading `+` and ASCII digits.
///
/// Digits of any script are read, and the separators that people write are dropped. Anything that could change the
/// number (letters, extensions, a second plus) is refused rather than silently dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Dialled(String);

impl Dialled {
    /// On small islands, national numbers have only four digits.
    const FEWEST_DIGITS: usize = 4;

    /// Parses a number as typed or pasted, in international or national form.
    pub fn parse(typed: &str) -> Result<Self, PhoneRefusal> {
        let typed = typed.trim_matches(is_separator);
        let typed = typed.strip_prefix("tel:").unwrap_or(typed);
        let mut dialled = String::with_capacity(16);
        for character in typed.chars() {
            match (character, ascii_digit(character)) {
                (_, Some(digit)) if dialled.len() < 16 => dialled.push(digit),
                ('+' | '\u{ff0b}', _) if dialled.is_empty() => dialled.push('+'),
                (separator, _) if is_separator(separator) => {}
                _ => return Err(PhoneRefusal::Invalid),
            }
        }
        let digits = dialled.trim_start_matches('+').len();
        let fewest = if dialled.starts_with('+') { PhoneNumber::FEWEST_DIGITS } else { Self::FEWEST_DIGITS };
        if (fewest..=15).contains(&digits) { Ok(Self(dialled)) } else { Err(PhoneRefusal::Invalid) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same digits with a `+` in front.
    #[must_use]
    pub fn in_international_form(&self) -> Self {
        if self.is_international() { self.clone() } else { Self(format!("+{}", self.0)) }
    }

    /// Whether the number begins with `+`, and so with its country code.
    #[must_use]
    pub fn is_international(&self) -> bool {
        self.0.starts_with('+')
    }
}

/// Blanks, and the punctuation that people group digits with, also as East Asian keyboards type it.
fn is_separator(character: char) -> bool {
    is_blank(character)
        || matches!(character, '-' | '.' | '(' | ')' | '[' | ']' | '/' | '~')
        || matches!(character, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' | '\u{ff0d}' | '\u{ff0e}' | '\u{ff0f}')
        || matches!(character, '\u{ff08}' | '\u{ff09}' | '\u{ff3b}' | '\u{ff3d}' | '\u{ff5e}' | '\u{301c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_number_in_any_script_gives_the_same_digits() {
        let spellings = [
            "+14155552671",
            "+1 (415) 555-2671",
            "tel:+1-415-555-2671",
            "\u{200e}+1 415 555 2671",
            "+1\u{a0}415\u{a0}555\u{a0}2671",
            "+1.415.555.2671\n",
            "\u{feff}tel:+1/415/555/2671\u{202c}",
            "+1 415\u{2011}555\u{2013}2671",
            "＋１（４１５）５５５－２６７１",
            "+١٤١٥٥٥٥٢٦٧١",
            "\u{200f}+۱ ۴۱۵ ۵۵۵ ۲۶۷۱",
            "+၁၄၁၅၅၅၅၂၆၇၁",
            "+१ ४१५ 555 2671",
        ];
        for spelling in spellings {
            assert_eq!(Dialled::parse(spelling).map(|dialled| dialled.0), Ok("+14155552671".into()), "{spelling:?}");
        }
    }

    #[test]
    fn anything_that_could_change_the_number_is_refused() {
        let refused = [
            "",
            "+",
            "123",
            "+123456",
            "+1234567890123456",
            "+1 415 555 2671 ext 9",
            "+1415555267x1",
            "+14155552671;ext=9",
            "+1-800-FLOWERS",
            "+1415+5552671",
            "+1415555267²",
            "+1415555267①",
            "+1415555\u{0}671",
            "+14155552671,9",
            "+14155552671#9",
        ];
        for typed in refused {
            assert!(Dialled::parse(typed).is_err(), "{typed:?}");
        }
    }
}
