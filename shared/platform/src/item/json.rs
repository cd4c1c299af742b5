//! Values as the table's stream has them: DynamoDB's JSON, such as `{"N":"5"}`.

use std::borrow::Cow;
use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::value::Value;

/// Cannot be printed, since it may be a phone number or the MAC of a code.
#[derive(Deserialize, PartialEq, Eq)]
pub enum JsonValue {
    S(String),
    N(String),
    B(String),
    #[serde(rename = "BOOL")]
    Bool(bool),
    #[serde(rename = "NULL")]
    Null(bool),
    L(Vec<JsonValue>),
    M(HashMap<String, JsonValue>),
    #[serde(rename = "SS")]
    Texts(Vec<String>),
    #[serde(rename = "NS")]
    Numbers(Vec<String>),
    #[serde(rename = "BS")]
    Bytes(Vec<String>),
}

impl Value for JsonValue {
    fn text(&self) -> Option<&str> {
        if let Self::S(text) = self { Some(text) } else { None }
    }

    fn number(&self) -> Option<&str> {
        if let Self::N(digits) = self { Some(digits) } else { None }
    }

    fn flag(&self) -> Option<bool> {
        if let Self::Bool(flag) = self { Some(*flag) } else { None }
    }

    fn bytes(&self) -> Option<Cow<'_, [u8]>> {
        let Self::B(base64) = self else { return None };
        STANDARD.decode(base64).ok().map(Cow::Owned)
    }

    fn list(&self) -> Option<&[Self]> {
        if let Self::L(values) = self { Some(values) } else { None }
    }

    fn map(&self) -> Option<&HashMap<String, Self>> {
        if let Self::M(values) = self { Some(values) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use domain::phone::{Country, Line, PhoneNumber};
    use domain::time::Timestamp;

    use super::*;
    use crate::item::attribute::{
        BINDING, CALL_TOKEN, CALLS_USED, CHARGED, CONTESTED, COUNTRY, LAST_SUCCESS_AT, LINE, NUMBER_SOURCE, PHONE,
        SETTLED, SMS_AT, SMS_SENT,
    };
    use crate::item::{Reader, Unreadable};

    fn image() -> HashMap<String, JsonValue> {
        let image = r#"{
            "phone": { "S": "+14155552671" }, "country": { "S": "us" }, "line": { "S": "mobile" },
            "binding": { "N": "7" }, "lastSuccessAt": { "N": "1800000000" }, "contested": { "BOOL": true },
            "callToken": { "B": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" }, "smsSent": { "L": [{ "N": "9" }] },
            "charged": { "M": { "number-unverified#1#0": { "N": "2" } } }, "accounts": { "BS": ["AAEC"] },
            "callsUsed": { "S": "one" }, "smsAt": { "N": "soon" }, "numberSource": { "NULL": true }
        }"#;
        serde_json::from_str(image).expect("an image")
    }

    #[test]
    fn an_attribute_is_read_as_its_type() {
        let image = image();
        let item = Reader(&image);
        assert_eq!(item.require(PHONE), Ok(PhoneNumber::parse("+14155552671").expect("a number")));
        assert_eq!(item.require(COUNTRY), Ok(Country::parse("US").expect("a country")));
        assert_eq!(item.require(LINE), Ok(Line::Mobile));
        assert_eq!(item.require(BINDING), Ok(7));
        assert_eq!(item.require(LAST_SUCCESS_AT), Ok(Timestamp::from_unix(1_800_000_000)));
        assert_eq!(item.require(CONTESTED), Ok(true));
        assert_eq!(item.require(CALL_TOKEN), Ok(std::array::from_fn(|byte| u8::try_from(byte).expect("small"))));
        assert_eq!(item.require(SMS_SENT), Ok(vec![Timestamp::from_unix(9)]));
        assert_eq!(item.map(CHARGED).map(|charged| charged.map(HashMap::len)), Ok(Some(1)));
    }

    #[test]
    fn a_missing_attribute_is_none_and_a_wrong_one_is_an_error() {
        let image = image();
        let item = Reader(&image);
        assert_eq!((item.get(SETTLED), item.get_or_default(SETTLED), item.has(SETTLED)), (Ok(None), Ok(false), false));
        assert_eq!(item.require(SETTLED), Err(Unreadable("settled")));
        assert_eq!(item.get(CALLS_USED), Err(Unreadable("callsUsed")), "a text");
        assert_eq!(item.get(SMS_AT), Err(Unreadable("smsAt")), "no number");
        assert_eq!(item.text(NUMBER_SOURCE), Err(Unreadable("numberSource")), "a null");
    }
}
