//! The requests that the store sends, in the vocabulary of the simulation of growth.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use growth::requests::{Key, Kind, Request, Verb, Write};
use serde_json::Value;

use crate::backend::Backend;

/// The requests sent since they were last read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire(Arc<Mutex<Vec<Request>>>);

impl Wire {
    /// A new table whose requests are recorded.
    pub(crate) async fn tap() -> (Backend, Self) {
        let (mut backend, wire) = (Backend::fresh().await, Self::default());
        let config = backend.client.config().to_builder().interceptor(wire.clone());
        backend.client = Client::from_conf(config.build());
        (backend, wire)
    }

    pub(crate) fn heard(&self) -> Vec<Request> {
        std::mem::take(&mut *self.0.lock().expect("not poisoned"))
    }
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "wire"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default())?;
        let heard = match target.rsplit('.').next() {
            Some("Query") => {
                Request::Query(body["ExpressionAttributeValues"][":pk"]["S"].as_str().unwrap_or_default().to_owned())
            }
            Some("UpdateItem") => Request::Update(write(Verb::Update, &body["Key"])),
            Some("TransactWriteItems") => {
                Request::Transaction(body["TransactItems"].as_array().expect("items").iter().map(part).collect())
            }
            Some("Scan") => return Ok(()), // a test's own
            other => panic!("growth knows no {other:?}"),
        };
        self.0.lock().expect("not poisoned").push(heard);
        Ok(())
    }
}

fn part(item: &Value) -> Write {
    let verbs = [(Verb::Update, "Update", "Key"), (Verb::Put, "Put", "Item"), (Verb::Check, "ConditionCheck", "Key")];
    let of = verbs.into_iter().find(|(_, name, _)| item.get(name).is_some());
    let (verb, name, key) = of.expect("a verb that growth knows");
    write(verb, &item[name][key])
}

fn write(verb: Verb, key: &Value) -> Write {
    let text = |name: &str| key[name]["S"].as_str().unwrap_or_default().to_owned();
    let key = Key { partition: text("pk"), sort: text("sk") };
    let kind = kind(&key.partition, &key.sort).unwrap_or_else(|| panic!("growth knows no {key:?}"));
    Write { verb, key, kind }
}

/// The simulation's kind for the item with that key.
pub(crate) fn kind(partition: &str, sort: &str) -> Option<Kind> {
    match partition.split('#').next()? {
        "subject" if sort == "subject" => Some(Kind::Subject),
        "subject" if sort.starts_with("challenge#") => Some(Kind::Challenge),
        "number" if sort == "number" => Some(Kind::Number),
        "country" if sort.starts_with("verified#") => Some(Kind::Verified),
        "number" | "network" | "range" | "country" if sort.split('#').count() == 3 => Some(Kind::Counter),
        _ => None,
    }
}
