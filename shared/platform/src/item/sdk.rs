//! Values as the SDK has them.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::value::Value;

impl Value for AttributeValue {
    fn text(&self) -> Option<&str> {
        self.as_s().ok().map(String::as_str)
    }

    fn number(&self) -> Option<&str> {
        self.as_n().ok().map(String::as_str)
    }

    fn flag(&self) -> Option<bool> {
        self.as_bool().ok().copied()
    }

    fn bytes(&self) -> Option<Cow<'_, [u8]>> {
        self.as_b().ok().map(|blob| Cow::Borrowed(blob.as_ref()))
    }

    fn list(&self) -> Option<&[Self]> {
        self.as_l().ok().map(Vec::as_slice)
    }

    fn map(&self) -> Option<&HashMap<String, Self>> {
        self.as_m().ok()
    }
}
