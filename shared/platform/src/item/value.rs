//! An attribute's value, and what it is read as.

use std::borrow::Cow;
use std::collections::HashMap;

use domain::administration::Action;
use domain::call::{AnsweredBy, CallState, FraudReport};
use domain::challenge::Method;
use domain::channel::Channel;
use domain::code::CodeMac;
use domain::delivery::Delivery;
use domain::locale::Locale;
use domain::phone::{Country, Line, PhoneNumber};
use domain::policy::BudgetMode;
use domain::purpose::Purpose;
use domain::receipt::{Fate, MessageId};
use domain::time::Timestamp;

/// A value as DynamoDB has it. Each method answers `None` for a value of another type.
pub trait Value: PartialEq + Sized {
    fn text(&self) -> Option<&str>;
    /// A number's digits.
    fn number(&self) -> Option<&str>;
    fn flag(&self) -> Option<bool>;
    fn bytes(&self) -> Option<Cow<'_, [u8]>>;
    fn list(&self) -> Option<&[Self]>;
    fn map(&self) -> Option<&HashMap<String, Self>>;
}

/// A type that an attribute is read as.
pub trait Stored: Sized {
    fn read(value: &impl Value) -> Option<Self>;
}

macro_rules! stored_as_number {
    ($($number:ty),*) => {
        $(impl Stored for $number {
            fn read(value: &impl Value) -> Option<Self> {
                value.number()?.parse().ok()
            }
        })*
    };
}

stored_as_number!(u32, u64, i64);

macro_rules! stored_as_word {
    ($($word:ty),*) => {
        $(impl Stored for $word {
            fn read(value: &impl Value) -> Option<Self> {
                Self::parse(value.text()?)
            }
        })*
    };
}

stored_as_word!(Action, AnsweredBy, BudgetMode, CallState, Channel, Delivery, Fate, FraudReport, Line, Method, Purpose);

impl Stored for Timestamp {
    fn read(value: &impl Value) -> Option<Self> {
        u64::read(value).map(Self::from_unix)
    }
}

impl Stored for bool {
    fn read(value: &impl Value) -> Option<Self> {
        value.flag()
    }
}

impl Stored for [u8; 32] {
    fn read(value: &impl Value) -> Option<Self> {
        value.bytes()?.as_ref().try_into().ok()
    }
}

impl Stored for CodeMac {
    fn read(value: &impl Value) -> Option<Self> {
        <[u8; 32]>::read(value).map(Self::from_bytes)
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn read(value: &impl Value) -> Option<Self> {
        value.list()?.iter().map(T::read).collect()
    }
}

impl Stored for MessageId {
    fn read(value: &impl Value) -> Option<Self> {
        Self::parse(value.text()?)
    }
}

impl Stored for PhoneNumber {
    fn read(value: &impl Value) -> Option<Self> {
        Self::parse(value.text()?).ok()
    }
}

impl Stored for Country {
    fn read(value: &impl Value) -> Option<Self> {
        Self::parse(value.text()?).ok()
    }
}

impl Stored for Locale {
    fn read(value: &impl Value) -> Option<Self> {
        value.text().map(Self::from_tag)
    }
}
