//! What the function reads from its environment.

use domain::channel::Channel;
use domain::policy::CallMode;
use platform::settings::{Environment, FactorSettings, table};
use platform::signer::SignerSettings;

#[derive(Debug)]
pub struct Config {
    pub settings: FactorSettings,
    pub signer: SignerSettings,
    /// The keys of the digits to enter in a call, in the mode that always matches digits.
    pub mac_keys_secret: Option<String>,
    /// The same where `#` approves, and only some calls ask for digits.
    pub call_digits_secret: Option<String>,
    pub edge_secret: Option<String>,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let settings = FactorSettings::read(env);
        let signer = SignerSettings::read(env);
        let rules = settings.as_ref().map(|settings| &settings.rules);
        let mode = rules.filter(|rules| rules.channels.contains(&Channel::Call)).map(|rules| rules.policy.call_mode);
        let mac_keys_secret = env.get_if(mode == Some(CallMode::MatchDigits), &table::MAC_KEYS_SECRET_ARN);
        let call_digits_secret = env.get_if(mode == Some(CallMode::PressPound), &table::CALL_DIGITS_SECRET_ARN);
        let edge_secret = env.get(&table::EDGE_SECRET_ARN);
        Some(Self {
            settings: settings?,
            signer: signer?,
            mac_keys_secret: mac_keys_secret?,
            call_digits_secret: call_digits_secret?,
            edge_secret: edge_secret?,
        })
    }
}
