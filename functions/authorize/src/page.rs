//! The two pages: one takes the user back to Entra, the other says that this is not possible and what to do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::locale::Locale;
use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use lambda_http::Body;
use platform::html::escape;
use platform::preference::by_quality;
use platform::{invocation, reply};
use sha2::{Digest as _, Sha256};

const STYLE: &str = "body{margin:0;font:1.0625rem/1.5 system-ui,sans-serif;color-scheme:light dark;\
    background:Canvas;color:CanvasText}main{max-width:28rem;margin:0 auto;padding:3rem 1.25rem}\
    h1{font-size:1.375rem;line-height:1.3}button{font:inherit;min-height:3rem;padding:.5rem 1.5rem}\
    small{overflow-wrap:anywhere}";
const SCRIPT: &str = "document.forms[0].submit()";

/// What is in both pages.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    pub brand: &'a str,
    pub locale: Locale,
}

/// The language that the browser prefers, of those spoken here.
#[must_use]
pub fn locale(headers: &HeaderMap) -> Locale {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    by_quality(accepted).into_iter().find_map(Locale::known).unwrap_or_default()
}

impl Frame<'_> {
    /// Posts the fields to `address` by itself, and by a button where scripts are off.
    #[must_use]
    pub fn back(&self, address: &str, fields: &[(&str, &str)]) -> Response<Body> {
        let words = self.locale.door();
        let field = |(name, value): &(&str, &str)| {
            format!(r#"<input type="hidden" name="{}" value="{}">"#, escape(name), escape(value))
        };
        let fields: String = fields.iter().map(field).collect();
        let main = format!(
            r#"<h1>{}</h1><form method="post" action="{}">{fields}<button>{}</button></form><script>{SCRIPT}</script>"#,
            escape(words.going_back),
            escape(address),
            escape(words.go_on),
        );
        // No form-action: browsers apply it to Entra's own redirects as well.
        let mut response = self.page(StatusCode::OK, &main, &format!("script-src '{}'", hash(SCRIPT)));
        // Entra sees where the answer comes from, but no address of a page.
        response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
        response
    }

    /// Says that this can't go on, and what to do. It leads nowhere, and repeats nothing of the request.
    #[must_use]
    pub fn ended(&self, status: StatusCode) -> Response<Body> {
        let words = self.locale.door();
        let reference = invocation::reference().map_or_else(String::new, |reference| {
            format!("<p><small>{}: {}</small></p>", escape(words.reference), escape(&reference))
        });
        let main = format!("<h1>{}</h1><p>{}</p>{reference}", escape(words.ended), escape(words.start_again));
        let mut response = self.page(status, &main, "form-action 'none'");
        response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response
    }

    fn page(&self, status: StatusCode, main: &str, policy: &str) -> Response<Body> {
        let (brand, locale) = (escape(self.brand), self.locale);
        let html = format!(
            r#"<!doctype html><html lang="{}" dir="{}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{brand}</title><style>{STYLE}</style></head><body><main><p>{brand}</p>{main}</main></body></html>"#,
            locale.tag(),
            locale.direction(),
        );
        let policy = format!(
            "default-src 'none'; style-src '{}'; {policy}; base-uri 'none'; frame-ancestors 'none'",
            hash(STYLE)
        );
        let mut response = reply::document(status, "text/html; charset=utf-8", html);
        response.headers_mut().extend([
            (STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000")),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        ]);
        // Constants and base64, so this cannot fail; an empty policy would be none at all.
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'; sandbox"));
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        response
    }
}

/// An inline script or style, as a policy names it.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}
