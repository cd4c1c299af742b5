//! What environment variables can change: ports (free ones by default, so that two checkouts never
//! collide), another DynamoDB, the path of cargo-lambda, which origins may call the API.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub(crate) struct Settings {
    pub(crate) dynamodb_endpoint: Option<String>,
    pub(crate) dynamodb_port: u16,
    pub(crate) issuer_port: u16,
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
        Ok(Self {
            dynamodb_endpoint: set("DYNAMODB_ENDPOINT"),
            dynamodb_port: port("DYNAMODB_PORT")?,
            issuer_port: port("ISSUER_PORT")?,
            phone_port: port("PHONE_PORT")?,
            kms_port: port("KMS_PORT")?,
            secrets_port: port("SECRETS_PORT")?,
            gateway_port: port("GATEWAY_PORT")?,
            functions_port: port("FUNCTIONS_PORT")?,
            cargo_lambda: set("CARGO_LAMBDA").unwrap_or_else(|| "cargo-lambda".to_owned()),
            allowed_origins: set("ALLOWED_ORIGINS")
                .map(|origins| origins.split(',').map(|origin| origin.trim().to_owned()).collect())
                .unwrap_or_default(),
        })
    }
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

/// The path of a file that the stack leaves behind, such as a log or a prepared event.
pub(crate) fn state_file(name: &str) -> Result<PathBuf> {
    let folder = repository()?.join(".local");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder.join(name))
}

/// The port in the variable `name`; 0, meaning any free one, if it is not set.
fn port(name: &str) -> Result<u16> {
    let Some(value) = set(name) else { return Ok(0) };
    value.parse().with_context(|| format!("{name}={value} is not a port"))
}
