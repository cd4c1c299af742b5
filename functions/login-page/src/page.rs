//! Renders the page in one language: fills the template's placeholders, escaping each for its context.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};

use crate::assets::{Locale, Part, Slot, TEMPLATE};
use crate::config::Config;

/// A rendered page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) html: String,
    pub(crate) gzip: Vec<u8>,
}

impl Page {
    pub(crate) fn render(config: &Config, assets: &str, locale: &Locale) -> io::Result<Self> {
        let html: String = TEMPLATE
            .iter()
            .map(|part| match part {
                Part::Text(text) => (*text).to_owned(),
                Part::Slot(slot) => fill(*slot, config, assets, locale),
            })
            .collect();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(html.as_bytes())?;
        Ok(Self { gzip: encoder.finish()?, html })
    }
}

fn fill(slot: Slot, config: &Config, assets: &str, locale: &Locale) -> String {
    match slot {
        Slot::Lang => locale.tag.to_owned(),
        Slot::Dir => domain::locale::Locale::from_tag(locale.tag).direction().to_owned(),
        Slot::Assets => assets.to_owned(),
        Slot::Brand => escape(&config.brand),
        Slot::Title => escape(locale.title),
        Slot::Noscript => escape(locale.noscript),
        Slot::Logo if config.logo.is_some() => format!(r#"<img class="logo" src="{assets}/logo" alt="">"#),
        Slot::Logo => String::new(),
        Slot::Tokens => config.color.tokens(),
        Slot::Config => in_script(&settings(config, locale).to_string()),
        Slot::Strings => in_script(locale.strings),
    }
}

/// The deployment's settings for the page's scripts.
fn settings(config: &Config, locale: &Locale) -> Value {
    let offered = |channel: &&domain::channel::Channel| config.channels.contains(channel);
    let countries: Map<String, Value> = config
        .reach
        .countries()
        .map(|(country, channels)| {
            let usable: Vec<_> = channels.iter().filter(offered).map(|channel| channel.as_str()).collect();
            (country.as_str().to_owned(), json!(usable))
        })
        .filter(|(_, usable)| usable.as_array().is_some_and(|usable| !usable.is_empty()))
        .collect();
    json!({
        "locale": locale.tag,
        "brand": config.brand,
        "logo": config.logo.is_some(),
        "supportUrl": config.support_url,
        "channels": config.channels.iter().map(|channel| channel.as_str()).collect::<Vec<_>>(),
        "countries": countries,
        "redirectUris": config.redirect_uris,
        "frameAncestors": config.frame_ancestors,
        "callMode": config.call_mode.as_str(),
    })
}

/// Text in an element or an attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// JSON for a script element: `</script` would end it and `<!--` would change how it is parsed.
fn in_script(json: &str) -> String {
    json.replace('<', "\\u003c")
}
