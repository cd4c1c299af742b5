//! Reads an item's attributes, naming the one that cannot be read.

use std::collections::HashMap;

use thiserror::Error;

use super::attribute::{Attribute, Map, Text};
use super::value::{Stored, Value};

/// An attribute is missing, or not of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the attribute {0} cannot be read")]
pub struct Unreadable(pub &'static str);

pub struct Reader<'a, V>(pub &'a HashMap<String, V>);

impl<V> Clone for Reader<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Reader<'_, V> {}

impl<'a, V: Value> Reader<'a, V> {
    pub fn get<T: Stored>(&self, attribute: Attribute<T>) -> Result<Option<T>, Unreadable> {
        let Some(value) = self.value(attribute) else { return Ok(None) };
        T::read(value).map(Some).ok_or(Unreadable(attribute.name))
    }

    pub fn require<T: Stored>(&self, attribute: Attribute<T>) -> Result<T, Unreadable> {
        self.get(attribute)?.ok_or(Unreadable(attribute.name))
    }

    pub fn get_or_default<T: Stored + Default>(&self, attribute: Attribute<T>) -> Result<T, Unreadable> {
        Ok(self.get(attribute)?.unwrap_or_default())
    }

    pub fn text(&self, attribute: Attribute<Text>) -> Result<&'a str, Unreadable> {
        self.value(attribute).and_then(V::text).ok_or(Unreadable(attribute.name))
    }

    pub fn map<T>(&self, attribute: Attribute<Map<T>>) -> Result<Option<&'a HashMap<String, V>>, Unreadable> {
        let Some(value) = self.value(attribute) else { return Ok(None) };
        value.map().map(Some).ok_or(Unreadable(attribute.name))
    }

    #[must_use]
    pub fn has<T>(&self, attribute: Attribute<T>) -> bool {
        self.0.contains_key(attribute.name)
    }

    /// The attribute as it is stored, to be compared.
    #[must_use]
    pub fn value<T>(&self, attribute: Attribute<T>) -> Option<&'a V> {
        self.0.get(attribute.name)
    }
}
