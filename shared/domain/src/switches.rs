//! What an operator has stopped or changed for a while, without a deployment.
//!
//! | Switch | While it is set |
//! |---|---|
//! | `sms`, `call` | nothing is sent through that channel |
//! | `sms-GB`, `call-GB` | the same, to numbers of that country |
//! | `enrolment` | no number is added or changed; an enrolled one still signs in |
//! | `unverified-budget` | the budget of unverified sends is in the other mode |
//!
//! Only starts obey: what was sent before can still approve, and notices go out. Each has an end, so that none is
//! forgotten. A start and the status both ask [`Switches::pause`], so that they agree.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use thiserror::Error;

use crate::channel::Channel;
use crate::identity::Administrator;
use crate::phone::Country;
use crate::policy::{BudgetMode, UnverifiedBudget};
use crate::time::Timestamp;

/// What can be stopped or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Switch {
    Channel(Channel),
    Country(Channel, Country),
    Enrolment,
    UnverifiedBudget,
}

const ENROLMENT: &str = "enrolment";
const UNVERIFIED_BUDGET: &str = "unverified-budget";

impl Switch {
    /// Parses a name in its one spelling: policies compare names as text, and `call-gb` would get past one about
    /// `call-GB`. A country without phone numbers is refused, so that nobody believes that `call-UK` stops anything.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let switch = match (name, name.split_once('-')) {
            (ENROLMENT, _) => Self::Enrolment,
            (UNVERIFIED_BUDGET, _) => Self::UnverifiedBudget,
            (_, None) => Self::Channel(Channel::parse(name)?),
            (_, Some((channel, country))) => {
                let country = Country::parse(country).ok().filter(|country| country.is_known());
                Self::Country(Channel::parse(channel)?, country?)
            }
        };
        (switch.to_string() == name).then_some(switch)
    }
}

impl fmt::Display for Switch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(channel) => out.write_str(channel.as_str()),
            Self::Country(channel, country) => write!(out, "{}-{}", channel.as_str(), country.as_str()),
            Self::Enrolment => out.write_str(ENROLMENT),
            Self::UnverifiedBudget => out.write_str(UNVERIFIED_BUDGET),
        }
    }
}

/// Why a switch was set, in an operator's words. Has no `Display`, so that it gets into no log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    const LONGEST: usize = 200;
    /// The fewest digits after a plus sign that are taken for a phone number.
    const LEAST_OF_A_NUMBER: usize = 7;

    /// Parses one line. It gets into audit events, which hold no phone numbers, and onto terminals, where control
    /// characters could pretend to be something else.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let misleads = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if !(1..=Self::LONGEST).contains(&text.chars().count()) {
            Err("must have 1 to 200 characters")
        } else if text.contains(misleads) {
            Err("must not have line breaks or control characters")
        } else if text.split('+').skip(1).any(|rest| digits_at_start(rest) >= Self::LEAST_OF_A_NUMBER) {
            Err("must not have phone numbers")
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How many digits a text starts with, whatever separates them.
fn digits_at_start(text: &str) -> usize {
    let of_a_number = |c: &char| c.is_numeric() || " -./()\u{a0}".contains(*c);
    text.chars().take_while(of_a_number).filter(|c| c.is_numeric()).count()
}

/// How a switch is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub reason: Reason,
    pub until: Timestamp,
    /// Which mode, for the budget of unverified sends alone.
    pub mode: Option<BudgetMode>,
    pub by: Administrator,
    pub at: Timestamp,
}

/// What is wrong with a field that an operator gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{field} {fault}")]
pub struct Invalid {
    pub field: &'static str,
    pub fault: &'static str,
}

impl Setting {
    /// The longest that a switch can be set for.
    pub const LONGEST: Duration = Duration::from_hours(24 * 31);
    /// The longest that the budget can be set to refuse nothing: the one switch that weakens a defence.
    pub const LONGEST_RECORD_ONLY: Duration = Duration::from_hours(24);

    /// Parses what an operator gives for `switch`.
    pub fn parse(
        switch: Switch,
        reason: &str,
        until: Timestamp,
        mode: Option<&str>,
        by: Administrator,
        now: Timestamp,
    ) -> Result<Self, Invalid> {
        let reason = Reason::parse(reason).map_err(|fault| Invalid { field: "reason", fault })?;
        if until <= now {
            return Err(Invalid { field: "until", fault: "must be in the future" });
        }
        if until > now + Self::LONGEST {
            return Err(Invalid { field: "until", fault: "must not be more than 31 days ahead" });
        }
        let of_mode = |fault| Invalid { field: "mode", fault };
        let mode = match (switch, mode) {
            (Switch::UnverifiedBudget, mode) => {
                let mode = mode.and_then(BudgetMode::parse);
                Some(mode.ok_or_else(|| of_mode("must be enforce or record-only"))?)
            }
            (_, None) => None,
            (_, Some(_)) => return Err(of_mode("is for unverified-budget only")),
        };
        if mode == Some(BudgetMode::RecordOnly) && until > now + Self::LONGEST_RECORD_ONLY {
            return Err(Invalid { field: "until", fault: "must not be more than a day ahead for record-only" });
        }
        Ok(Self { reason, until, mode, by, at: now })
    }

    fn is_in_force(&self, now: Timestamp) -> bool {
        self.until > now
    }

    fn says_the_same(&self, other: &Self) -> bool {
        (&self.reason, self.until, self.mode) == (&other.reason, other.until, other.mode)
    }
}

/// All switches of a deployment, as they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    /// Increases with every change; 0 if there never was one.
    pub version: u64,
    set: BTreeMap<Switch, Setting>,
}

/// As many switches are set as can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{} switches are set already", Switches::MOST)]
pub struct TooMany;

/// What keeps a start from sending, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Whether a number would be added or changed, which no other channel can do either.
    pub of_enrolment: bool,
    pub until: Timestamp,
}

impl Switches {
    /// How many can be set at the same time, so that their one item stays small enough to be stored and read.
    pub const MOST: usize = 50;

    /// No switch was ever set.
    pub const NONE: Self = Self { version: 0, set: BTreeMap::new() };

    #[must_use]
    pub const fn of(version: u64, set: BTreeMap<Switch, Setting>) -> Self {
        Self { version, set }
    }

    /// All that are stored, those that have ended included.
    pub fn stored(&self) -> impl Iterator<Item = (Switch, &Setting)> {
        self.set.iter().map(|(switch, setting)| (*switch, setting))
    }

    pub fn in_force(&self, now: Timestamp) -> impl Iterator<Item = (Switch, &Setting)> {
        self.stored().filter(move |(_, setting)| setting.is_in_force(now))
    }

    /// What to store once the switch is set, without those that have ended; `None` if it is set in the same way already.
    pub fn set(&self, switch: Switch, setting: Setting, now: Timestamp) -> Result<Option<Self>, TooMany> {
        let mut after = self.remaining(now);
        if after.set.get(&switch).is_some_and(|before| before.says_the_same(&setting)) {
            return Ok(None);
        }
        after.set.insert(switch, setting);
        if after.set.len() > Self::MOST { Err(TooMany) } else { Ok(Some(after)) }
    }

    /// What to store once the switch is cleared, without those that have ended; `None` if it is not set.
    #[must_use]
    pub fn cleared(&self, switch: Switch, now: Timestamp) -> Option<Self> {
        let mut after = self.remaining(now);
        after.set.remove(&switch).map(|_| after)
    }

    fn remaining(&self, now: Timestamp) -> Self {
        let set = self.in_force(now).map(|(switch, setting)| (switch, setting.clone())).collect();
        Self { version: self.version, set }
    }

    /// What keeps a start through `channel` from sending. `countries` are those that its number may be of: if there are
    /// several, all must be stopped. `enrols` says whether it would add or change a number. Of several reasons, the end
    /// is the last one's.
    #[must_use]
    pub fn pause(&self, channel: Channel, countries: &[Country], enrols: bool, now: Timestamp) -> Option<Pause> {
        let of_country = |country: &Country| self.end(Switch::Country(channel, *country), now);
        let countries = countries.iter().map(of_country).min().flatten(); // of none if one is not stopped
        let enrolment = self.enrolment_paused(now).filter(|_| enrols);
        let until = [self.end(Switch::Channel(channel), now), countries, enrolment].into_iter().max().flatten()?;
        Some(Pause { of_enrolment: enrolment.is_some(), until })
    }

    /// Until when no number is added or changed.
    #[must_use]
    pub fn enrolment_paused(&self, now: Timestamp) -> Option<Timestamp> {
        self.end(Switch::Enrolment, now)
    }

    /// The rules for unverified sends, in the mode that was switched to.
    #[must_use]
    pub fn budget(&self, rules: &UnverifiedBudget, now: Timestamp) -> UnverifiedBudget {
        let switched = self.set.get(&Switch::UnverifiedBudget).filter(|setting| setting.is_in_force(now));
        let mode = switched.and_then(|setting| setting.mode);
        UnverifiedBudget { enforced: mode.map_or(rules.enforced, BudgetMode::is_enforced), ..rules.clone() }
    }

    fn end(&self, switch: Switch, now: Timestamp) -> Option<Timestamp> {
        self.set.get(&switch).filter(|setting| setting.is_in_force(now)).map(|setting| setting.until)
    }
}
