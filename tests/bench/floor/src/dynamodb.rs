//! Requests to DynamoDB.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    ConditionCheck, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use lambda_http::Error;
use serde_json::Value;

use crate::template::{Attributes, Members, Text, fill};

#[derive(Debug)]
pub enum Call {
    Get(Expression),
    Query(Expression),
    Update(Expression),
    Transact(Vec<Write>),
}

/// One write in a transaction.
#[derive(Debug)]
pub enum Write {
    Put(Expression),
    Update(Expression),
    Check(Expression),
}

/// The members that requests and writes have in common.
#[derive(Debug)]
pub struct Expression {
    table: Option<String>,
    key: Option<Attributes>,
    item: Option<Attributes>,
    key_condition: Option<String>,
    update: Option<String>,
    condition: Option<String>,
    values: Option<Attributes>,
    names: Option<Vec<(String, Text)>>,
    consistent: Option<bool>,
    returned: Option<ReturnValue>,
    returned_on_failure: Option<ReturnValuesOnConditionCheckFailure>,
}

impl Expression {
    fn read(value: &Value) -> Result<Self, Error> {
        let mut members = Members::of(value)?;
        let expression = Self {
            table: members.text("TableName")?,
            key: members.attributes("Key")?,
            item: members.attributes("Item")?,
            key_condition: members.text("KeyConditionExpression")?,
            update: members.text("UpdateExpression")?,
            condition: members.text("ConditionExpression")?,
            values: members.attributes("ExpressionAttributeValues")?,
            names: members.names("ExpressionAttributeNames")?,
            consistent: members.flag("ConsistentRead"),
            returned: members.text("ReturnValues")?.as_deref().map(ReturnValue::from),
            returned_on_failure: members
                .text("ReturnValuesOnConditionCheckFailure")?
                .as_deref()
                .map(ReturnValuesOnConditionCheckFailure::from),
        };
        members.finish()?;
        Ok(expression)
    }

    fn names(&self, values: &[String]) -> Result<Option<HashMap<String, String>>, Error> {
        let Some(names) = &self.names else { return Ok(None) };
        names.iter().map(|(name, text)| Ok((name.clone(), text.fill(values)?))).collect::<Result<_, Error>>().map(Some)
    }
}

fn maybe(attributes: Option<&Attributes>, values: &[String]) -> Result<Option<Filled>, Error> {
    attributes.map(|attributes| fill(attributes, values)).transpose()
}

type Filled = HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;

impl Call {
    /// Parses a recorded request to `operation`.
    pub fn read(operation: &str, body: &Value) -> Result<Self, Error> {
        Ok(match operation {
            "GetItem" => Self::Get(Expression::read(body)?),
            "Query" => Self::Query(Expression::read(body)?),
            "UpdateItem" => Self::Update(Expression::read(body)?),
            "TransactWriteItems" => {
                let mut members = Members::of(body)?;
                let writes = members.any("TransactItems").ok_or("no writes")?;
                members.any("ClientRequestToken"); // the SDK draws one
                members.finish()?;
                let writes = writes.as_array().ok_or("no writes")?.iter();
                Self::Transact(writes.map(Write::read).collect::<Result<_, _>>()?)
            }
            other => return Err(format!("{other} is not replayed").into()),
        })
    }

    /// Sends it with a person's values.
    pub async fn ask(&self, client: &Client, values: &[String]) -> Result<(), Error> {
        match self {
            Self::Get(get) => {
                let request = client.get_item().set_table_name(get.table.clone()).set_consistent_read(get.consistent);
                request.set_key(maybe(get.key.as_ref(), values)?).send().await?;
            }
            Self::Query(query) => {
                let request = client.query().set_table_name(query.table.clone());
                request
                    .set_consistent_read(query.consistent)
                    .set_key_condition_expression(query.key_condition.clone())
                    .set_expression_attribute_values(maybe(query.values.as_ref(), values)?)
                    .send()
                    .await?;
            }
            Self::Update(update) => {
                let request = client.update_item().set_table_name(update.table.clone());
                request
                    .set_key(maybe(update.key.as_ref(), values)?)
                    .set_update_expression(update.update.clone())
                    .set_condition_expression(update.condition.clone())
                    .set_expression_attribute_values(maybe(update.values.as_ref(), values)?)
                    .set_expression_attribute_names(update.names(values)?)
                    .set_return_values(update.returned.clone())
                    .set_return_values_on_condition_check_failure(update.returned_on_failure.clone())
                    .send()
                    .await?;
            }
            Self::Transact(writes) => {
                let writes = writes.iter().map(|write| write.fill(values)).collect::<Result<_, _>>()?;
                client.transact_write_items().set_transact_items(Some(writes)).send().await?;
            }
        }
        Ok(())
    }
}

impl Write {
    fn read(value: &Value) -> Result<Self, Error> {
        let (kind, value) = value.as_object().and_then(|value| value.iter().next()).ok_or("no write")?;
        let expression = Expression::read(value)?;
        match kind.as_str() {
            "Put" => Ok(Self::Put(expression)),
            "Update" => Ok(Self::Update(expression)),
            "ConditionCheck" => Ok(Self::Check(expression)),
            other => Err(format!("{other} is not replayed").into()),
        }
    }

    fn fill(&self, values: &[String]) -> Result<TransactWriteItem, Error> {
        let write = TransactWriteItem::builder();
        Ok(match self {
            Self::Put(put) => {
                let part = Put::builder().set_table_name(put.table.clone());
                let part = part
                    .set_item(maybe(put.item.as_ref(), values)?)
                    .set_condition_expression(put.condition.clone())
                    .set_expression_attribute_values(maybe(put.values.as_ref(), values)?)
                    .set_expression_attribute_names(put.names(values)?)
                    .set_return_values_on_condition_check_failure(put.returned_on_failure.clone());
                write.put(part.build()?).build()
            }
            Self::Update(update) => {
                let part = Update::builder().set_table_name(update.table.clone());
                let part = part
                    .set_key(maybe(update.key.as_ref(), values)?)
                    .set_update_expression(update.update.clone())
                    .set_condition_expression(update.condition.clone())
                    .set_expression_attribute_values(maybe(update.values.as_ref(), values)?)
                    .set_expression_attribute_names(update.names(values)?)
                    .set_return_values_on_condition_check_failure(update.returned_on_failure.clone());
                write.update(part.build()?).build()
            }
            Self::Check(check) => {
                let part = ConditionCheck::builder().set_table_name(check.table.clone());
                let part = part
                    .set_key(maybe(check.key.as_ref(), values)?)
                    .set_condition_expression(check.condition.clone())
                    .set_expression_attribute_values(maybe(check.values.as_ref(), values)?)
                    .set_expression_attribute_names(check.names(values)?)
                    .set_return_values_on_condition_check_failure(check.returned_on_failure.clone());
                write.condition_check(part.build()?).build()
            }
        })
    }
}
