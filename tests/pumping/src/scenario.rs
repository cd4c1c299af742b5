//! The day itself: everything that happens, in order.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use domain::budget::CountryRecord;
use domain::channel::Channel;
use domain::phone::Country;
use domain::policy::Policy;
use domain::quota::window;
use domain::time::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::service::{Person, Sent, Service};
use crate::traffic::{self, PEOPLE, PREFIXES};

/// Honest sign-ins in the day.
pub const HONEST: u32 = 100_000;
/// The fraudster's attempts.
pub const FRAUDULENT: u32 = 10_000;
const SEED: u64 = 20_260_101;
const DAY: u64 = 86_400;
/// When the day starts.
const MORNING: Timestamp = Timestamp::from_unix(20_000 * DAY);
const NEWCOMERS_PERCENT: u32 = 2;

/// Variations of the scenario.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Whether the budgets refuse sends, or only record them.
    pub enforced: bool,
    /// Whether the fraudster earns money from numbers all over a country instead of in a few ranges.
    pub paid_everywhere: bool,
}

/// Running counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests to send.
    pub asked: u32,
    /// Requests that were sent.
    pub sent: u32,
    /// Of those, the first to a person whose number was not verified.
    pub unverified: u32,
    /// Requests that were refused.
    pub refused: u32,
}

/// The results of the day.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Honest people.
    pub honest: Tally,
    /// Honest people who were new.
    pub newcomers: Tally,
    /// The fraudster.
    pub fraud: Tally,
    /// The fraudster, by country.
    pub fraud_by_country: BTreeMap<&'static str, Tally>,
    /// The tallies of honest newcomers and of fraud at the end of each quarter-hour.
    pub curve: Vec<(Tally, Tally)>,
    /// How often breakers opened.
    pub breakers_opened: u32,
}

struct Event {
    at: Timestamp,
    what: What,
}

enum What {
    Honest(u32),
    Newcomer(u32),
    Fraud(u32),
}

#[must_use]
pub fn run(scenario: Scenario) -> Report {
    let mut random = StdRng::seed_from_u64(SEED);
    let mut service = Service::new(history(), scenario.enforced, SEED);
    for rank in 0..PEOPLE {
        service.enrol(&traffic::person(rank));
    }
    let mut day = Day {
        scenario,
        service,
        random: StdRng::seed_from_u64(SEED + 1),
        report: Report::default(),
        verifying: BTreeMap::new(),
    };
    let mut quarter = 1;
    for event in events(&mut random) {
        while event.at.since(MORNING) >= Duration::from_mins(15 * quarter) {
            day.report.curve.push((day.report.newcomers, day.report.fraud));
            quarter += 1;
        }
        day.verify_until(event.at);
        day.happens(&event);
    }
    day.report.curve.push((day.report.newcomers, day.report.fraud));
    day.report.breakers_opened = day.service.breakers.values().sum();
    day.report
}

struct Day {
    scenario: Scenario,
    service: Service,
    random: StdRng,
    report: Report,
    /// Who types a code, by time and session.
    verifying: BTreeMap<(Timestamp, u64), Person>,
}

impl Day {
    fn happens(&mut self, event: &Event) {
        let (person, session, verifies) = match event.what {
            What::Honest(index) => (traffic::person(traffic::rank(&mut self.random)), u64::from(index), 96),
            What::Newcomer(index) => (traffic::person(PEOPLE + index), u64::from(index), 94),
            What::Fraud(index) => {
                let person = traffic::fraudster(index, self.scenario.paid_everywhere, &mut self.random);
                (person, 1 << 32 | u64::from(index), 5)
            }
        };
        let channel = if self.random.random_range(0..100) < 85 { Channel::Sms } else { Channel::Call };
        let unverified = !self.service.knows(&person);
        let sent = self.service.send(&person, session, channel, event.at);
        self.note(&event.what, &person, sent, unverified);
        // One in sixteen asks for a second message before the first has arrived.
        let mut typed_at = event.at + Duration::from_secs(self.random.random_range(8..60));
        if sent == Sent::Yes && self.random.random_range(0..16) == 0 {
            let again = event.at + Duration::from_secs(35);
            let sent = self.service.send(&person, session, channel, again);
            self.note(&event.what, &person, sent, unverified);
            typed_at = again + Duration::from_secs(15);
        }
        if sent == Sent::Yes && self.random.random_range(0..100) < verifies {
            self.verifying.insert((typed_at, session), person);
        }
    }

    fn verify_until(&mut self, now: Timestamp) {
        while let Some(entry) = self.verifying.first_entry().filter(|entry| entry.key().0 <= now) {
            let (at, session) = *entry.key();
            let person = entry.remove();
            self.service.verify(&person, session, at);
        }
    }

    fn note(&mut self, what: &What, person: &Person, sent: Sent, unverified: bool) {
        let count = |tally: &mut Tally| {
            tally.asked += 1;
            match sent {
                Sent::Yes => tally.sent += 1,
                Sent::Refused => tally.refused += 1,
            }
            tally.unverified += u32::from(unverified && sent == Sent::Yes);
        };
        match what {
            What::Honest(_) => count(&mut self.report.honest),
            What::Newcomer(_) => {
                count(&mut self.report.honest);
                count(&mut self.report.newcomers);
            }
            What::Fraud(_) => {
                count(&mut self.report.fraud);
                let code = PREFIXES.iter().find(|(prefix, _)| person.number.expose().starts_with(prefix));
                count(self.report.fraud_by_country.entry(code.map_or("", |(_, code)| code)).or_default());
            }
        }
    }
}

/// All events of the day. Honest people sleep at night, the fraudster does not.
fn events(random: &mut StdRng) -> Vec<Event> {
    let honest = (0..HONEST).map(|index| {
        let newcomer = random.random_range(0..100) < NEWCOMERS_PERCENT;
        let what = if newcomer { What::Newcomer(index) } else { What::Honest(index) };
        Event { at: MORNING + Duration::from_secs(awake(random)), what }
    });
    let mut events: Vec<_> = honest.collect();
    events.extend((0..FRAUDULENT).map(|index| {
        let at = MORNING + Duration::from_secs(u64::from(index) * DAY / u64::from(FRAUDULENT));
        Event { at, what: What::Fraud(index) }
    }));
    events.sort_by_key(|event| event.at);
    events
}

/// A random second of the day, three times as likely by day as by night.
fn awake(random: &mut StdRng) -> u64 {
    loop {
        let second = random.random_range(0..DAY);
        let by_day = (7 * 3600..23 * 3600).contains(&second);
        if by_day || random.random_range(0..3) == 0 {
            return second;
        }
    }
}

/// The countries' statistics after sixteen days of the same honest traffic.
fn history() -> HashMap<Country, CountryRecord> {
    let mut people: HashMap<Country, f64> = HashMap::new();
    let mut random = StdRng::seed_from_u64(SEED + 2);
    let mut seen = std::collections::HashSet::new();
    for _ in 0..HONEST {
        seen.insert(traffic::rank(&mut random));
    }
    for rank in seen {
        let number = traffic::person(rank).number;
        let code = PREFIXES.iter().find(|(prefix, _)| number.expose().starts_with(prefix)).map(|(_, code)| *code);
        if let Some(country) = code.and_then(|code| Country::parse(code).ok()) {
            *people.entry(country).or_default() += 1.0;
        }
    }
    let today = window(Policy::LONG_WINDOW, MORNING);
    let countries = PREFIXES.iter().filter_map(|(_, code)| Country::parse(code).ok());
    countries
        .map(|country| {
            let daily = people.get(&country).copied().unwrap_or_default();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most HONEST people")]
            let verified = (daily > 0.0).then(|| (1..=16).map(|ago| (today - ago, daily as u32)).collect());
            (country, CountryRecord { verified: verified.unwrap_or_default(), ..CountryRecord::default() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_pumping_gets_at_most_a_hundred_sends_and_hardly_any_honest_user_is_refused() {
        let report = run(Scenario { enforced: true, paid_everywhere: false });
        let Report { honest, newcomers, fraud, .. } = &report;
        assert!(fraud.asked >= FRAUDULENT && honest.asked >= HONEST, "{report:?}");
        assert!(newcomers.sent > 1_500 && newcomers.refused == 0, "newcomers get in: {newcomers:?}");
        assert!(fraud.sent <= 100, "{fraud:?} {:?}", report.fraud_by_country);
        assert!(honest.refused * 1_000 <= honest.asked, "at most 10 in 10,000: {honest:?}");
        assert!(report.breakers_opened > 0);
    }

    #[test]
    fn without_the_budgets_almost_everything_is_sent_on_the_same_day() {
        let report = run(Scenario { enforced: false, paid_everywhere: false });
        assert!(report.fraud.sent > 9_900, "{:?}", report.fraud);
        assert_eq!(report.breakers_opened, 0);
    }

    /// If fraud is not limited to a few ranges, the country's budget still bounds it, but newcomers there have
    /// to wait.
    #[test]
    fn fraud_all_over_a_country_is_bounded_in_proportion_to_its_honest_traffic() {
        let report = run(Scenario { enforced: true, paid_everywhere: true });
        let mixed = report.fraud_by_country.get("MX").copied().unwrap_or_default();
        assert!(mixed.sent < 1_400, "{mixed:?}");
        assert!(report.fraud_by_country.values().map(|tally| tally.sent).sum::<u32>() - mixed.sent <= 50);
        assert!(report.honest.refused - report.newcomers.refused < 100, "known users get in: {:?}", report.honest);
    }
}
