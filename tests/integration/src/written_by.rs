//! Each item says by which request it was written last: its audit event has the request's id.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::delivery::SendFailure;
use domain::follow_up::Tally;
use domain::phone::Country;
use domain::ports::Statistics as _;
use serde_json::json;

use crate::api::{Answer, Api, Login, as_request};
use crate::counted_by_growth::size;
use crate::receipts::{deliver, event};

type Items = BTreeMap<(String, String), BTreeMap<String, AttributeValue>>;

/// The table as the last request left it, and the kinds of items that requests have written.
struct Table {
    items: Items,
    written: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl Table {
    fn empty() -> Self {
        Self { items: Items::new(), written: BTreeSet::new(), names: BTreeSet::new() }
    }

    /// Each item that the request changed says so, under a name that no other write had.
    async fn after(&mut self, api: &Api, request: &str) {
        let items = items(api).await;
        for (key, item) in items.iter().filter(|(key, item)| self.items.get(*key) != Some(*item)) {
            let name = item.get("writtenBy").and_then(|name| name.as_s().ok()).expect("a name");
            assert_eq!(platform::invocation::request_of(name), request, "{key:?}");
            assert!(self.names.insert(name.clone()), "{key:?}: {name} again");
            self.written.insert(format!("{} {}", key.0.split('#').next().unwrap_or_default(), kind(&key.1)));
        }
        self.items = items;
    }

    async fn answered(&mut self, api: &Api, answer: Answer, status: u16) {
        assert_eq!(answer.status, status, "{}", answer.text);
        self.after(api, &answer.request).await;
    }
}

fn kind(sort: &str) -> &str {
    sort.split('#').next().unwrap_or_default()
}

async fn items(api: &Api) -> Items {
    let scanned = api.backend.client.scan().table_name(&api.backend.table).send().await.expect("items");
    let text = |item: &std::collections::HashMap<String, AttributeValue>, name: &str| {
        item.get(name).and_then(|value| value.as_s().ok()).expect("a key").clone()
    };
    let sorted = |item: &std::collections::HashMap<String, AttributeValue>| item.clone().into_iter().collect();
    scanned.items().iter().map(|item| ((text(item, "pk"), text(item, "sk")), sorted(item))).collect()
}

#[tokio::test]
async fn every_write_of_a_request_leaves_its_id_and_a_later_request_replaces_it() {
    let (mut api, mut table, login) = (Api::new().await, Table::empty(), Login::newcomer());
    let sms = || json!({ "channel": "sms", "phoneNumber": "+14155552671" });
    let call = || json!({ "channel": "call" });
    // An enrolment: start, a send that fails, a code again, a receipt, guesses, approval with its refunds.
    api.phone.fail(Some(SendFailure::ProviderFault));
    table.answered(&api, api.post(&login, sms()).await, 503).await;
    api.phone.fail(None);
    api.pass(31);
    table.answered(&api, api.post(&login, sms()).await, 201).await;
    let receipt = deliver(&api, &event(&api, "TEXT_DELIVERED")).await;
    table.after(&api, &receipt).await;
    table.answered(&api, api.guess(&login, "000000").await, 422).await;
    table.answered(&api, api.guess(&login, &api.phone.last_code()).await, 200).await;
    // Two sign-ins at once, one of them by a call in which fraud is reported twice; a start that is refused; support.
    let (one, other) = (login.again("login-2"), login.again("login-3"));
    api.pass(60);
    table.answered(&api, api.post(&one, json!({ "channel": "sms" })).await, 201).await;
    table.answered(&api, api.post(&other, call()).await, 201).await;
    table.answered(&api, api.webhook("status", &[("CallStatus", "ringing")]).await, 204).await;
    let human = [("CallStatus", "in-progress"), ("AnsweredBy", "human")];
    table.answered(&api, api.webhook("answer", &human).await, 200).await;
    table.answered(&api, api.webhook("digits", &[("Digits", "0")]).await, 200).await;
    table.answered(&api, api.webhook("digits", &[("Digits", "0")]).await, 200).await;
    let refused = api.post(&login.again("login-4"), call()).await;
    assert!(refused.status >= 400, "blocked: {}", refused.text);
    table.after(&api, &refused.request).await;
    for action in ["unblock", "unlock", "reset-phone", "open-enrolment"] {
        table.answered(&api, api.administer("newcomer", Some(action)).await, 200).await;
    }
    let written: Vec<_> = table.written.iter().map(String::as_str).collect();
    let kinds = [
        "country country-sms",
        "network network",
        "number number",
        "number number-long",
        "number number-short",
        "number number-unverified",
        "range range-unverified",
        "subject challenge",
        "subject refusal",
        "subject subject",
    ];
    assert_eq!(written, kinds);
}

#[tokio::test]
async fn a_tally_that_another_invocation_repeats_counts_once() {
    let api = Api::new().await;
    let mut tally = Tally::default();
    tally.add(Country::parse("GB").expect("a country"), 20_000, "change-1");
    for _ in 0..2 {
        let (_, counted) = as_request(api.backend.store().count_verified(&tally)).await;
        counted.expect("the same transaction as before");
    }
    let counted = api.backend.item("verified#20000").await;
    assert_eq!((&counted["verified"], counted.get("writtenBy")), (&json!("1"), None));
}

/// A write costs one unit per kilobyte of the item. The name of a write is up to 50 bytes of it.
#[tokio::test]
async fn the_items_of_a_usual_sign_in_stay_below_a_kilobyte() {
    let (mut api, login) = (Api::new().await, Login::newcomer());
    api.post(&login, json!({ "channel": "sms", "phoneNumber": "+14155552671" })).await;
    deliver(&api, &event(&api, "TEXT_DELIVERED")).await;
    api.guess(&login, &api.phone.last_code()).await;
    let again = login.again("login-2");
    api.pass(600);
    api.post(&again, json!({ "channel": "call" })).await;
    api.webhook("answer", &[("CallStatus", "in-progress"), ("AnsweredBy", "human")]).await;
    api.webhook("digits", &[("Digits", "#")]).await;
    api.status(&again).await;
    for ((partition, sort), item) in items(&api).await {
        let whole: usize = item.iter().map(|(name, value)| name.len() + size(value)).sum();
        let name = item.get("writtenBy").map_or(0, |name| "writtenBy".len() + size(name));
        assert!(whole <= 1024 && name <= 50, "{partition} {sort}: {whole} bytes, of which {name}");
    }
}
