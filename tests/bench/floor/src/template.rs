//! A request with blanks.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::Blob;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_http::Error;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// A string, either the same for everybody or one of a person's values.
#[derive(Debug)]
pub enum Text {
    Fixed(String),
    /// The index of the value.
    Blank(usize),
}

impl Text {
    pub fn read(value: &Value) -> Result<Self, Error> {
        match value {
            Value::String(text) => Ok(Self::Fixed(text.clone())),
            Value::Object(blank) => {
                let number = blank.get("$").and_then(Value::as_u64).ok_or("a blank without a number")?;
                Ok(Self::Blank(usize::try_from(number)?))
            }
            other => Err(format!("{other} is no text").into()),
        }
    }

    pub fn fill(&self, values: &[String]) -> Result<String, Error> {
        match self {
            Self::Fixed(text) => Ok(text.clone()),
            Self::Blank(number) => Ok(values.get(*number).ok_or("a value is missing")?.clone()),
        }
    }
}

#[derive(Debug)]
pub enum Attribute {
    S(Text),
    N(Text),
    /// As base64.
    B(Text),
    Bool(bool),
    L(Vec<Self>),
    M(Attributes),
    Bs(Vec<Text>),
}

pub type Attributes = Vec<(String, Attribute)>;

impl Attribute {
    fn read(value: &Value) -> Result<Self, Error> {
        let (kind, value) = value.as_object().and_then(|value| value.iter().next()).ok_or("no attribute")?;
        Ok(match kind.as_str() {
            "S" => Self::S(Text::read(value)?),
            "N" => Self::N(Text::read(value)?),
            "B" => Self::B(Text::read(value)?),
            "BOOL" => Self::Bool(value.as_bool().ok_or("no truth value")?),
            "L" => Self::L(list(value)?.iter().map(Self::read).collect::<Result<_, _>>()?),
            "M" => Self::M(attributes(value)?),
            "BS" => Self::Bs(list(value)?.iter().map(Text::read).collect::<Result<_, _>>()?),
            other => return Err(format!("attributes of type {other} are not replayed").into()),
        })
    }

    fn fill(&self, values: &[String]) -> Result<AttributeValue, Error> {
        Ok(match self {
            Self::S(text) => AttributeValue::S(text.fill(values)?),
            Self::N(text) => AttributeValue::N(text.fill(values)?),
            Self::B(text) => AttributeValue::B(blob(text, values)?),
            Self::Bool(truth) => AttributeValue::Bool(*truth),
            Self::L(list) => AttributeValue::L(list.iter().map(|each| each.fill(values)).collect::<Result<_, _>>()?),
            Self::M(map) => AttributeValue::M(fill(map, values)?),
            Self::Bs(set) => AttributeValue::Bs(set.iter().map(|each| blob(each, values)).collect::<Result<_, _>>()?),
        })
    }
}

pub fn fill(attributes: &Attributes, values: &[String]) -> Result<HashMap<String, AttributeValue>, Error> {
    attributes.iter().map(|(name, value)| Ok((name.clone(), value.fill(values)?))).collect()
}

pub fn blob(text: &Text, values: &[String]) -> Result<Blob, Error> {
    Ok(Blob::new(STANDARD.decode(text.fill(values)?)?))
}

/// The members of a request, taken one by one, so that none is overlooked.
pub struct Members(Map<String, Value>);

impl Members {
    pub fn of(value: &Value) -> Result<Self, Error> {
        Ok(Self(value.as_object().ok_or("no object")?.clone()))
    }

    /// A string that is the same for everybody.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(format!("{name} is {other}").into()),
        }
    }

    /// A required string.
    pub fn blank(&mut self, name: &str) -> Result<Text, Error> {
        Text::read(&self.0.remove(name).ok_or_else(|| format!("no {name}"))?)
    }

    pub fn flag(&mut self, name: &str) -> Option<bool> {
        self.0.remove(name)?.as_bool()
    }

    pub fn attributes(&mut self, name: &str) -> Result<Option<Attributes>, Error> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        attributes(&value).map(Some)
    }

    /// Strings by name.
    pub fn names(&mut self, name: &str) -> Result<Option<Vec<(String, Text)>>, Error> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        let names = value.as_object().ok_or("no names")?.iter();
        names.map(|(name, value)| Ok((name.clone(), Text::read(value)?))).collect::<Result<_, Error>>().map(Some)
    }

    pub fn any(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// Fails if a member was not taken.
    pub fn finish(self) -> Result<(), Error> {
        match self.0.keys().next() {
            Some(name) => Err(format!("{name} is not replayed").into()),
            None => Ok(()),
        }
    }
}

fn attributes(value: &Value) -> Result<Attributes, Error> {
    let attributes = value.as_object().ok_or("no attributes")?.iter();
    attributes.map(|(name, value)| Ok((name.clone(), Attribute::read(value)?))).collect()
}

fn list(value: &Value) -> Result<&Vec<Value>, Error> {
    Ok(value.as_array().ok_or("no list")?)
}
