//! The function's settings, read from its environment.

use std::collections::BTreeSet;

use domain::channel::Channel;
use domain::phone::Reach;
use domain::policy::CallMode;
use http::Uri;
use platform::settings::{Environment, table};

use crate::brand::{Color, Logo};

#[derive(Debug)]
pub struct Config {
    pub brand: String,
    pub color: Color,
    pub logo: Option<Logo>,
    pub support_url: Option<String>,
    pub terms_url: Option<String>,
    pub privacy_url: Option<String>,
    pub channels: BTreeSet<Channel>,
    pub reach: Reach,
    pub call_mode: CallMode,
    /// Where the page may redirect with a result.
    pub redirect_uris: Vec<String>,
    /// The origins of pages that may embed this one and exchange messages with it.
    pub frame_ancestors: Vec<String>,
    /// Whether Entra sends people here, so that the page may post to the function `authorize`.
    pub entra: bool,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let brand = env.get(&table::BRAND);
        let color = env.parse(&table::BRAND_COLOR, |color| Color::parse(&color));
        let logo = env.parse(&table::BRAND_LOGO, |logo| logo.as_deref().map(Logo::parse).transpose());
        let support_url = env.get(&table::SUPPORT_URL);
        let terms_url = env.get(&table::TERMS_URL);
        let privacy_url = env.get(&table::PRIVACY_URL);
        let channels = env.get(&table::CHANNELS);
        let reach = env.get(&table::ALLOWED_COUNTRIES);
        let call_mode = env.get(&table::CALL_MODE);
        let redirect_uris = env.parse(&table::REDIRECT_URIS, |list| each(list.as_deref(), redirect_uri));
        let frame_ancestors = env.parse(&table::FRAME_ANCESTORS, |list| each(list.as_deref(), origin));
        let entra = env.get(&table::ENTRA);
        Some(Self {
            brand: brand?,
            color: color?,
            logo: logo?,
            support_url: support_url?,
            terms_url: terms_url?,
            privacy_url: privacy_url?,
            channels: channels?,
            reach: reach?,
            call_mode: call_mode?,
            redirect_uris: redirect_uris?,
            frame_ancestors: frame_ancestors?,
            entra: entra?,
        })
    }
}

fn each(list: Option<&str>, parse: impl Fn(&str) -> Result<(), &'static str>) -> Result<Vec<String>, String> {
    let item = |item: &str| match parse(item.trim()) {
        Ok(()) => Ok(item.trim().to_owned()),
        Err(fault) => Err(format!("{fault}, which {:?} is not", item.trim())),
    };
    list.into_iter().flat_map(|list| list.split(',')).map(item).collect()
}

/// Compared exactly as written, and the page adds a fragment to it.
fn redirect_uri(text: &str) -> Result<(), &'static str> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains('#');
    let fault = "must list https URIs, or an app's such as com.example.app:/done, without a fragment";
    if plain && (secure(text).is_some() || is_of_an_app(text)) { Ok(()) } else { Err(fault) }
}

/// A URI whose scheme belongs to one app, because it is the reverse of a domain name (RFC 8252 §7.1). The dot keeps out
/// the schemes that browsers give a meaning to.
fn is_of_an_app(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(":/") else { return false };
    let of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let mut labels = scheme.split('.');
    let starts_well = scheme.starts_with(|first: char| first.is_ascii_lowercase());
    let is_name = labels.clone().count() >= 2 && labels.all(|label| !label.is_empty() && label.bytes().all(of_name));
    starts_well && is_name && !rest.contains('@')
}

/// Compared with the origin that a browser reports: lower case, without the default port.
fn origin(text: &str) -> Result<(), &'static str> {
    let as_browsers_write_it = |uri: &Uri| {
        uri.path_and_query().is_some_and(|path| path == "/")
            && !text.ends_with('/')
            && uri.port_u16() != Some(443)
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b":/.-[]".contains(&byte))
    };
    if secure(text).is_some_and(|uri| as_browsers_write_it(&uri)) {
        Ok(())
    } else {
        Err("must list origins such as https://login.example.com")
    }
}

/// An https URI, or http on a loopback address, with a host and without user info.
fn secure(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let authority = uri.authority()?;
    let local = matches!(authority.host(), "127.0.0.1" | "localhost" | "[::1]");
    let safe = uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && local);
    (safe && !authority.host().is_empty() && !authority.as_str().contains('@')).then_some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_is_https_or_of_an_app_and_has_no_fragment() {
        for good in [
            "https://login.example.com/mfa/done",
            "https://login.example.com:8443/done?x=1&y=a%20b",
            "http://127.0.0.1:9000/signed-in",
            "http://localhost/done",
            "com.example.app:/mfa/done",
            "com.example.app://done",
        ] {
            assert_eq!(redirect_uri(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "*",
            "/done",
            "login.example.com/done",
            "http://login.example.com/done",
            "http://127.0.0.1.example.com/",
            "https://user@login.example.com/",
            "https://login.example.com/done#x",
            "https://login.example.com/a b",
            "javascript:alert(1)",
            "https:///done",
            "myapp:/done",
            "file:///done",
            "com.example.app",
            "com.example.app:done",
            "com.example.app:/done#x",
            "Com.example.app:/done",
            "com..app:/done",
            "com.example.app://user@done",
            "1com.example:/done",
        ] {
            assert!(redirect_uri(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for good in ["https://login.example.com", "https://login.example.com:8443", "http://127.0.0.1:9000"] {
            assert_eq!(origin(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "*",
            "https://*.example.com",
            "'self'",
            "https://login.example.com/",
            "https://login.example.com/page",
            "https://login.example.com?x",
            "https://login.example.com:443",
            "https://Login.example.com",
            "https://login.example.com; script-src *",
            "http://login.example.com",
            "null",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_list_names_the_item_that_is_wrong() {
        let said = each(Some("https://a.example.com, ftp://b.example.com"), origin);
        assert_eq!(
            said.expect_err("one is wrong"),
            r#"must list origins such as https://login.example.com, which "ftp://b.example.com" is not"#
        );
        assert_eq!(each(Some("https://a.example.com, https://b.example.com"), origin).map(|list| list.len()), Ok(2));
        assert_eq!(each(None, origin), Ok(Vec::new()));
    }
}
