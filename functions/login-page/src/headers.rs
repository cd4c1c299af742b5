//! Response headers. The page may load files from its own origin and call the API there, post a form there if Entra sends
//! people here, and may be framed by the origins that the operator lists. Nothing else is allowed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue};
use sha2::{Digest as _, Sha256};

use crate::assets::START_DIGEST;

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// Two years, as browsers' preload lists require; for this host only.
const TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=63072000");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
/// For files with the current version in their address: a changed file gets a new address.
pub(crate) const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// For pages from before a deployment, which get the current files.
pub(crate) const NOT_KEPT: HeaderValue = HeaderValue::from_static("no-store");
/// For the module at its stable address: a new version arrives within five minutes.
const FOR_A_WHILE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The page's headers, the same in every language.
pub(crate) fn page(
    style: &str,
    ancestors: &[String],
    entra: bool,
) -> Result<HeaderMap, http::header::InvalidHeaderValue> {
    let mut headers = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, NOT_KEPT),
        (CONTENT_SECURITY_POLICY, security_policy(style, ancestors, entra).try_into()?),
        (STRICT_TRANSPORT_SECURITY, TRANSPORT),
        (X_CONTENT_TYPE_OPTIONS, NOSNIFF),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (PERMISSIONS_POLICY, permissions(ancestors).try_into()?),
    ]);
    if ancestors.is_empty() {
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY")); // this header cannot list origins
    }
    Ok(headers)
}

/// Headers of a file that only the page loads.
pub(crate) fn asset(media_type: &'static str, cache: HeaderValue) -> HeaderMap {
    file(media_type, cache, HeaderValue::from_static("same-origin"), HeaderValue::from_static("accept-encoding"))
}

/// Headers of the client module, which pages of other origins load. The gateway adds the allowed origin,
/// so an answer to one origin must not be reused for another.
pub(crate) fn client(media_type: &'static str) -> HeaderMap {
    let vary = HeaderValue::from_static("accept-encoding, origin");
    file(media_type, FOR_A_WHILE, HeaderValue::from_static("cross-origin"), vary)
}

fn file(media_type: &'static str, cache: HeaderValue, policy: HeaderValue, vary: HeaderValue) -> HeaderMap {
    // An SVG that is opened on its own is a document: it may contain styles, but no scripts.
    let alone = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
    HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CACHE_CONTROL, cache),
        (VARY, vary),
        (CONTENT_SECURITY_POLICY, alone),
        (STRICT_TRANSPORT_SECURITY, TRANSPORT),
        (X_CONTENT_TYPE_OPTIONS, NOSNIFF),
        (RESOURCE_POLICY, policy),
    ])
}

fn security_policy(style: &str, ancestors: &[String], entra: bool) -> String {
    let [start, style] = [START_DIGEST, Sha256::digest(style).into()].map(|digest| STANDARD.encode(digest));
    let framed_by = if ancestors.is_empty() { "'none'".to_owned() } else { ancestors.join(" ") };
    let posts_to = if entra { "'self'" } else { "'none'" };
    format!(
        "default-src 'none'; script-src 'self' 'sha256-{start}'; style-src 'sha256-{style}'; img-src 'self'; \
         connect-src 'self'; base-uri 'none'; form-action {posts_to}; frame-ancestors {framed_by}; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

/// `WebOTP` works in a frame only where both pages allow it.
fn permissions(ancestors: &[String]) -> String {
    let quoted = ancestors.iter().map(|origin| format!("\"{origin}\""));
    let allowed: Vec<_> = std::iter::once("self".to_owned()).chain(quoted).collect();
    format!("otp-credentials=({})", allowed.join(" "))
}
