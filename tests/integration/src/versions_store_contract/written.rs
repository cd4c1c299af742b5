//! Holds each write that the store sends against what the last release can read.

use std::sync::LazyLock;

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use serde_json::Value;

use super::schema::Schema;
use crate::guards::writes;

/// Panics in the test whose write cannot be read.
#[derive(Debug)]
pub(crate) struct Written;

impl Intercept for Written {
    fn name(&self) -> &'static str {
        "written"
    }

    fn read_before_signing(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        static RECORDED: LazyLock<Schema> = LazyLock::new(Schema::recorded);
        let request = context.request();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let mut body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default())?;
        for (_, write) in writes(&operation, &mut body) {
            if let Err(unreadable) = check(&RECORDED, write) {
                panic!("{unreadable}");
            }
        }
        Ok(())
    }
}

/// Checks one write, an update or a whole item. Anything else writes nothing.
pub(super) fn check(schema: &Schema, write: &Value) -> Result<(), String> {
    if let Some(item) = write["Item"].as_object() {
        let kind = kind(&write["Item"]);
        schema.check_kind(&kind)?;
        schema.check_whole(&kind, item)?;
        return item.iter().try_for_each(|(name, value)| schema.check(name, value));
    }
    let Some(update) = write["UpdateExpression"].as_str() else { return Ok(()) };
    schema.check_kind(&kind(&write["Key"]))?;
    clauses(update).into_iter().try_for_each(|(verb, change)| check_change(schema, write, verb, &change))
}

/// What sort of item it is, such as `subject/challenge`.
pub(super) fn kind(key: &Value) -> String {
    let part =
        |name: &str| key[name]["S"].as_str().and_then(|text| text.split('#').next()).unwrap_or_default().to_owned();
    format!("{}/{}", part("pk"), part("sk"))
}

/// The changes of an update expression, each with its verb: `SET`, `REMOVE`, `ADD` or `DELETE`.
fn clauses(update: &str) -> Vec<(&str, String)> {
    let (mut verb, mut depth, mut changes) = ("", 0_i32, Vec::<(&str, String)>::new());
    for word in update.split_inclusive([' ', ',']) {
        if let named @ ("SET" | "REMOVE" | "ADD" | "DELETE") = word.trim() {
            verb = named;
            changes.push((verb, String::new()));
            continue;
        }
        depth += i32::try_from(word.matches('(').count()).unwrap_or_default();
        depth -= i32::try_from(word.matches(')').count()).unwrap_or_default();
        if let Some((_, change)) = changes.last_mut() {
            change.push_str(if depth == 0 { word.trim_end_matches(',') } else { word });
        }
        if depth == 0 && word.ends_with(',') {
            changes.push((verb, String::new()));
        }
    }
    changes.retain(|(_, change)| !change.trim().is_empty());
    changes
}

fn check_change(schema: &Schema, write: &Value, verb: &str, change: &str) -> Result<(), String> {
    let change = change.trim();
    let (path, value) = change.split_once(['=', ' ']).unwrap_or((change, ""));
    let path: Vec<_> = path.trim().split('.').map(|name| resolved(write, name)).collect();
    if let (true, [name]) = (verb == "REMOVE", path.as_slice()) {
        return schema.check_removed(&kind(&write["Key"]), name);
    }
    let placeholders = value.split(|c: char| !(c.is_alphanumeric() || c == ':')).filter(|word| word.starts_with(':'));
    let mut values = placeholders.map(|name| &write["ExpressionAttributeValues"][name]);
    values.try_for_each(|value| match path.as_slice() {
        [name] => schema.check(name, value),
        [map, name] => schema.check_member(map, name, value),
        [map, name, member] => schema.check_member(map, name, &serde_json::json!({ "M": { member: value } })),
        deeper => Err(format!("{deeper:?} is deeper than anything that is stored")),
    })
}

fn resolved(write: &Value, name: &str) -> String {
    write["ExpressionAttributeNames"][name].as_str().unwrap_or(name).to_owned()
}
