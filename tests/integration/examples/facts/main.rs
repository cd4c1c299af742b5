//! What is defined only in Rust, to be compared with the template, the API's description and the documentation.
//!
//! `cargo run --quiet --package integration --example facts` prints one JSON object:
//!
//! - `settings`, in the order of the documentation. Each has `name` (the environment variable), `parameter` (the
//!   template's, or null if the stack sets the variable itself), `group`, `kind` (`number`, `words` or `text`),
//!   `min` and `max` (the bounds of a number that a deployment can choose; for a text, `max` is its length), `words`,
//!   `form` (what a text must look like), `default` (as in the environment: empty if optional, null if required),
//!   `without` (what a deployment gets if it may leave a required setting's parameter empty), `unit`, `meaning` and
//!   `readers` (the functions that read it).
//! - `batchSeconds`, the longest time that follow-up takes for a batch; `waits`, the longest time in seconds for one call of
//!   AWS, with its retries, and for trying again after conflicts.
//! - `canarySeconds`, the longest that a run of the canary takes.
//! - `words`, the closed sets of words by name; `members`, the members of the API's documents, those that may be
//!   missing under `optional`; `subject`, the same for an administrator's; `assurances`, the `acr` values of a result.
//! - `problems`, each with its `name`, `status`, `headers` and `document`.
//! - `requests`, the fields that a function reads from its body, `required` and `optional`, or from its `query`.
//! - `metrics`, each with its dimension, and their common `namespace`.
//! - `keys`, the prefixes of item keys; `attributes`, the names of the attributes that the template mentions;
//!   `receiptAttributes`, those that recording a receipt names; `secrets`, the member of each document that holds the key, and the key's minimum length;
//!   `edgeHeaders`, those of the secret and of the viewer's address; `browserCookie`, the name of the cookie that a token can be bound to.
//!
//! `-- markdown` prints the table of parameters in `infra/README.md`.

mod contract;
mod problems;
mod subject;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{Write as _, stdout};

use platform::run;
use platform::settings::table::ALL;
use platform::settings::{Environment, Facts, Listed};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let out = match std::env::args().nth(1).as_deref() {
        None => serde_json::to_string_pretty(&facts())?,
        Some("markdown") => markdown(),
        Some(other) => return Err(format!("{other} is not markdown, and nothing else can be asked for").into()),
    };
    writeln!(stdout(), "{}", out.trim_end())?;
    Ok(())
}

fn facts() -> Value {
    let readers = readers();
    let setting = |listed: &&dyn Listed| {
        let facts = listed.facts();
        let mut setting = json!(facts);
        setting["readers"] = json!(readers.get(facts.name).cloned().unwrap_or_default());
        setting
    };
    json!({
        "settings": ALL.iter().map(setting).collect::<Vec<_>>(),
        "batchSeconds": follow_up::TIME.as_secs(),
        "canarySeconds": canary::TIME.as_secs(),
        "waits": { "operation": platform::aws::OPERATION_TIMEOUT.as_secs(), "patience": platform::retry::PATIENCE.as_secs(), "entraKeys": authorize::keys::PATIENCE.as_secs() },
        "words": contract::words(),
        "members": contract::members(),
        "assurances": contract::assurances(),
        "subject": subject::members(),
        "problems": problems::rendered(),
        "requests": contract::requests(),
        "namespace": platform::telemetry::NAMESPACE,
        "metrics": platform::telemetry::METRICS.map(|(name, dimension)| json!({ "name": name, "dimension": dimension })),
        "keys": contract::keys(),
        "attributes": contract::attributes(),
        "receiptAttributes": contract::receipt_attributes(),
        "secrets": contract::secrets(),
        "edgeHeaders": contract::EDGE_HEADERS,
        "browserCookie": platform::browser::NAME,
    })
}

type Read = fn(&mut Environment);

/// Reads every setting that a function reads, and ignores the result.
macro_rules! functions {
    ($($name:ident),+) => {
        [$((stringify!($name), (|env| drop(run::settings(env, $name::config::Config::read))) as Read)),+]
    };
}

const FUNCTIONS: [(&str, Read); 13] = functions!(
    admin,
    audit_events,
    authorize,
    call_callback,
    canary,
    cognito,
    follow_up,
    get_challenge,
    jwks,
    login_page,
    message_receipts,
    start_challenge,
    verify_code
);

/// Which functions read each setting, in any call mode.
fn readers() -> BTreeMap<&'static str, Vec<String>> {
    let mut readers: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (name, read) in FUNCTIONS {
        let function = name.replace('_', "-");
        for mode in domain::policy::CallMode::ALL {
            // The settings that must be valid before a function looks at the mode.
            let chosen = [("TABLE_NAME", "table"), ("ALLOWED_COUNTRIES", "US"), ("CALL_MODE", mode.as_str())];
            let mut env = Environment::from_iter(chosen);
            read(&mut env);
            for asked in env.asked() {
                let of = readers.entry(*asked).or_default();
                if !of.contains(&function) {
                    of.push(function.clone());
                }
            }
        }
    }
    readers
}

const HEAD: &str = "| Parameter | Default | May be | Meaning |";

/// One table for each group of parameters.
fn markdown() -> String {
    let mut lines = Vec::new();
    let mut group = "";
    for facts in ALL.iter().map(|setting| setting.facts()) {
        let Some(parameter) = &facts.parameter else { continue };
        if facts.group != group {
            group = facts.group;
            lines.extend(["", &format!("**{group}**"), "", HEAD, "|---|---|---|---|"].map(str::to_owned));
        }
        lines.push(format!("| `{parameter}` | {} | {} | {} |", default(&facts), allowed(&facts), facts.meaning));
    }
    lines.join("\n").trim().to_owned()
}

fn default(facts: &Facts) -> String {
    match (&facts.default, facts.without) {
        (Some(empty), _) if empty.is_empty() => "none".to_owned(),
        (Some(default), _) => format!("`{default}`"),
        (None, Some(without)) => without.to_owned(),
        (None, None) => "**required**".to_owned(),
    }
}

fn allowed(facts: &Facts) -> String {
    match (facts.min, facts.max, facts.form) {
        (Some(min), Some(max), _) => format!("{min} to {max} {}", facts.unit.unwrap_or_default()).trim_end().to_owned(),
        (_, Some(longest), Some(form)) => format!("at most {longest} {form}"),
        (_, _, Some(form)) => form.to_owned(),
        _ => facts.words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_the_table_as_it_is_printed() {
        let text = include_str!("../../../../infra/README.md");
        let (_, rest) = text.split_once("<!-- settings:begin -->").expect("the first marker");
        let (table, _) = rest.split_once("<!-- settings:end -->").expect("the second marker");
        assert_eq!(table.trim(), markdown(), "paste what `-- markdown` prints between the markers");
    }

    #[test]
    fn every_setting_is_read_by_a_function() {
        let readers = readers();
        let unread: Vec<_> =
            ALL.iter().map(|setting| setting.facts().name).filter(|name| !readers.contains_key(name)).collect();
        assert!(unread.is_empty(), "no function reads {unread:?}");
    }

    #[test]
    fn what_is_read_depends_on_the_mode_of_calls_and_is_found_in_each() {
        let readers = readers();
        assert_eq!(
            readers["MAC_KEYS_SECRET_ARN"],
            ["call-callback", "get-challenge", "start-challenge", "verify-code"]
        );
        assert_eq!(readers["LOG_LEVEL"].len(), FUNCTIONS.len());
    }
}
