//! Who signs in, what they do on the page, and the statistics of their countries.
//!
//! All of it is assumed, none of it measured: the figures are what a large consumer login might have.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::time::Duration;

use domain::budget::CountryRecord;
use domain::limit::Limit;
use domain::phone::Country;
use domain::quota::{Counter, Scope};
use domain::time::Timestamp;
use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::polls::Wait;

/// Countries by their numbers' first digits: the first has 80 % of the people, the others share the rest.
pub const COUNTRIES: [(&str, &str); 5] = [("+1", "US"), ("+44", "GB"), ("+49", "DE"), ("+52", "MX"), ("+351", "PT")];
const HOT_PERCENT: u64 = 80;
/// Ranges of ten thousand numbers in use: in the hot country, and in each other.
const RANGES: [u64; 2] = [200_000, 12_500];
/// Of 1,000 starts, so many are by people whose number is unverified; and the share of these that never verify it.
const NEWCOMERS: u32 = 20;
const STAYS_UNVERIFIED: f64 = 0.06;
/// At peak times a person signs in every four hours; averaged over a day, at two fifths of that rate.
const SECONDS_BETWEEN: f64 = 14_400.0;
const OF_PEAK: f64 = 0.4;
/// A tenth of the people are behind shared addresses, so many to each.
const BEHIND_ONE: u64 = 128;

/// Of 100 starts, so many ask for a call.
pub const CALLS_PERCENT: u32 = 15;
/// Of 100 who were sent something, so many approve; the others give up.
pub const APPROVE_PERCENT: u32 = 95;
/// Of 100 who type a code, so many type a wrong one first.
pub const WRONG_PERCENT: u32 = 10;
/// How long the page waits while a code arrives and is typed.
pub const MESSAGE: Wait = Wait { answered: None, ends: Duration::from_secs(20) };
/// How long it waits while a call rings and is listened to.
pub const CALL: Wait = Wait { answered: Some(Duration::from_secs(10)), ends: Duration::from_secs(16) };
/// How long it waits for those who give up, and let a call ring.
pub const LEFT: Wait = Wait { answered: None, ends: Duration::from_mins(1) };
/// Each person takes between half of that and half as long again.
pub const PACES: Range<f64> = 0.5..1.5;
/// Requests for the page's files, on a first visit and on a later one.
pub const PAGE: [u32; 2] = [4, 1];
/// Webhooks of a call apart from the pressed key: ringing, the answer and the end; started and answered.
pub const WEBHOOKS: Webhooks = Webhooks { moving: 3, silent: 2 };

#[derive(Clone, Copy, Debug)]
pub struct Webhooks {
    /// Webhooks that move the call on.
    pub moving: u32,
    /// Webhooks that make no request to the table.
    pub silent: u32,
}

/// When the simulation takes place: at noon of some day.
pub const NOON: Timestamp = Timestamp::from_unix(20_000 * 86_400 + 43_200);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Person(pub u64);

/// Everybody who signs in.
#[derive(Clone, Copy, Debug)]
pub struct People {
    many: f64,
    /// Starts per second by one single person, to see who is harmed by it.
    pub hot_person: f64,
    rate: f64,
}

impl People {
    /// As many people as it takes for this many starts per second.
    #[must_use]
    pub fn starting(rate: f64) -> Self {
        Self { many: rate * SECONDS_BETWEEN, hot_person: 0.0, rate }
    }

    /// Who starts next: drawn by Zipf's law, flattened at its head as in `pumping`, or a newcomer.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and far below 2^53")]
    pub fn next(&self, random: &mut StdRng) -> Person {
        if random.random::<f64>() < self.hot_person / self.rate {
            return Person(0);
        }
        let flat = self.many / 3.0;
        if random.random_range(0..1_000) < NEWCOMERS {
            return Person(self.many as u64 + random.random_range(1..1 << 40));
        }
        let rank = flat * (((self.many + flat) / flat).ln() * random.random::<f64>()).exp() - flat;
        Person((rank as u64).max(1))
    }

    /// Whether the person's number is enrolled.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "ranks are far below 2^53")]
    pub fn knows(&self, person: Person) -> bool {
        (person.0 as f64) < self.many
    }

    /// The record after fourteen days of the same traffic.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "people of a day")]
    pub fn record(&self, country: Country) -> CountryRecord {
        let daily = (self.many * share(country)).min(f64::from(u32::MAX)) as u32;
        let today = CountryRecord::day(NOON);
        CountryRecord { verified: (1..=16).map(|ago| (today - ago, daily)).collect(), ..CountryRecord::default() }
    }

    /// A counter's value at noon: the morning's sends that never led to an approval.
    pub fn morning(&self, counter: &Counter, shards: f64, random: &mut StdRng) -> f64 {
        let unverified = self.rate * OF_PEAK * 43_200.0 * f64::from(NEWCOMERS) / 1_000.0 * STAYS_UNVERIFIED;
        match &counter.scope {
            Scope::Country(country) => unverified * share(*country) / shards,
            Scope::Range(number) if counter.limit == Limit::RangeUnverified => {
                let hot = number.expose().starts_with("+1");
                let (share, ranges) = if hot { (0.8, RANGES[0]) } else { (0.05, RANGES[1]) };
                #[expect(clippy::cast_precision_loss, reason = "a small constant")]
                let mean = unverified * share / ranges as f64;
                poisson(mean, random)
            }
            Scope::Number(_) | Scope::Network(_) | Scope::Range(_) => 0.0,
        }
    }
}

fn share(country: Country) -> f64 {
    if country.as_str() == "US" { 0.8 } else { 0.05 }
}

fn poisson(mean: f64, random: &mut StdRng) -> f64 {
    let (limit, mut product, mut count) = ((-mean).exp(), random.random::<f64>(), 0.0);
    while product > limit {
        product *= random.random::<f64>();
        count += 1.0;
    }
    count
}

impl Person {
    /// The person's number, the same each time.
    #[must_use]
    pub fn number(self) -> String {
        let draw = self.scattered();
        let hot = draw % 100 < HOT_PERCENT;
        let (prefix, ranges) =
            if hot { (COUNTRIES[0].0, RANGES[0]) } else { (COUNTRIES[1 + self.other()].0, RANGES[1]) };
        format!("{prefix}{}{:04}", 200_000 + draw / 100 % ranges, draw >> 40 & 0x1fff)
    }

    fn other(self) -> usize {
        usize::from(self.scattered().to_le_bytes()[3] % 4)
    }

    /// Where the person's requests come from.
    #[must_use]
    pub fn address(self) -> IpAddr {
        let shared = self.0.is_multiple_of(10);
        let of = if shared { self.0 / (10 * BEHIND_ONE) } else { self.0 };
        let [.., high, third, second, first] = of.to_be_bytes();
        // Everybody has a /64, so that no two people share one by chance; the shared addresses are IPv4.
        if shared {
            Ipv4Addr::new(100, third, second, first).into()
        } else {
            [0x20, 1, 0, 0, high, third, second, first, 0, 0, 0, 0, 0, 0, 0, 1].into()
        }
    }

    const fn scattered(self) -> u64 {
        let mixed = (self.0 ^ self.0 >> 31).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 8
    }
}
