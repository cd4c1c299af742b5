//! The operator's colour and logo. Text stays readable with any colour: on the colour it is black or
//! white, and text in that colour is adjusted until its contrast is sufficient (WCAG 2.2, 1.4.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The contrast ratio that normal text needs.
const READABLE: f64 = 4.5;
/// The light and dark background of text; the style sheet has the same.
const LIGHT: Color = Color([0xff, 0xff, 0xff]);
const DARK: Color = Color([0x16, 0x18, 0x1d]);
const BLACK: Color = Color([0, 0, 0]);
const WHITE: Color = Color([0xff, 0xff, 0xff]);

/// An sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color([u8; 3]);

impl Color {
    /// Parses `#rrggbb`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fault = || "must be a colour such as #0b57d0".to_owned();
        let digits =
            text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii()).ok_or_else(fault)?;
        let mut channels = [0; 3];
        for (channel, digits) in channels.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
            let [high, low] = [digits[0], digits[1]].map(value);
            *channel = high.ok_or_else(fault)? * 16 + low.ok_or_else(fault)?;
        }
        Ok(Self(channels))
    }

    /// In CSS notation.
    #[must_use]
    pub fn css(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// The contrast ratio of two colours (WCAG 2.2), from 1 to 21.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Black or white, whichever has more contrast on this colour: at least 4.58 on any.
    #[must_use]
    pub fn ink(self) -> Self {
        if self.contrast(WHITE) >= self.contrast(BLACK) { WHITE } else { BLACK }
    }

    /// This colour, mixed with as much of the surface's text colour as it needs to be readable there.
    #[must_use]
    pub fn text_on(self, surface: Self) -> Self {
        let ink = surface.ink();
        let moved = |percent: u16| {
            let mut channels = self.0;
            for (channel, end) in channels.iter_mut().zip(ink.0) {
                let mixed = (u16::from(*channel) * (100 - percent) + u16::from(end) * percent) / 100;
                *channel = u8::try_from(mixed).unwrap_or(end);
            }
            Self(channels)
        };
        (0..=100).map(moved).find(|color| color.contrast(surface) >= READABLE).unwrap_or(ink)
    }

    /// The custom properties that the style sheet uses.
    #[must_use]
    pub fn tokens(self) -> String {
        format!(
            ":root{{--brand:{};--on-brand:{};--brand-text-light:{};--brand-text-dark:{}}}",
            self.css(),
            self.ink().css(),
            self.text_on(LIGHT).css(),
            self.text_on(DARK).css(),
        )
    }
}

/// The operator's logo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    kind: Kind,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Png,
    Svg,
    /// Takes half the space of an SVG or less.
    CompressedSvg,
}

impl Logo {
    /// Parses a base64 image. Its first bytes tell the kind.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bytes = STANDARD.decode(text).map_err(|error| format!("must be base64: {error}"))?;
        let kind = match &bytes[..] {
            [0x89, b'P', b'N', b'G', ..] => Kind::Png,
            [0x1f, 0x8b, ..] => Kind::CompressedSvg,
            text if str::from_utf8(text).is_ok_and(|text| text.contains("<svg")) => Kind::Svg,
            _ => return Err("must be a PNG, an SVG or a gzipped SVG".to_owned()),
        };
        Ok(Self { kind, bytes })
    }

    /// The file's content.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its `Content-Type`.
    #[must_use]
    pub const fn media_type(&self) -> &'static str {
        match self.kind {
            Kind::Png => "image/png",
            Kind::Svg | Kind::CompressedSvg => "image/svg+xml",
        }
    }

    /// Whether it is already compressed.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        self.kind == Kind::CompressedSvg
    }
}
