//! The challenge store on DynamoDB: one partition per subject, one item per login session.
//!
//! | `pk` | `sk` | holds |
//! |---|---|---|
//! | `subject#<digest>` | `subject` | the enrolled number, failures, reservations, windows, block |
//! | `subject#<digest>` | `challenge#<session digest>` | the session's current challenge generation |
//! | `subject#<digest>` | `refusal` | the latest refused start, and how many there were |
//! | `number#<digest>` | `number` | the accounts that enrolled the number, its block |
//! | `number#<digest>`, `network#<address>`, `range#<prefix>`, `country#<code>` | `<limit>#<window>#<shard>` | a counter |
//! | `country#<code>` | `verified#<day>`, `breaker#<channel>` | what the country's budget follows from |
//!
//! The generation is an attribute and not a part of the key. So a guess can be counted on the item
//! without reading first which generation is current, and replacing a generation closes the old one
//! in the same write: its codes and call token are gone with it.
//!
//! Each request is boxed: its state is kilobytes, which would move with every future that holds it.
//!
//! Every change of a challenge or a subject is one conditional write. The conditions are the constants of
//! [`expression`], to be read side by side. Some other writes are blind, each for a reason:
//!
//! | Write | Harmless without a condition of its own, since |
//! |---|---|
//! | `REFUND` | it is part of a transaction whose condition lets it happen once; a counter that is forgotten counts below zero, and is itself forgotten |
//! | `BLOCK_NUMBER` | it is part of the conditional transaction that denies the challenge; of two reports the later sets the end |
//! | `REMOVE_ACCOUNT` | it is part of the conditional transaction that takes the number from the subject; who is not in the set cannot leave it twice |
//! | `CHARGE` where the budget is only recorded | nothing is refused by it, so that there is nothing to pass |
//! | `NOTE_REFUSAL` | it counts up an item that no decision reads |
//! | `COUNT_VERIFIED` | its transaction has a token that lets it happen once; see [`country`] |

mod administration;
mod call;
mod challenge_item;
mod country;
mod expression;
mod fault;
mod item;
mod quota;
mod refusal;
mod start;
mod subject_item;
mod verbs;

use domain::identity::{ChallengeKey, SubjectId};
use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;

use crate::aws::connect;
use crate::encoding::base64url;

/// The store.
#[derive(Clone, Debug)]
pub struct DynamoStore {
    client: Client,
    table: String,
}

impl DynamoStore {
    /// The store in `table`.
    #[must_use]
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Self::over(Client::new(config), table)
    }

    /// Opens a connection to DynamoDB, whose address answers anybody who asks whether it is well.
    pub async fn connect(config: &SdkConfig, connector: &SharedHttpConnector) {
        if let Some(url) = endpoint(config).await {
            connect(connector, &url).await;
        }
    }

    /// The store in `table`, over a client made elsewhere.
    #[must_use]
    pub const fn over(client: Client, table: String) -> Self {
        Self { client, table }
    }
}

/// Where DynamoDB is: as configured, else by the region.
async fn endpoint(config: &SdkConfig) -> Option<String> {
    let configured = std::env::var_os("AWS_ENDPOINT_URL_DYNAMODB").and_then(|url| url.into_string().ok());
    let configured = configured.or_else(|| config.endpoint_url().map(str::to_owned));
    if configured.is_some() {
        return configured;
    }
    let region = config.region()?.to_string();
    let place = Params::builder().region(region).build().ok()?;
    let found = DefaultResolver::new().resolve_endpoint(&place).await.ok()?;
    Some(found.url().to_owned())
}

type Item = HashMap<String, AttributeValue>;

const SUBJECT: &str = "subject";
const CHALLENGE_PREFIX: &str = "challenge#";

fn partition(subject: &SubjectId) -> AttributeValue {
    AttributeValue::S(format!("subject#{}", base64url(subject.as_bytes())))
}

fn subject_key(subject: &SubjectId) -> Item {
    key(subject, SUBJECT.to_owned())
}

fn challenge_key(challenge: &ChallengeKey) -> Item {
    key(&challenge.subject, format!("{CHALLENGE_PREFIX}{}", base64url(challenge.session.as_bytes())))
}

fn key(subject: &SubjectId, sort: String) -> Item {
    HashMap::from([("pk".to_owned(), partition(subject)), ("sk".to_owned(), AttributeValue::S(sort))])
}

/// The key of an item that belongs to no one subject.
fn shared_key(partition: String, sort: String) -> Item {
    HashMap::from([("pk".to_owned(), AttributeValue::S(partition)), ("sk".to_owned(), AttributeValue::S(sort))])
}
