//! How many unverified sends a country gets: the defence against SMS pumping and voice toll fraud.
//!
//! A pumper has codes sent to numbers that earn him money and types few of them, or none. So each country has
//! a budget per channel and day for sends to unverified numbers: a share of the users who were verified there
//! recently and had been verified before. A send that leads to an enrolment is given back, so that honest
//! newcomers use up hardly anything; any other send stays charged.
//!
//! - A verification counts only after more than 24 hours, once per subject and day, and only for subjects
//!   seen before: a number enrolled today earns nothing before the day after tomorrow.
//! - Within a week, a budget grows to at most a multiple of the previous week's, since an attacker can verify
//!   too.
//! - Numbers that were verified before never touch the budget.
//! - Within a country, no range of ten thousand numbers gets more than a few sends, since the numbers that
//!   pay come in ranges. So a pumper hidden in real traffic uses up his ranges, not the country.
//!
//! The decision needs no round trip of its own: a function caches the country's record for a minute, and the
//! charge is on one of several counters, picked at random so that no item is written too often. Each counter
//! has its part of the budget as the condition of the write.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::{Rng, RngExt as _};

use crate::channel::Channel;
use crate::limit::Limit;
use crate::phone::Country;
use crate::policy::{Policy, UnverifiedBudget};
use crate::quota::{Charge, Scope, SendLimit, window};
use crate::time::Timestamp;

/// The statistics of a country, as of the moment they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountryRecord {
    /// How many subjects were verified again, by day.
    pub verified: BTreeMap<u64, u32>,
    /// How many unverified sends led to no enrolment, by channel, day and counter.
    pub unverified: BTreeMap<(Channel, u64, u32), u32>,
    /// Until when each channel's breaker is open.
    pub open_until: BTreeMap<Channel, Timestamp>,
}

/// A refusal because the budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// The limit to tell the caller.
    pub limit: SendLimit,
    /// Until when to open the breaker, unless it is already open.
    pub open_until: Option<Timestamp>,
}

const DAY: Duration = Policy::LONG_WINDOW;
/// The days of the latest week that counts, in days before today: the last of them ended at least 24 hours ago.
const RECENT: std::ops::RangeInclusive<u64> = 2..=8;
/// The days of the week before.
const BEFORE: std::ops::RangeInclusive<u64> = 9..=15;
/// How much of a budget one counter holds, so that there are enough counters and none is written too often.
const PER_SHARD: u32 = 32;
const MOST_SHARDS: u32 = 32;

impl CountryRecord {
    /// How long the counts of a day are needed.
    pub const MEMORY: Duration = Duration::from_hours(24 * 17);

    /// The day that an event at this time counts for.
    #[must_use]
    pub fn day(at: Timestamp) -> u64 {
        window(DAY, at)
    }

    /// When the counts of a day are no longer needed.
    #[must_use]
    pub fn forgotten_at(day: u64) -> Timestamp {
        Timestamp::from_unix(day.saturating_mul(DAY.as_secs())) + Self::MEMORY
    }

    /// Today's budget.
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

    /// The charge for one unverified send, or why it is refused.
    ///
    /// Yesterday's sends count in proportion to how much of yesterday lies within the last 24 hours, as if
    /// they had been spread evenly.
    pub fn charge(
        &self,
        country: Country,
        channel: Channel,
        rules: &UnverifiedBudget,
        now: Timestamp,
        random: &mut impl Rng,
    ) -> Result<Charge, Exhausted> {
        let budget = self.budget(rules, now);
        // If nothing is refused, the budget does not limit how often the counters are written.
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
        // The remainder goes to the first counters, one each.
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
