//! Settings from the environment, read once during init. Every fault is named at once, so that an operator fixes a
//! deployment in one go.
//!
//! Own code, since the libraries (envy, figment, config) stop at the first wrong variable and know no bounds.

use std::collections::HashMap;
use std::ffi::OsString;

use thiserror::Error;

use super::setting::Setting;

/// The environment variables, which settings were asked for, and what was wrong with them.
#[derive(Debug, Default)]
pub struct Environment {
    variables: HashMap<String, String>,
    asked: Vec<&'static str>,
    faults: Vec<String>,
}

/// Every setting that is missing or wrong.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("configuration: {}", .0.join("; "))]
pub struct ConfigError(Vec<String>);

impl Environment {
    #[must_use]
    pub fn of_process() -> Self {
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        std::env::vars_os().filter_map(text).collect()
    }

    /// The setting's value. `None` means that it is missing or wrong, which [`read`](Self::read) reports.
    pub fn get<T: Clone>(&mut self, setting: &Setting<T>) -> Option<T> {
        self.parse(setting, Ok)
    }

    /// The value of a setting that is read only if something else makes it necessary.
    pub fn get_if<T: Clone>(&mut self, needed: bool, setting: &Setting<T>) -> Option<Option<T>> {
        if needed { self.get(setting).map(Some) } else { Some(None) }
    }

    /// The value of a setting that others must fit, if it is right. That it is missing or wrong is reported where it is
    /// read for its own sake.
    #[must_use]
    pub fn peek<T: Clone>(&self, setting: &Setting<T>) -> Option<T> {
        setting.read(self.text(setting)).ok()
    }

    /// The same as [`get`](Self::get) for a setting of which one function knows better what it may be. A fault follows the setting's name.
    pub fn parse<T: Clone, U>(
        &mut self,
        setting: &Setting<T>,
        parse: impl FnOnce(T) -> Result<U, String>,
    ) -> Option<U> {
        self.asked.push(setting.name);
        match setting.read(self.text(setting)).and_then(parse) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.faults.push(format!("{} {fault}", setting.name));
                None
            }
        }
    }

    fn text<T>(&self, setting: &Setting<T>) -> &str {
        self.variables.get(setting.name).map_or("", |value| value.trim())
    }

    /// What `settings` reads, or every fault found in reading it.
    pub fn read<T>(mut self, settings: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, ConfigError> {
        match settings(&mut self) {
            Some(settings) if self.faults.is_empty() => Ok(settings),
            _ => Err(ConfigError(self.faults)),
        }
    }

    /// The names of the settings asked for so far.
    #[must_use]
    pub fn asked(&self) -> &[&'static str] {
        &self.asked
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, asked: Vec::new(), faults: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::table::{
        BRAND, CHANNELS, CODE_LIFE_SECONDS, MACHINE_DETECTION, MAX_GUESSES, PRIVACY_URL, PUBLIC_BASE_URL, SUPPORT_URL,
        TABLE_NAME, TERMS_URL,
    };
    use super::*;

    #[test]
    fn every_fault_is_named_at_once() {
        let env = Environment::from_iter([
            ("CODE_LIFE_SECONDS", "soon"),
            ("MACHINE_DETECTION", "maybe"),
            ("PUBLIC_BASE_URL", "http://example.com"),
            ("BRAND", "seventeen letters"),
            ("CHANNELS", "fax"),
        ]);
        let settings = |env: &mut Environment| {
            let table = env.get(&TABLE_NAME);
            let life = env.get(&CODE_LIFE_SECONDS);
            let mode = env.get(&MACHINE_DETECTION);
            let url = env.get(&PUBLIC_BASE_URL);
            let brand = env.get(&BRAND);
            let channels = env.parse(&CHANNELS, |channels| Ok(channels.len()));
            let support = env.parse(&SUPPORT_URL, |_| Err::<(), _>("must be better".to_owned()));
            Some((table?, life?, mode?, url?, brand?, channels?, support?))
        };
        assert_eq!(
            env.read(settings).expect_err("seven faults").to_string(),
            "configuration: TABLE_NAME is not set; CODE_LIFE_SECONDS must be a whole number from 1 to 600; \
             MACHINE_DETECTION must be one of on, off; PUBLIC_BASE_URL must be https:// and a host in lower case, \
             without a path or trailing slash; \
             BRAND must be at most 16 printable ASCII characters, without a backtick; \
             CHANNELS must be sms, call or both, separated by a comma; SUPPORT_URL must be better"
        );
    }

    #[test]
    fn the_public_address_has_a_host_and_nothing_after_it() {
        let read = |url| Environment::from_iter([("PUBLIC_BASE_URL", url)]).get(&PUBLIC_BASE_URL);
        for good in ["https://mfa.example.com", "https://x.example:8443", "http://127.0.0.1:9000", "http://localhost:1"]
        {
            assert_eq!(read(good).as_deref(), Some(good));
        }
        for bad in [
            "https://x.example/mfa",
            "https://x.example/",
            "https://x.example?a=b",
            "https://x.example#a",
            "https://MFA.example.com",
            "https://user@x.example",
            "https://x.example:99999",
            "https://x.example:",
            "https://x.example:+1",
            "https://x.example\\a",
            "https://",
            "http://x.example",
            "http://127.0.0.1.x.example:1",
            "http://localhost:1/a",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_address_to_link_to_has_a_scheme_that_is_safe_there() {
        let support = |url| Environment::from_iter([("SUPPORT_URL", url)]).get(&SUPPORT_URL).flatten();
        for good in ["https://help.example.com/a?b#c", "mailto:help@example.com", "tel:+14155550100"] {
            assert_eq!(support(good).as_deref(), Some(good));
        }
        for bad in ["http://help.example.com", "javascript:alert(1)", "https://", "help", "https://a.example/ b"] {
            assert_eq!(support(bad), None, "{bad}");
        }
        for setting in [&TERMS_URL, &PRIVACY_URL] {
            let read = |url: &str| Environment::from_iter([(setting.name, url)]).get(setting).flatten();
            let longest = format!("https://a.example/{}", "x".repeat(102));
            for good in ["https://www.example.com/legal#sms", &longest] {
                assert_eq!(read(good).as_deref(), Some(good));
            }
            for bad in ["http://a.example", "mailto:a@example.com", "/terms", "https://", &(longest + "x")] {
                assert_eq!(read(bad), None, "{bad}");
            }
        }
    }

    #[test]
    fn an_empty_variable_counts_as_not_set_and_spaces_are_ignored() {
        let mut env = Environment::from_iter([("MAX_GUESSES", " "), ("SUPPORT_URL", ""), ("TABLE_NAME", " mfa ")]);
        assert_eq!(env.get(&MAX_GUESSES), Some(5));
        assert_eq!(env.get(&SUPPORT_URL), Some(None));
        assert_eq!(env.get(&TABLE_NAME).as_deref(), Some("mfa"));
        assert_eq!(env.get(&CODE_LIFE_SECONDS), Some(Duration::from_mins(5)));
        assert_eq!(env.asked(), ["MAX_GUESSES", "SUPPORT_URL", "TABLE_NAME", "CODE_LIFE_SECONDS"]);
    }

    #[test]
    fn a_setting_that_is_wrong_fails_even_where_the_reader_ignores_it() {
        let env = Environment::from_iter([("MAX_GUESSES", "6")]);
        let read = env.read(|env| {
            let _ = env.get(&MAX_GUESSES);
            Some(())
        });
        assert_eq!(
            read.expect_err("too many").to_string(),
            "configuration: MAX_GUESSES must be a whole number from 1 to 5"
        );
    }
}
