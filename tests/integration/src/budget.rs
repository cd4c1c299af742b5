//! The budget of unverified sends, which limits SMS pumping: what it refuses, when its breaker opens, and
//! whom it never refuses.

use std::sync::Arc;

use domain::phone::Country;
use domain::ports::ChallengeStore as _;
use domain::rules::Rules;
use serde_json::{Value, json};
use start_challenge::countries::Countries;

use crate::api::{Api, Login};
use crate::limits::{api, expect_refusal, far_apart, left, owner, sms, stranger, typing, unlimited};
use crate::store_contract::at_once;

const DAY: u64 = 86_400;
const OPEN: u64 = 900;

/// Rules with no limits but those on the budget and on the range.
pub(crate) fn budget(floor: u32) -> impl FnOnce(&mut Rules) {
    move |rules| {
        unlimited(rules);
        rules.policy.unverified.floor = floor;
    }
}

/// A new process of the function, which has read nothing yet.
fn forget(api: &mut Api) {
    api.start.countries = Countries::default();
}

/// The sum of all counters of that limit.
pub(crate) async fn used(api: &Api, limit: &str) -> i64 {
    let counters = api.backend.items(limit).await;
    counters.iter().filter_map(|item| item["used"].as_str()?.parse::<i64>().ok()).sum()
}

#[tokio::test]
async fn a_country_has_one_budget_per_channel_and_its_breaker_opens_once_that_is_spent() {
    for (channel, policy) in [("sms", "country-sms"), ("call", "country-call")] {
        let mut api = api(budget(2)).await;
        let typing = |index| json!({ "channel": channel, "phoneNumber": far_apart(index) });
        for index in 0..2 {
            assert_eq!(api.post(&stranger(index), typing(index)).await.status, 201, "{policy}");
        }
        api.backend.round_trips();
        let refused = api.post(&stranger(2), typing(2)).await;
        assert_eq!(api.backend.round_trips(), 2);
        expect_refusal(&refused, policy, 2, DAY, OPEN);
        assert_eq!(api.backend.items("breaker#").await, Vec::<Value>::new(), "this process had an old snapshot");

        expect_refusal(&api.post(&stranger(3), typing(3)).await, policy, 2, DAY, OPEN);
        let breaker = api.backend.item(&format!("breaker#{channel}")).await;
        assert_eq!(
            (&breaker["pk"], &breaker["openedAt"]),
            (&json!("country#US"), &json!(api.now.as_unix().to_string()))
        );
        assert_eq!(breaker["openUntil"], (api.now.as_unix() + OPEN).to_string());

        api.pass(60);
        for index in 4..7 {
            expect_refusal(&api.post(&stranger(index), typing(index)).await, policy, 2, DAY, OPEN - 60);
        }
        assert_eq!(api.backend.item("breaker#").await, breaker, "opened once");
        assert_eq!(api.backend.items("refusal").await.len(), 3, "refusals by an open breaker are recorded");
        api.backend.round_trips();
        api.post(&stranger(8), typing(8)).await;
        assert_eq!(api.backend.round_trips(), 2);

        let (other, number) = if channel == "sms" { ("call", far_apart(9)) } else { ("sms", far_apart(9)) };
        let body = json!({ "channel": other, "phoneNumber": number });
        assert_eq!(api.post(&stranger(9), body).await.status, 201, "the other channel has its own budget");
        let british = json!({ "channel": channel, "phoneNumber": "+447400123456" });
        assert_eq!(api.post(&stranger(10), british).await.status, 201, "and so has another country");
    }
}

#[tokio::test]
async fn an_open_breaker_keeps_refusing_until_it_closes_even_if_the_budget_has_recovered() {
    let mut api = api(budget(1)).await;
    let first = stranger(0);
    api.post(&first, typing(&far_apart(0))).await;
    let code = api.phone.last_code();
    api.post(&stranger(1), typing(&far_apart(1))).await;
    api.post(&stranger(1), typing(&far_apart(1))).await;
    assert_eq!(api.backend.items("breaker#").await.len(), 1);
    assert_eq!(api.guess(&first, &code).await.json["state"], "approved", "an approval gives its send back");
    assert_eq!(used(&api, "country-sms").await, 0);

    api.pass(OPEN - 1);
    forget(&mut api);
    let refused = api.post(&stranger(2).at(api.now), typing(&far_apart(2))).await;
    expect_refusal(&refused, "country-sms", 1, DAY, 1);
    api.pass(1);
    assert_eq!(api.post(&stranger(2).at(api.now), typing(&far_apart(2))).await.status, 201);
}

#[tokio::test]
async fn a_breaker_that_closes_on_a_spent_budget_opens_again() {
    let mut api = api(budget(1)).await;
    for index in 0..3 {
        api.post(&stranger(index), typing(&far_apart(index))).await;
    }
    let opened = api.backend.item("breaker#").await;
    api.pass(OPEN);
    forget(&mut api);
    expect_refusal(&api.post(&stranger(4).at(api.now), typing(&far_apart(4))).await, "country-sms", 1, DAY, OPEN);
    let again = api.backend.item("breaker#").await;
    assert_eq!((&again["openedAt"], &opened["openUntil"]), (&json!(api.now.as_unix().to_string()), &again["openedAt"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_that_find_the_budget_spent_at_once_open_the_breaker_once() {
    let api = api(budget(1)).await;
    for index in 0..2 {
        api.post(&stranger(index), typing(&far_apart(index))).await;
    }
    let api = Arc::new(api);
    let answers = at_once(20, |index| {
        let api = Arc::clone(&api);
        async move { api.post(&stranger(10 + index), typing(&far_apart(10 + index))).await.status }
    });
    assert_eq!(answers.await, [429; 20]);
    assert_eq!(api.backend.items("breaker#").await.len(), 1);
    assert_eq!(api.phone.codes().len(), 1);
}

#[tokio::test]
async fn a_range_of_ten_thousand_numbers_gets_three_unverified_sends_a_day() {
    let mut api = api(|rules| {
        unlimited(rules);
        rules.policy.unverified.per_range = 3;
    })
    .await;
    let of_range = |index: usize| typing(&format!("+1415555{:04}", 2000 + index));
    for index in 0..3 {
        assert_eq!(api.post(&stranger(index), of_range(index)).await.status, 201);
    }
    api.backend.round_trips();
    expect_refusal(&api.post(&stranger(3), of_range(3)).await, "range-unverified", 3, DAY, OPEN);
    assert_eq!(api.backend.round_trips(), 2);
    assert_eq!(api.post(&stranger(4), typing("+14155562671")).await.status, 201, "the next range");
    assert_eq!(
        api.post(&owner(5, "+14155552005"), sms()).await.status,
        201,
        "a number that the first factor vouches for"
    );
    api.pass(left(DAY, api.now));
    assert_eq!(api.post(&stranger(3).at(api.now), of_range(3)).await.status, 201, "the next day");
}

#[tokio::test]
async fn users_with_a_verified_number_get_in_while_the_budget_is_spent() {
    let mut api = api(budget(1)).await;
    let enrolled = stranger(0);
    api.post(&enrolled, typing(&far_apart(0))).await;
    api.guess(&enrolled, &api.phone.last_code()).await;
    for index in 1..4 {
        api.post(&stranger(index), typing(&far_apart(index))).await;
    }
    assert_eq!(api.backend.items("breaker#").await.len(), 1);
    api.pass(30);
    for login in [enrolled.again("login-2"), Login::known()] {
        assert_eq!(api.post(&login, sms()).await.status, 201);
        assert_eq!(api.guess(&login, &api.phone.last_code()).await.json["state"], "approved");
    }
}

#[tokio::test]
async fn in_record_only_mode_counters_pass_their_quotas_and_nobody_is_refused() {
    let api = api(|rules| {
        unlimited(rules);
        let unverified = &mut rules.policy.unverified;
        (unverified.enforced, unverified.floor, unverified.per_range) = (false, 2, 2);
    })
    .await;
    for index in 0..6 {
        let body = typing(&format!("+1415555{:04}", 2000 + index));
        assert_eq!(api.post(&stranger(index), body).await.status, 201);
    }
    let counter = api.backend.item("range-unverified").await;
    assert_eq!((&counter["used"], &counter["quota"]), (&json!("6"), &json!("2")));
    assert_eq!(used(&api, "country-sms").await, 6);
    assert_eq!(api.backend.items("breaker#").await, Vec::<Value>::new());
    assert_eq!(api.phone.codes().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_split_over_several_counters_is_never_exceeded_however_many_ask_at_once() {
    let api = Arc::new(api(budget(70)).await); // 24, 23 and 23
    for _ in 0..3 {
        let answers = at_once(60, |index| {
            let api = Arc::clone(&api);
            async move { api.post(&stranger(index), typing(&far_apart(index))).await.status }
        });
        answers.await;
    }
    let shards = api.backend.items("country-sms").await;
    let admitted = used(&api, "country-sms").await;
    assert_eq!((shards.len(), usize::try_from(admitted).ok()), (3, Some(api.phone.codes().len())));
    assert!((60..=70).contains(&admitted), "{admitted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_numbers_from_rotating_networks_spend_the_budget_and_a_verified_user_still_gets_in() {
    let api = Arc::new(Api::new().await);
    let mut answers = Vec::new();
    for wave in 0..50 {
        let sent = at_once(20, |index| {
            let (api, index) = (Arc::clone(&api), 20 * wave + index);
            let login = stranger(index).from(format!("198.51.{}.{}", 100 + index / 250, index % 250));
            async move { api.post(&login, typing(&far_apart(index))).await.status }
        });
        answers.extend(sent.await);
    }
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 10);
    assert_eq!((answers.iter().filter(|status| **status == 429).count(), api.phone.codes().len()), (990, 10));
    assert_eq!(api.backend.items("breaker#").await.len(), 1);
    assert_eq!(api.post(&Login::known(), sms()).await.status, 201);
}

#[tokio::test]
async fn a_countrys_record_is_what_its_items_say() {
    let api = api(budget(5)).await;
    api.post(&stranger(0), typing(&far_apart(0))).await;
    let day = api.now.as_unix() / DAY;
    let (us, store) = (Country::parse("US").expect("a country"), api.backend.store());
    for (sort, name, value) in
        [(format!("verified#{}", day - 3), "verified", "700"), ("breaker#call".to_owned(), "openUntil", "1800000000")]
    {
        api.backend.put("country#US", &sort, name, value).await;
    }
    let record = store.country(us).await.expect("a record");
    assert_eq!(record.verified.into_iter().collect::<Vec<_>>(), [(day - 3, 700)]);
    assert_eq!(record.unverified.into_iter().collect::<Vec<_>>(), [((domain::channel::Channel::Sms, day, 0), 1)]);
    let until = domain::time::Timestamp::from_unix(1_800_000_000);
    assert_eq!(record.open_until.into_iter().collect::<Vec<_>>(), [(domain::channel::Channel::Call, until)]);

    for sort in ["verified#soon", "breaker#fax", "country-sms#today#0", "country-fax#1#0", "country-sms#1#0#0", "odd"] {
        api.backend.put("country#GB", sort, "used", "1").await;
        let record = store.country(Country::parse("GB").expect("a country")).await;
        assert!(matches!(record, Err(domain::ports::StoreError::Unreadable("sk"))), "{sort}: {record:?}");
        api.backend.delete("country#GB", sort).await;
    }
}
