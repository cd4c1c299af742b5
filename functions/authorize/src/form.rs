//! A posted form, read strictly: a field that counts is there once, and is text.

use http::header::CONTENT_TYPE;
use lambda_http::Request;
use platform::problem::Problem;
use platform::request::body_of;

use crate::reason::Reason;

pub const LONGEST: usize = 16 * 1024;
pub const LONGEST_STATE: usize = 2048;

/// The fields that count. All others are ignored, as OpenID Connect wants it. It holds tokens, so it can't be printed.
pub struct Form(Vec<(String, String)>);

impl Form {
    pub fn of(request: &Request, fields: &[&str]) -> Result<Self, Reason> {
        if !is_form(request) {
            return Err(Reason::Form);
        }
        let body = body_of(request, LONGEST).map_err(|problem| match problem {
            Problem::BodyTooLarge => Reason::Size,
            _ => Reason::Form,
        })?;
        let mut taken: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(body).filter(|(name, _)| fields.contains(&&**name)) {
            if taken.iter().any(|(known, _)| *known == name) {
                return Err(Reason::Form); // whoever checked it before us may have read the other one
            }
            taken.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(taken))
    }

    /// A field's text. One without a value counts as missing (RFC 6749 §3.1).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// The state, which is needed to answer at all.
    pub fn state(&self) -> Result<&str, Reason> {
        self.get("state").filter(|state| state.len() <= LONGEST_STATE && comes_back(state)).ok_or(Reason::State)
    }
}

/// Whether a browser posts the text as it came: it changes line breaks, and what is not UTF-8 has become U+FFFD.
#[must_use]
pub fn comes_back(text: &str) -> bool {
    !text.contains(|character: char| character.is_control() || character == char::REPLACEMENT_CHARACTER)
}

/// Browsers name no charset here. The only one that we read may be named.
fn is_form(request: &Request) -> bool {
    let mut types = request.headers().get_all(CONTENT_TYPE).iter();
    let only = types.next().filter(|_| types.next().is_none()).and_then(|value| value.to_str().ok());
    let mut parts = only.unwrap_or_default().split(';').map(|part| part.trim().to_ascii_lowercase());
    parts.next().as_deref() == Some("application/x-www-form-urlencoded")
        && parts.all(|parameter| matches!(parameter.as_str(), "charset=utf-8" | "charset=\"utf-8\""))
}
