//! Parsing a typed code: six ASCII digits once spaces are removed. Digits of other scripts are refused.
#![no_main]

use domain::code::Code;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|typed: &str| {
    let without_spaces = typed.replace(' ', "");
    let is_a_code = without_spaces.len() == 6 && without_spaces.chars().all(|character| character.is_ascii_digit());
    let parsed = Code::parse(typed);
    assert_eq!(parsed.is_ok(), is_a_code, "{typed:?}");
    if let Ok(code) = parsed {
        assert_eq!(code.expose(), without_spaces);
        assert_eq!(Code::parse(code.expose()).as_ref(), Ok(&code));
        assert!(!format!("{code:?}").contains(|character: char| character.is_ascii_digit()));
    }
});
