//! Requests to the table: a page of a query, an update, a transaction.
//!
//! Every update passes here, and that of a request names itself in the item: the audit event of the change has its id.
//!
//! Each request is boxed: its state is kilobytes, which would be copied with every future that holds it.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use domain::ports::StoreError;

use super::expression;
use super::fault::{Cancelled, Updated, cancelled, refused_update, unavailable};
use super::key::Item;
use super::table::DynamoStore;
use super::value::text;
use crate::invocation;
use crate::item::attribute::WRITTEN_BY;

impl DynamoStore {
    /// One page of a partition, which nearly always is the only one: the SDK's paginator would cost more.
    pub(super) fn partition(&self, partition: String) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.table).key_condition_expression("pk = :pk");
        query.expression_attribute_values(":pk", AttributeValue::S(partition))
    }

    /// A conditional update that returns the item, whether the condition holds or not.
    pub(super) fn update<V>(&self, key: Item, update: &str, condition: &str, values: V) -> UpdateItemFluentBuilder
    where
        V: IntoIterator<Item = (&'static str, AttributeValue)>,
    {
        let (update, written_by) = by_request(update);
        let mut all = written_by.unwrap_or_default();
        all.extend(values.into_iter().map(|(name, value)| (name.to_owned(), value)));
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_values(Some(all))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    pub(super) async fn send_update(&self, update: UpdateItemFluentBuilder) -> Result<Updated, StoreError> {
        match Box::pin(update.send()).await {
            Ok(output) => output.attributes.map(Updated::Done).ok_or(StoreError::Unreadable("attributes")),
            Err(error) => refused_update(error),
        }
    }

    /// Sends a transaction, and returns which of its writes failed their condition if it was cancelled.
    pub(super) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<Option<Cancelled>, StoreError> {
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        Box::pin(request.send()).await.err().map(cancelled).transpose()
    }

    /// A conditional update within a transaction.
    pub(super) fn write(&self, key: Item, update: impl AsRef<str>, condition: &str) -> UpdateBuilder {
        self.blind_write(key, update.as_ref())
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    pub(super) fn unconditional(&self, key: Item, update: &str) -> UpdateItemFluentBuilder {
        let (update, written_by) = by_request(update);
        let request = self.client.update_item().table_name(&self.table).set_key(Some(key));
        request.update_expression(update).set_expression_attribute_values(written_by).return_values(ReturnValue::AllNew)
    }

    /// An unconditional update within a transaction.
    pub(super) fn blind_write(&self, key: Item, update: &str) -> UpdateBuilder {
        let (update, written_by) = by_request(update);
        self.repeatable_write(key, &update).set_expression_attribute_values(written_by)
    }

    /// An unconditional update within a transaction with a token: another invocation must be able to send the very same.
    pub(super) fn repeatable_write(&self, key: Item, update: &str) -> UpdateBuilder {
        Update::builder().table_name(&self.table).set_key(Some(key)).update_expression(update)
    }
}

/// The update as the current request makes it, with its values for that.
fn by_request(update: &str) -> (String, Option<HashMap<String, AttributeValue>>) {
    let Some(name) = invocation::next_write() else { return (update.to_owned(), None) };
    (expression::and_written_by(update), Some(HashMap::from([(":writtenBy".to_owned(), text(name))])))
}

/// The new item as the current request writes it.
pub(super) fn put_by_request(mut item: Item) -> Item {
    item.extend(invocation::next_write().map(|name| (WRITTEN_BY.name.to_owned(), text(name))));
    item
}

pub(super) fn as_writes(writes: impl IntoIterator<Item = UpdateBuilder>) -> Result<Vec<TransactWriteItem>, StoreError> {
    writes
        .into_iter()
        .map(|write| Ok(TransactWriteItem::builder().update(write.build().map_err(unavailable)?).build()))
        .collect()
}
