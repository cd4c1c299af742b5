//! A fresh table, and a count of every request that goes over the wire.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use aws_sdk_dynamodb::{Client, Config};
use dynoxide::{Database, server};
use platform::aws::{Roots, connector, http_client};
use platform::store::DynamoStore;

use crate::guards::Guards;

/// A table of its own, and what was sent to it.
pub(crate) struct Backend {
    pub(crate) client: Client,
    pub(crate) table: String,
    sent: Arc<AtomicUsize>,
}

impl Backend {
    pub(crate) async fn fresh() -> Self {
        let sent = Arc::new(AtomicUsize::new(0));
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
            .endpoint_url(endpoint())
            .http_client(http_client(&connector(Roots::Amazon).expect("usable roots")))
            .interceptor(Count(Arc::clone(&sent)))
            .interceptor(Guards::here());
        let client = Client::from_conf(config.build());
        let table = table_name();
        create(&client, &table).await;
        sent.store(0, Ordering::SeqCst);
        Self { client, table, sent }
    }

    pub(crate) fn store(&self) -> DynamoStore {
        DynamoStore::over(self.client.clone(), self.table.clone())
    }

    /// The sort keys of all items.
    pub(crate) async fn stored(&self) -> Vec<String> {
        let items = self.client.scan().table_name(&self.table).send().await.expect("items").items().to_vec();
        items.iter().filter_map(|item| item.get("sk")?.as_s().ok().cloned()).collect()
    }

    /// Requests sent since the last time this was asked.
    pub(crate) fn round_trips(&self) -> usize {
        self.sent.swap(0, Ordering::SeqCst)
    }
}

/// The endpoint given, or that of an embedded DynamoDB which lives as long as the tests do.
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
            address.send(listener.local_addr().expect("a bound address")).expect("someone waits");
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
struct Count(Arc<AtomicUsize>);

impl Intercept for Count {
    fn name(&self) -> &'static str {
        "count"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
