//! What the function reads from its environment.

use domain::channel::Channel;
use domain::policy::CallMode;
use platform::settings::{Environment, FactorSettings, table};
use platform::signer::SignerSettings;

#[derive(Debug)]
pub struct Config {
    pub settings: FactorSettings,
    pub signer: SignerSettings,
    /// `None` where the page shows no digits to enter in a call.
    pub mac_keys_secret: Option<String>,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let settings = FactorSettings::read(env);
        let signer = SignerSettings::read(env);
        let shows_digits = settings.as_ref().is_some_and(|settings| {
            let rules = &settings.rules;
            rules.channels.contains(&Channel::Call) && rules.policy.call_mode == CallMode::MatchDigits
        });
        let mac_keys_secret = if shows_digits { env.get(&table::MAC_KEYS_SECRET_ARN).map(Some) } else { Some(None) };
        Some(Self { settings: settings?, signer: signer?, mac_keys_secret: mac_keys_secret? })
    }
}
