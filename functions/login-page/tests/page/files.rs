//! The page's files: complete, all used, small, and within the page's own policy.

use std::collections::BTreeSet;

use login_page::assets;

use crate::browser::{deployed, get};

const TEMPLATE: &str = include_str!("../../assets/index.html");

/// Every part of `text` between `before` and `after`.
fn named<'a>(text: &'a str, before: &str, after: &str) -> BTreeSet<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split_once(after)).map(|(name, _)| name).collect()
}

fn text_of(name: &str) -> &'static str {
    let asset = assets::find(name).unwrap_or_else(|| panic!("there is no {name}"));
    str::from_utf8(asset.identity).expect("UTF-8")
}

/// The modules that a module imports.
fn imported(name: &str) -> BTreeSet<&'static str> {
    let text = text_of(name);
    let mut modules = BTreeSet::new();
    for (before, after) in [("from './", "'"), ("from \"./", "\""), ("import './", "'"), ("import \"./", "\"")] {
        modules.extend(named(text, before, after));
    }
    modules
}

#[test]
fn every_file_that_is_used_exists_and_every_file_is_used() {
    let mut wanted = named(TEMPLATE, "{{assets}}/", "\"");
    let through_modules: Vec<_> = wanted.iter().copied().flat_map(imported).collect();
    wanted.extend(through_modules);
    let files: BTreeSet<_> = assets::files().iter().map(|asset| asset.name).collect();
    assert_eq!(wanted, files);
}

#[test]
fn every_imported_module_is_preloaded() {
    let preloaded = named(TEMPLATE, r#"rel="modulepreload" href="{{assets}}/"#, "\"");
    let entries = named(TEMPLATE, r#"type="module" src="{{assets}}/"#, "\"");
    let loaded: BTreeSet<_> = entries.iter().chain(&preloaded).copied().flat_map(imported).collect();
    assert_eq!(loaded, preloaded);
    assert_eq!(entries, BTreeSet::from(["page.js"]));
}

#[test]
fn the_client_module_imports_nothing() {
    assert_eq!(imported(assets::CLIENT), BTreeSet::new());
}

#[test]
fn the_whole_page_is_under_60_kb_on_the_wire_in_any_language() {
    let app = deployed(&[]);
    let compressed = [("accept-encoding", "gzip")];
    let files: usize = assets::files().iter().map(|asset| asset.gzip.len()).sum();
    for locale in assets::locales() {
        let page = get(&app, &format!("/?ui_locales={}", locale.tag), &compressed);
        let all = files + page.body.len();
        assert!(all < 60_000, "{}: {all} bytes, {} of them the page itself", locale.tag, page.body.len());
    }
}

#[test]
fn nothing_uses_what_the_policy_forbids() {
    for forbidden in [" style=", "javascript:", " onload=", " onclick=", " onerror=", " onsubmit="] {
        assert!(!TEMPLATE.contains(forbidden), "index.html has {forbidden}");
    }
    let modules = assets::files().iter().filter(|asset| asset.media_type.starts_with("text/javascript"));
    for (name, text) in modules.map(|asset| (asset.name, text_of(asset.name))) {
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
    for asset in assets::files() {
        let text = text_of(asset.name);
        for address in
            text.split("://").skip(1).map(|rest| rest.split(['/', '\'', '"', '`']).next().unwrap_or_default())
        {
            assert_eq!(address, "www.w3.org", "{} names {address}", asset.name);
        }
    }
}
