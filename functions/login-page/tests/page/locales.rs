//! The page's languages: which one is chosen, and that each has every sentence.

use std::collections::{BTreeMap, BTreeSet};

use login_page::assets::{self, Locale};
use login_page::negotiation;

use crate::browser::{deployed, get};

/// What the page itself, its scripts and its template say.
fn strings(locale: &Locale) -> BTreeMap<String, String> {
    let mut all = said_by("page", locale);
    all.extend(said_by("later", locale));
    all.extend(said_without_script(locale));
    all.extend(
        [("title", locale.title), ("noscript", locale.noscript)].map(|(key, text)| (key.to_owned(), text.to_owned())),
    );
    all
}

/// The sentences that come with a script.
fn said_by(script: &str, locale: &Locale) -> BTreeMap<String, String> {
    let script = assets::find(&format!("{script}.{}.js", locale.tag)).expect("a script").identity();
    let script = String::from_utf8(script).expect("UTF-8");
    let json = script.strip_prefix("const STRINGS=").expect("the strings come first");
    let mut values = serde_json::Deserializer::from_str(json).into_iter();
    values.next().expect("the strings").expect("an object of strings")
}

fn said_without_script(locale: &Locale) -> BTreeMap<String, String> {
    serde_json::from_str(locale.strings).unwrap_or_else(|error| panic!("{}: {error}", locale.tag))
}

/// A key without its plural form.
fn stem(key: &str) -> &str {
    let form = |form: &str| key.strip_suffix(form);
    [".zero", ".one", ".two", ".few", ".many", ".other"].into_iter().find_map(form).unwrap_or(key)
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).map(|rest| rest.split_once('}').expect("a placeholder ends").0).collect()
}

#[test]
fn the_page_has_the_same_languages_as_messages_and_calls() {
    let spoken: BTreeSet<_> = domain::locale::Locale::ALL.map(domain::locale::Locale::tag).into();
    assert_eq!(assets::locales().iter().map(|locale| locale.tag).collect::<BTreeSet<_>>(), spoken);
}

#[test]
fn every_language_has_every_sentence() {
    let english = strings(negotiation::locale(Some("en"), None));
    let stems: BTreeSet<_> = english.keys().map(|key| stem(key)).collect();
    for locale in assets::locales() {
        let own = strings(locale);
        assert_eq!(own.keys().map(|key| stem(key)).collect::<BTreeSet<_>>(), stems, "{}", locale.tag);
        for key in own.keys().filter(|key| stem(key) != *key) {
            let rest = format!("{}.other", stem(key));
            assert!(own.contains_key(&rest), "{}: {key} has no {rest}", locale.tag);
        }
    }
}

#[test]
fn every_sentence_has_the_same_placeholders_as_in_english() {
    let english = strings(negotiation::locale(Some("en"), None));
    for locale in assets::locales() {
        for (key, text) in &strings(locale) {
            assert!(!text.trim().is_empty(), "{}: {key} is empty", locale.tag);
            let rest = format!("{}.other", stem(key));
            let model = english.get(key).or_else(|| english.get(&rest)).expect("an English sentence");
            let (own, expected) = (placeholders(text), placeholders(model));
            // A plural form for one or two may write the number as a word.
            let said = own.iter().copied().chain((stem(key) != key).then_some("count")).collect::<BTreeSet<_>>();
            assert!(own == expected || said == expected, "{}: {key}: {text}", locale.tag);
        }
    }
}

#[test]
fn no_sentence_is_left_in_english() {
    let english = strings(negotiation::locale(Some("en"), None));
    for locale in assets::locales().iter().filter(|locale| locale.tag != "en") {
        let same: Vec<_> = strings(locale)
            .into_iter()
            .filter(|(key, text)| english.get(key) == Some(text) && placeholders(text).is_empty() && text.contains(' '))
            .collect();
        assert!(same.is_empty(), "{}: {same:?}", locale.tag);
    }
}

#[test]
fn the_page_itself_says_what_to_do_when_its_script_does_not_load() {
    let needed = [
        "broken.heading",
        "broken.text",
        "support.link",
        "unreachable.heading",
        "unreachable.retry",
        "unreachable.text",
    ];
    for locale in assets::locales() {
        assert_eq!(said_without_script(locale).keys().collect::<Vec<_>>(), needed, "{}", locale.tag);
    }
}

/// What the first script says only on screens of the second one.
const SAID_TOGETHER: [&str; 2] = ["code.unsent", "code.wrong"];

#[test]
fn the_first_script_has_every_sentence_that_it_says_before_the_second_one_is_there() {
    let script = include_str!("../../bundle/page.js");
    for locale in assets::locales() {
        for key in said_by("later", locale).keys().map(|key| stem(key)) {
            let says = ['"', '\'', '`'].iter().any(|quote| script.contains(&format!("{quote}{key}{quote}")));
            assert!(!says || SAID_TOGETHER.contains(&key), "{}: {key} comes with the second script", locale.tag);
        }
        // Those whose key is composed.
        for prefix in ["choose.", "channel.", "trouble."] {
            assert!(said_by("later", locale).keys().all(|key| !key.starts_with(prefix)), "{}: {prefix}", locale.tag);
        }
    }
}

#[test]
fn no_sentence_is_sent_twice() {
    for locale in assets::locales() {
        let [first, second] = ["page", "later"].map(|script| said_by(script, locale));
        assert!(first.keys().all(|key| !second.contains_key(key)), "{}", locale.tag);
    }
}

#[test]
fn the_title_and_noscript_have_no_placeholders_that_need_a_script() {
    for locale in assets::locales() {
        assert!(placeholders(locale.title).is_empty() && placeholders(locale.noscript).is_empty(), "{}", locale.tag);
    }
}

#[test]
fn the_page_is_in_the_language_that_the_login_or_else_the_browser_asks_for() {
    let app = deployed(&[]);
    for (ui_locales, accept_language, expected) in [
        ("", "", "en"),
        ("", "de", "de"),
        ("", "fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"),
        ("", "en;q=0.3, ja;q=0.7", "ja"),
        ("", "ES-mx", "es"),
        ("", "tlh, pt-BR;q=0.5", "pt"),
        ("", "de;q=0", "en"),
        ("", "*", "en"),
        ("", ";;;,,,q=", "en"),
        ("it", "de", "it"),
        ("ar-EG", "de", "ar"),
        ("tlh+fr-CA+en", "de", "fr"),
        ("tlh", "de", "de"),
        ("../en", "de", "de"),
    ] {
        let headers: &[_] = if accept_language.is_empty() { &[] } else { &[("accept-language", accept_language)] };
        let page = get(&app, &format!("/?ui_locales={ui_locales}"), headers);
        let direction = domain::locale::Locale::from_tag(expected).direction();
        let root = format!(r#"<html lang="{expected}" dir="{direction}">"#);
        assert!(page.text().contains(&root), "{ui_locales} {accept_language}: {}", &page.text()[..60]);
        assert_eq!(page.json("config")["locale"], expected);
        assert!(page.text().contains(&format!("/page.{expected}.js\"></script>")));
    }
}

#[test]
fn nobody_is_told_to_report_a_sign_in_of_their_own() {
    // `0` in a call stops the sign-in that the call is for, and not the other one.
    for locale in assets::locales() {
        for (key, sentence) in strings(locale).iter().filter(|(key, _)| key.starts_with("contested.")) {
            assert!(!sentence.contains('0'), "{} {key}: {sentence}", locale.tag);
        }
    }
}
