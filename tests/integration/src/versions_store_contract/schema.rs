//! What the last release can read: the kinds of items, and each attribute's type and words.

use std::collections::{BTreeMap, BTreeSet};

use domain::challenge::NumberSource;
use domain::channel::Channel;
use domain::limit::Limit;
use domain::switches::Switch;
use platform::item::attribute::{CHARGED, NUMBER_SOURCE, OUTCOME, SWITCHES, shapes};
use platform::item::challenge::{APPROVED, DENIED, PENDING, REFUSED};
use serde_json::{Value, json};

const WHAT_TO_DO: &str = "The version before reads what is written during a deployment and after a rollback. Read it in one \
     release and write it in the next: CONTRIBUTING.md, \"A stored attribute\".";

/// The attributes of an item as requests have them: `{"phone": {"S": "+14155552671"}}`.
pub(super) type Image = serde_json::Map<String, Value>;

pub(super) struct Schema(Value);

impl Schema {
    /// As the last release recorded it.
    pub(super) fn recorded() -> Self {
        Self(serde_json::from_str(include_str!("../../stored/schema.json")).expect("JSON"))
    }

    /// As this version has it. The kinds of items and what each needs are found by the recording.
    pub(super) fn current(kinds: &BTreeSet<String>, needed: &BTreeMap<String, Vec<String>>) -> Self {
        let attributes: Image =
            shapes().into_iter().map(|(name, kind, words)| (name.to_owned(), described(name, &kind, words))).collect();
        Self(json!({ "attributes": attributes, "items": kinds, "needed": needed }))
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(&self.0).expect("JSON") + "\n"
    }

    /// Checks that the last release reads an item of this kind where it finds it.
    pub(super) fn check_kind(&self, kind: &str) -> Result<(), String> {
        let known: Vec<_> = self.0["items"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let of_partition = |kind: &str| kind.split('/').next().map(str::to_owned);
        let is_read = known.iter().any(|known| of_partition(known) == of_partition(kind));
        if !is_read || known.contains(&kind) {
            Ok(())
        } else {
            Err(format!("{kind} is a new kind of item in a partition that the last release reads. {WHAT_TO_DO}"))
        }
    }

    /// Checks that a new item has all that the last release needs.
    pub(super) fn check_whole(&self, kind: &str, item: &Image) -> Result<(), String> {
        self.needed(kind).filter(|name| !item.contains_key(*name)).try_for_each(|name| self.check_removed(kind, name))
    }

    pub(super) fn check_removed(&self, kind: &str, name: &str) -> Result<(), String> {
        if !self.needed(kind).any(|needed| needed == name) {
            return Ok(());
        }
        Err(format!("{kind} lacks {name}, without which the last release cannot read it. {WHAT_TO_DO}"))
    }

    fn needed(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.0["needed"][kind].as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    /// Checks a value on the way to an attribute. Attributes that are not in the schema are not read.
    pub(super) fn check(&self, name: &str, value: &Value) -> Result<(), String> {
        let declared = &self.0["attributes"][name];
        let Some(kind) = declared["type"].as_str() else { return Ok(()) };
        self.check_value(kind, value).map_err(|found| {
            let within = found.ends_with(WHAT_TO_DO); // of an attribute within this one
            if within { found } else { format!("{name} is {found}, and the last release reads {kind}. {WHAT_TO_DO}") }
        })?;
        let names = value["M"].as_object().into_iter().flatten().map(|(name, _)| name);
        names.into_iter().try_for_each(|inner| self.check_name(name, inner))?;
        let Some(words) = declared["words"].as_array() else { return Ok(()) };
        if words.contains(&value["S"]) {
            return Ok(());
        }
        Err(format!(
            "{name} is {}, which the last release cannot read: it knows {}. {WHAT_TO_DO}",
            value["S"],
            json!(words)
        ))
    }

    /// Checks a value on the way into a map, under this name.
    pub(super) fn check_member(&self, map: &str, name: &str, value: &Value) -> Result<(), String> {
        self.check(map, &json!({ "M": { name: value } }))
    }

    /// Checks a name in a map whose names mean something.
    fn check_name(&self, map: &str, name: &str) -> Result<(), String> {
        let Some(known) = self.0["attributes"][map]["names"].as_array() else { return Ok(()) };
        let first = without_country(name.split('#').next().unwrap_or_default());
        if known.iter().any(|known| known == first) {
            return Ok(());
        }
        Err(format!("{map} has {first}, which the last release cannot read. {WHAT_TO_DO}"))
    }

    /// What the value is, if it isn't of that kind.
    fn check_value(&self, kind: &str, value: &Value) -> Result<(), String> {
        let (found, inner) = value.as_object().and_then(|tagged| tagged.iter().next()).ok_or("no value")?;
        let element = kind.get(1..kind.len() - 1).unwrap_or_default();
        match (found.as_str(), inner) {
            ("L", Value::Array(values)) if kind.starts_with('[') => {
                values.iter().try_for_each(|value| self.check_value(element, value))
            }
            ("M", Value::Object(values)) if kind.starts_with('{') => {
                values.values().try_for_each(|value| self.check_value(element, value))
            }
            ("M", Value::Object(part)) if kind == "M" => {
                part.iter().try_for_each(|(name, value)| self.check(name, value))
            }
            (found, _) if found == kind => Ok(()),
            (found, _) => Err(found.to_owned()),
        }
    }
}

/// The name of a switch in one country is that of the channel and the country's.
fn without_country(name: &str) -> &str {
    let of_country = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_uppercase());
    name.rsplit_once('-').filter(|(_, country)| of_country(country)).map_or(name, |(switch, _)| switch)
}

fn described(name: &str, kind: &str, words: Vec<&'static str>) -> Value {
    let words = match name {
        name if name == OUTCOME.name => vec![PENDING, APPROVED, DENIED, REFUSED],
        name if name == NUMBER_SOURCE.name => sources(),
        _ => words,
    };
    let mut described = json!({ "type": kind });
    if !words.is_empty() {
        described["words"] = json!(words);
    }
    if name == CHARGED.name {
        described["names"] = json!(Limit::ALL.map(Limit::as_str));
    }
    if name == SWITCHES.name {
        let channels = Channel::ALL.map(Switch::Channel);
        let switches = channels.into_iter().chain([Switch::Enrolment, Switch::UnverifiedBudget]);
        described["names"] = switches.map(|switch| switch.to_string()).collect();
    }
    described
}

fn sources() -> Vec<&'static str> {
    use NumberSource::{Claimed, Enrolled, Replacing, Test, Typed};
    [Enrolled(1), Claimed, Typed, Replacing(1), Test].map(NumberSource::as_str).to_vec()
}
