//! How many unverified sends a country gets: the defence against SMS pumping and voice toll fraud.
//!
//! A pumper has codes sent to numbers that he is paid for and never types one, or types few. So a
//! country is given, per channel and day, a budget of sends to numbers that nobody has proven yet: a
//! share of the people who verified there of late, and had been verified before. A send that leads
//! to an enrolment is given back, so that honest newcomers hardly weigh; one that does not, stays.
//!
//! - What is counted as verified is more than 24 hours old, once per subject and day, and only of
//!   subjects seen before: a number enrolled today earns nothing before the day after tomorrow.
//! - A budget grows within a week to at most a multiple of that of the week before, since an attacker
//!   can verify too.
//! - Numbers that were verified before never touch the budget.
//! - Within a country no range of ten thousand numbers gets more than a few: what pumpers are paid for
//!   comes in ranges. So one who is mixed into real traffic uses up his ranges, not the country.
//!
//! The decision needs no round trip of its own: the country's record is a snapshot that a function
//! keeps for a minute, and the charge is one counter among several, picked at random so that no
//! item is written too often, each with its part of the budget as the condition of the write.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::{Rng, RngExt as _};

use crate::channel::Channel;
use crate::limit::Limit;
use crate::phone::Country;
use crate::policy::{Policy, UnverifiedBudget};
use crate::quota::{Charge, Scope, SendLimit, window};
use crate::time::Timestamp;

/// What is known of a country, as of the moment it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountryRecord {
    /// Subjects verified again, by day.
    pub verified: BTreeMap<u64, u32>,
    /// Unverified sends that led to nothing, by channel, day and counter.
    pub unverified: BTreeMap<(Channel, u64, u32), u32>,
    /// Until when each channel's breaker is open.
    pub open_until: BTreeMap<Channel, Timestamp>,
}

/// What an exhausted budget refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// The limit, as the caller is told.
    pub limit: SendLimit,
    /// Until when the breaker has to be opened, unless it is open.
    pub open_until: Option<Timestamp>,
}

const DAY: Duration = Policy::LONG_WINDOW;
/// Two weeks of whole days count, the latest of which ended at least 24 hours ago.
const RECENT: std::ops::RangeInclusive<u64> = 2..=8;
const BEFORE: std::ops::RangeInclusive<u64> = 9..=15;
/// A counter takes this much of a budget: enough of them that none is written too often.
const PER_SHARD: u32 = 32;
const MOST_SHARDS: u32 = 32;

impl CountryRecord {
    /// How long a day's numbers have to be kept.
    pub const MEMORY: Duration = Duration::from_hours(24 * 17);

    /// The day by which what happens at this time is counted.
    #[must_use]
    pub fn day(at: Timestamp) -> u64 {
        window(DAY, at)
    }

    /// When a day's numbers are of no use any more.
    #[must_use]
    pub fn forgotten_at(day: u64) -> Timestamp {
        Timestamp::from_unix(day.saturating_mul(DAY.as_secs())) + Self::MEMORY
    }

    /// The budget of a day.
    #[must_use]
    pub fn budget(&self, rules: &UnverifiedBudget, now: Timestamp) -> u32 {
        let today = Self::day(now);
        let earned = |days: std::ops::RangeInclusive<u64>| {
            let count = u64::try_from(days.clone().count()).unwrap_or(1);
            let verified = days.filter_map(|ago| self.verified.get(&today.checked_sub(ago)?));
            let sum: u64 = verified.copied().map(u64::from).sum();
            u32::try_from(sum * u64::from(rules.share_percent) / 100 / count).unwrap_or(u32::MAX)
        };
        let bound = earned(BEFORE).max(rules.floor).saturating_mul(rules.growth);
        earned(RECENT).min(bound).max(rules.floor)
    }

    /// The charge of one unverified send, or why there is none.
    ///
    /// Yesterday's sends count as far as they lie within the last 24 hours, were they spread evenly.
    pub fn charge(
        &self,
        country: Country,
        channel: Channel,
        rules: &UnverifiedBudget,
        now: Timestamp,
        random: &mut impl Rng,
    ) -> Result<Charge, Exhausted> {
        let budget = self.budget(rules, now);
        // Where nothing is refused, no budget keeps the sends few.
        let shards = if rules.enforced { budget.div_ceil(PER_SHARD).clamp(1, MOST_SHARDS) } else { MOST_SHARDS };
        let today = Self::day(now);
        let left = budget.saturating_sub(self.still_counted(channel, today, now));
        let charge = |shard: u32, quota| {
            let mut charge = Charge::new(Scope::Country(country), Limit::of_country(channel), quota, DAY, now);
            charge.counter.shard = shard;
            charge.enforced = rules.enforced;
            charge.told.quota = budget as usize;
            charge.cap_retry_at(now + rules.open_for)
        };
        // What does not divide goes to the first counters, one each.
        let quota = |shard: u32| left / shards + u32::from(shard < left % shards);
        if !rules.enforced {
            let shard = random.random_range(0..shards);
            return Ok(charge(shard, quota(shard)));
        }
        let limit = charge(0, budget).told;
        if let Some(until) = self.open_until.get(&channel).filter(|until| **until > now) {
            return Err(Exhausted { limit: SendLimit { retry_at: *until, ..limit }, open_until: None });
        }
        let used = |shard: u32| self.unverified.get(&(channel, today, shard)).copied().unwrap_or_default();
        let free: Vec<u32> = (0..shards).filter(|shard| used(*shard) < quota(*shard)).collect();
        if free.is_empty() {
            let until = now + rules.open_for;
            return Err(Exhausted { limit: SendLimit { retry_at: until, ..limit }, open_until: Some(until) });
        }
        let shard = free[random.random_range(0..free.len())];
        Ok(charge(shard, quota(shard)))
    }

    fn still_counted(&self, channel: Channel, today: u64, now: Timestamp) -> u32 {
        let of_yesterday = |(by, day, _): &(Channel, u64, u32)| *by == channel && *day + 1 == today;
        let yesterday: u64 =
            self.unverified.iter().filter(|(key, _)| of_yesterday(key)).map(|(_, used)| u64::from(*used)).sum();
        let rest = DAY.as_secs() - now.as_unix() % DAY.as_secs();
        u32::try_from(yesterday * rest / DAY.as_secs()).unwrap_or(u32::MAX)
    }
}
