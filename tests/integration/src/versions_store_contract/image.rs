//! Items as JSON, in the form that the table's stream has.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

type Item = HashMap<String, AttributeValue>;

pub(super) fn to_image(item: &Item) -> Value {
    item.iter().map(|(name, value)| (name.clone(), shown(value))).collect()
}

fn shown(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(digits) => json!({ "N": digits }),
        AttributeValue::Bool(flag) => json!({ "BOOL": flag }),
        AttributeValue::B(bytes) => json!({ "B": STANDARD.encode(bytes) }),
        AttributeValue::Bs(set) => json!({ "BS": set.iter().map(|bytes| STANDARD.encode(bytes)).collect::<Vec<_>>() }),
        AttributeValue::L(values) => json!({ "L": values.iter().map(shown).collect::<Vec<_>>() }),
        AttributeValue::M(part) => json!({ "M": to_image(part) }),
        AttributeValue::Null(_) => json!({ "NULL": true }),
        other => panic!("{other:?} is a type that nothing stores"),
    }
}

pub(super) fn from_image(image: &Value) -> Item {
    let members = image.as_object().expect("an object");
    members.iter().map(|(name, value)| (name.clone(), stored(value))).collect()
}

fn stored(value: &Value) -> AttributeValue {
    let (kind, inner) = value.as_object().and_then(|tagged| tagged.iter().next()).expect("a tagged value");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let bytes = |value: &Value| Blob::new(STANDARD.decode(text(value)).expect("base64"));
    let values = || inner.as_array().expect("an array").iter();
    match kind.as_str() {
        "S" => AttributeValue::S(text(inner)),
        "N" => AttributeValue::N(text(inner)),
        "BOOL" => AttributeValue::Bool(inner.as_bool().expect("a flag")),
        "B" => AttributeValue::B(bytes(inner)),
        "BS" => AttributeValue::Bs(values().map(bytes).collect()),
        "L" => AttributeValue::L(values().map(stored).collect()),
        "M" => AttributeValue::M(from_image(inner)),
        "NULL" => AttributeValue::Null(true),
        other => panic!("{other} is a type that nothing stores"),
    }
}
