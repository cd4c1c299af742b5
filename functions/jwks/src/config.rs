//! The function's configuration.

use platform::config::{Environment, any};
use platform::settings::public_base_url;
use platform::telemetry;
use tracing::Level;

/// All that the function reads from its environment.
#[derive(Debug)]
pub struct Config {
    /// The signing keys, the current one first.
    pub key_arns: Vec<String>,
    /// The issuer of the result tokens.
    pub issuer: String,
    /// At which level it logs.
    pub log_level: Level,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let current = env.required("SIGNING_KEY_ARN", any);
        let previous = env.optional("PREVIOUS_SIGNING_KEY_ARN", any);
        let issuer = public_base_url(env);
        let log_level = telemetry::level(env);
        let key_arns = [Some(current?), previous?].into_iter().flatten().collect();
        Some(Self { key_arns, issuer: issuer?, log_level: log_level? })
    }
}
