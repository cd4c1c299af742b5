//! The function's configuration.

use platform::config::Environment;
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
    /// How it tells of itself.
    pub telemetry: Telemetry,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let settings = FactorSettings::read(env);
        let signer = SignerSettings::read(env);
        let telemetry = Telemetry::read(env);
        Some(Self { settings: settings?, signer: signer?, telemetry: telemetry? })
    }
}
