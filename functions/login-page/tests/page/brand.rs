//! The operator's colour and logo.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use login_page::brand::{Color, Logo};

use crate::browser::{deployed, get};

fn color(text: &str) -> Color {
    Color::parse(text).expect("a colour")
}

#[test]
fn contrast_is_computed_as_wcag_defines_it() {
    let white = color("#ffffff");
    for (other, expected) in
        [("#000000", 21.0), ("#ffffff", 1.0), ("#777777", 4.48), ("#767676", 4.54), ("#ff0000", 4.0)]
    {
        assert!((white.contrast(color(other)) - expected).abs() < 0.005, "{other}: {}", white.contrast(color(other)));
    }
}

#[test]
fn text_on_and_in_any_brand_colour_is_readable() {
    let known = ["#ffff00", "#ffcc00", "#808080", "#767676", "#000000", "#ffffff", "#ff0000", "#00ff00", "#0b57d0"];
    // Eight shades of each channel, mixed in every way.
    let shade = |of: u32| (of % 8) * 36;
    let cube = (0..512).map(|i| format!("#{:02x}{:02x}{:02x}", shade(i), shade(i / 8), shade(i / 64)));
    for text in known.map(str::to_owned).into_iter().chain(cube) {
        let brand = color(&text);
        let tokens = brand.tokens();
        let token = |name: &str| {
            let (_, rest) = tokens.split_once(&format!("--{name}:")).unwrap_or_else(|| panic!("{tokens}"));
            color(&rest[..7])
        };
        assert_eq!(token("brand"), brand);
        let on = [("on-brand", brand), ("brand-text-light", color("#ffffff")), ("brand-text-dark", color("#16181d"))];
        for (name, surface) in on {
            assert!(token(name).contrast(surface) >= 4.5, "{name} of {text}: {}", token(name).contrast(surface));
        }
    }
}

#[test]
fn a_readable_colour_is_not_changed() {
    for (text, expected) in [
        ("#0b57d0", ":root{--brand:#0b57d0;--on-brand:#ffffff;--brand-text-light:#0b57d0;--brand-text-dark:#4881db}"),
        ("#ffff00", ":root{--brand:#ffff00;--on-brand:#000000;--brand-text-light:#7a7a00;--brand-text-dark:#ffff00}"),
    ] {
        assert_eq!(color(text).tokens(), expected);
    }
}

#[test]
fn the_style_sheet_has_the_backgrounds_that_the_tokens_assume() {
    let page = get(&deployed(&[]), "/", &[]);
    assert!(page.text().contains("#16181d"), "the dark background");
    for token in ["--brand,", "--on-brand,", "--brand-text-light,", "--brand-text-dark,"] {
        assert!(page.text().contains(&format!("var({token}")), "{token} is not used");
    }
}

#[test]
fn an_invalid_colour_is_refused() {
    for text in ["", "0b57d0", "#0b57d", "#0b57d00", "#0b57dg", "#0b57é", "red", "#fff", "#+1+1+1", "#0b57d0;x:y"] {
        assert!(Color::parse(text).is_err(), "{text}");
    }
    assert_eq!(color("#0B57D0"), color("#0b57d0"));
}

const DRAWING: &[u8] = br#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1H0z"/></svg>"#;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

#[test]
fn the_logo_is_served_with_its_own_media_type_and_shown() {
    for (bytes, media_type, encoding) in
        [(DRAWING, "image/svg+xml", ""), (PNG, "image/png", ""), (&compressed(DRAWING), "image/svg+xml", "gzip")]
    {
        let app = deployed(&[("BRAND_LOGO", &STANDARD.encode(bytes))]);
        let page = get(&app, "/", &[]);
        let address = format!("{}/logo", page.assets());
        assert!(page.text().contains(&format!(r#"<img class="logo" src="{address}" alt="">"#)));
        assert_eq!(page.json("config")["logo"], true);
        let logo = get(&app, &address, &[("accept-encoding", "gzip")]);
        assert_eq!((logo.status.as_u16(), &logo.body[..]), (200, bytes));
        assert_eq!((logo.header("content-type"), logo.header("content-encoding")), (media_type, encoding));
        assert_eq!(logo.header("cache-control"), "public, max-age=31536000, immutable");
        // Opened on its own it is a document of this origin, so it is sandboxed.
        assert!(logo.header("content-security-policy").ends_with("; sandbox"));
    }
}

#[test]
fn an_invalid_logo_is_refused_with_a_reason() {
    let text = |bytes: &[u8]| STANDARD.encode(bytes);
    for (logo, said) in [
        ("%".to_owned(), "must be base64"),
        (text(b"GIF89a"), "must be a PNG, an SVG or a gzipped SVG"),
        (text(b"<html></html>"), "must be a PNG, an SVG or a gzipped SVG"),
    ] {
        let fault = Logo::parse(&logo).expect_err("no logo");
        assert!(fault.starts_with(said), "{fault}");
    }
}

#[test]
fn a_new_logo_changes_the_version_but_a_new_colour_does_not() {
    let version = |otherwise: &[(&str, &str)]| get(&deployed(otherwise), "/", &[]).assets();
    let drawing = STANDARD.encode(DRAWING);
    let png = STANDARD.encode(PNG);
    let versions = [version(&[]), version(&[("BRAND_LOGO", &drawing)]), version(&[("BRAND_LOGO", &png)])];
    assert!(versions[0] != versions[1] && versions[1] != versions[2] && versions[0] != versions[2], "{versions:?}");
    // The colour is in the page, which is never cached.
    assert_eq!(version(&[("BRAND_COLOR", "#ff0000")]), versions[0]);
}
