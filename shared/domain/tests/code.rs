//! Codes: their distribution, their MACs, and what counts as one.

#![cfg(test)]

use std::collections::BTreeSet;

use domain::code::{Code, CodeMac, MacKey, MacKeys};
use domain::identity::{ChallengeId, ChallengeKey, SessionId, SubjectId};
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

fn challenge(subject: &str, session: &str, generation: u32) -> ChallengeId {
    let key = ChallengeKey { subject: SubjectId::new("idp", subject), session: SessionId::new(session, None) };
    ChallengeId { key, generation }
}

fn phone(number: &str) -> PhoneNumber {
    PhoneNumber::parse(number).expect("E.164")
}

fn keys(current: &str) -> MacKeys {
    MacKeys { current: MacKey::from_secret(current), previous: None, next: None }
}

fn code(digits: &str) -> Code {
    Code::parse(digits).expect("six digits")
}

/// Public samples draw codes that never contain a 9, or never 999999, or lose leading zeros.
#[test]
fn codes_are_uniform_over_all_six_digit_numbers() {
    let mut random = StdRng::seed_from_u64(1);
    let mut counts = [[0_u32; 10]; 6];
    let draws = 60_000;
    for _ in 0..draws {
        let code = Code::draw(&mut random);
        assert_eq!(code.expose().len(), 6);
        for (position, digit) in code.expose().bytes().enumerate() {
            counts[position][usize::from(digit - b'0')] += 1;
        }
    }
    // Chi-squared with 9 degrees of freedom: it exceeds 27.9 by chance once in a thousand positions.
    for (position, digits) in counts.iter().enumerate() {
        let expected = f64::from(draws) / 10.0;
        let chi: f64 = digits.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        assert!(chi < 27.9, "position {position}: {chi}");
    }
}

#[test]
fn the_first_and_the_last_code_are_drawn() {
    struct Always(u64);
    impl rand::TryRng for Always {
        type Error = std::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok((self.0 >> 32) as u32)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(self.0)
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.fill(0);
            Ok(())
        }
    }
    impl rand::TryCryptoRng for Always {}
    assert_eq!(Code::draw(&mut Always(0)).expose(), "000000");
    assert_eq!(Code::draw(&mut Always(u64::MAX)).expose(), "999999");
}

#[test]
fn only_six_digits_are_a_code_in_any_script_and_with_any_spaces() {
    let as_typed = ["123456", " 123456 ", "123 456", "123\t456", "123\u{a0}456", "123\u{202f}456", "123\u{3000}456\n"];
    let in_other_scripts =
        ["１２３４５６", "١٢٣٤٥٦", "۱۲۳۴۵۶", "१२३४५६", "၁၂၃၄၅၆", "၁၂၃ 456", "\u{200f}١٢٣٤٥٦\u{200e}", "𝟏𝟐𝟑𝟒𝟓𝟔"];
    for typed in as_typed.into_iter().chain(in_other_scripts) {
        assert_eq!(code(typed).expose(), "123456", "{typed:?}");
    }
    for typed in ["", "12345", "1234567", "12345a", "12345\0", "-12345", "+12345", "12345²", "①②③④⑤⑥", "ⅠⅡⅢⅣⅤⅥ"]
    {
        assert!(Code::parse(typed).is_err(), "{typed:?}");
    }
}

#[test]
fn debug_output_hides_codes_and_keys() {
    assert_eq!(format!("{:?}", code("123456")), "Code(••••••)");
    assert!(!format!("{:?}", keys("secret")).contains("secret"));
    assert!(!format!("{:?}", CodeMac::from_bytes([171; 32])).contains("171"));
}

#[test]
fn codes_of_one_challenge_are_distinct() {
    struct Repeats(u32);
    impl rand::TryRng for Repeats {
        type Error = std::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            self.0 += 1;
            Ok(if self.0 < 5 { 0 } else { u32::MAX })
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            self.try_next_u32().map(|word| u64::from(word) << 32)
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.fill(0);
            Ok(())
        }
    }
    impl rand::TryCryptoRng for Repeats {}
    let (id, number, mut random) = (challenge("a", "s", 1), phone("+14155552671"), Repeats(0));
    let (first, mac) = keys("k").issue(&id, &number, &[], NOW, &mut random);
    let (second, _) = keys("k").issue(&id, &number, &[mac], NOW, &mut random);
    assert_eq!((first.expose(), second.expose()), ("000000", "999999"));
}

#[test]
fn a_key_rotation_invalidates_no_code_on_its_way() {
    let (id, number, mut random) = (challenge("a", "s", 1), phone("+14155552671"), StdRng::seed_from_u64(2));
    let next = |not_before| MacKeys { next: Some((MacKey::from_secret("new"), not_before)), ..keys("old") };
    let later = Timestamp::from_unix(NOW.as_unix() + 600);
    let rotated = MacKeys { previous: Some(MacKey::from_secret("old")), ..keys("new") };

    let (early, early_mac) = next(later).issue(&id, &number, &[], NOW, &mut random);
    let (late, late_mac) = next(later).issue(&id, &number, &[], later, &mut random);
    for judge in [next(later), rotated] {
        assert!(judge.verify(&id, &number, &[early_mac], &early));
        assert!(judge.verify(&id, &number, &[late_mac], &late));
    }
    assert!(keys("old").verify(&id, &number, &[early_mac], &early), "before its time the next key is not used");
    assert!(!keys("old").verify(&id, &number, &[late_mac], &late), "from its time on it is");
    assert!(!keys("other").verify(&id, &number, &[early_mac], &early));
}

proptest! {
    #[test]
    fn a_mac_is_valid_only_for_its_own_challenge_number_and_code(
        digits in "[0-9]{6}", other in "[0-9]{6}", subject in "[a-z]{1,8}", session in "[a-z]{1,8}", generation in 1..9_u32,
    ) {
        let mut random = StdRng::seed_from_u64(3);
        let (id, number) = (challenge(&subject, &session, generation), phone("+14155552671"));
        let keys = keys("k");
        let (right, mac) = keys.issue(&id, &number, &[], NOW, &mut random);
        prop_assert!(keys.verify(&id, &number, &[mac], &right));
        for digits in BTreeSet::from([digits, other]) {
            prop_assert_eq!(keys.verify(&id, &number, &[mac], &code(&digits)), digits == right.expose());
        }
        let foreign = [
            challenge(&format!("{subject}x"), &session, generation),
            challenge(&subject, &format!("{session}x"), generation),
            challenge(&subject, &session, generation + 1),
        ];
        for id in foreign {
            prop_assert!(!keys.verify(&id, &number, &[mac], &right));
        }
        prop_assert!(!keys.verify(&id, &phone("+14155552672"), &[mac], &right));
    }
}
