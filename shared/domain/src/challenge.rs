//! The challenge: one per login session, replaced by its next generation, never reopened.
//!
//! | From | To | When |
//! |---|---|---|
//! | none, expired, exhausted | pending, next generation | a start within the subject's budgets |
//! | pending | pending, next generation | another number is given; guesses and sends used carry over |
//! | pending | approved | the right code, sent or spoken; `#` or two digits in a call that a human answered (`#` only if uncontested and to sign in); four digits where `#` is not enough to sign in |
//! | pending | denied | the fraud key, in a call of this login session; a second one in any call of the subject; an administrator |
//! | refused, proof of the current number in a change | denied | the fraud key, in the same way |
//! | pending, approved but not settled | refused | the account or the number no longer allows to settle it |
//! | refused | pending, next generation | a start within the subject's budgets |
//! | otherwise approved and settled, denied | — | final for this login session |
//!
//! Expired and exhausted are never stored: they follow from `expires_at` and `attempts`, so there is no
//! write that could be missed or undone.

use crate::call::{Call, CallState, FormerCall};
use crate::channel::Channel;
use crate::code::{Code, CodeMac, MacKeys};
use crate::delivery::Delivery;
use crate::identity::{ChallengeId, Reservation};
use crate::locale::Locale;
use crate::phone::{Country, Line, PhoneNumber, Subscriber};
use crate::policy::Policy;
use crate::purpose::Purpose;
use crate::quota::Counter;
use crate::receipt::{Arrival, Receipts};
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
    /// It was typed by a user who has proven the number enrolled as this version; approval enrols it in place
    /// of that number.
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

    /// Parses the word, with the binding's version for the sources that have one.
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

    /// Whether the number has neither been proven nor vouched for yet.
    #[must_use]
    pub const fn is_unverified(self) -> bool {
        matches!(self, Self::Typed | Self::Replacing(_))
    }
}

/// What approved a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A code sent by text message.
    SmsCode,
    /// `#` pressed in a call.
    PressPound,
    /// The page's digits, entered in a call.
    MatchDigits,
    /// A code spoken in a call.
    SpokenCode,
}

words!(Method {
    SmsCode => "sms-code",
    PressPound => "press-pound",
    MatchDigits => "match-digits",
    SpokenCode => "spoken-code",
});

impl Method {
    /// The channel whose phone it proves.
    #[must_use]
    pub const fn channel(self) -> Channel {
        match self {
            Self::SmsCode => Channel::Sms,
            Self::PressPound | Self::MatchDigits | Self::SpokenCode => Channel::Call,
        }
    }

    /// Whether a call's webhook approves. It does so without the subject, so the approval has to be settled
    /// with the subject afterwards.
    #[must_use]
    pub const fn is_by_call(self) -> bool {
        matches!(self, Self::PressPound | Self::MatchDigits)
    }
}

/// What became of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Open, unless expired or exhausted.
    Pending,
    /// The phone was proven.
    Approved {
        at: Timestamp,
        by: Method,
        /// Whether the approval is settled with the subject: only then is a result token issued.
        settled: bool,
    },
    /// The user reported fraud, or an administrator denied it.
    Denied,
    /// It can never be settled: its number is no longer the account's, or cannot be enrolled. The next start
    /// replaces it.
    Refused,
}

/// The sends of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sends {
    /// How many count against the challenge's limit.
    pub used: u32,
    /// When the latest was, and what became of it.
    pub last: Option<(Timestamp, Delivery)>,
}

/// The number that a change replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    pub number: PhoneNumber,
    /// When it was proven.
    pub proven_at: Timestamp,
}

/// A challenge as it is stored.
#[derive(Clone, Debug)]
pub struct Challenge {
    pub id: ChallengeId,
    /// The number it goes to, which never changes.
    pub phone: PhoneNumber,
    pub country: Country,
    pub line: Line,
    pub source: NumberSource,
    /// In a number change, the number that this one replaces.
    pub former: Option<Former>,
    pub purpose: Purpose,
    /// Whether the first factor vouches for a number other than the enrolled one.
    pub claim_mismatch: bool,
    /// The language of its messages and calls.
    pub locale: Locale,
    /// The version that its start gave the subject.
    pub subject_version: u64,
    pub created_at: Timestamp,
    /// When it stops being open. Callers must compare this themselves: the store deletes the item much later.
    pub expires_at: Timestamp,
    /// Guesses counted so far.
    pub attempts: u32,
    /// Guesses that no longer count as failures of this challenge: those of the generation it replaced, and
    /// those that an administrator has forgiven. They are included in `attempts`.
    pub carried: u32,
    /// The most guesses that may be counted, `carried` ones included.
    pub max_attempts: u32,
    /// When the last guess was counted.
    pub last_guess_at: Option<Timestamp>,
    pub outcome: Outcome,
    /// The MACs of every code sent.
    pub codes: Vec<CodeMac>,
    /// The MACs of every code spoken in a call.
    pub spoken: Vec<CodeMac>,
    /// Messages sent.
    pub sms: Sends,
    /// What is reported of the latest message; `None` before the first, or if an older version sent it.
    pub receipts: Option<Receipts>,
    /// Calls placed.
    pub calls: Sends,
    /// The latest call.
    pub call: Option<Call>,
    /// The calls before it that may still be reported, of replaced generations too: at most
    /// [`Challenge::MOST_FORMER_CALLS`], oldest first.
    pub former_calls: Vec<FormerCall>,
    /// Whether another login session of the subject was active within [`Policy::CONTEST_WINDOW`] of one of this
    /// challenge's sends, whatever became of it. Once set, it stays set for the generation.
    pub contested: bool,
    /// When a machine last answered a call of this login session.
    pub machine_answered_at: Option<Timestamp>,
    /// How many answers of its calls, former ones included, were noted in this generation.
    pub answers: u32,
    /// The counters of the number, its range and its country that unverified sends were charged to, and how
    /// many sends each. Enrolling the number gives them back. Empty if failed sends have given back
    /// everything.
    pub charged: Vec<(Counter, u32)>,
}

impl Challenge {
    /// The number, with the country and line found when the challenge started.
    #[must_use]
    pub fn subscriber(&self) -> Subscriber {
        Subscriber { number: self.phone.clone(), country: Some(self.country), line: self.line }
    }

    /// Whether it can still be approved.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.outcome == Outcome::Pending && !self.is_exhausted() && self.expires_at > now
    }

    /// Whether every guess is used up.
    #[must_use]
    pub const fn is_exhausted(&self) -> bool {
        self.attempts >= self.max_attempts
    }

    /// Whether the phone was proven, settled or not.
    #[must_use]
    pub const fn is_approved(&self) -> bool {
        matches!(self.outcome, Outcome::Approved { .. })
    }

    /// Whether the phone was proven and the approval is settled with the subject: only then is it final.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        matches!(self.outcome, Outcome::Approved { settled: true, .. })
    }

    /// Whether it is the proof of the current number in a number change. Even settled, it has not changed anything.
    #[must_use]
    pub fn is_proof(&self) -> bool {
        self.purpose == Purpose::Change && matches!(self.source, NumberSource::Enrolled(_))
    }

    /// Whether the user has typed its number: nobody has vouched for it or derived it from the enrolled one.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        match self.source {
            NumberSource::Typed => true,
            NumberSource::Replacing(_) => self.purpose == Purpose::Change,
            NumberSource::Enrolled(_) | NumberSource::Claimed | NumberSource::Test => false,
        }
    }

    /// Whether it can never be settled: it was refused, or it was approved too long ago.
    #[must_use]
    pub fn is_refused(&self, now: Timestamp) -> bool {
        match self.outcome {
            Outcome::Refused => true,
            Outcome::Approved { at, settled: false, .. } => at + Policy::RESULT_LIFE <= now,
            Outcome::Approved { settled: true, .. } | Outcome::Denied | Outcome::Pending => false,
        }
    }

    /// Whether it is closed by every function's clock, so that its count of guesses is final. While only its
    /// subject refuses it, the store still counts guesses.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        let is_final = matches!(self.outcome, Outcome::Approved { .. } | Outcome::Denied);
        is_final || self.is_exhausted() || self.expires_at + Policy::CLOCK_SKEW <= now
    }

    /// The challenge after a code was judged right; its subject still has to agree when it is settled.
    #[must_use]
    pub fn proven(self, by: Method, now: Timestamp) -> Self {
        Self { outcome: Outcome::Approved { at: now, by, settled: false }, ..self }
    }

    /// The latest time at which its login session started, sent or was approved.
    #[must_use]
    pub fn last_active_at(&self) -> Timestamp {
        let sends = [self.sms.last, self.calls.last].into_iter().flatten().map(|(at, _)| at);
        let approved = match self.outcome {
            Outcome::Approved { at, .. } => Some(at),
            _ => None,
        };
        sends.chain(approved).fold(self.created_at, Timestamp::max)
    }

    /// Notes a charge that enrolling the number gives back. Keeps the charges sorted.
    pub fn note_charge(&mut self, counter: &Counter) {
        match self.charged.iter_mut().find(|(charged, _)| charged == counter) {
            Some((_, sends)) => *sends += 1,
            None => self.charged.push((counter.clone(), 1)),
        }
        self.charged.sort_by_key(|(charged, _)| (charged.limit, charged.window, charged.shard));
    }

    /// If `guess` is a code of this challenge, how that code reached the phone. Compares with every code,
    /// sent and spoken, under every key, so that timing doesn't tell which one matched.
    #[must_use]
    pub fn judge(&self, keys: &MacKeys, guess: &Code) -> Option<Method> {
        let is_sent = keys.verify(&self.id, &self.phone, &self.codes, guess);
        let is_spoken = keys.verify_spoken(&self.id, &self.spoken, guess);
        match (is_sent, is_spoken) {
            (true, _) => Some(Method::SmsCode),
            (false, true) => Some(Method::SpokenCode),
            (false, false) => None,
        }
    }

    #[must_use]
    pub const fn attempts_left(&self) -> u32 {
        self.max_attempts.saturating_sub(self.attempts)
    }

    #[must_use]
    pub const fn sends(&self, channel: Channel) -> &Sends {
        match channel {
            Channel::Sms => &self.sms,
            Channel::Call => &self.calls,
        }
    }

    pub const fn sends_mut(&mut self, channel: Channel) -> &mut Sends {
        match channel {
            Channel::Sms => &mut self.sms,
            Channel::Call => &mut self.calls,
        }
    }

    /// Corrects the last send of `channel`, which was recorded as being sent. If it certainly failed, it no
    /// longer counts.
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

    /// When the cooldown of `channel` ends, if it has sent anything. After a send that certainly failed it may
    /// be tried again at once.
    #[must_use]
    pub fn next_send_at(&self, channel: Channel, policy: &Policy) -> Option<Timestamp> {
        let last = self.sends(channel).last.filter(|(_, delivery)| *delivery != Delivery::Failed);
        last.map(|(at, _)| at + policy.cooldown)
    }

    /// What the user is told of the latest message's arrival.
    #[must_use]
    pub fn arrival(&self) -> Option<Arrival> {
        self.receipts.as_ref()?.fate?.told()
    }

    /// Under which key the subject reserves guesses for this challenge.
    #[must_use]
    pub const fn reservation(&self) -> Reservation {
        Reservation { session: self.id.key.session, generation: self.id.generation }
    }
}
