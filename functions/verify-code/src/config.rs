//! The function's configuration.

use platform::config::{Environment, any};
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
    /// Where the MAC keys are.
    pub mac_keys_secret: String,
    /// At which level it logs.
    pub log_level: Level,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let settings = FactorSettings::read(env);
        let signer = SignerSettings::read(env);
        let mac_keys_secret = env.required("MAC_KEYS_SECRET_ARN", any);
        let log_level = telemetry::level(env);
        Some(Self { settings: settings?, signer: signer?, mac_keys_secret: mac_keys_secret?, log_level: log_level? })
    }
}
