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

/// How an attribute is stored. The version before reads what this one writes, so tests hold writes against it.
pub trait Shaped {
    /// The type as `DynamoDB` names it; `[N]` is a list of numbers, `{N}` a map of them.
    fn kind() -> String;

    /// What a text may be, if the reader takes nothing else.
    #[must_use]
    fn words() -> Vec<&'static str> {
        Vec::new()
    }
}

macro_rules! shaped {
    ($($kind:literal: $($type:ty),+;)*) => {
        $($(impl Shaped for $type {
            fn kind() -> String {
                $kind.to_owned()
            }
        })+)*
    };
}

shaped! {
    "S": Country, Fate, Locale, MessageId, PhoneNumber;
    "N": u32, u64, i64, Timestamp;
    "B": [u8; 32], CodeMac;
    "BOOL": bool;
}

impl<T: Shaped> Shaped for Vec<T> {
    fn kind() -> String {
        format!("[{}]", T::kind())
    }
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

macro_rules! shaped_as_word {
    ($($word:ty),*) => {
        $(impl Shaped for $word {
            fn kind() -> String {
                "S".to_owned()
            }

            fn words() -> Vec<&'static str> {
                Self::ALL.map(Self::as_str).to_vec()
            }
        })*
    };
}

stored_as_word!(Action, AnsweredBy, BudgetMode, CallState, Channel, Delivery, Fate, FraudReport, Line, Method, Purpose);
// Not Fate, of which a word of a later version reads as nothing.
shaped_as_word!(Action, AnsweredBy, BudgetMode, CallState, Channel, Delivery, FraudReport, Line, Method, Purpose);

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
