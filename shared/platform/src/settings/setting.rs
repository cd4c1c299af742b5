//! What a setting is: its names, its meaning, what it may be, and how its text becomes a value.
//!
//! A setting knows all this without an environment, so the same declaration serves the reader, the error message,
//! the table in `infra/README.md` and the tests of the template.

use std::time::Duration;

use serde::Serialize;

/// A setting that is read as a `T`. Declared in [`table`](super::table) and nowhere else.
#[derive(Debug)]
pub struct Setting<T: 'static> {
    /// The environment variable.
    pub name: &'static str,
    pub(super) group: Group,
    pub(super) meaning: &'static str,
    /// The template's parameter, where it isn't the variable's name in camel case.
    pub(super) renamed: Option<&'static str>,
    pub(super) kind: Kind<T>,
}

/// Where a setting belongs in the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Login,
    Result,
    Doors,
    Page,
    Reach,
    Sms,
    Calls,
    Limits,
    Operation,
    /// Set by the stack itself or by Lambda: nobody chooses these.
    Stack,
}

impl Group {
    /// The heading in the documentation.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "The login that this stack serves",
            Self::Result => "The result token",
            Self::Doors => "Entra and Cognito",
            Self::Page => "The login page",
            Self::Reach => "Who may be reached, and how",
            Self::Sms => "SMS",
            Self::Calls => "Calls",
            Self::Limits => "Limits",
            Self::Operation => "Operation",
            Self::Stack => "Set by the stack",
        }
    }
}

/// What a setting may be, and what it is when it isn't set.
#[derive(Debug)]
pub(super) enum Kind<T: 'static> {
    Number {
        min: u64,
        max: u64,
        default: u64,
        unit: Option<&'static str>,
        /// What a function still accepts below `min`.
        least: u64,
        from: fn(u64) -> Option<T>,
    },
    Words {
        words: &'static [T],
        as_str: fn(T) -> &'static str,
        default: &'static str,
    },
    Text {
        form: &'static str,
        longest: Option<usize>,
        default: Fallback,
        parse: fn(&str) -> Option<T>,
    },
}

/// What a text is when it isn't set.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fallback {
    Required,
    /// A function needs it, but a deployment need not choose it, and then gets this.
    Deployed(&'static str),
    Is(&'static str),
}

/// What the documentation and the tests of the template are made from.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// The environment variable.
    pub name: &'static str,
    /// The template's parameter, unless the stack sets the variable itself.
    pub parameter: Option<String>,
    pub group: &'static str,
    /// `number`, `words` or `text`.
    pub kind: &'static str,
    /// The smallest number a deployment may choose.
    pub min: Option<u64>,
    /// The largest number, or the most characters of a text.
    pub max: Option<u64>,
    pub words: Vec<&'static str>,
    /// What a text must be, as it follows "must be".
    pub form: Option<&'static str>,
    /// As it would be written in the environment: empty for an optional setting, `None` for a required one.
    pub default: Option<String>,
    /// What a deployment gets that leaves the parameter of a required setting empty, if it may.
    pub without: Option<&'static str>,
    pub unit: Option<&'static str>,
    pub meaning: String,
}

/// A setting of any type.
pub trait Listed: Sync {
    fn facts(&self) -> Facts;
}

impl<T: Clone + Sync> Listed for Setting<T> {
    fn facts(&self) -> Facts {
        let facts = Facts {
            name: self.name,
            parameter: (self.group != Group::Stack)
                .then(|| self.renamed.map_or_else(|| camel_case(self.name), str::to_owned)),
            group: self.group.as_str(),
            kind: "text",
            min: None,
            max: None,
            words: Vec::new(),
            form: None,
            default: None,
            without: None,
            unit: None,
            meaning: self.meaning.trim().to_owned(),
        };
        match self.kind {
            Kind::Number { min, max, default, unit, .. } => Facts {
                kind: "number",
                min: Some(min),
                max: Some(max),
                default: Some(default.to_string()),
                unit,
                ..facts
            },
            Kind::Words { words, as_str, default } => Facts {
                kind: "words",
                words: words.iter().cloned().map(as_str).collect(),
                default: Some(default.to_owned()),
                ..facts
            },
            Kind::Text { form, longest, default, .. } => Facts {
                form: Some(form),
                max: longest.and_then(|longest| longest.try_into().ok()),
                default: if let Fallback::Is(text) = default { Some(text.to_owned()) } else { None },
                without: if let Fallback::Deployed(what) = default { Some(what) } else { None },
                ..facts
            },
        }
    }
}

fn camel_case(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(1);
        first.to_owned() + &rest.to_ascii_lowercase()
    };
    name.split('_').map(word).collect()
}

impl<T: Clone> Setting<T> {
    /// The value that `text` stands for, or what is wrong with it. An empty text counts as not set.
    pub(crate) fn read(&self, text: &str) -> Result<T, String> {
        match self.kind {
            Kind::Number { max, default, least, from, .. } => {
                let number = if text.is_empty() { Some(default) } else { text.parse().ok() };
                let within = number.filter(|number| (least..=max).contains(number));
                within.and_then(from).ok_or_else(|| format!("must be a whole number from {least} to {max}"))
            }
            Kind::Words { words, as_str, default } => {
                let text = if text.is_empty() { default } else { text };
                let known = words.iter().find(|word| as_str((*word).clone()) == text);
                known.cloned().ok_or_else(|| {
                    let words: Vec<_> = words.iter().cloned().map(as_str).collect();
                    format!("must be one of {}", words.join(", "))
                })
            }
            Kind::Text { form, longest, default, parse } => {
                let text = match default {
                    _ if !text.is_empty() => text,
                    Fallback::Is(default) => default,
                    Fallback::Required | Fallback::Deployed(_) => return Err("is not set".to_owned()),
                };
                let short_enough = longest.is_none_or(|longest| text.len() <= longest);
                short_enough.then(|| parse(text)).flatten().ok_or_else(|| match longest {
                    Some(longest) => format!("must be at most {longest} {form}"),
                    None => format!("must be {form}"),
                })
            }
        }
    }
}

pub(super) const fn number<T: TryFrom<u64>>(bounds: std::ops::RangeInclusive<u64>, default: u64) -> Kind<T> {
    let (min, max) = (*bounds.start(), *bounds.end());
    Kind::Number { min, max, default, unit: None, least: min, from: |number| T::try_from(number).ok() }
}

pub(super) const fn percent(bounds: std::ops::RangeInclusive<u64>, default: u64) -> Kind<u32> {
    let (min, max) = (*bounds.start(), *bounds.end());
    Kind::Number { min, max, default, unit: Some("percent"), least: min, from: |number| u32::try_from(number).ok() }
}

/// Whole seconds. A function accepts any time from one second on, which is how tests keep from waiting; a
/// deployment may not go below the lower bound.
pub(super) const fn seconds(bounds: std::ops::RangeInclusive<u64>, default: Duration) -> Kind<Duration> {
    let (min, max, default) = (*bounds.start(), *bounds.end(), default.as_secs());
    let from = |number| Some(Duration::from_secs(number));
    Kind::Number { min, max, default, unit: Some("seconds"), least: 1, from }
}

pub(super) const fn words<T>(words: &'static [T], as_str: fn(T) -> &'static str, default: &'static str) -> Kind<T> {
    Kind::Words { words, as_str, default }
}

pub(super) const fn required(form: &'static str) -> Kind<String> {
    text(form, Fallback::Required, |text| Some(text.to_owned()))
}

pub(super) const fn optional(longest: Option<usize>, form: &'static str) -> Kind<Option<String>> {
    let parse = |text: &str| Some((!text.is_empty()).then(|| text.to_owned()));
    Kind::Text { form, longest, default: Fallback::Is(""), parse }
}

pub(super) const fn optional_as<T>(
    longest: Option<usize>,
    form: &'static str,
    parse: fn(&str) -> Option<Option<T>>,
) -> Kind<Option<T>> {
    Kind::Text { form, longest, default: Fallback::Is(""), parse }
}

pub(super) const fn required_as<T>(form: &'static str, parse: fn(&str) -> Option<T>) -> Kind<T> {
    text(form, Fallback::Required, parse)
}

/// Needed by the functions that read it, while a deployment may leave it empty and then gets `what`.
pub(super) const fn deployed(what: &'static str, form: &'static str) -> Kind<String> {
    text(form, Fallback::Deployed(what), |text| Some(text.to_owned()))
}

pub(super) const fn deployed_as<T>(what: &'static str, form: &'static str, parse: fn(&str) -> Option<T>) -> Kind<T> {
    text(form, Fallback::Deployed(what), parse)
}

pub(super) const fn or(default: &'static str, form: &'static str) -> Kind<String> {
    text(form, Fallback::Is(default), |text| Some(text.to_owned()))
}

pub(super) const fn or_as<T>(default: &'static str, form: &'static str, parse: fn(&str) -> Option<T>) -> Kind<T> {
    text(form, Fallback::Is(default), parse)
}

/// One character outside of this alphabet (GSM 7-bit, which lacks the backtick) would make a message two parts.
pub(super) const fn short_ascii(longest: usize, default: Fallback) -> Kind<String> {
    Kind::Text {
        form: "printable ASCII characters, without a backtick",
        longest: Some(longest),
        default,
        parse: |text| {
            let in_gsm7 = |character: char| character == ' ' || (character.is_ascii_graphic() && character != '`');
            text.chars().all(in_gsm7).then(|| text.to_owned())
        },
    }
}

const fn text<T>(form: &'static str, default: Fallback, parse: fn(&str) -> Option<T>) -> Kind<T> {
    Kind::Text { form, longest: None, default, parse }
}
