//! Typed digits, of any script, and the spaces and invisible marks that keyboards and clipboards put between them.

/// The zero of each script: in Unicode, decimal digits (`Nd`) come in tens, in order.
#[rustfmt::skip]
const ZEROS: [u32; 76] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
    0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136,
    0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0,
    0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8,
    0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
];

/// The ASCII digit for a decimal digit of any script.
pub(crate) fn ascii_digit(character: char) -> Option<char> {
    let point = u32::from(character);
    let scripts_begun = ZEROS.partition_point(|zero| *zero <= point);
    let zero = ZEROS.get(scripts_begun.checked_sub(1)?)?;
    char::from_digit(point - zero, 10)
}

/// Whether the character is a space of any width, or an invisible mark such as one for the writing direction.
pub(crate) fn is_blank(character: char) -> bool {
    let is_mark = matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(character, '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    is_mark || character.is_whitespace()
}

#[cfg(test)]
mod tests {
    use regex_syntax::hir::{Class, HirKind};

    use super::*;

    /// Unicode's decimal digits, as another implementation lists them.
    fn decimal_digits() -> Vec<char> {
        let hir = regex_syntax::parse(r"\d").expect("a pattern");
        let HirKind::Class(Class::Unicode(class)) = hir.kind() else { panic!("{hir:?}") };
        class.ranges().iter().flat_map(|range| range.start()..=range.end()).collect()
    }

    #[test]
    fn the_decimal_digits_of_every_script_are_digits_and_nothing_else_is() {
        let read: Vec<char> = (char::MIN..=char::MAX).filter(|character| ascii_digit(*character).is_some()).collect();
        assert_eq!(read, decimal_digits());
    }

    #[test]
    fn each_script_counts_from_zero_to_nine() {
        for ten in decimal_digits().chunks(10) {
            let read: String = ten.iter().filter_map(|digit| ascii_digit(*digit)).collect();
            assert_eq!(read, "0123456789", "{ten:?}");
        }
        for (burmese, ascii) in "၀၁၂၃၄၅၆၇၈၉".chars().zip("0123456789".chars()) {
            assert_eq!(ascii_digit(burmese), Some(ascii));
        }
    }
}
