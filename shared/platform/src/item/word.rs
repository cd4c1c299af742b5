//! The closed sets of words that are stored.

use domain::call::{AnsweredBy, CallState};
use domain::challenge::Method;
use domain::channel::Channel;
use domain::delivery::Delivery;
use domain::phone::Line;
use domain::purpose::Purpose;

use super::value::{Stored, Value};

/// A closed set of values, each stored as one word.
pub trait Word: Copy + PartialEq + 'static {
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

impl Word for Channel {
    const WORDS: &'static [(Self, &'static str)] = &[(Self::Sms, "sms"), (Self::Call, "call")];
}

/// What an administrator did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Reset,
    Unlock,
    Unblock,
}

impl Word for Action {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Reset, "reset"), (Self::Unlock, "unlock"), (Self::Unblock, "unblock")];
}

macro_rules! stored_as_word {
    ($($word:ty),*) => {
        $(impl Stored for $word {
            fn read(value: &impl Value) -> Option<Self> {
                Self::from_word(value.text()?)
            }
        })*
    };
}

stored_as_word!(Action, AnsweredBy, CallState, Channel, Delivery, Line, Method, Purpose);
