//! DynamoDB behaviour that a small local table doesn't show: paging and connecting early.

use domain::budget::CountryRecord;
use domain::phone::Country;
use domain::ports::ChallengeStore as _;
use platform::aws::{Roots, connector, http_client};
use platform::store::DynamoStore;
use serde_json::{Value, json};

use crate::fixture::{aws, challenge};
use crate::stub::{Reply, Stub};

fn page(items: &Value, next: Option<&Value>) -> Reply {
    let mut page = json!({ "Items": items, "Count": 1, "ScannedCount": 1 });
    if let Some(next) = next {
        page["LastEvaluatedKey"] = next.clone();
    }
    Reply::new(200, &page.to_string())
}

fn begins_after(stub: &Stub) -> Vec<Value> {
    let begin = |body: &str| serde_json::from_str::<Value>(body).expect("JSON")["ExclusiveStartKey"].clone();
    stub.requests().iter().map(|request| begin(&request.body)).collect()
}

#[tokio::test]
async fn a_subject_with_more_than_one_page_of_items_is_read_completely() {
    let next = json!({ "pk": { "S": "subject#a" }, "sk": { "S": "refusal" } });
    let stub = Stub::start([
        page(&json!([next]), Some(&next)),
        page(&json!([{ "pk": { "S": "subject#a" }, "sk": { "S": "subject" }, "version": { "N": "7" } }]), None),
    ]);
    let store = DynamoStore::new(&aws(&stub.url()).await, "table".to_owned());
    let stored = store.load(&challenge().key.subject).await.expect("two pages");
    assert_eq!(stored.subject.version, 7);
    assert_eq!(begins_after(&stub), [Value::Null, next]);
}

#[tokio::test]
async fn a_country_with_more_than_one_page_of_items_is_read_completely() {
    let item = |day: &str| json!({ "pk": { "S": "country#GB" }, "sk": { "S": format!("verified#{day}") }, "verified": { "N": "3" } });
    let stub = Stub::start([page(&json!([item("1")]), Some(&item("1"))), page(&json!([item("2")]), None)]);
    let store = DynamoStore::new(&aws(&stub.url()).await, "table".to_owned());
    let record: CountryRecord = store.country(Country::parse("GB").expect("a country")).await.expect("two pages");
    assert_eq!(record.verified.len(), 2);
}

#[tokio::test]
async fn the_first_request_reuses_the_connection_opened_before_it() {
    let stub = Stub::start([Reply::new(200, "healthy"), page(&json!([]), None)]);
    let connector = connector(Roots::Amazon).expect("usable roots");
    let config = aws(&stub.url()).await.into_builder().http_client(http_client(&connector)).build();
    DynamoStore::connect(&config, &connector).await;
    DynamoStore::new(&config, "table".to_owned()).load(&challenge().key.subject).await.expect("an empty page");
    let requests = stub.requests();
    assert!(requests[0].line().starts_with("GET / "), "{}", requests[0].line());
    assert_eq!(requests.iter().map(|request| request.connection).collect::<Vec<_>>(), [requests[0].connection; 2]);
}

#[tokio::test]
async fn a_failure_to_connect_early_is_not_fatal() {
    let stub = Stub::start([Reply::nothing()]);
    let connector = connector(Roots::Amazon).expect("usable roots");
    DynamoStore::connect(&aws(&stub.url()).await, &connector).await;
    assert_eq!(stub.requests().len(), 1);
}
