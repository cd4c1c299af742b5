//! The function's configuration.

use platform::config::Environment;
use platform::settings::FactorSettings;
use platform::signer::SignerSettings;
use platform::telemetry;
use tracing::Level;

/// All that the function reads from its environment.
#[derive(Debug)]
pub struct Config {
    /// Settings shared with the other functions.
    pub settings: FactorSettings,
    /// How results are signed.
    pub signer: SignerSettings,
    /// At which level it logs.
    pub log_level: Level,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let settings = FactorSettings::read(env);
        let signer = SignerSettings::read(env);
        let log_level = telemetry::level(env);
        Some(Self { settings: settings?, signer: signer?, log_level: log_level? })
    }
}
