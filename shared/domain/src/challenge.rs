//! The challenge: one per login session, replaced by its next generation, never reopened.
//!
//! | From | To | When |
//! |---|---|---|
//! | none, expired, exhausted | pending, next generation | a start within the subject's budgets |
//! | pending | pending, next generation | another number is given; guesses and sends used carry over |
//! | pending | approved | right code, sent or spoken; in an answered, human call the page's digits or, uncontested and to sign in, `#` |
//! | pending | denied | the fraud key, in this or in any other call of the subject; an administrator |
//! | approved, denied | — | final for this login session |
//!
//! Expired and exhausted are never stored: they follow from `expires_at` and `attempts`, so no write
//! can be missed and none can be undone.

use crate::call::{Call, CallState};
use crate::channel::Channel;
use crate::code::{Code, CodeMac, MacKeys};
use crate::delivery::Delivery;
use crate::identity::{ChallengeId, Reservation};
use crate::locale::Locale;
use crate::phone::{Country, Line, PhoneNumber, Subscriber};
use crate::policy::Policy;
use crate::purpose::Purpose;
use crate::quota::Counter;
use crate::time::Timestamp;
use crate::words::words;

/// Where the challenge's number came from, which decides what approval proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberSource {
    /// It was enrolled, as this version of the binding.
    Enrolled(u64),
    /// The first factor vouched for it; approval enrols it.
    Claimed,
    /// It was typed at the prompt; approval enrols it, with less assurance.
    Typed,
    /// It was typed by one who has proven the number enrolled as this version; approval enrols it in
    /// that number's place.
    Replacing(u64),
    /// It is one of the deployment's test numbers: nothing is sent to it, and it is never enrolled.
    Test,
}

impl NumberSource {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enrolled(_) => "enrolled",
            Self::Claimed => "claimed",
            Self::Typed => "typed",
            Self::Replacing(_) => "replacing",
            Self::Test => "test",
        }
    }

    /// Reads a word, with the binding's version where the source has one.
    #[must_use]
    pub fn parse(word: &str, version: Option<u64>) -> Option<Self> {
        match word {
            "enrolled" => version.map(Self::Enrolled),
            "claimed" => Some(Self::Claimed),
            "typed" => Some(Self::Typed),
            "replacing" => version.map(Self::Replacing),
            "test" => Some(Self::Test),
            _ => None,
        }
    }

    /// Whether approval enrols the number.
    #[must_use]
    pub const fn enrols(self) -> bool {
        matches!(self, Self::Claimed | Self::Typed | Self::Replacing(_))
    }

    /// Whether nobody has proven or vouched for the number yet.
    #[must_use]
    pub const fn is_unverified(self) -> bool {
        matches!(self, Self::Typed | Self::Replacing(_))
    }
}

/// What approved a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A code that came by text message.
    SmsCode,
    /// The pound key in a call.
    PressPound,
    /// The page's digits, keyed in a call.
    MatchDigits,
    /// A code that a call said.
    SpokenCode,
}

words!(Method {
    SmsCode => "sms-code",
    PressPound => "press-pound",
    MatchDigits => "match-digits",
    SpokenCode => "spoken-code",
});

impl Method {
    /// Whether a call's webhook approves: without the subject, which has to agree afterwards.
    #[must_use]
    pub const fn is_by_call(self) -> bool {
        matches!(self, Self::PressPound | Self::MatchDigits)
    }
}

/// What became of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet: open unless expired or exhausted.
    Pending,
    /// The phone was proven.
    Approved {
        /// When.
        at: Timestamp,
        /// How.
        by: Method,
        /// Whether the subject agreed to it too: only then is a result token issued.
        settled: bool,
    },
    /// Its owner reported it.
    Denied,
}

/// The sends of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sends {
    /// How many count against the challenge.
    pub used: u32,
    /// The latest.
    pub last: Option<(Timestamp, Delivery)>,
}

/// The number that a change replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// The number.
    pub number: PhoneNumber,
    /// When it was proven.
    pub proven_at: Timestamp,
}

/// A challenge as it is stored.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// Which it is.
    pub id: ChallengeId,
    /// The number it goes to, fixed from the start.
    pub phone: PhoneNumber,
    /// The number's country.
    pub country: Country,
    /// What kind of line it is.
    pub line: Line,
    /// Where that number came from.
    pub source: NumberSource,
    /// The number that it shall take the place of.
    pub former: Option<Former>,
    /// What it is for.
    pub purpose: Purpose,
    /// Whether the first factor vouches for another number than the one enrolled.
    pub claim_mismatch: bool,
    /// The language of its messages and calls.
    pub locale: Locale,
    /// The version of its subject that its start wrote.
    pub subject_version: u64,
    /// When it started.
    pub created_at: Timestamp,
    /// When it stops being open; the caller must compare, the store deletes much later.
    pub expires_at: Timestamp,
    /// Guesses counted so far.
    pub attempts: u32,
    /// Guesses that count no more as failures of this one: those of the generation that it replaced, and
    /// those that an administrator has forgiven.
    pub carried: u32,
    /// Guesses that it may judge.
    pub max_attempts: u32,
    /// When the last guess was counted.
    pub last_guess_at: Option<Timestamp>,
    /// What became of it.
    pub outcome: Outcome,
    /// The MACs of every code sent.
    pub codes: Vec<CodeMac>,
    /// The MACs of every code that a call said.
    pub spoken: Vec<CodeMac>,
    /// Messages sent.
    pub sms: Sends,
    /// Calls placed.
    pub calls: Sends,
    /// The latest call.
    pub call: Option<Call>,
    /// Whether another login session of the subject was live beside it.
    pub contested: bool,
    /// Unverified sends charged to the number, its range and its country, given back when it enrols the number;
    /// none where failed sends gave back all.
    pub charged: Vec<(Counter, u32)>,
}

impl Challenge {
    /// The number and what was found of it when the challenge began.
    #[must_use]
    pub fn subscriber(&self) -> Subscriber {
        Subscriber { number: self.phone.clone(), country: Some(self.country), line: self.line }
    }

    /// Whether it may still be approved.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.outcome == Outcome::Pending && !self.is_exhausted() && self.expires_at > now
    }

    /// Whether every guess is spent.
    #[must_use]
    pub const fn is_exhausted(&self) -> bool {
        self.attempts >= self.max_attempts
    }

    /// Whether the phone was proven.
    #[must_use]
    pub const fn is_approved(&self) -> bool {
        matches!(self.outcome, Outcome::Approved { .. })
    }

    /// Whether the phone was proven and the subject has agreed: only then is it certain.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        matches!(self.outcome, Outcome::Approved { settled: true, .. })
    }

    /// Whether it was approved so long ago without being settled that it cannot be any more.
    #[must_use]
    pub fn is_past_settling(&self, now: Timestamp) -> bool {
        matches!(self.outcome, Outcome::Approved { at, settled: false, .. } if at + Policy::RESULT_LIFE <= now)
    }

    /// Whether it is closed by any function's clock, so that its guesses are final.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.outcome != Outcome::Pending || self.is_exhausted() || self.expires_at + Policy::CLOCK_SKEW <= now
    }

    /// The challenge once a code was judged right, still to be agreed to by its subject.
    #[must_use]
    pub fn proven(self, by: Method, now: Timestamp) -> Self {
        Self { outcome: Outcome::Approved { at: now, by, settled: false }, ..self }
    }

    /// Whether its call may still be going on. One that has approved or denied it, or told its code, has
    /// had its say.
    #[must_use]
    pub fn has_live_call(&self, now: Timestamp) -> bool {
        let ended = match self.outcome {
            Outcome::Approved { by, .. } => by != Method::SmsCode,
            Outcome::Denied => true,
            Outcome::Pending => false,
        };
        !ended && self.call.as_ref().is_some_and(|call| call.is_live(now))
    }

    /// Notes a charge that enrolling the number gives back, in the order of their names.
    pub fn note_charge(&mut self, counter: &Counter) {
        match self.charged.iter_mut().find(|(charged, _)| charged == counter) {
            Some((_, sends)) => *sends += 1,
            None => self.charged.push((counter.clone(), 1)),
        }
        self.charged.sort_by_key(|(charged, _)| (charged.limit, charged.window, charged.shard));
    }

    /// How the code reached the phone that `guess` is, if it is one of this challenge's. Compares with every
    /// code, sent and spoken, under every key, so that timing doesn't tell which one matched.
    #[must_use]
    pub fn judge(&self, keys: &MacKeys, guess: &Code) -> Option<Method> {
        match keys.verify_each(&self.id, &self.phone, [&self.codes, &self.spoken], guess) {
            [true, _] => Some(Method::SmsCode),
            [false, true] => Some(Method::SpokenCode),
            [false, false] => None,
        }
    }

    /// Guesses left.
    #[must_use]
    pub const fn attempts_left(&self) -> u32 {
        self.max_attempts.saturating_sub(self.attempts)
    }

    /// The sends of `channel`.
    #[must_use]
    pub const fn sends(&self, channel: Channel) -> &Sends {
        match channel {
            Channel::Sms => &self.sms,
            Channel::Call => &self.calls,
        }
    }

    /// The sends of `channel`, to note one.
    pub const fn sends_mut(&mut self, channel: Channel) -> &mut Sends {
        match channel {
            Channel::Sms => &mut self.sms,
            Channel::Call => &mut self.calls,
        }
    }

    /// Corrects the last send of `channel`, which was taken for accepted: one that surely failed is
    /// given back.
    pub fn correct_send(&mut self, channel: Channel, delivery: Delivery) {
        let sends = self.sends_mut(channel);
        if let Some((_, last)) = &mut sends.last {
            *last = delivery;
        }
        if delivery == Delivery::Failed {
            sends.used = sends.used.saturating_sub(1);
            if let Some(call) = self.call.as_mut().filter(|_| channel == Channel::Call) {
                call.state = CallState::Failed;
            }
        }
    }

    /// When `channel` may send again.
    #[must_use]
    pub fn next_send_at(&self, channel: Channel, policy: &Policy) -> Option<Timestamp> {
        self.sends(channel).last.map(|(at, _)| at + policy.cooldown)
    }

    /// The subject's reservation of guesses for this challenge.
    #[must_use]
    pub const fn reservation(&self) -> Reservation {
        Reservation { session: self.id.key.session, generation: self.id.generation }
    }
}
