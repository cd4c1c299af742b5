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
const LATER: &str = include_str!("../../bundle/later.js");

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
    for before in ["from", "import"] {
        for (gap, quote) in [("", '"'), (" ", '"'), (" ", '\'')] {
            modules.extend(named(text, &format!("{before}{gap}{quote}./"), &quote.to_string()));
        }
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
    let mut used = BTreeSet::from(["start.js", "page.js", "later.js", "page.css"]);
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
    let template = named(TEMPLATE, "{{assets}}/", "\"");
    let page = named(PAGE, "`./", ".js").into_iter().map(|name| name.split('.').next().unwrap_or(name));
    let scripts: Vec<_> = page.map(|name| format!("{name}.{{{{lang}}}}.js")).collect();
    let named = template.into_iter().chain(scripts.iter().map(String::as_str));
    let used: BTreeSet<_> = named
        .flat_map(|name| assets::locales().iter().map(move |locale| name.replace("{{lang}}", locale.tag)))
        .collect();
    assert_eq!(used.iter().map(String::as_str).collect::<BTreeSet<_>>(), files);
}

#[test]
fn the_second_script_imports_the_first_of_its_language_and_nothing_else_imports_anything() {
    for asset in assets::files() {
        let text = String::from_utf8(asset.identity()).expect("UTF-8");
        let first = asset.name.replace("later.", "page.");
        let expected = if first == asset.name { BTreeSet::new() } else { BTreeSet::from([&first[..]]) };
        assert_eq!(imported(&text), expected, "{}", asset.name);
    }
    assert_eq!(imported(START), BTreeSet::new());
}

/// What the text declares as its build.
fn build(name: &str) -> String {
    let text = String::from_utf8(assets::find(name).expect("a script").identity()).expect("UTF-8");
    let (_, rest) = text.split_once(",BUILD=\"").expect("a build");
    rest.split_once("\";").expect("an end").0.to_owned()
}

#[test]
fn both_scripts_of_a_language_are_of_the_same_build_and_each_language_has_its_own() {
    let builds: BTreeSet<_> = assets::locales()
        .iter()
        .map(|locale| {
            let [first, second] = ["page", "later"].map(|name| build(&format!("{name}.{}.js", locale.tag)));
            assert_eq!(first, second, "{}", locale.tag);
            first
        })
        .collect();
    assert_eq!(builds.len(), assets::locales().len());
}

/// The most that each takes of a first visit, with its headers. Only the first two are waited for.
const LIMITS: [(&str, usize); 3] = [("page", 6_500), ("first script", 10_000), ("second script", 10_800)];

#[test]
fn a_first_visit_stays_within_its_bytes_in_every_language() {
    let app = deployed(&[]);
    let compressed = [("accept-encoding", "gzip, deflate, br, zstd")];
    for locale in assets::locales() {
        let [page, first, second] = [
            format!("/?ui_locales={}", locale.tag),
            format!("/assets/x/page.{}.js", locale.tag),
            format!("/assets/x/later.{}.js", locale.tag),
        ]
        .map(|address| get(&app, &address, &compressed).on_the_wire());
        for ((what, most), bytes) in LIMITS.into_iter().zip([page, first, second]) {
            assert!(bytes < most, "{}: {bytes} bytes of the {what}", locale.tag);
        }
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
    for text in [TEMPLATE, START, STYLE, PAGE, LATER, &icon] {
        for address in
            text.split("://").skip(1).map(|rest| rest.split(['/', '\'', '"', '`']).next().unwrap_or_default())
        {
            assert_eq!(address, "www.w3.org");
        }
    }
}
