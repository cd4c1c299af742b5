//! The body and headers of each route.

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::browser::{Answer, deployed, get};

fn headers(answer: &Answer) -> BTreeMap<&str, &str> {
    answer.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().expect("ASCII"))).collect()
}

/// As the policy has it, of the one element with this start tag.
fn hash(answer: &Answer, start: &str, end: &str) -> String {
    STANDARD.encode(Sha256::digest(answer.between(start, end)))
}

fn style_hash(answer: &Answer) -> String {
    hash(answer, "<style>", "</style>")
}

const TRANSPORT: (&str, &str) = ("strict-transport-security", "max-age=63072000");
const NOSNIFF: (&str, &str) = ("x-content-type-options", "nosniff");
const ALONE: (&str, &str) = ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox");

#[test]
fn the_page_is_never_cached_and_may_load_and_be_framed_only_as_configured() {
    let page = get(&deployed(&[]), "/", &[]);
    assert_eq!(page.status, 200);
    let policy = format!(
        "default-src 'none'; script-src 'self' 'sha256-{}'; style-src 'sha256-{}'; img-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors https://login.example.com https://www.example.com:8443; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        hash(&page, "<script>", "</script>"),
        style_hash(&page)
    );
    let expected = BTreeMap::from([
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("content-security-policy", policy.as_str()),
        ("referrer-policy", "no-referrer"),
        ("permissions-policy", r#"otp-credentials=(self "https://login.example.com" "https://www.example.com:8443")"#),
        TRANSPORT,
        NOSNIFF,
    ]);
    assert_eq!(headers(&page), expected);
}

#[test]
fn without_ancestors_the_page_cannot_be_framed() {
    let page = get(&deployed(&[("FRAME_ANCESTORS", "")]), "/", &[]);
    assert!(page.header("content-security-policy").contains("; frame-ancestors 'none';"));
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(page.header("permissions-policy"), "otp-credentials=(self)");
}

#[test]
fn the_page_may_post_a_form_to_its_own_origin_only_where_entra_sends_people_to_it() {
    let page = get(&deployed(&[("ENTRA", "on")]), "/", &[]);
    assert!(page.header("content-security-policy").contains("; form-action 'self'; "));
    assert_eq!(page.json("config")["entra"], json!(true));
    let page = get(&deployed(&[]), "/", &[]);
    assert!(page.header("content-security-policy").contains("; form-action 'none'; "));
}

#[test]
fn the_policy_allows_the_inline_style_with_any_colour() {
    for color in ["#0b57d0", "#ffcc00", "#000000"] {
        let page = get(&deployed(&[("BRAND_COLOR", color)]), "/", &[]);
        assert!(page.between("<style>", "</style>").contains(&format!("--brand:{color};")), "{color}");
        assert!(page.header("content-security-policy").contains(&format!("'sha256-{}'", style_hash(&page))), "{color}");
    }
}

#[test]
fn a_file_of_the_current_version_is_cached_forever_and_of_any_other_not_at_all() {
    let app = deployed(&[]);
    let assets = get(&app, "/", &[]).assets();
    for file in ["page.en.js", "later.en.js"] {
        let now = get(&app, &format!("{assets}/{file}"), &[]);
        let expected = BTreeMap::from([
            ("content-type", "text/javascript; charset=utf-8"),
            ("cache-control", "public, max-age=31536000, immutable"),
            ("vary", "accept-encoding"),
            ("cross-origin-resource-policy", "same-origin"),
            ALONE,
            TRANSPORT,
            NOSNIFF,
        ]);
        assert_eq!((now.status, headers(&now)), (http::StatusCode::OK, expected), "{file}");

        let before = get(&app, &format!("/assets/0123456789abcdef/{file}"), &[]);
        assert_eq!((before.status, before.header("cache-control")), (http::StatusCode::OK, "no-store"), "{file}");
        assert_eq!(before.body, now.body, "{file}");
    }
}

#[test]
fn the_client_module_has_a_stable_address_and_may_be_read_by_other_origins() {
    let app = deployed(&[]);
    let client = get(&app, "/mfa-client.js", &[]);
    let expected = BTreeMap::from([
        ("content-type", "text/javascript; charset=utf-8"),
        ("cache-control", "public, max-age=300"),
        ("vary", "accept-encoding, origin"),
        ("cross-origin-resource-policy", "cross-origin"),
        ALONE,
        TRANSPORT,
        NOSNIFF,
    ]);
    assert_eq!((client.status, headers(&client)), (http::StatusCode::OK, expected));
    assert_eq!(client.body, get(&app, "/assets/x/mfa-client.js", &[]).body);
}

#[test]
fn an_unknown_path_is_not_found_with_a_problem_document_like_the_apis() {
    let app = deployed(&[]);
    for path in [
        "/assets/x/none.js",
        "/assets/x/page.js",
        "/assets/x/later.js",
        "/assets/x/start.js",
        "/assets/x/page.css",
        "/assets/x/index.html",
        "/assets/x/en.json",
        "/assets/x/logo",
        "/assets/x/",
        "/assets/x",
        "/assets/x/locales/en.json",
        "/assets/x/../src/lib.rs",
        "/page.en.js",
        "//",
    ] {
        let answer = get(&app, path, &[]);
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (404, "no-store"), "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        assert!(answer.text().contains("urn:alliance-mfa:problem:not-found"), "{path}");
    }
}

fn gunzipped(bytes: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut unpacked).expect("gzip");
    unpacked
}

fn unbrotlied(mut bytes: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    brotli::BrotliDecompress(&mut bytes, &mut unpacked).expect("Brotli");
    unpacked
}

#[test]
fn everything_is_compressed_as_the_request_accepts_it() {
    let app = deployed(&[]);
    for path in ["/", "/mfa-client.js", "/assets/x/page.ja.js", "/assets/x/later.ja.js", "/assets/x/icon.svg"] {
        let identity = get(&app, path, &[]);
        assert_eq!(identity.header("content-encoding"), "", "{path}");
        let of_files = if path == "/" { "gzip" } else { "br" };
        for (accepted, encoding) in
            [("gzip, deflate, br, zstd", of_files), ("gzip, deflate", "gzip"), ("br;q=0.1, gzip;q=0.2", "gzip")]
        {
            let compressed = get(&app, path, &[("accept-encoding", accepted)]);
            assert_eq!(compressed.header("content-encoding"), encoding, "{path} {accepted}");
            assert_eq!(compressed.header("content-type"), identity.header("content-type"));
            assert_eq!(compressed.header("vary"), identity.header("vary"));
            assert!(compressed.body.len() < identity.body.len(), "{path}");
            let unpack = if encoding == "br" { unbrotlied } else { gunzipped };
            assert_eq!(unpack(&compressed.body), identity.body, "{path} {accepted}");
        }
    }
    let neither = get(&app, "/assets/x/page.ja.js", &[("accept-encoding", "zstd, br;q=0")]);
    assert_eq!(neither.header("content-encoding"), "");
}

#[test]
fn an_operators_settings_are_escaped_everywhere() {
    let hostile =
        [("BRAND", r#""><script>1/*"#), ("SUPPORT_URL", "https://x.example/</script><script>alert(1)</script><!--")];
    let page = get(&deployed(&hostile), "/", &[]);
    let plain = get(&deployed(&[]), "/", &[]);
    for tag in ["<script", "</script", "<!--"] {
        let count = |answer: &Answer| answer.text().matches(tag).count();
        assert_eq!(count(&page), count(&plain), "{tag}");
    }
    assert!(page.text().contains(r"&quot;&gt;&lt;script&gt;1/*"));
    assert_eq!(page.json("config")["brand"], hostile[0].1);
    assert_eq!(page.json("config")["supportUrl"], hostile[1].1);
    assert!(get(&deployed(&[("BRAND", "{{config}}")]), "/", &[]).text().contains(" · {{config}}</title>"));
    let apostrophe = get(&deployed(&[("BRAND", "Bob's & Sons")]), "/", &[]);
    assert!(apostrophe.text().contains("Bob&#39;s &amp; Sons</title>"));
}

#[test]
fn the_scripts_get_the_deployments_settings() {
    let page = get(&deployed(&[]), "/", &[]);
    let expected = json!({
        "locale": "en",
        "brand": "Example",
        "logo": false,
        "supportUrl": "https://support.example.com/sign-in",
        "termsUrl": "https://www.example.com/terms",
        "privacyUrl": "https://www.example.com/privacy",
        "channels": ["sms", "call"],
        "countries": {
            "US": { "channels": ["sms", "call"], "format": "1|1|(3) 3-4" },
            "CA": { "channels": ["sms"], "format": "1|1|(3) 3-4" },
            "FR": { "channels": ["call"], "format": "33|0|1 2 2 2 2" },
        },
        "redirectUris": ["https://login.example.com/mfa/done", "http://127.0.0.1:9000/signed-in"],
        "frameAncestors": ["https://login.example.com", "https://www.example.com:8443"],
        "callMode": "press-pound",
    });
    assert_eq!(page.json("config"), expected);

    let least = get(
        &deployed(&[
            ("CHANNELS", "sms"),
            ("CALL_MODE", "match-digits"),
            ("SUPPORT_URL", ""),
            ("TERMS_URL", ""),
            ("PRIVACY_URL", ""),
            ("REDIRECT_URIS", ""),
            ("FRAME_ANCESTORS", ""),
        ]),
        "/",
        &[],
    );
    let config = least.json("config");
    assert_eq!(config["channels"], json!(["sms"]));
    let by_sms = json!({ "channels": ["sms"], "format": "1|1|(3) 3-4" });
    assert_eq!(config["countries"], json!({ "US": by_sms, "CA": by_sms }), "no country that nothing reaches");
    assert_eq!(config["callMode"], "match-digits");
    for url in ["supportUrl", "termsUrl", "privacyUrl"] {
        assert_eq!(config[url], json!(null), "{url}");
    }
    assert_eq!((&config["redirectUris"], &config["frameAncestors"]), (&json!([]), &json!([])));
}

#[test]
fn the_countries_begin_with_the_one_that_the_deployment_lists_first() {
    for (listed, first) in [("US,CA:sms,FR:call", "US"), ("GB,US,CA", "GB"), ("FR:call,US", "US")] {
        let page = get(&deployed(&[("ALLOWED_COUNTRIES", listed), ("CHANNELS", "sms")]), "/", &[]);
        let countries = page.between(r#""countries":{"#, "}}");
        assert!(countries.starts_with(&format!(r#""{first}":"#)), "{listed}: {countries}");
    }
}

#[test]
fn the_page_depends_on_nothing_in_the_request_but_its_language() {
    let app = deployed(&[]);
    let plain = get(&app, "/", &[]);
    let told = get(
        &app,
        "/?redirect_uri=https://evil.example.com&state=%3Cscript%3E&token=secret",
        &[
            ("host", "evil.example.com"),
            ("x-forwarded-host", "evil.example.com"),
            ("origin", "https://evil.example.com"),
        ],
    );
    assert_eq!(told.body, plain.body);
    assert_eq!(headers(&told), headers(&plain));
}
