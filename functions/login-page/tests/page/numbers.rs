//! Compares the page's table of countries with the phone number library that the server uses.

use std::collections::{BTreeMap, BTreeSet};

use login_page::assets;
use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};

/// The calling code of each country in the page's table.
fn calling_codes() -> BTreeMap<String, i32> {
    let code = |entry: &str| entry.split('|').next().and_then(|code| code.parse().ok()).expect("a calling code");
    assets::number_formats().iter().map(|(country, entry)| ((*country).to_owned(), code(entry))).collect()
}

#[test]
fn every_country_has_the_same_calling_code_as_in_the_library() {
    for (country, code) in calling_codes() {
        let region: Region = country.parse().unwrap_or_else(|_| panic!("{country} is unknown to the library"));
        assert_eq!(PHONE_NUMBER_UTIL.get_country_code_for_region(region), Some(code), "{country}");
    }
}

#[test]
fn every_country_that_can_be_allowed_can_be_selected() {
    let known = calling_codes();
    for region in PHONE_NUMBER_UTIL.get_supported_regions() {
        assert!(known.contains_key(&region.to_string()), "{region} is missing");
    }
}

#[test]
fn the_docs_list_every_country_and_territory_that_shares_a_calling_code() {
    let docs = include_str!("../../../../infra/README.md");
    let mut by_code = BTreeMap::<i32, BTreeSet<String>>::new();
    for region in PHONE_NUMBER_UTIL.get_supported_regions() {
        let code = PHONE_NUMBER_UTIL.get_country_code_for_region(region).expect("a calling code");
        by_code.entry(code).or_default().insert(region.to_string());
    }
    by_code.retain(|_, regions| regions.len() > 1);
    let row = |line: &str| {
        let (code, regions) = line.strip_prefix("| +")?.strip_suffix(" |")?.split_once(" | ")?;
        Some((code.parse().ok()?, regions.split(", ").map(str::to_owned).collect()))
    };
    assert_eq!(docs.lines().filter_map(row).collect::<BTreeMap<i32, BTreeSet<String>>>(), by_code);
}
