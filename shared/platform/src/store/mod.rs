//! The challenge store on DynamoDB: one partition per subject, one item per login session.
//!
//! | `pk` | `sk` | holds |
//! |---|---|---|
//! | `subject#<digest>` | `subject` | the enrolled number, failures, reservations, windows, block |
//! | `subject#<digest>` | `challenge#<session digest>` | the session's current challenge generation |
//! | `number#<digest>` | `number` | the accounts that have enrolled the number |
//!
//! The generation is an attribute and not a part of the key. So a guess can be counted on the item
//! without reading first which generation is current, and replacing a generation closes the old one
//! in the same write: its codes and call token are gone with it.
//!
//! Every state change is one conditional write. The conditions are the constants of
//! [`expression`], to be read side by side.

mod administration;
mod call;
mod challenge_item;
mod expression;
mod fault;
mod item;
mod start;
mod subject_item;
mod verbs;

use domain::identity::{ChallengeKey, NumberId, SubjectId};
use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;

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

    /// The store in `table`, over a client made elsewhere.
    #[must_use]
    pub const fn over(client: Client, table: String) -> Self {
        Self { client, table }
    }
}

type Item = HashMap<String, AttributeValue>;

const SUBJECT: &str = "subject";
const NUMBER: &str = "number";
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

fn number_key(number: &NumberId) -> Item {
    let partition = AttributeValue::S(format!("number#{}", base64url(number.as_bytes())));
    HashMap::from([("pk".to_owned(), partition), ("sk".to_owned(), AttributeValue::S(NUMBER.to_owned()))])
}

fn key(subject: &SubjectId, sort: String) -> Item {
    HashMap::from([("pk".to_owned(), partition(subject)), ("sk".to_owned(), AttributeValue::S(sort))])
}
