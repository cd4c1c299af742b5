//! Configuration from the environment, read once at init. Every fault is named at once, so that an
//! operator mends a deployment in one go.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// The environment variables, and what was wrong with those read so far.
#[derive(Debug, Default)]
pub struct Environment {
    variables: HashMap<String, String>,
    faults: Vec<String>,
}

/// What is missing or wrong, one line a variable.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("configuration: {}", .0.join("; "))]
pub struct ConfigError(Vec<String>);

impl Environment {
    /// The process's own environment.
    #[must_use]
    pub fn of_process() -> Self {
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        std::env::vars_os().filter_map(text).collect()
    }

    /// A variable that must be there.
    pub fn required<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let Some(value) = self.text(name) else {
            self.faults.push(format!("{name} is not set"));
            return None;
        };
        self.keep(name, parse(&value))
    }

    /// A variable that may be missing or empty. `None` means that it is wrong.
    pub fn optional<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<Option<T>> {
        match self.text(name) {
            None => Some(None),
            Some(value) => self.keep(name, parse(&value)).map(Some),
        }
    }

    /// A number with a default, within bounds.
    pub fn number<N>(&mut self, name: &str, default: N, bounds: RangeInclusive<N>) -> Option<N>
    where
        N: FromStr + PartialOrd + Display + Copy,
    {
        let parse = |value: &str| match value.parse() {
            Ok(number) if bounds.contains(&number) => Ok(number),
            _ => Err(format!("must be a whole number from {} to {}", bounds.start(), bounds.end())),
        };
        self.optional(name, parse).map(|value| value.unwrap_or(default))
    }

    /// A duration in whole seconds: at least one, and `most` at most.
    pub fn seconds(&mut self, name: &str, default: Duration, most: Duration) -> Option<Duration> {
        self.number(name, default.as_secs(), 1..=most.as_secs()).map(Duration::from_secs)
    }

    /// One of the words given, the first being the default.
    pub fn choice<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let parse = |value: &str| {
            let known = words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning);
            known.ok_or_else(|| {
                format!("must be one of {}", words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", "))
            })
        };
        let default = words.first().map(|(_, meaning)| *meaning);
        self.optional(name, parse).and_then(|value| value.or(default))
    }

    /// What `settings` reads, or every fault found in reading it.
    pub fn read<T>(mut self, settings: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, ConfigError> {
        match settings(&mut self) {
            Some(settings) if self.faults.is_empty() => Ok(settings),
            _ => Err(ConfigError(self.faults)),
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn keep<T>(&mut self, name: &str, parsed: Result<T, String>) -> Option<T> {
        parsed.map_err(|fault| self.faults.push(format!("{name} {fault}"))).ok()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, faults: Vec::new() }
    }
}

/// Takes any text.
pub fn any(value: &str) -> Result<String, String> {
    Ok(value.to_owned())
}

/// Takes at most `most` printable ASCII characters of the GSM 7-bit alphabet, which lacks the backtick:
/// one character outside of it would make a message two parts.
pub fn short_ascii(most: usize) -> impl FnOnce(&str) -> Result<String, String> {
    move |value| {
        let in_gsm7 = |character: char| character == ' ' || (character.is_ascii_graphic() && character != '`');
        if value.len() <= most && value.chars().all(in_gsm7) {
            Ok(value.to_owned())
        } else {
            Err(format!("must be at most {most} printable ASCII characters, without a backtick"))
        }
    }
}

/// Takes a base URL: https, or http on loopback, without a trailing slash.
pub fn base_url(value: &str) -> Result<String, String> {
    let local = ["http://127.0.0.1:", "http://localhost:"].iter().any(|prefix| value.starts_with(prefix));
    if (value.starts_with("https://") || local) && !value.ends_with('/') {
        Ok(value.to_owned())
    } else {
        Err("must be an https URL without a trailing slash".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named_at_once() {
        let env = Environment::from_iter([("LIFE", "soon"), ("MODE", "maybe"), ("URL", "http://example.com")]);
        let settings = |env: &mut Environment| {
            let table = env.required("TABLE_NAME", any);
            let life = env.seconds("LIFE", Duration::from_mins(5), Duration::from_mins(10));
            let mode = env.choice("MODE", &[("on", true), ("off", false)]);
            let url = env.required("URL", base_url);
            Some((table?, life?, mode?, url?))
        };
        assert_eq!(
            env.read(settings).expect_err("four faults").to_string(),
            "configuration: TABLE_NAME is not set; LIFE must be a whole number from 1 to 600; \
             MODE must be one of on, off; URL must be an https URL without a trailing slash"
        );
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let mut env = Environment::from_iter([("LIFE", " "), ("MODE", "")]);
        assert_eq!(env.seconds("LIFE", Duration::from_mins(5), Duration::from_mins(10)), Some(Duration::from_mins(5)));
        assert_eq!(env.choice("MODE", &[("on", true), ("off", false)]), Some(true));
        assert_eq!(env.read(|_| Some(())), Ok(()));
    }
}
