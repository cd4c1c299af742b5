//! Who signs in, honestly and fraudulently.
//!
//! | | honest | fraudulent |
//! |---|---|---|
//! | how many | 100,000 sign-ins | 10,000 attempts |
//! | who | 60,000 people by Zipf's law, flattened so that nobody signs in more than a few times a day; 98 % have enrolled long ago, 2 % are new | a new account each time |
//! | where | five countries | two without honest traffic, and one with |
//! | numbers | all over the country | in each country, in the twelve ranges that pay |
//! | networks | one each; a tenth of people behind fifty shared ones | 5,000 in rotation |
//! | verify | 94 % | 5 % |

use std::net::{IpAddr, Ipv4Addr};

use domain::identity::{Network, SubjectId};
use domain::phone::PhoneNumber;
use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::service::Person;

/// The countries, with the first digits of their numbers.
pub const PREFIXES: [(&str, &str); 7] =
    [("+1", "US"), ("+44", "GB"), ("+49", "DE"), ("+52", "MX"), ("+351", "PT"), ("+94", "LK"), ("+992", "TJ")];

/// The country where fraud hides among honest traffic.
pub const MIXED: &str = "+52";
/// The countries with nothing but fraud.
pub const ONLY_FRAUD: [&str; 2] = ["+94", "+992"];

/// Each country's share of honest people, in per cent.
const HONEST: [(&str, u32); 5] = [("+1", 45), ("+44", 20), ("+49", 15), ("+52", 18), ("+351", 2)];
/// The number of honest people.
pub const PEOPLE: u32 = 60_000;
/// Flattens the head of the Zipf distribution.
const SHIFT: f64 = 20_000.0;
/// How many ranges of ten thousand numbers honest people use in each country.
const HONEST_RANGES: u32 = 400;
/// How many ranges per country pay the fraudster.
const PAID_RANGES: u32 = 12;

/// The person with that rank.
#[must_use]
pub fn person(rank: u32) -> Person {
    let mut draw = rank.wrapping_mul(2_654_435_761) >> 8; // scattered, but the same every time
    let mut pick = |bound: u32| {
        let picked = draw % bound;
        draw = draw.wrapping_mul(747_796_405).wrapping_add(2_891_336_453) >> 3;
        picked
    };
    let share = pick(100);
    let prefix = country_of(share);
    let number = number(prefix, 1000 + pick(HONEST_RANGES), rank % 10_000);
    let network = if pick(10) == 0 { [100, 64, 0, byte(pick(50))] } else { spread(10, rank) };
    Person { subject: SubjectId::new("honest", &rank.to_string()), number, network: address(network) }
}

/// The rank of the next person who signs in, by Zipf's law.
pub fn rank(random: &mut StdRng) -> u32 {
    // The inverse of the distribution's integral, whose density falls as 1 / (rank + SHIFT).
    let head = ((f64::from(PEOPLE) + SHIFT) / SHIFT).ln();
    let rank = SHIFT * ((head * random.random::<f64>()).exp() - 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank below PEOPLE")]
    let rank = rank as u32;
    rank.min(PEOPLE - 1)
}

/// The fraudster's attempt number `index`: a different account, number and network each time.
pub fn fraudster(index: u32, paid_everywhere: bool, random: &mut StdRng) -> Person {
    let prefix = [ONLY_FRAUD[0], ONLY_FRAUD[1], MIXED][index as usize % 3];
    let range = 5000 + random.random_range(0..if paid_everywhere { HONEST_RANGES } else { PAID_RANGES });
    let number = number(prefix, range, random.random_range(0..10_000));
    Person { subject: SubjectId::new("fraud", &index.to_string()), number, network: address(spread(45, index % 5000)) }
}

fn country_of(share: u32) -> &'static str {
    let mut below = 0;
    for (prefix, percent) in HONEST {
        below += percent;
        if share < below {
            return prefix;
        }
    }
    MIXED
}

fn number(prefix: &str, range: u32, line: u32) -> PhoneNumber {
    let number = PhoneNumber::parse(&format!("{prefix}{range}{line:04}"));
    number.unwrap_or_else(|refusal| unreachable!("{prefix} {range} {line}: {refusal}"))
}

fn spread(first: u8, index: u32) -> [u8; 4] {
    [first, byte(index >> 16), byte(index >> 8), byte(index)]
}

fn byte(value: u32) -> u8 {
    value.to_le_bytes()[0]
}

fn address(octets: [u8; 4]) -> Network {
    Network::of(IpAddr::V4(Ipv4Addr::from(octets)))
}
