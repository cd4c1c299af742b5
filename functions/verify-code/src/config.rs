//! The function's configuration.

use platform::config::{Environment, any};
use platform::settings::FactorSettings;
use platform::signer::SignerSettings;
use platform::telemetry::Telemetry;

/// All that the function reads from its environment.
#[derive(Debug)]
pub struct Config {
    /// Settings shared with the other functions.
    pub settings: FactorSettings,
    /// How results are signed.
    pub signer: SignerSettings,
    /// Where the MAC keys are.
    pub mac_keys_secret: String,
    /// How it tells of itself.
    pub telemetry: Telemetry,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let settings = FactorSettings::read(env);
        let signer = SignerSettings::read(env);
        let mac_keys_secret = env.required("MAC_KEYS_SECRET_ARN", any);
        let telemetry = Telemetry::read(env);
        Some(Self { settings: settings?, signer: signer?, mac_keys_secret: mac_keys_secret?, telemetry: telemetry? })
    }
}
