//! Renders the page in one language: fills the template's placeholders, escaping each for its context.

use std::collections::BTreeSet;
use std::io;

use domain::channel::Channel;
use domain::phone::Country;
use platform::html::escape;
use serde::{Serialize, Serializer};

use crate::assets::{self, Locale, Part, START, STYLE, Slot, TEMPLATE};
use crate::brand::Color;
use crate::config::Config;

/// A rendered page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) html: String,
    pub(crate) gzip: Vec<u8>,
}

impl Page {
    pub(crate) fn render(config: &Config, style: &str, assets: &str, locale: &Locale) -> io::Result<Self> {
        let html: String = TEMPLATE
            .iter()
            .map(|part| match part {
                Part::Text(text) => Ok((*text).to_owned()),
                Part::Slot(slot) => fill(*slot, config, style, assets, locale),
            })
            .collect::<io::Result<_>>()?;
        Ok(Self { gzip: assets::gzip(html.as_bytes())?, html })
    }
}

/// The style of the page: the operator's colours, and the style sheet that uses them.
pub(crate) fn style(color: Color) -> String {
    color.tokens() + STYLE
}

fn fill(slot: Slot, config: &Config, style: &str, assets: &str, locale: &Locale) -> io::Result<String> {
    Ok(match slot {
        Slot::Lang => locale.tag.to_owned(),
        Slot::Dir => domain::locale::Locale::from_tag(locale.tag).direction().to_owned(),
        Slot::Assets => assets.to_owned(),
        Slot::Start => START.to_owned(),
        Slot::Brand => escape(&config.brand),
        Slot::Title => escape(locale.title),
        Slot::Noscript => escape(locale.noscript),
        Slot::Logo if config.logo.is_some() => format!(r#"<img class="logo" src="{assets}/logo" alt="">"#),
        Slot::Logo => String::new(),
        Slot::Style => style.to_owned(),
        Slot::Config => in_script(&serde_json::to_string(&Settings::of(config, locale))?),
        Slot::Strings => in_script(locale.strings),
    })
}

/// The deployment's settings for the page's scripts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings<'a> {
    locale: &'static str,
    brand: &'a str,
    logo: bool,
    support_url: Option<&'a str>,
    terms_url: Option<&'a str>,
    privacy_url: Option<&'a str>,
    channels: Vec<&'static str>,
    countries: Countries<'a>,
    redirect_uris: &'a [String],
    frame_ancestors: &'a [String],
    call_mode: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    entra: bool,
}

impl<'a> Settings<'a> {
    fn of(config: &'a Config, locale: &Locale) -> Self {
        Self {
            locale: locale.tag,
            brand: &config.brand,
            logo: config.logo.is_some(),
            support_url: config.support_url.as_deref(),
            terms_url: config.terms_url.as_deref(),
            privacy_url: config.privacy_url.as_deref(),
            channels: config.channels.iter().map(|channel| channel.as_str()).collect(),
            countries: Countries(config),
            redirect_uris: &config.redirect_uris,
            frame_ancestors: &config.frame_ancestors,
            call_mode: config.call_mode.as_str(),
            entra: config.entra,
        }
    }
}

/// The countries that any channel reaches. The page offers the first one where nothing hints at another.
struct Countries<'a>(&'a Config);

/// A country's channels, and how its numbers are written.
#[derive(Serialize)]
struct Reached {
    channels: Vec<&'static str>,
    format: &'static str,
}

impl Serialize for Countries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Config { reach, channels: offered, .. } = self.0;
        let usable = |(country, channels): (Country, &BTreeSet<Channel>)| {
            let channels: Vec<_> = channels.intersection(offered).map(|channel| channel.as_str()).collect();
            let format = assets::number_format(country.as_str());
            (!channels.is_empty()).then_some((country.as_str().to_owned(), Reached { channels, format }))
        };
        serializer.collect_map(reach.countries().filter_map(usable))
    }
}

/// JSON for a script element: `</script` would end it and `<!--` would change how it is parsed.
fn in_script(json: &str) -> String {
    json.replace('<', "\\u003c")
}
