//! The world's numbering plan, from libphonenumber's metadata. Only start-challenge links it. Its tables are
//! loaded on the first lookup, which most starts never make because the number is already enrolled.

use domain::phone::{Country, Dialled, Line, NumberingPlan, PhoneNumber, Reading, Subscriber};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber as Parsed, PhoneNumberFormat, PhoneNumberType, Region};

use crate::renumbering;

#[derive(Clone, Copy, Debug)]
pub struct WorldPlan;

impl NumberingPlan for WorldPlan {
    fn find(&self, dialled: &Dialled, region: Option<Country>) -> Option<Subscriber> {
        subscriber(&parse(dialled, known(region))?)
    }
}

impl WorldPlan {
    /// How a typed number can be read. Digits without `+` are in the region's national form, or only lack the `+`.
    #[must_use]
    pub fn read(&self, dialled: &Dialled, region: Option<Country>) -> Option<Reading> {
        let region = known(region);
        let parsed = parse(dialled, region);
        let national = parsed.as_ref().and_then(subscriber);
        let Some(region) = region.filter(|_| !dialled.is_international()) else { return national.map(Reading::Only) };
        let international = parse(&dialled.in_international_form(), None).as_ref().and_then(subscriber);
        let is_as_written = parsed.is_some_and(|parsed| is_national_form(&parsed, dialled));
        match (national, international) {
            (Some(national), Some(international)) if national.number != international.number => {
                if !is_as_written && is_of(&international, region) {
                    return Some(Reading::Only(international));
                }
                Some(Reading::Either { national, international })
            }
            (None, Some(international)) if is_of(&international, region) => Some(Reading::Only(international)),
            (national, _) => national.map(Reading::Only),
        }
    }
}

/// The valid number: as dialled, or the one that took its place.
fn parse(dialled: &Dialled, region: Option<Region>) -> Option<Parsed> {
    if region.is_none() && !dialled.is_international() {
        return None;
    }
    let parsed = Parsed::parse(dialled.as_str(), region).ok()?;
    if parsed.is_valid() {
        return Some(parsed);
    }
    let successor = renumbering::successor(&parsed.to_string())?;
    Parsed::parse(&successor, None).ok().filter(Parsed::is_valid)
}

/// Whether the number's own country writes it with these digits. Where a trunk prefix is usual, nobody leaves out
/// both the prefix and the country code.
fn is_national_form(number: &Parsed, dialled: &Dialled) -> bool {
    let national = number.format_as(PhoneNumberFormat::National);
    national.chars().filter(char::is_ascii_digit).eq(dialled.as_str().chars())
}

/// Whether the number has the region's country code.
fn is_of(subscriber: &Subscriber, region: Region) -> bool {
    let code = PHONE_NUMBER_UTIL.get_country_code_for_region(region);
    code.is_some_and(|code| subscriber.number.expose().starts_with(&format!("+{code}")))
}

fn known(region: Option<Country>) -> Option<Region> {
    region.and_then(|country| country.as_str().parse().ok())
}

fn subscriber(parsed: &Parsed) -> Option<Subscriber> {
    let country = parsed.get_region_code().and_then(|region| Country::parse(&region.to_string()).ok());
    // The tables list satellite phones as mobile. A number without a country is never an ordinary line.
    let line = if country.is_some() { line(parsed) } else { Line::Other };
    Some(Subscriber { number: PhoneNumber::parse(&parsed.to_string()).ok()?, country, line })
}

fn line(number: &Parsed) -> Line {
    match number.get_type() {
        PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile => Line::Mobile,
        PhoneNumberType::FixedLine => Line::Fixed,
        _ => Line::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(typed: &str, region: Option<&str>) -> Option<Subscriber> {
        let region = region.map(|code| Country::parse(code).expect("a country"));
        WorldPlan.find(&Dialled::parse(typed).ok()?, region)
    }

    fn key(typed: &str, region: Option<&str>) -> Option<String> {
        find(typed, region).map(|subscriber| subscriber.number.expose().to_owned())
    }

    #[test]
    fn one_number_in_many_spellings_is_one_key() {
        for typed in [
            "+14155552671",
            "+1 (415) 555-2671",
            "tel:+1-415-555-2671",
            "\u{200e}+1 415 555 2671",
            "+1\u{a0}415\u{a0}555\u{a0}2671",
            "+1 415 555 2671\n",
        ] {
            assert_eq!(key(typed, None).as_deref(), Some("+14155552671"), "{typed:?}");
        }
        for (typed, region) in [
            ("(415) 555-2671", "US"),
            ("1 415 555 2671", "US"),
            ("+14155552671", "DE"),
            ("011 1 415 555 2671", "US"),
            ("00 1 415 555 2671", "DE"),
        ] {
            assert_eq!(key(typed, Some(region)).as_deref(), Some("+14155552671"), "{typed:?} in {region}");
        }
        for typed in ["+44 (0)20 7183 8750", "+44 20 7183 8750", "+44(0)2071838750"] {
            assert_eq!(key(typed, None).as_deref(), Some("+442071838750"), "{typed:?}");
        }
        assert_eq!(key("020 7183 8750", Some("GB")).as_deref(), Some("+442071838750"));
    }

    #[test]
    fn an_italian_zero_belongs_to_the_number() {
        assert_eq!(key("+39 06 6982", None).as_deref(), Some("+39066982"));
    }

    #[test]
    fn a_national_number_needs_a_region() {
        assert_eq!(key("415 555 2671", None), None);
        assert_eq!(key("415 555 2671", Some("ZZ")), None);
    }

    #[test]
    fn lines_that_cost_or_prove_nothing_are_told_apart() {
        let line = |typed| find(typed, None).map(|subscriber| subscriber.line);
        assert_eq!(line("+447400123456"), Some(Line::Mobile));
        assert_eq!(line("+442071838750"), Some(Line::Fixed));
        for (typed, what) in [
            ("+19002345678", "premium"),
            ("+18002345678", "toll-free"),
            ("+448712345678", "premium"),
            ("+445612345678", "voice over IP"),
            ("+447012345678", "personal"),
            ("+8816 1234 5678", "satellite"),
            ("+883 5100 12345", "satellite"),
        ] {
            assert_eq!(line(typed), Some(Line::Other), "{what} {typed}");
        }
    }

    fn read(typed: &str, region: &str) -> Vec<String> {
        let country = Country::parse(region).ok();
        let reading = Dialled::parse(typed).ok().and_then(|dialled| WorldPlan.read(&dialled, country));
        let e164 = |subscriber: Subscriber| subscriber.number.expose().to_owned();
        match reading {
            None => Vec::new(),
            Some(Reading::Only(subscriber)) => vec![e164(subscriber)],
            Some(Reading::Either { national, international }) => vec![e164(national), e164(international)],
        }
    }

    #[test]
    fn the_regions_own_country_code_without_plus_is_a_country_code() {
        for (typed, region, e164) in [
            ("4915112345678", "DE", "+4915112345678"),
            ("49 (0)151 12345678", "DE", "+4915112345678"),
            ("4930123456", "DE", "+4930123456"),
            ("43 664 1234567", "AT", "+436641234567"),
            ("41 79 123 45 67", "CH", "+41791234567"),
            ("44 7400 123456", "GB", "+447400123456"),
            ("358 40 1234567", "FI", "+358401234567"),
            ("27 81 234 5678", "ZA", "+27812345678"),
            ("91 98765 43210", "IN", "+919876543210"),
            ("62 812 3456 7890", "ID", "+6281234567890"),
            ("39 333 123 4567", "IT", "+393331234567"),
            ("34 612 34 56 78", "ES", "+34612345678"),
            ("55 11 98765-4321", "BR", "+5511987654321"),
            ("7 916 123-45-67", "RU", "+79161234567"),
            ("1 415 555 2671", "CA", "+14155552671"),
        ] {
            assert_eq!(read(typed, region), [e164], "{typed} in {region}");
        }
    }

    #[test]
    fn digits_that_are_two_numbers_are_read_as_both() {
        for (typed, region, both) in [
            ("323 456 7890", "US", ["+13234567890", "+3234567890"]),
            ("131 2345 6789", "CN", ["+8613123456789", "+13123456789"]),
            ("327 123 4567", "IT", ["+393271234567", "+3271234567"]),
            ("8 495 123-45-67", "RU", ["+74951234567", "+84951234567"]),
            ("390 298 9821", "IT", ["+393902989821", "+3902989821"]),
            ("48 307 19 45", "PL", ["+48483071945", "+483071945"]),
        ] {
            assert_eq!(read(typed, region), both, "{typed} in {region}");
        }
    }

    #[test]
    fn the_code_of_another_country_without_plus_is_not_taken_for_one() {
        for (typed, region) in [("4915112345678", "US"), ("447400123456", "US"), ("33612345678", "GB")] {
            assert!(read(typed, region).is_empty(), "{typed} in {region}");
        }
    }

    /// Example numbers of every region, of the types that are used.
    fn examples() -> Vec<(String, Parsed)> {
        let types = [PhoneNumberType::Mobile, PhoneNumberType::FixedLine, PhoneNumberType::FixedLineOrMobile];
        let of = |region: Region| {
            let example = move |kind| PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region, kind).ok();
            types.into_iter().filter_map(example).map(move |number| (region.to_string(), number))
        };
        let examples: Vec<_> = PHONE_NUMBER_UTIL.get_supported_regions().flat_map(of).collect();
        assert!(examples.len() > 450, "{}", examples.len());
        examples
    }

    /// Of +1 exactly, except for toll-free numbers; elsewhere by calling code.
    #[test]
    fn the_domain_knows_which_country_may_have_a_number_as_the_plan_does() {
        let regions: Vec<Region> = PHONE_NUMBER_UTIL.get_supported_regions().collect();
        let code = |region: Region| PHONE_NUMBER_UTIL.get_country_code_for_region(region);
        let area = |area: u32| Parsed::parse(format!("+1{area}2345678"), None).expect("a number");
        let american = (200..1000).map(area).filter(Parsed::is_valid).map(|number| (Region::US, number));
        let is_personal = |number: &Parsed| number.get_type() != PhoneNumberType::PersonalNumber;
        let is_ordinary = |number: &Parsed| number.get_type() != PhoneNumberType::PremiumRate;
        for (home, number) in
            examples().into_iter().map(|(region, number)| (region.parse().expect("one"), number)).chain(american)
        {
            if code(home) == Some(1) && !(is_personal(&number) && is_ordinary(&number)) {
                continue; // nobody sends from these, and they belong to no one country
            }
            let e164 = PhoneNumber::parse(&number.to_string()).expect("E.164");
            for region in &regions {
                let country = Country::parse(&region.to_string()).expect("a country");
                let expected = if code(home) == Some(1) {
                    code(*region) == Some(1) && number.is_valid_for_region(*region)
                } else {
                    code(*region) == code(home)
                };
                assert_eq!(country.may_have(&e164), expected, "{e164} in {region}");
            }
        }
        for unknown in ["XX", "ZZ", "AQ"] {
            assert!(!Country::parse(unknown).expect("two letters").is_known(), "{unknown}");
        }
    }

    #[test]
    fn numbers_of_every_region_are_found_in_each_form_that_people_write() {
        for (region, number) in examples() {
            let e164 = number.to_string();
            let significant = number.get_national_significant_number();
            let national = number.format_as(PhoneNumberFormat::National).into_owned();
            let only_digits: String = national.chars().filter(char::is_ascii_digit).collect();
            let without_plus = e164.trim_start_matches('+');
            for typed in [&e164, &number.format_as(PhoneNumberFormat::International).into_owned()] {
                assert_eq!(read(typed, &region), [e164.as_str()], "{typed} in {region}");
            }
            for typed in [national.as_str(), &only_digits, without_plus, &significant] {
                let readings = read(typed, &region);
                assert!(readings.contains(&e164), "{typed} in {region} is read as {readings:?}, not {e164}");
            }
        }
    }

    #[test]
    fn every_mobile_of_every_region_can_get_a_message() {
        for (region, number) in examples() {
            if number.get_type() == PhoneNumberType::FixedLine {
                continue;
            }
            let national = number.format_as(PhoneNumberFormat::National);
            for typed in [number.to_string().as_str(), &national] {
                let found = find(typed, Some(&region));
                assert_eq!(found.map(|found| found.line), Some(Line::Mobile), "{typed} in {region}");
            }
        }
    }

    #[test]
    fn old_forms_are_found_as_what_their_plan_made_of_them() {
        for (typed, region, e164) in [
            ("+229 97 12 34 56", None, "+2290197123456"),
            ("97 12 34 56", Some("BJ"), "+2290197123456"),
            ("+225 07 12 34 56", None, "+2250707123456"),
            ("+225 45 12 34 56", None, "+2250545123456"),
            ("+225 02 12 34 56", None, "+2250102123456"),
            ("+225 20 21 23 45", None, "+2252720212345"),
            ("+57 1 234 5678", None, "+576012345678"),
            ("+52 1 55 1234 5678", None, "+525512345678"),
            ("1 55 1234 5678", Some("MX"), "+525512345678"),
            ("01 55 1234 5678", Some("MX"), "+525512345678"),
            ("044 55 1234 5678", Some("MX"), "+525512345678"),
            ("045 55 1234 5678", Some("MX"), "+525512345678"),
            ("+84 120 123 4567", None, "+84701234567"),
            ("0169 123 4567", Some("VN"), "+84391234567"),
            ("11 8765-4321", Some("BR"), "+5511987654321"),
            ("+55 11 8765-4321", None, "+5511987654321"),
            ("+237 7712 3456", None, "+237677123456"),
            ("+593 8 123 4567", None, "+593981234567"),
        ] {
            assert_eq!(key(typed, region).as_deref(), Some(e164), "{typed:?} in {region:?}");
        }
        for withdrawn in ["+225 20 00 12 34", "+225 30 80 12 34", "+84 8 9999 999", "+1 000 555 2671"] {
            assert_eq!(key(withdrawn, None), None, "{withdrawn}");
        }
    }

    #[test]
    fn extensions_and_letters_never_reach_the_tables() {
        for typed in ["+1 415 555 2671 ext. 5", "+1-800-FLOWERS", "+14155552671;ext=5"] {
            assert_eq!(key(typed, None), None, "{typed}");
        }
    }
}
