//! The function's configuration.

use platform::config::{Environment, any};
use platform::settings::public_base_url;
use platform::telemetry::Telemetry;

/// All that the function reads from its environment.
#[derive(Debug)]
pub struct Config {
    /// The signing keys, the current one first.
    pub key_arns: Vec<String>,
    /// The issuer of the result tokens.
    pub issuer: String,
    /// How it tells of itself.
    pub telemetry: Telemetry,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let current = env.required("SIGNING_KEY_ARN", any);
        let previous = env.optional("PREVIOUS_SIGNING_KEY_ARN", any);
        let issuer = public_base_url(env);
        let telemetry = Telemetry::read(env);
        let key_arns = [Some(current?), previous?].into_iter().flatten().collect();
        Some(Self { key_arns, issuer: issuer?, telemetry: telemetry? })
    }
}
