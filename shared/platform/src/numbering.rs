//! The world's numbering plan, from libphonenumber's metadata. Only start-challenge links it. Its tables are
//! loaded on the first lookup, which most starts never make because the number is already enrolled.

use domain::phone::{Country, Dialled, Line, NumberingPlan, PhoneNumber, Subscriber};
use rlibphonenumber::{PhoneNumber as Parsed, PhoneNumberType, Region};

#[derive(Clone, Copy, Debug)]
pub struct WorldPlan;

impl NumberingPlan for WorldPlan {
    fn find(&self, dialled: &Dialled, region: Option<Country>) -> Option<Subscriber> {
        let region = region.and_then(|country| country.as_str().parse::<Region>().ok());
        if region.is_none() && !dialled.is_international() {
            return None;
        }
        let parsed = Parsed::parse(dialled.as_str(), region).ok().filter(Parsed::is_valid)?;
        let country = parsed.get_region_code().and_then(|region| Country::parse(&region.to_string()).ok());
        // The tables list satellite phones as mobile. A number without a country is never an ordinary line.
        let line = if country.is_some() { line(&parsed) } else { Line::Other };
        Some(Subscriber { number: PhoneNumber::parse(&parsed.to_string()).ok()?, country, line })
    }
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

    #[test]
    fn extensions_and_letters_never_reach_the_tables() {
        for typed in ["+1 415 555 2671 ext. 5", "+1-800-FLOWERS", "+14155552671;ext=5"] {
            assert_eq!(key(typed, None), None, "{typed}");
        }
    }
}
