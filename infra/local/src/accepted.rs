//! Whether the functions accept their settings. Each is run once without a Lambda environment: it reads its settings
//! first, and exits naming all that are wrong. `cargo lambda watch` would let the first request to it wait instead.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::compiler::unable;
use crate::functions::{NAMES, clean};
use crate::settings::refused;

/// Far longer than reading settings takes.
const PATIENCE: Duration = Duration::from_secs(5);
/// How the product's settings begin their one line of faults.
const CONFIGURATION: &str = "configuration: ";

/// Fails with every fault that a function finds in `environment`. The functions are the programs in `binaries`.
pub(crate) async fn check(binaries: &Path, environment: &BTreeMap<&'static str, String>) -> Result<()> {
    let mut runs = JoinSet::new();
    for name in NAMES {
        let mut function = Command::new(binaries.join(name));
        clean(&mut function);
        function.env_remove("AWS_LAMBDA_RUNTIME_API").envs(environment);
        function.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let run = function.spawn().with_context(|| format!("cannot run {}", binaries.join(name).display()))?;
        runs.spawn(timeout(PATIENCE, run.wait_with_output()));
    }
    let mut faults = BTreeSet::new();
    while let Some(run) = runs.join_next().await {
        // One that is still running got past its settings.
        let Ok(output) = run? else { continue };
        faults.extend(String::from_utf8_lossy(&output?.stderr).lines().flat_map(faults_in));
    }
    if faults.is_empty() { Ok(()) } else { Err(refused(faults)) }
}

fn faults_in(line: &str) -> Vec<String> {
    let cause = unable(line).unwrap_or_default();
    let faults = cause.strip_prefix(CONFIGURATION).map(|faults| faults.split("; ").map(str::to_owned).collect());
    faults.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn the_faults_that_all_functions_find_are_named_once_each() {
        let folder = std::env::temp_dir().join(format!("local-accepted-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in NAMES {
            let faults = match name {
                "login-page" => "BRAND_COLOR is no colour",
                "jwks" => "",
                _ => "MAX_GUESSES is $MAX_GUESSES; BRAND is too long",
            };
            let refusal =
                format!(r#"{{\"message\":\"the function cannot run\",\"cause\":\"configuration: {faults}\"}}"#);
            let then = if faults.is_empty() { "exit 0".to_owned() } else { format!("echo \"{refusal}\" >&2; exit 1") };
            let program = folder.join(name);
            fs::write(&program, format!("#!/bin/sh\n{then}\n")).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }

        let error = check(&folder, &BTreeMap::from([("MAX_GUESSES", "6".to_owned())])).await.unwrap_err().to_string();
        let faults: Vec<&str> = error.lines().skip(1).map(str::trim).collect();
        assert_eq!(faults, ["BRAND is too long", "BRAND_COLOR is no colour", "MAX_GUESSES is 6"]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_function_that_ends_for_another_reason_has_refused_no_setting() {
        for line in [
            "thread 'main' panicked: Missing AWS_LAMBDA_FUNCTION_NAME env var",
            r#"{"level":"ERROR","message":"the function cannot run","cause":"no connection; none at all"}"#,
        ] {
            assert!(faults_in(line).is_empty(), "{line}");
        }
    }
}
