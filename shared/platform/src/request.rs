//! Parses requests. A body is a small JSON object, and an unknown field is an error.

use std::fmt::{self, Formatter};

use domain::identity::Network;
use domain::purpose::Purpose;
use http::HeaderValue;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::problem::Problem;

/// The network that the request came from, as API Gateway saw it. Headers are never trusted for this.
pub fn network(request: &Request) -> Result<Network, Problem> {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else {
        return Err(Problem::Internal);
    };
    let address = context.http.source_ip.as_deref().and_then(|address| address.parse().ok());
    address.map(Network::of).ok_or(Problem::Internal)
}

/// The field or query parameter that says what a request is for.
pub const PURPOSE: &str = "purpose";

/// The purpose given in the query, which may not say two.
pub fn purpose_of_query(request: &Request) -> Result<Purpose, Problem> {
    let words = request.query_string_parameters_ref().and_then(|query| query.all(PURPOSE)).unwrap_or_default();
    match words[..] {
        [] => purpose(None),
        [word] => purpose(Some(word)),
        _ => Err(given_twice(PURPOSE)),
    }
}

fn given_twice(name: &str) -> Problem {
    Problem::invalid_field(name, "is given more than once")
}

/// The purpose given in the field or query parameter `purpose`, or the default.
pub fn purpose(word: Option<&str>) -> Result<Purpose, Problem> {
    let purpose = word.map_or(Some(Purpose::default()), Purpose::parse);
    purpose.ok_or_else(|| Problem::invalid_field(PURPOSE, "must be login or change"))
}

pub const MAX_BODY: usize = 4096;

/// The fields of a body, which callers take one by one.
pub trait TakeFields {
    /// Takes a string that may be missing or null.
    fn maybe_text(&mut self, name: &'static str) -> Result<Option<String>, Problem>;

    /// Takes a required string.
    fn text(&mut self, name: &'static str) -> Result<String, Problem> {
        self.maybe_text(name)?.ok_or_else(|| Problem::invalid_field(name, "is required"))
    }

    /// Takes the purpose, which is a login unless the request says otherwise.
    fn purpose(&mut self) -> Result<Purpose, Problem> {
        purpose(self.maybe_text(PURPOSE)?.as_deref())
    }
}

/// The fields of a JSON object. Callers take them one by one and then call [`Fields::finish`].
#[derive(Debug)]
pub struct Fields(Map<String, Value>);

impl Fields {
    pub fn of(request: &Request) -> Result<Self, Problem> {
        let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        if !media_type.trim().eq_ignore_ascii_case("application/json") {
            return Err(Problem::UnsupportedMediaType);
        }
        let Members(members) = serde_json::from_slice(body(request)?).map_err(|_| Problem::MalformedJson)?;
        let mut fields = Map::new();
        for (name, value) in members {
            if fields.contains_key(&name) {
                return Err(given_twice(&name));
            }
            fields.insert(name, value);
        }
        Ok(Self(fields))
    }

    /// Refuses the request if a field was not taken.
    pub fn finish(self) -> Result<(), Problem> {
        match self.0.keys().next() {
            Some(unknown) => Err(Problem::invalid_field(unknown, "is not a known field")),
            None => Ok(()),
        }
    }
}

impl TakeFields for Fields {
    fn maybe_text(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Problem::invalid_field(name, "must be a string")),
        }
    }
}

/// The members of a JSON object as they were written. A map would keep the last of two with one name, while something
/// that checked the body on its way here may have read the first.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Members;

    fn expecting(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// The body as it was sent: a compressed one is refused.
pub fn body(request: &Request) -> Result<&[u8], Problem> {
    body_of(request, MAX_BODY)
}

/// The same where up to `most` bytes are taken.
pub fn body_of(request: &Request, most: usize) -> Result<&[u8], Problem> {
    let is_coded = |coding: &HeaderValue| !coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if request.headers().get_all(CONTENT_ENCODING).iter().any(is_coded) {
        return Err(Problem::UnsupportedMediaType);
    }
    let body: &[u8] = match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => &[],
    };
    if body.len() > most { Err(Problem::BodyTooLarge) } else { Ok(body) }
}
