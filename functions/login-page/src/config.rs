//! The function's configuration.

use std::collections::BTreeSet;

use domain::call::CallMode;
use domain::channel::Channel;
use domain::phone::Reach;
use http::Uri;
use platform::config::{Environment, any, short_ascii};
use platform::settings::{call_mode, channels, reach};
use platform::telemetry::Telemetry;

use crate::brand::{Color, Logo};

/// All that the function reads from its environment.
#[derive(Debug)]
pub struct Config {
    /// Who asks for the second factor.
    pub brand: String,
    /// The colour of what is to be pressed.
    pub color: Color,
    /// What stands beside the brand.
    pub logo: Option<Logo>,
    /// Where to send who cannot go on.
    pub support_url: Option<String>,
    /// The channels on offer.
    pub channels: BTreeSet<Channel>,
    /// The countries that are sent to, and by which channels.
    pub reach: Reach,
    /// What calls ask for.
    pub call_mode: CallMode,
    /// Where a browser may be sent with a result.
    pub redirect_uris: Vec<String>,
    /// The origins whose pages may show this one in a frame, and talk to it.
    pub frame_ancestors: Vec<String>,
    /// How it tells of itself.
    pub telemetry: Telemetry,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let brand = env.required("BRAND", short_ascii(16));
        let color = env.optional("BRAND_COLOR", Color::parse);
        let logo = env.optional("BRAND_LOGO", Logo::parse);
        let support_url = env.optional("SUPPORT_URL", any);
        let channels = channels(env);
        let reach = reach(env);
        let call_mode = call_mode(env);
        let redirect_uris = env.optional("REDIRECT_URIS", |list| each(list, redirect_uri));
        let frame_ancestors = env.optional("FRAME_ANCESTORS", |list| each(list, origin));
        let telemetry = Telemetry::read(env);
        Some(Self {
            brand: brand?,
            color: color?.unwrap_or_default(),
            logo: logo?,
            support_url: support_url?,
            channels: channels?,
            reach: reach?,
            call_mode: call_mode?,
            redirect_uris: redirect_uris?.unwrap_or_default(),
            frame_ancestors: frame_ancestors?.unwrap_or_default(),
            telemetry: telemetry?,
        })
    }
}

fn each(list: &str, parse: impl Fn(&str) -> Result<(), &'static str>) -> Result<Vec<String>, String> {
    let item = |item: &str| match parse(item.trim()) {
        Ok(()) => Ok(item.trim().to_owned()),
        Err(fault) => Err(format!("{fault}, which {:?} is not", item.trim())),
    };
    list.split(',').map(item).collect()
}

/// A URI is compared as it is written, and gets a fragment.
fn redirect_uri(text: &str) -> Result<(), &'static str> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains('#');
    if plain && secure(text).is_some() { Ok(()) } else { Err("must list https URIs without a fragment") }
}

/// An origin is compared with what a browser says of a page: lower case, and no port that goes without saying.
fn origin(text: &str) -> Result<(), &'static str> {
    let as_browsers_say_it = |uri: &Uri| {
        uri.path_and_query().is_some_and(|path| path == "/")
            && !text.ends_with('/')
            && uri.port_u16() != Some(443)
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b":/.-[]".contains(&byte))
    };
    if secure(text).is_some_and(|uri| as_browsers_say_it(&uri)) {
        Ok(())
    } else {
        Err("must list origins such as https://login.example.com")
    }
}

/// An https URI, or one of http on this machine, that names a host and nobody.
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
    fn a_redirect_uri_is_one_of_https_without_a_fragment() {
        for good in [
            "https://login.example.com/mfa/done",
            "https://login.example.com:8443/done?x=1&y=a%20b",
            "http://127.0.0.1:9000/signed-in",
            "http://localhost/done",
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
        ] {
            assert!(redirect_uri(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_origin_is_written_as_browsers_say_it() {
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
        let said = each("https://a.example.com, ftp://b.example.com", origin);
        assert_eq!(
            said.expect_err("one is wrong"),
            r#"must list origins such as https://login.example.com, which "ftp://b.example.com" is not"#
        );
        assert_eq!(each("https://a.example.com, https://b.example.com", origin).map(|list| list.len()), Ok(2));
    }
}
