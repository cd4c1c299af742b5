//! Attribute values to and from the domain's types.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::call::{AnsweredBy, CallState};
use domain::challenge::{Delivery, Method, Purpose};
use domain::phone::{Country, Line, PhoneNumber};
use domain::ports::StoreError;
use domain::time::Timestamp;

use super::key::Item;

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl Into<u64>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

pub(super) fn time(value: Timestamp) -> AttributeValue {
    number(value.as_unix())
}

pub(super) fn times(values: &[Timestamp]) -> AttributeValue {
    AttributeValue::L(values.iter().copied().map(time).collect())
}

pub(super) fn bytes(value: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// A set of one.
pub(super) fn bytes_set(value: &[u8]) -> AttributeValue {
    AttributeValue::Bs(vec![Blob::new(value)])
}

/// Reads an item's attributes, naming the one that cannot be read.
pub(super) struct Reader<'a>(pub(super) &'a Item);

impl Reader<'_> {
    pub(super) fn text(&self, name: &'static str) -> Result<&str, StoreError> {
        let value = self.0.get(name).and_then(|value| value.as_s().ok());
        value.map(String::as_str).ok_or(StoreError::Unreadable(name))
    }

    pub(super) fn number<N: std::str::FromStr>(&self, name: &'static str) -> Result<N, StoreError> {
        self.maybe_number(name)?.ok_or(StoreError::Unreadable(name))
    }

    pub(super) fn maybe_number<N: std::str::FromStr>(&self, name: &'static str) -> Result<Option<N>, StoreError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        parse_number(value).map(Some).ok_or(StoreError::Unreadable(name))
    }

    pub(super) fn time(&self, name: &'static str) -> Result<Timestamp, StoreError> {
        self.number(name).map(Timestamp::from_unix)
    }

    pub(super) fn maybe_time(&self, name: &'static str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.maybe_number(name)?.map(Timestamp::from_unix))
    }

    pub(super) fn times(&self, name: &'static str) -> Result<Vec<Timestamp>, StoreError> {
        self.list(name, |value| parse_number(value).map(Timestamp::from_unix))
    }

    pub(super) fn digest(&self, name: &'static str) -> Result<[u8; 32], StoreError> {
        self.0.get(name).and_then(parse_digest).ok_or(StoreError::Unreadable(name))
    }

    pub(super) fn digests(&self, name: &'static str) -> Result<Vec<[u8; 32]>, StoreError> {
        self.list(name, parse_digest)
    }

    pub(super) fn flag(&self, name: &'static str) -> Result<bool, StoreError> {
        let Some(value) = self.0.get(name) else { return Ok(false) };
        value.as_bool().copied().map_err(|_| StoreError::Unreadable(name))
    }

    pub(super) fn word<W>(&self, name: &'static str, read: impl Fn(&str) -> Option<W>) -> Result<W, StoreError> {
        read(self.text(name)?).ok_or(StoreError::Unreadable(name))
    }

    pub(super) fn phone(&self, name: &'static str) -> Result<PhoneNumber, StoreError> {
        PhoneNumber::parse(self.text(name)?).map_err(|_| StoreError::Unreadable(name))
    }

    pub(super) fn country(&self) -> Result<Country, StoreError> {
        Country::parse(self.text("country")?).map_err(|_| StoreError::Unreadable("country"))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn list<T>(&self, name: &'static str, read: impl Fn(&AttributeValue) -> Option<T>) -> Result<Vec<T>, StoreError> {
        let Some(value) = self.0.get(name) else { return Ok(Vec::new()) };
        let values = value.as_l().map_err(|_| StoreError::Unreadable(name))?;
        values.iter().map(read).collect::<Option<_>>().ok_or(StoreError::Unreadable(name))
    }
}

pub(super) fn parse_number<N: std::str::FromStr>(value: &AttributeValue) -> Option<N> {
    value.as_n().ok()?.parse().ok()
}

fn parse_digest(value: &AttributeValue) -> Option<[u8; 32]> {
    value.as_b().ok()?.as_ref().try_into().ok()
}

/// A closed set of values, each stored as one word.
pub(super) trait Word: Copy + PartialEq + 'static {
    const WORDS: &'static [(Self, &'static str)];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(value, _)| *value == self).map_or("", |(_, word)| *word)
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(value, _)| *value)
    }
}

impl Word for CallState {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Calling, "calling"),
        (Self::Ringing, "ringing"),
        (Self::Answered, "answered"),
        (Self::Voicemail, "voicemail"),
        (Self::NoAnswer, "no-answer"),
        (Self::Busy, "busy"),
        (Self::Failed, "failed"),
        (Self::Ended, "ended"),
    ];
}

impl Word for AnsweredBy {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Human, "human"), (Self::NotHuman, "not-human"), (Self::Unjudged, "unjudged")];
}

impl Word for Line {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Mobile, "mobile"), (Self::Fixed, "fixed"), (Self::Other, "other")];
}

impl Word for Purpose {
    const WORDS: &'static [(Self, &'static str)] = &[(Self::Login, "login"), (Self::Change, "change")];
}

impl Word for Delivery {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Accepted, "accepted"), (Self::Failed, "failed"), (Self::Unknown, "unknown")];
}

impl Word for Method {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::SmsCode, "sms-code"),
        (Self::PressPound, "press-pound"),
        (Self::MatchDigits, "match-digits"),
        (Self::SpokenCode, "spoken-code"),
    ];
}
