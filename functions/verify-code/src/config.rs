//! What the function reads from its environment.

use platform::settings::{Environment, FactorSettings, table};
use platform::signer::SignerSettings;

#[derive(Debug)]
pub struct Config {
    pub settings: FactorSettings,
    pub signer: SignerSettings,
    pub mac_keys_secret: String,
    pub edge_secret: Option<String>,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let settings = FactorSettings::read(env);
        let signer = SignerSettings::read(env);
        let mac_keys_secret = env.get(&table::MAC_KEYS_SECRET_ARN);
        let edge_secret = env.get(&table::EDGE_SECRET_ARN);
        Some(Self {
            settings: settings?,
            signer: signer?,
            mac_keys_secret: mac_keys_secret?,
            edge_secret: edge_secret?,
        })
    }
}
