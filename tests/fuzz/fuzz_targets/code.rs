//! Parsing a typed code: six digits, of any script, once spaces and invisible marks are removed.
#![no_main]

use domain::code::Code;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|typed: &str| {
    let parsed = Code::parse(typed);
    if typed.is_ascii() {
        let without_spaces: Vec<char> = typed.chars().filter(|character| !character.is_whitespace()).collect();
        let is_a_code = without_spaces.len() == 6 && without_spaces.iter().all(char::is_ascii_digit);
        assert_eq!(parsed.is_ok(), is_a_code, "{typed:?}");
    }
    if let Ok(code) = parsed {
        assert!(code.expose().len() == 6 && code.expose().bytes().all(|byte| byte.is_ascii_digit()), "{typed:?}");
        assert_eq!(typed.chars().filter(|character| character.is_numeric()).count(), 6, "{typed:?}");
        assert!(!typed.chars().any(char::is_alphabetic), "{typed:?}");
        assert_eq!(Code::parse(code.expose()).as_ref(), Ok(&code));
        assert!(!format!("{code:?}").contains(|character: char| character.is_ascii_digit()));
    }
});
