//! The limits on numbers and networks: what is counted together, what separately, and what a refusal says.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::rules::Rules;
use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::api::{Answer, Api, Login};
use crate::store_contract::at_once;

/// A user without a number, one per index.
pub(crate) fn stranger(index: usize) -> Login {
    Login::of(json!({ "sub": format!("stranger-{index}"), "jti": "login-1" }))
}

/// A user whose number the first factor vouches for, one per index.
pub(crate) fn owner(index: usize, number: &str) -> Login {
    let sub = format!("owner-{index}");
    Login::of(json!({ "sub": sub, "jti": "login-1", "phone_number": number, "phone_number_verified": "true" }))
}

pub(crate) fn typing(number: &str) -> Value {
    json!({ "channel": "sms", "phoneNumber": number })
}

pub(crate) fn sms() -> Value {
    json!({ "channel": "sms" })
}

/// The number with that index, each in its own range.
pub(crate) fn far_apart(index: usize) -> String {
    format!("+1{}{}2671", ["415", "212"][index / 800], 200 + index % 800)
}

/// An API with changed rules.
pub(crate) async fn api(change: impl FnOnce(&mut Rules)) -> Api {
    let mut api = Api::new().await;
    change(&mut api.start.settings.rules);
    api.get.settings.rules = api.start.settings.rules.clone();
    api.verify.settings.rules = api.start.settings.rules.clone();
    api
}

/// No limits but those of one challenge.
pub(crate) fn unlimited(rules: &mut Rules) {
    let policy = &mut rules.policy;
    (policy.max_sends_short, policy.max_sends_long, policy.max_calls_short) = (1000, 1000, 1000);
    (policy.max_sends_number_short, policy.max_sends_number_long) = (1000, 1000);
    (policy.max_sends_number_unverified, policy.max_sends_network) = (1000, 10_000);
    (policy.unverified.floor, policy.unverified.per_range) = (1000, 1000);
}

/// Checks for a refusal by that limit, with its time and without its key.
pub(crate) fn expect_refusal(refused: &Answer, policy: &str, quota: u32, window: u64, retry_after: u64) {
    let told = (refused.status, refused.problem(), &refused.json["limit"]);
    assert_eq!(told, (429, "send-limit", &json!(policy)), "{}", refused.text);
    assert_eq!(refused.header("retry-after"), Some(retry_after.to_string().as_str()), "{policy}");
    assert_eq!(refused.header("ratelimit-policy"), Some(format!("\"{policy}\";q={quota};w={window}").as_str()));
    assert_eq!(refused.header("ratelimit"), Some(format!("\"{policy}\";r=0;t={retry_after}").as_str()));
    assert!(refused.json["retryAt"].is_string(), "{}", refused.text);
    let all = format!("{} {:?}", refused.text, refused.headers);
    for key in ["14155", "1415", "203.0.113", "2001:db8", "\"US\"", "#"] {
        assert!(!all.contains(key), "{key} is a key: {all}");
    }
}

/// The seconds left in the current fixed window of that length.
pub(crate) fn left(window: u64, now: Timestamp) -> u64 {
    window - now.as_unix() % window
}

const MINUTES: u64 = 600;
const DAY: u64 = 86_400;
const NUMBER: &str = "+14155552671";

#[tokio::test]
async fn a_number_gets_five_messages_in_ten_minutes_and_ten_a_day_whoever_asks() {
    for (policy, quota, window) in [("number-short", 5, MINUTES), ("number-long", 10, DAY)] {
        let mut api = api(|rules| {
            unlimited(rules);
            match policy {
                "number-short" => rules.policy.max_sends_number_short = quota,
                _ => rules.policy.max_sends_number_long = quota,
            }
        })
        .await;
        for index in 0..quota as usize {
            assert_eq!(api.post(&owner(index, NUMBER), sms()).await.status, 201, "{policy} {index}");
        }
        api.backend.round_trips();
        expect_refusal(&api.post(&owner(99, NUMBER), sms()).await, policy, quota, window, left(window, api.now));
        assert_eq!((api.backend.round_trips(), api.phone.codes().len()), (2, quota as usize));
        assert_eq!(api.post(&owner(99, "+14155552672"), sms()).await.status, 201, "another number");
        api.pass(left(window, api.now));
        assert_eq!(api.post(&owner(99, NUMBER).at(api.now), sms()).await.status, 201, "another window");
    }
}

#[tokio::test]
async fn the_default_limits_are_those_in_the_documentation() {
    let policy = domain::policy::Policy::default();
    assert_eq!((policy.max_sends_number_short, policy.max_sends_number_long), (5, 10));
    assert_eq!((policy.max_sends_number_unverified, policy.max_sends_network, policy.max_accounts), (3, 20, 5));
    assert_eq!((policy.max_sends_short, policy.max_sends_long, policy.max_calls_short), (5, 10, 2));
}

#[tokio::test]
async fn a_stranger_cannot_lock_out_a_numbers_owner() {
    let mut api = api(|rules| {
        unlimited(rules);
        rules.policy.max_sends_number_unverified = 3;
        rules.policy.max_sends_number_short = 5;
    })
    .await;
    for index in 0..3 {
        assert_eq!(api.post(&stranger(index), typing(NUMBER)).await.status, 201);
    }
    for index in 3..10 {
        let refused = api.post(&stranger(index), typing(NUMBER)).await;
        expect_refusal(&refused, "number-unverified", 3, DAY, left(DAY, api.now));
    }
    let owner = owner(1, NUMBER);
    for _ in 0..2 {
        assert_eq!(api.post(&owner, sms()).await.status, 201, "the owner need not wait");
        api.pass(30);
    }
    assert_eq!(api.guess(&owner, &api.phone.last_code()).await.json["state"], "approved");
}

#[tokio::test]
async fn sends_to_a_numbers_owner_do_not_count_against_users_who_enrol_it() {
    let api = api(|rules| {
        unlimited(rules);
        rules.policy.max_sends_number_short = 1;
        rules.policy.max_sends_number_unverified = 1;
    })
    .await;
    assert_eq!(api.post(&owner(1, NUMBER), sms()).await.status, 201);
    assert_eq!(api.post(&owner(2, NUMBER), sms()).await.json["limit"], "number-short");
    assert_eq!(api.post(&stranger(1), typing(NUMBER)).await.status, 201);
    assert_eq!(api.post(&stranger(2), typing(NUMBER)).await.json["limit"], "number-unverified");
}

#[tokio::test]
async fn one_number_in_many_spellings_counts_as_one() {
    let spellings = [
        json!({ "channel": "sms", "phoneNumber": "+14155552671" }),
        json!({ "channel": "sms", "phoneNumber": "+1 (415) 555-2671" }),
        json!({ "channel": "sms", "phoneNumber": "tel:+1-415-555-2671" }),
        json!({ "channel": "sms", "phoneNumber": "\u{200e}+1 415 555 2671" }),
        json!({ "channel": "sms", "phoneNumber": "+1\u{a0}415\u{a0}555\u{a0}2671" }),
        json!({ "channel": "sms", "phoneNumber": "+1.415.555.2671\n" }),
        json!({ "channel": "sms", "phoneNumber": "(415) 555-2671", "region": "US" }),
        json!({ "channel": "sms", "phoneNumber": "1 415 555 2671", "region": "us" }),
    ];
    one_counter(&spellings).await;
    one_counter(&[
        json!({ "channel": "call", "phoneNumber": "+442071838750" }),
        json!({ "channel": "call", "phoneNumber": "+44 (0)20 7183 8750" }),
        json!({ "channel": "call", "phoneNumber": "020 7183 8750", "region": "GB" }),
    ])
    .await;
}

async fn one_counter(spellings: &[Value]) {
    let quota = u32::try_from(spellings.len()).expect("few");
    let api = api(|rules| {
        unlimited(rules);
        rules.policy.max_sends_number_unverified = quota;
    })
    .await;
    for (index, spelling) in spellings.iter().enumerate() {
        assert_eq!(api.post(&stranger(index), spelling.clone()).await.status, 201, "{spelling}");
    }
    for spelling in spellings {
        assert_eq!(api.post(&stranger(99), spelling.clone()).await.json["limit"], "number-unverified", "{spelling}");
    }
}

#[tokio::test]
async fn a_network_is_the_address_that_the_gateway_saw_whatever_the_headers_say() {
    let api = api(|rules| {
        unlimited(rules);
        rules.policy.max_sends_network = 3;
    })
    .await;
    let sent = |index: usize, forwarded: &str, address: &str| {
        let login = owner(index, &far_apart(index)).from(address);
        let mut request = login.request("POST", "/v1/challenge", Some(&sms().to_string()));
        for name in ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip"] {
            request.headers_mut().insert(name, forwarded.parse().expect("a header"));
        }
        api.send(request)
    };
    for index in 0..3 {
        assert_eq!(sent(index, &format!("198.51.100.{index}"), "203.0.113.7").await.status, 201);
    }
    expect_refusal(&sent(3, "198.51.100.3", "203.0.113.7").await, "network", 3, MINUTES, left(MINUTES, api.now));
    assert_eq!(sent(4, "203.0.113.7", "203.0.113.8").await.status, 201, "a different address with the same header");
}

#[tokio::test]
async fn an_ipv6_prefix_of_64_bits_counts_as_one_network() {
    for (same, other) in [
        (["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"], "2001:db8:1:3::1"),
        (["203.0.113.7", "::ffff:203.0.113.7"], "::ffff:203.0.113.8"),
    ] {
        let api = api(|rules| {
            unlimited(rules);
            rules.policy.max_sends_network = 2;
        })
        .await;
        for (index, address) in same.into_iter().enumerate() {
            assert_eq!(api.post(&owner(index, &far_apart(index)).from(address), sms()).await.status, 201, "{address}");
        }
        for address in same {
            let refused = api.post(&owner(8, &far_apart(8)).from(address), sms()).await;
            assert_eq!(refused.json["limit"], "network", "{address}");
        }
        assert_eq!(api.post(&owner(9, &far_apart(9)).from(other), sms()).await.status, 201, "{other}");
    }
}

#[tokio::test]
async fn a_start_without_an_address_is_refused_because_it_could_not_be_counted() {
    let api = Api::new().await;
    for address in ["", "unknown", "203.0.113.7, 198.51.100.1"] {
        assert_eq!(api.post(&Login::known().from(address), sms()).await.status, 500, "{address:?}");
    }
    assert_eq!(api.phone.codes().len(), 0);
}

fn quota_of<'a>(rules: &'a mut Rules, policy: &str) -> &'a mut u32 {
    let policies = &mut rules.policy;
    match policy {
        "network" => &mut policies.max_sends_network,
        "number-short" => &mut policies.max_sends_number_short,
        "number-unverified" => &mut policies.max_sends_number_unverified,
        "range-unverified" => &mut policies.unverified.per_range,
        _ => &mut policies.unverified.floor,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_starts_at_once_never_exceed_a_limit() {
    for policy in ["network", "number-short", "number-unverified", "range-unverified", "country-sms"] {
        let api = api(|rules| {
            unlimited(rules);
            *quota_of(rules, policy) = 20;
        });
        let api = Arc::new(api.await);
        let answers = at_once(50, |index| {
            let api = Arc::clone(&api);
            async move {
                let (login, body) = match policy {
                    "network" => (owner(index, &far_apart(index)), sms()),
                    "number-short" => (owner(index, NUMBER), sms()),
                    "number-unverified" => (stranger(index), typing(NUMBER)),
                    "range-unverified" => (stranger(index), typing(&format!("+1415555{:04}", 2000 + index))),
                    _ => (stranger(index), typing(&far_apart(index))),
                };
                api.post(&login, body).await
            }
        });
        let answers = answers.await;
        let (sent, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        let policies: BTreeSet<_> = refused.iter().map(|answer| answer.json["limit"].to_string()).collect();
        assert_eq!(policies, BTreeSet::from([json!(policy).to_string()]));
        assert_eq!((sent.len(), api.phone.codes().len()), (20, 20), "{policy}");
    }
}

#[tokio::test]
async fn a_refusal_takes_at_most_two_round_trips_and_one_without_a_write_is_recorded() {
    let mut api = Api::new().await;
    let login = Login::known();
    for _ in 0..3 {
        api.post(&login, sms()).await;
        api.pass(30);
    }
    api.backend.round_trips();
    assert_eq!(api.post(&login, sms()).await.json["limit"], "challenge");
    assert_eq!(api.backend.round_trips(), 2);
    let trace = api.backend.item("refusal").await;
    assert_eq!(trace["reason"], "send-limit");
    assert_eq!((&trace["channel"], &trace["refusals"]), (&json!("sms"), &json!("1")));
    assert_eq!(trace["refusedAt"], api.now.as_unix().to_string());
    assert_eq!(trace["ttl"], (api.now + Duration::from_hours(24 * 30)).as_unix().to_string());
    api.post(&login, sms()).await;
    assert_eq!(api.backend.item("refusal").await["refusals"], "2");
}
