//! A phone number as typed, followed by `|` and a region if it is in national form: however it is spelled, the
//! same subscriber has the same key, and no digit that was typed is silently dropped.
#![no_main]

use domain::phone::{Country, Dialled, NumberingPlan as _, PhoneNumber, Reading, Subscriber};
use libfuzzer_sys::fuzz_target;
use platform::numbering::WorldPlan;

fuzz_target!(|input: &str| {
    let (typed, region) = input.rsplit_once('|').unwrap_or((input, ""));
    let region = Country::parse(region).ok();
    let Ok(dialled) = Dialled::parse(typed) else { return };
    holds_all_that_was_typed(&dialled, typed);
    assert!(Dialled::parse(dialled.as_str()).as_ref() == Ok(&dialled), "{typed:?} parses differently the second time");
    reads_both_ways(&dialled, region);
    let Some(subscriber) = WorldPlan.find(&dialled, region) else { return };
    assert!(region.is_some() || dialled.is_international(), "{typed:?} names no country");
    has_one_key(&subscriber, region);
    let spelled: String = dialled.as_str().chars().flat_map(|digit| ['\u{200e}', digit, '\u{a0}']).collect();
    assert_eq!(find(&spelled, region).as_ref(), Some(&subscriber), "{typed:?} and {spelled:?}");
});

/// Two readings are two numbers: the national one, and the one that the digits are with a `+` in front.
fn reads_both_ways(dialled: &Dialled, region: Option<Country>) {
    let Some(Reading::Either { national, international }) = WorldPlan.read(dialled, region) else { return };
    assert!(!dialled.is_international() && national.number != international.number);
    assert_eq!(WorldPlan.find(dialled, region).as_ref(), Some(&national));
    assert_eq!(find(&format!("+{}", dialled.as_str()), None), Some(international));
}

fn find(typed: &str, region: Option<Country>) -> Option<Subscriber> {
    WorldPlan.find(&Dialled::parse(typed).ok()?, region)
}

/// Only `+` and 4 to 15 ASCII digits reach the numbering plan: one for each digit that was typed, of whatever script,
/// and there were no letters.
fn holds_all_that_was_typed(dialled: &Dialled, typed: &str) {
    let digits = dialled.as_str().strip_prefix('+').unwrap_or(dialled.as_str());
    assert!((4..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()), "{typed:?}");
    let typed = typed.replacen("tel:", "", 1);
    let meant: Vec<char> = typed.chars().filter(|character| character.is_numeric()).collect();
    assert_eq!(meant.len(), digits.len(), "{typed:?}");
    let same = |(meant, read): (&char, char)| !meant.is_ascii() || *meant == read;
    assert!(meant.iter().zip(digits.chars()).all(same), "{typed:?}");
    let is_letter = |character: char| character.is_alphabetic() && character != 'ー'; // which Japanese write as a hyphen
    assert!(!typed.contains(is_letter), "{typed:?}");
    assert_eq!(typed.contains(['+', '\u{ff0b}']), dialled.is_international(), "{typed:?}");
}

/// The number found is in E.164 form, prints masked, and when typed in that form is the same subscriber in every
/// region.
fn has_one_key(subscriber: &Subscriber, region: Option<Country>) {
    let number = subscriber.number.expose();
    assert_eq!(PhoneNumber::parse(number).as_ref(), Ok(&subscriber.number));
    assert!(subscriber.number.to_string().chars().filter(char::is_ascii_digit).count() == 2);
    for region in [None, region, Country::parse("US").ok(), Country::parse("IT").ok()] {
        assert_eq!(find(number, region).as_ref(), Some(subscriber), "{number} in {region:?}");
    }
}
