//! Claims as API Gateway passes them to a function: every value a string, with lists and objects in Go's
//! notation (`[pwd mfa]`, `map[a:b]`).

use serde_json::{Map, Value};

pub(crate) fn stringify(claims: &Map<String, Value>) -> Map<String, Value> {
    claims.iter().map(|(name, value)| (name.clone(), Value::String(text(value)))).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(" ")),
        Value::Object(members) => {
            let members: Vec<_> = members.iter().map(|(name, value)| format!("{name}:{}", text(value))).collect();
            format!("map[{}]", members.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_value_becomes_the_gateways_text() {
        for (value, expected) in [
            (json!("alice"), "alice"),
            (json!(1_700_000_000), "1700000000"),
            (json!(true), "true"),
            (json!(["pwd", "mfa"]), "[pwd mfa]"),
            (json!([]), "[]"),
            (json!({ "a": 1, "b": ["c"] }), "map[a:1 b:[c]]"),
        ] {
            let claims = Map::from_iter([("claim".to_owned(), value.clone())]);
            assert_eq!(stringify(&claims)["claim"], expected, "{value}");
        }
    }
}
