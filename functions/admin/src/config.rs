//! The function's configuration.

use domain::policy::Policy;
use platform::config::Environment;
use platform::settings::{first_factor_issuer, lockout, table};
use platform::telemetry::Telemetry;

/// All that the function reads from its environment.
#[derive(Debug)]
pub struct Config {
    /// The table of challenges and subjects.
    pub table: String,
    /// Whose subjects they are.
    pub issuer: String,
    /// The limits that a subject is measured by.
    pub policy: Policy,
    /// How it tells of itself.
    pub telemetry: Telemetry,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let table = table(env);
        let issuer = first_factor_issuer(env);
        let policy = lockout(env);
        let telemetry = Telemetry::read(env);
        Some(Self { table: table?, issuer: issuer?, policy: policy?, telemetry: telemetry? })
    }
}
