//! The budget of unverified sends: how it is computed and bounded, and that it is never exceeded.

#![cfg(test)]

use std::collections::BTreeMap;
use std::time::Duration;

use domain::budget::CountryRecord;
use domain::channel::Channel;
use domain::limit::Limit;
use domain::phone::Country;
use domain::policy::UnverifiedBudget;
use domain::quota::Scope;
use domain::time::Timestamp;
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

const DAY: u64 = 86_400;
const TODAY: u64 = 20_000;
/// The first second of today.
const DAWN: Timestamp = Timestamp::from_unix(TODAY * DAY);

fn us() -> Country {
    Country::parse("US").expect("a country")
}

fn rules() -> UnverifiedBudget {
    UnverifiedBudget { floor: 10, share_percent: 10, growth: 2, ..UnverifiedBudget::default() }
}

/// A country with this many users verified on each of these days, counted back from today.
fn verified(days: impl IntoIterator<Item = u64>, count: u32) -> CountryRecord {
    CountryRecord { verified: days.into_iter().map(|ago| (TODAY - ago, count)).collect(), ..CountryRecord::default() }
}

/// A country with these charges on each counter of that day.
fn charged(days: &[(u64, u32, u32)]) -> CountryRecord {
    let charge = |(ago, shard, used): &(u64, u32, u32)| ((Channel::Sms, TODAY - ago, *shard), *used);
    CountryRecord { unverified: days.iter().map(charge).collect(), ..CountryRecord::default() }
}

fn random() -> StdRng {
    StdRng::seed_from_u64(7)
}

fn quota(record: &CountryRecord, rules: &UnverifiedBudget, now: Timestamp) -> Option<u32> {
    record.charge(us(), Channel::Sms, rules, now, &mut random()).ok().map(|charge| charge.quota)
}

#[test]
fn the_defaults_are_those_in_the_documentation() {
    let rules = UnverifiedBudget::default();
    assert_eq!((rules.enforced, rules.floor, rules.share_percent, rules.growth, rules.per_range), (true, 10, 5, 2, 4));
    assert_eq!(rules.open_for, Duration::from_mins(15));
}

#[test]
fn a_country_without_verified_users_gets_the_floor() {
    assert_eq!(CountryRecord::default().budget(&rules(), DAWN), 10);
    assert_eq!(verified(2..=15, 90).budget(&rules(), DAWN), 10, "and so does one whose share is smaller");
    assert_eq!(CountryRecord::default().budget(&rules(), Timestamp::from_unix(0)), 10, "on the first day of the epoch");
}

#[test]
fn a_budget_is_a_share_of_the_users_verified_per_day_in_the_last_week_that_counts() {
    assert_eq!(verified(2..=15, 1000).budget(&rules(), DAWN), 100);
    assert_eq!(verified(2..=15, 1234).budget(&UnverifiedBudget { share_percent: 1, ..rules() }, DAWN), 12);
    assert_eq!(verified(2..=15, 1000).budget(&UnverifiedBudget { share_percent: 0, ..rules() }, DAWN), 10);
    let mut one_day = verified(9..=15, 1000);
    one_day.verified.insert(TODAY - 4, 7000);
    assert_eq!(one_day.budget(&rules(), DAWN), 100, "the mean of seven days");
}

#[test]
fn users_verified_today_or_yesterday_earn_nothing_whatever_the_hour() {
    for now in [DAWN, Timestamp::from_unix(DAWN.as_unix() + DAY - 1)] {
        assert_eq!(verified([0, 1], 1_000_000).budget(&rules(), now), 10);
        let mut grown = verified(9..=15, 1_000_000);
        grown.verified.insert(TODAY - 2, 7000);
        assert_eq!(grown.budget(&rules(), now), 100, "the day before yesterday is more than 24 hours old");
    }
    assert_eq!(verified([16, 17], 1_000_000).budget(&rules(), DAWN), 10, "nor does what happened too long ago");
}

#[test]
fn a_budget_at_most_doubles_in_a_week_however_many_an_attacker_verifies() {
    let mut attacked = verified(9..=15, 500);
    attacked.verified.extend((2..=8).map(|ago| (TODAY - ago, 1_000_000)));
    assert_eq!(attacked.budget(&rules(), DAWN), 100, "twice the fifty of the week before");
    assert_eq!(verified(2..=8, 1_000_000).budget(&rules(), DAWN), 20, "twice the floor if there was nothing before");
    let steep = UnverifiedBudget { growth: 3, ..rules() };
    assert_eq!(verified(2..=8, 1_000_000).budget(&steep, DAWN), 30);
}

#[test]
fn huge_counts_neither_overflow_nor_wrap() {
    let rules = UnverifiedBudget { share_percent: 100, growth: u32::MAX, ..rules() };
    assert_eq!(verified(2..=15, u32::MAX).budget(&rules, DAWN), u32::MAX);
}

#[test]
fn a_charge_is_on_one_counter_of_today_with_its_part_of_the_budget_as_its_quota() {
    let charge = CountryRecord::default().charge(us(), Channel::Call, &rules(), DAWN, &mut random()).expect("a charge");
    assert_eq!((charge.counter.scope, charge.counter.limit), (Scope::Country(us()), Limit::CountryCall));
    assert_eq!((charge.counter.window, charge.counter.shard, charge.quota, charge.enforced), (TODAY, 0, 10, true));
    assert_eq!(charge.length, Duration::from_hours(24));
}

#[test]
fn yesterdays_sends_count_in_proportion_to_what_lies_within_the_last_24_hours() {
    let record = charged(&[(1, 0, 8)]);
    for (hours, left) in [(0, 2), (6, 4), (12, 6), (18, 8), (23, 10)] {
        let now = DAWN + Duration::from_hours(hours);
        assert_eq!(quota(&record, &rules(), now), Some(left), "{hours} o'clock");
    }
    assert_eq!(quota(&charged(&[(2, 0, 8)]), &rules(), DAWN), Some(10), "the day before does not");
    let by_call =
        CountryRecord { unverified: BTreeMap::from([((Channel::Call, TODAY - 1, 0), 8)]), ..CountryRecord::default() };
    assert_eq!(quota(&by_call, &rules(), DAWN), Some(10), "nor does the other channel");
}

#[test]
fn a_used_up_budget_opens_the_breaker_which_refuses_until_it_closes() {
    let mut spent = charged(&[(0, 0, 10)]);
    let now = DAWN + Duration::from_hours(1);
    let exhausted = spent.charge(us(), Channel::Sms, &rules(), now, &mut random()).expect_err("spent");
    let until = now + Duration::from_mins(15);
    assert_eq!((exhausted.open_until, exhausted.limit.retry_at), (Some(until), until));
    assert_eq!((exhausted.limit.limit, exhausted.limit.quota), (Limit::CountrySms, 10), "the budget, not its part");
    assert!(spent.charge(us(), Channel::Call, &rules(), now, &mut random()).is_ok(), "the other channel has its own");

    spent.unverified.clear();
    spent.open_until.insert(Channel::Sms, until);
    let late = Timestamp::from_unix(until.as_unix() - 1);
    let refused = spent.charge(us(), Channel::Sms, &rules(), late, &mut random()).expect_err("open");
    assert_eq!((refused.open_until, refused.limit.retry_at, refused.limit.quota), (None, until, 10));
    assert!(spent.charge(us(), Channel::Sms, &rules(), until, &mut random()).is_ok(), "and closes");
}

#[test]
fn record_only_mode_charges_even_if_the_budget_is_used_up_or_the_breaker_open() {
    let mut record = charged(&[(0, 0, 1000), (1, 0, 1000)]);
    record.open_until.insert(Channel::Sms, DAWN + Duration::from_hours(5));
    let rules = UnverifiedBudget { enforced: false, ..rules() };
    let charge = record.charge(us(), Channel::Sms, &rules, DAWN, &mut random()).expect("a charge");
    assert!(!charge.enforced);
}

#[test]
fn record_only_mode_uses_every_counter_even_for_a_small_budget_since_it_does_not_limit_sends() {
    let rules = UnverifiedBudget { enforced: false, ..rules() };
    let quotas = quotas(&CountryRecord::default(), &rules, DAWN, &mut random());
    assert_eq!((quotas.len(), quotas.values().sum::<u32>()), (32, 10));
}

#[test]
fn a_charge_reports_the_whole_budget_and_a_time_by_which_honest_sends_have_been_given_back() {
    let rules = UnverifiedBudget { floor: 70, ..rules() };
    let quarter = Duration::from_mins(15);
    for (now, retry_at) in
        [(DAWN, DAWN + quarter), (DAWN + Duration::from_mins(24 * 60 - 5), DAWN + Duration::from_hours(24))]
    {
        let charge = CountryRecord::default().charge(us(), Channel::Sms, &rules, now, &mut random()).expect("a charge");
        assert!([23, 24].contains(&charge.quota), "the condition is on its own part");
        assert_eq!((charge.told.quota, charge.told.retry_at), (70, retry_at));
        assert_eq!((charge.told.limit, charge.told.window), (Limit::CountrySms, Duration::from_hours(24)));
    }
}

#[test]
fn a_full_counter_is_skipped_for_one_that_has_room() {
    let rules = UnverifiedBudget { floor: 64, ..rules() };
    let record = charged(&[(0, 0, 32)]);
    let mut random = random();
    for _ in 0..50 {
        let charge = record.charge(us(), Channel::Sms, &rules, DAWN, &mut random).expect("there is room");
        assert_eq!(charge.counter.shard, 1);
    }
}

/// What each counter allows, found by many draws.
fn quotas(record: &CountryRecord, rules: &UnverifiedBudget, now: Timestamp, random: &mut StdRng) -> BTreeMap<u32, u32> {
    let draws = (0..2000).filter_map(|_| record.charge(us(), Channel::Sms, rules, now, random).ok());
    draws.map(|charge| (charge.counter.shard, charge.quota)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_counters_parts_add_up_to_what_is_left_of_the_budget_whatever_that_is(
        floor in 1_u32..5000, yesterday in 0_u32..6000, hour in 0_u64..24, seed: u64
    ) {
        let (rules, now) = (UnverifiedBudget { floor, ..rules() }, DAWN + Duration::from_hours(hour));
        let record = charged(&[(1, 0, yesterday)]);
        let still = u32::try_from(u64::from(yesterday) * (24 - hour) / 24).expect("small");
        let left = floor.saturating_sub(still);
        let quotas = quotas(&record, &rules, now, &mut StdRng::seed_from_u64(seed));
        prop_assert_eq!(quotas.values().sum::<u32>(), left);
        prop_assert!(quotas.keys().all(|shard| *shard < 32));
        prop_assert!(quotas.values().max().unwrap_or(&0) - quotas.values().min().unwrap_or(&0) <= 1);
    }

    #[test]
    fn no_more_than_the_budget_is_admitted_in_any_order_by_any_number_of_processes(
        floor in 1_u32..200, processes in 1_usize..5, stale in 1_usize..40, seed: u64
    ) {
        let rules = UnverifiedBudget { floor, ..rules() };
        let mut random = StdRng::seed_from_u64(seed);
        let mut truth = CountryRecord::default();
        let mut known = vec![truth.clone(); processes];
        let mut admitted = 0;
        for attempt in 0..600 {
            let process = attempt % processes;
            if attempt % stale == 0 {
                known[process] = truth.clone();
            }
            let Ok(charge) = known[process].charge(us(), Channel::Sms, &rules, DAWN, &mut random) else { continue };
            let used = truth.unverified.entry((Channel::Sms, TODAY, charge.counter.shard)).or_default();
            if *used < charge.quota { // the condition of the write
                *used += 1;
                admitted += 1;
            } else {
                known[process] = truth.clone();
            }
        }
        prop_assert_eq!(admitted, floor.min(600));
    }

    #[test]
    fn a_budget_is_never_below_its_floor_nor_above_what_its_past_allows(
        counts in proptest::collection::vec(0_u32..100_000, 18), floor in 1_u32..100, share in 0_u32..=100, growth in 1_u32..5
    ) {
        let rules = UnverifiedBudget { floor, share_percent: share, growth, ..rules() };
        let verified = (0_u64..).zip(&counts).map(|(ago, count)| (TODAY - ago, *count)).collect();
        let record = CountryRecord { verified, ..CountryRecord::default() };
        let mean = |days: std::ops::RangeInclusive<usize>| {
            counts[days].iter().map(|count| u64::from(*count)).sum::<u64>() * u64::from(share) / 700
        };
        let budget = u64::from(record.budget(&rules, DAWN));
        prop_assert!(budget >= u64::from(floor));
        prop_assert!(budget <= mean(2..=8).max(u64::from(floor)));
        prop_assert!(budget <= mean(9..=15).max(u64::from(floor)) * u64::from(growth));
    }
}
