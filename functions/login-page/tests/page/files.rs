//! The page's files: complete, all used, small, and within the page's own policy.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use login_page::assets;
use sha2::{Digest as _, Sha256};

use crate::browser::{deployed, get};

const TEMPLATE: &str = include_str!("../../assets/index.html");
/// What makes up every page: the first two are in the page itself.
const START: &str = include_str!("../../bundle/start.js");
const STYLE: &str = include_str!("../../bundle/page.css");
const PAGE: &str = include_str!("../../bundle/page.js");

/// Every part of `text` between `before` and `after`.
fn named<'a>(text: &'a str, before: &str, after: &str) -> BTreeSet<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split_once(after)).map(|(name, _)| name).collect()
}

/// The scripts and the style that the bundles are made of, by name.
fn sources() -> Vec<(String, String)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/assets"));
    let mut sources: Vec<_> = fs::read_dir(folder)
        .expect("the sources")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "js" || extension == "css"))
        .map(|path| {
            (
                path.file_name().expect("a name").to_string_lossy().into_owned(),
                fs::read_to_string(&path).expect("UTF-8"),
            )
        })
        .collect();
    sources.sort();
    sources
}

/// The modules that a module imports.
fn imported(text: &str) -> BTreeSet<&str> {
    let mut modules = BTreeSet::new();
    for (before, after) in [("from './", "'"), ("from \"./", "\""), ("import './", "'"), ("import \"./", "\"")] {
        modules.extend(named(text, before, after));
    }
    modules
}

#[test]
fn the_bundles_are_those_of_the_sources() {
    let mut digest = Sha256::new();
    for (name, text) in sources() {
        digest.update(format!("{name} {}\n{text}", text.len()));
    }
    let digest = digest.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let bundled = include_str!("../../bundle/sources").trim();
    assert_eq!(bundled, digest, "a script or the style has changed: run `make bundle` and commit what it writes");
}

#[test]
fn every_source_is_part_of_a_bundle() {
    let sources = sources();
    let mut used = BTreeSet::from(["start.js", "page.js", "page.css"]);
    loop {
        let more = sources.iter().filter(|(name, _)| used.contains(&name[..])).flat_map(|(_, text)| imported(text));
        let all: BTreeSet<_> = used.iter().copied().chain(more).collect();
        if all == used {
            break;
        }
        used = all;
    }
    assert_eq!(used, sources.iter().map(|(name, _)| &name[..]).collect());
}

#[test]
fn every_file_that_is_used_exists_and_every_file_is_used() {
    let mut files: BTreeSet<_> = assets::files().iter().map(|asset| asset.name).collect();
    assert!(files.remove(assets::CLIENT), "for pages of other origins");
    let named = named(TEMPLATE, "{{assets}}/", "\"");
    let of = |tag: &str| named.iter().map(|name| name.replace("{{lang}}", tag)).collect::<Vec<_>>();
    let used: BTreeSet<_> = assets::locales().iter().flat_map(|locale| of(locale.tag)).collect();
    assert_eq!(used.iter().map(String::as_str).collect::<BTreeSet<_>>(), files);
}

#[test]
fn no_file_that_is_served_imports_another() {
    for asset in assets::files() {
        let text = String::from_utf8(asset.identity()).expect("UTF-8");
        assert_eq!(imported(&text), BTreeSet::new(), "{}", asset.name);
    }
    assert_eq!(imported(START), BTreeSet::new());
}

#[test]
fn a_first_visit_stays_within_its_bytes_in_every_language() {
    let app = deployed(&[]);
    let compressed = [("accept-encoding", "gzip, deflate, br, zstd")];
    for locale in assets::locales() {
        let page = get(&app, &format!("/?ui_locales={}", locale.tag), &compressed).on_the_wire();
        let script = get(&app, &format!("/assets/x/page.{}.js", locale.tag), &compressed).on_the_wire();
        let most = if locale.tag == "en" { 21_500 } else { 22_500 };
        assert!(page + script < most, "{}: {page} bytes of the page, {script} of the script", locale.tag);
    }
}

#[test]
fn nothing_uses_what_the_policy_forbids() {
    for forbidden in [" style=", "javascript:", " onload=", " onclick=", " onerror=", " onsubmit="] {
        assert!(!TEMPLATE.contains(forbidden), "index.html has {forbidden}");
    }
    for (name, text) in sources() {
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "'style',",
            "document.cookie",
            "localStorage",
        ] {
            assert!(!text.contains(forbidden), "{name} has {forbidden}");
        }
    }
}

#[test]
fn nothing_is_loaded_from_another_origin() {
    let icon = String::from_utf8(assets::find("icon.svg").expect("the icon").identity()).expect("UTF-8");
    for text in [TEMPLATE, START, STYLE, PAGE, &icon] {
        for address in
            text.split("://").skip(1).map(|rest| rest.split(['/', '\'', '"', '`']).next().unwrap_or_default())
        {
            assert_eq!(address, "www.w3.org");
        }
    }
}
