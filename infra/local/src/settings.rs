//! What environment variables can change: ports (free ones by default, so that two checkouts never
//! collide), another DynamoDB, the path of cargo-lambda, which origins may call the API.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

pub(crate) struct Settings {
    pub(crate) dynamodb_endpoint: Option<String>,
    pub(crate) dynamodb_port: u16,
    pub(crate) issuer_port: u16,
    pub(crate) entra_port: u16,
    pub(crate) phone_port: u16,
    pub(crate) kms_port: u16,
    pub(crate) secrets_port: u16,
    pub(crate) gateway_port: u16,
    pub(crate) functions_port: u16,
    /// Found by name on the path, unless `CARGO_LAMBDA` gives its path.
    pub(crate) cargo_lambda: String,
    pub(crate) allowed_origins: Vec<String>,
}

impl Settings {
    pub(crate) fn from_environment() -> Result<Self> {
        Self::read(set)
    }

    /// Names every fault at once.
    fn read(set: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut faults = Vec::new();
        let mut port = |name| port(name, set(name)).unwrap_or_else(|fault| (faults.push(fault), 0).1);
        let settings = Self {
            dynamodb_endpoint: set("DYNAMODB_ENDPOINT"),
            dynamodb_port: port("DYNAMODB_PORT"),
            issuer_port: port("ISSUER_PORT"),
            entra_port: port("ENTRA_PORT"),
            phone_port: port("PHONE_PORT"),
            kms_port: port("KMS_PORT"),
            secrets_port: port("SECRETS_PORT"),
            gateway_port: port("GATEWAY_PORT"),
            functions_port: port("FUNCTIONS_PORT"),
            cargo_lambda: set("CARGO_LAMBDA").unwrap_or_else(|| "cargo-lambda".to_owned()),
            allowed_origins: list(set("ALLOWED_ORIGINS")),
        };
        let origins = settings.allowed_origins.iter().filter(|origin| !is_origin(origin));
        faults.extend(
            origins.map(|origin| format!("ALLOWED_ORIGINS: {origin} is not an origin, like http://127.0.0.1:8080")),
        );
        if faults.is_empty() { Ok(settings) } else { Err(refused(faults)) }
    }
}

/// The error that names all faulty settings.
pub(crate) fn refused(faults: impl IntoIterator<Item = String>) -> anyhow::Error {
    let faults: Vec<String> = faults.into_iter().map(|fault| format!("\n  {fault}")).collect();
    anyhow!("these settings are refused:{}", faults.concat())
}

/// A variable's value; an empty one counts as not set.
pub(crate) fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The repository's root, two folders above this crate.
pub(crate) fn repository() -> Result<PathBuf> {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder
        .ancestors()
        .nth(2)
        .map(Path::to_owned)
        .with_context(|| format!("{} is not inside a checkout", crate_folder.display()))
}

/// The folder of the compiled functions, which is that of this program.
pub(crate) fn binaries() -> Result<PathBuf> {
    let program = env::current_exe().context("cannot find this program")?;
    program.parent().map(Path::to_owned).context("this program is in no folder")
}

/// The path of a file that the stack leaves behind, such as a log or a prepared event.
pub(crate) fn state_file(name: &str) -> Result<PathBuf> {
    let folder = repository()?.join(".local");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder.join(name))
}

/// The port in the variable `name`; 0, meaning any free one, if it is not set.
fn port(name: &str, value: Option<String>) -> Result<u16, String> {
    let Some(value) = value else { return Ok(0) };
    value.parse().map_err(|_| format!("{name}={value} is not a port"))
}

fn list(value: Option<String>) -> Vec<String> {
    value.map(|value| value.split(',').map(|one| one.trim().to_owned()).collect()).unwrap_or_default()
}

/// Whether a browser could send it as `Origin`.
fn is_origin(origin: &str) -> bool {
    reqwest::Url::parse(origin).is_ok_and(|url| url.origin().ascii_serialization() == origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_faulty_setting_is_named_at_once() {
        let read = |name: &str| match name {
            "GATEWAY_PORT" => Some("http".to_owned()),
            "KMS_PORT" => Some("70000".to_owned()),
            "ALLOWED_ORIGINS" => Some("http://127.0.0.1:8080, https://login.example.com/".to_owned()),
            _ => None,
        };
        let error = Settings::read(read).err().unwrap().to_string();
        let faults: Vec<&str> = error.lines().skip(1).map(|line| line.split([' ', '=', ':']).nth(2).unwrap()).collect();
        assert_eq!(faults, ["KMS_PORT", "GATEWAY_PORT", "ALLOWED_ORIGINS"], "{error}");
        assert!(!error.contains("8080,"), "{error}");
    }

    #[test]
    fn without_settings_every_port_is_free_to_choose() {
        let settings = Settings::read(|_| None).unwrap();
        assert_eq!((settings.gateway_port, settings.allowed_origins.len()), (0, 0));
    }
}
