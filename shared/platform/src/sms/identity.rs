//! What one message is sent from, and under which registration.

use domain::phone::{Country, PhoneNumber};

/// Which of our texts a message is: India registers each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// A code to sign in.
    Code,
    /// A code that changes the number.
    Change,
    /// A notice that the number was changed.
    Notice,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// A long or toll-free number in E.164.
    Number(String),
    ShortCode(String),
    /// A name, which phones show in place of a number.
    SenderId(String),
    /// The id or ARN of a pool, from which AWS picks by country.
    Pool(String),
}

/// The ids under which India's carriers know a sender and its texts (DLT).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Registration {
    pub(super) entity: String,
    code: String,
    change: String,
    notice: String,
}

impl Identity {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let owned = text.to_owned();
        let all = |allowed: fn(&u8) -> bool| !text.is_empty() && text.bytes().all(|byte| allowed(&byte));
        if text.starts_with('+') {
            return PhoneNumber::parse(text).map(|_| Self::Number(owned)).map_err(|_| "has no number in E.164");
        }
        if text.starts_with("pool-") || text.starts_with("arn:") {
            let is_pool = text.starts_with("pool-") || (text.contains(":sms-voice:") && text.contains(":pool/pool-"));
            let spelled = text.len() <= 256 && all(|byte| byte.is_ascii_alphanumeric() || b"_:/-".contains(byte));
            return (is_pool && spelled).then_some(Self::Pool(owned)).ok_or("has neither the id nor the ARN of a pool");
        }
        if all(u8::is_ascii_digit) {
            let fits = (3..=8).contains(&text.len());
            return fits
                .then_some(Self::ShortCode(owned))
                .ok_or("has no short code of 3 to 8 digits, nor a + before a number");
        }
        let named = text.len() <= 11
            && all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && text.bytes().any(|byte| byte.is_ascii_alphabetic());
        let form = "has no sender id of 1 to 11 letters, digits and hyphens with at least one letter";
        named.then_some(Self::SenderId(owned)).ok_or(form)
    }

    /// Short codes of the United States and Canada have five or six digits.
    pub(super) fn may_be_of(&self, country: Country) -> bool {
        match self {
            Self::Number(number) => PhoneNumber::parse(number).is_ok_and(|number| country.may_have(&number)),
            Self::ShortCode(code) => !["US", "CA"].contains(&country.as_str()) || (5..=6).contains(&code.len()),
            Self::SenderId(_) | Self::Pool(_) => true,
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Number(text) | Self::ShortCode(text) | Self::SenderId(text) | Self::Pool(text) => text,
        }
    }
}

impl Registration {
    pub(super) fn parse<'a>(parts: impl Iterator<Item = &'a str>) -> Result<Self, &'static str> {
        let mut registration = Self::default();
        for part in parts {
            let (name, id) = part.split_once(':').unwrap_or((part, ""));
            let place = match name {
                "entity" => &mut registration.entity,
                "code" => &mut registration.code,
                "change" => &mut registration.change,
                "notice" => &mut registration.notice,
                _ => return Err("has a registration other than entity, code, change and notice"),
            };
            let is_id = (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !is_id || !place.is_empty() {
                return Err("has a registration without an id, or twice");
            }
            id.clone_into(place);
        }
        let Self { entity, code, change, notice } = &registration;
        let complete = [entity, code, change, notice].iter().all(|id| !id.is_empty());
        complete.then_some(registration).ok_or("lacks a registration: it needs entity, code, change and notice")
    }

    /// The id of a text.
    pub(super) fn template(&self, template: Template) -> &str {
        match template {
            Template::Code => &self.code,
            Template::Change => &self.change,
            Template::Notice => &self.notice,
        }
    }
}
