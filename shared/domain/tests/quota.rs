//! Charges, windows, networks and the table of countries.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use domain::channel::Channel;
use domain::identity::Network;
use domain::limit::Limit;
use domain::phone::{Country, Destination, Line, PhoneNumber, PhoneRefusal, Reach, Subscriber};
use domain::quota::{Charge, Scope, window};
use domain::time::Timestamp;
use proptest::prelude::*;

const DAY: Duration = Duration::from_hours(24);
const MINUTES: Duration = Duration::from_mins(10);

fn number(e164: &str) -> PhoneNumber {
    PhoneNumber::parse(e164).expect("E.164")
}

fn network(address: &str) -> Network {
    Network::of(address.parse::<IpAddr>().expect("an address"))
}

fn country(code: &str) -> Country {
    Country::parse(code).expect("a country")
}

#[test]
fn a_window_includes_its_first_second_and_excludes_that_of_the_next() {
    for (at, expected) in [(0, 0), (599, 0), (600, 1), (1199, 1), (1200, 2)] {
        assert_eq!(window(MINUTES, Timestamp::from_unix(at)), expected, "{at}");
    }
    assert_eq!(window(DAY, Timestamp::from_unix(86_400 * 20_000)), 20_000);
    assert_eq!(window(DAY, Timestamp::from_unix(86_400 * 20_000 - 1)), 19_999);
}

#[test]
fn a_charge_reports_its_limit_and_when_the_window_ends() {
    let charge =
        Charge::new(Scope::Number(number("+14155552671")), Limit::NumberShort, 5, MINUTES, Timestamp::from_unix(1234));
    assert_eq!((charge.counter.window, charge.counter.shard, charge.enforced), (2, 0, true));
    assert_eq!(charge.ends_at(), Timestamp::from_unix(1800));
    let limit = charge.told;
    assert_eq!(
        (limit.limit, limit.quota, limit.window, limit.retry_at),
        (Limit::NumberShort, 5, MINUTES, charge.ends_at())
    );
    let early = charge.clone().cap_retry_at(Timestamp::from_unix(1300));
    assert_eq!((early.told.retry_at, early.ends_at()), (Timestamp::from_unix(1300), charge.ends_at()));
    assert_eq!(charge.clone().cap_retry_at(Timestamp::from_unix(1900)), charge, "never later than it ends");
    assert_eq!(
        (Limit::of_country(Channel::Sms).as_str(), Limit::of_country(Channel::Call).as_str()),
        ("country-sms", "country-call")
    );
}

proptest! {
    #[test]
    fn a_window_s_end_is_the_first_moment_of_the_next(at in 0_u64..4_000_000_000, minutes in 1_u64..3000) {
        let length = Duration::from_mins(minutes);
        let charge = Charge::new(Scope::Network(network("203.0.113.7")), Limit::Network, 20, length, Timestamp::from_unix(at));
        let end = charge.ends_at();
        prop_assert!(end.as_unix() > at && end.as_unix() - at <= length.as_secs());
        prop_assert_eq!(window(length, end), charge.counter.window + 1);
        prop_assert_eq!(window(length, Timestamp::from_unix(end.as_unix() - 1)), charge.counter.window);
    }

    #[test]
    fn an_address_of_ipv6_counts_by_its_first_64_bits(high: u64, low: u64, other: u64) {
        let of = |low: u64| Network::of(IpAddr::from((u128::from(high) << 64 | u128::from(low)).to_be_bytes()));
        prop_assert_eq!(of(low), of(other));
        let next = Network::of(IpAddr::from((u128::from(high ^ 1) << 64 | u128::from(low)).to_be_bytes()));
        prop_assert_ne!(of(low), next);
    }

    #[test]
    fn an_address_of_ipv4_counts_alone_however_it_is_written(a: u32, b: u32) {
        let v4 = |bits: u32| std::net::Ipv4Addr::from(bits);
        prop_assert_eq!(Network::of(IpAddr::V4(v4(a))), Network::of(IpAddr::V6(v4(a).to_ipv6_mapped())));
        prop_assert_eq!(a == b, Network::of(IpAddr::V4(v4(a))) == Network::of(IpAddr::V4(v4(b))));
    }
}

#[test]
fn a_network_is_displayed_without_the_host_part_of_the_address() {
    for (address, shown) in [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::1", "::"),
    ] {
        assert_eq!(network(address).to_string(), shown);
    }
}

#[test]
fn a_range_is_the_number_without_its_last_four_digits() {
    assert_eq!(number("+14155552671").range(), "+1415555");
    assert_eq!(number("+14155552671").range(), number("+14155559999").range());
    assert_ne!(number("+14155552671").range(), number("+14155562671").range());
    assert_eq!(number("+1234567").range(), "+123", "the shortest number there is");
}

fn subscriber(code: Option<&str>, line: Line) -> Subscriber {
    Subscriber { number: number("+14155552671"), country: code.map(country), line }
}

/// The United States by every channel, Canada by messages, Britain by calls, Germany by none.
fn reach() -> Reach {
    let by = |channels: &[Channel]| channels.iter().copied().collect::<BTreeSet<_>>();
    Reach::new(BTreeMap::from([
        (country("US"), by(&Channel::ALL)),
        (country("CA"), by(&[Channel::Sms])),
        (country("GB"), by(&[Channel::Call])),
        (country("DE"), by(&[])),
    ]))
}

#[test]
fn a_number_is_admitted_by_its_country_and_its_kind_of_line() {
    for (code, line, refusal) in [
        (Some("US"), Line::Mobile, None),
        (Some("CA"), Line::Fixed, None),
        (Some("FR"), Line::Mobile, Some(PhoneRefusal::Country(country("FR")))),
        (None, Line::Mobile, Some(PhoneRefusal::Type)),
        (Some("US"), Line::Other, Some(PhoneRefusal::Type)),
        (None, Line::Other, Some(PhoneRefusal::Type)),
        (Some("FR"), Line::Other, Some(PhoneRefusal::Type)),
    ] {
        let admitted = reach().admit(subscriber(code, line));
        assert_eq!(admitted.as_ref().err(), refusal.as_ref(), "{code:?} {line:?}");
        if let Ok(Destination { number: admitted, country: of, line: kind }) = admitted {
            assert_eq!((admitted, Some(of), kind), (number("+14155552671"), code.map(country), line));
        }
    }
}

#[test]
fn a_channel_serves_countries_where_it_is_used_and_lines_that_it_reaches() {
    use Channel::{Call, Sms};
    for (code, line, channel, serves) in [
        ("US", Line::Mobile, Sms, true),
        ("US", Line::Mobile, Call, true),
        ("US", Line::Fixed, Sms, false),
        ("US", Line::Fixed, Call, true),
        ("US", Line::Other, Sms, false),
        ("CA", Line::Mobile, Sms, true),
        ("CA", Line::Mobile, Call, false),
        ("CA", Line::Fixed, Sms, false),
        ("CA", Line::Fixed, Call, false),
        ("GB", Line::Mobile, Sms, false),
        ("GB", Line::Mobile, Call, true),
        ("DE", Line::Mobile, Sms, false),
        ("DE", Line::Mobile, Call, false),
        ("FR", Line::Mobile, Sms, false),
    ] {
        assert_eq!(reach().serves(country(code), line, channel), serves, "{code} {line:?} {channel:?}");
    }
    let all = Reach::by_every_channel([country("US")]);
    assert!(all.serves(country("US"), Line::Mobile, Sms) && all.serves(country("US"), Line::Fixed, Call));
    assert!(!all.serves(country("GB"), Line::Mobile, Sms));
}

#[test]
fn no_channel_serves_the_placeholder_for_no_country() {
    assert_eq!(Country::NONE, country("ZZ"));
    assert!(!reach().serves(Country::NONE, Line::Mobile, Channel::Sms));
}
