//! The function's configuration.

use domain::call::CallMode;
use domain::channel::Channel;
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
    /// Where the MAC keys are, when the page shows digits derived from them.
    pub mac_keys_secret: Option<String>,
    /// How it tells of itself.
    pub telemetry: Telemetry,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let settings = FactorSettings::read(env);
        let signer = SignerSettings::read(env);
        let shows_digits = settings.as_ref().is_some_and(|settings| {
            let rules = &settings.rules;
            rules.channels.contains(&Channel::Call) && rules.policy.call_mode == CallMode::MatchDigits
        });
        let mac_keys_secret =
            if shows_digits { env.required("MAC_KEYS_SECRET_ARN", any).map(Some) } else { Some(None) };
        let telemetry = Telemetry::read(env);
        Some(Self { settings: settings?, signer: signer?, mac_keys_secret: mac_keys_secret?, telemetry: telemetry? })
    }
}
