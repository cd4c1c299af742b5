//! A fresh table, with a count of every request sent to it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_dynamodb::{Client, Config};
use dynoxide::{Database, server};
use platform::aws::{Roots, connector, http_client};
use platform::store::DynamoStore;
use serde_json::{Value, json};

use crate::guards::Guards;
use crate::versions_store_contract::Written;

pub(crate) struct Backend {
    pub(crate) client: Client,
    pub(crate) table: String,
    sent: Arc<AtomicUsize>,
    switch_reads: Arc<AtomicUsize>,
}

impl Backend {
    pub(crate) async fn fresh() -> Self {
        let (sent, switch_reads) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
            .endpoint_url(endpoint())
            .http_client(http_client(&connector(Roots::Amazon).expect("usable roots")))
            .interceptor(Count { sent: Arc::clone(&sent), switch_reads: Arc::clone(&switch_reads) })
            .interceptor(Guards::here());
        let client = Client::from_conf(config.build());
        let table = table_name();
        create(&client, &table).await;
        sent.store(0, Ordering::SeqCst);
        Self { client, table, sent, switch_reads }
    }

    pub(crate) fn store(&self) -> DynamoStore {
        let checked = self.client.config().to_builder().interceptor(Written);
        DynamoStore::over(Client::from_conf(checked.build()), self.table.clone())
    }

    /// The sort keys of all items.
    pub(crate) async fn stored(&self) -> Vec<String> {
        let items = self.client.scan().table_name(&self.table).send().await.expect("items").items().to_vec();
        items.iter().filter_map(|item| item.get("sk")?.as_s().ok().cloned()).collect()
    }

    /// The only item with that sort key, with each attribute's value as text.
    pub(crate) async fn item(&self, sort: &str) -> Value {
        let found = self.items(sort).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        found.into_iter().next().unwrap_or_default()
    }

    /// The items whose sort key starts with this, with each attribute's value as text.
    pub(crate) async fn items(&self, sort: &str) -> Vec<Value> {
        let items = self.client.scan().table_name(&self.table).send().await.expect("items").items().to_vec();
        let shown = |value: &AttributeValue| match value {
            AttributeValue::S(text) | AttributeValue::N(text) => json!(text),
            other => json!(format!("{other:?}")),
        };
        let items = items.iter().map(|item| item.iter().map(|(name, value)| (name.clone(), shown(value))).collect());
        items.filter(|item: &Value| item["sk"].as_str().is_some_and(|key| key.starts_with(sort))).collect()
    }

    /// Sets a number in the item with that key, behind the store's back.
    pub(crate) async fn put(&self, partition: &str, sort: &str, name: &str, number: &str) {
        self.change(partition, sort, "SET #name = :value", name, Some(AttributeValue::N(number.to_owned()))).await;
    }

    /// Sets a string there.
    pub(crate) async fn put_text(&self, partition: &str, sort: &str, name: &str, text: &str) {
        self.change(partition, sort, "SET #name = :value", name, Some(AttributeValue::S(text.to_owned()))).await;
    }

    /// Adds a member to a set there.
    pub(crate) async fn add_to_set(&self, partition: &str, sort: &str, name: &str, member: &[u8]) {
        self.change(partition, sort, "ADD #name :value", name, Some(AttributeValue::Bs(vec![Blob::new(member)]))).await;
    }

    /// Removes an attribute from there.
    pub(crate) async fn remove(&self, partition: &str, sort: &str, name: &str) {
        self.change(partition, sort, "REMOVE #name", name, None).await;
    }

    async fn change(&self, partition: &str, sort: &str, update: &str, name: &str, value: Option<AttributeValue>) {
        let request = self.client.update_item().table_name(&self.table).set_key(Some(key(partition, sort)));
        let values = value.map(|value| HashMap::from([(":value".to_owned(), value)]));
        let request = request.update_expression(update).expression_attribute_names("#name", name);
        request.set_expression_attribute_values(values).send().await.expect("an update");
    }

    /// Deletes the item with that key.
    pub(crate) async fn delete(&self, partition: &str, sort: &str) {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key(partition, sort)));
        delete.send().await.expect("deleted");
    }

    /// How often the switches were read since this was last called.
    pub(crate) fn switch_reads(&self) -> usize {
        self.switch_reads.swap(0, Ordering::SeqCst)
    }

    /// The number of requests sent since this was last called, except for the reads of the switches: a function makes those
    /// beside its first one, at most every 30 seconds.
    pub(crate) fn round_trips(&self) -> usize {
        self.sent.swap(0, Ordering::SeqCst)
    }
}

fn key(partition: &str, sort: &str) -> HashMap<String, AttributeValue> {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    HashMap::from([("pk".to_owned(), text(partition)), ("sk".to_owned(), text(sort))])
}

/// The configured endpoint, or that of an embedded DynamoDB that lives as long as the tests do.
fn endpoint() -> &'static str {
    static ENDPOINT: OnceLock<String> = OnceLock::new();
    ENDPOINT.get_or_init(|| given_endpoint().unwrap_or_else(embedded))
}

#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
fn given_endpoint() -> Option<String> {
    std::env::var("STORE_CONTRACT_ENDPOINT").ok()
}

fn embedded() -> String {
    let (address, ready) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            address.send(listener.local_addr().expect("a bound address")).expect("a receiver");
            server::serve_on(listener, Database::memory().expect("an empty database")).await;
        });
    });
    format!("http://{}", ready.recv().expect("the server starts"))
}

fn table_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("mfa-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst))
}

async fn create(client: &Client, table: &str) {
    let mut request = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let key = KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("complete");
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        request = request.key_schema(key).attribute_definitions(attribute.build().expect("complete"));
    }
    request.send().await.expect("a table");
}

#[derive(Debug)]
struct Count {
    sent: Arc<AtomicUsize>,
    switch_reads: Arc<AtomicUsize>,
}

impl Intercept for Count {
    fn name(&self) -> &'static str {
        "count"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let queries = request.headers().get("x-amz-target").is_some_and(|target| target.ends_with(".Query"));
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default());
        let counter = if queries && body.contains(r#""switches""#) { &self.switch_reads } else { &self.sent };
        counter.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
