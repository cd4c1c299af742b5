//! What the function reads from its environment.

use domain::policy::{CallMode, Policy};
use platform::settings::{self, Environment, table};

#[derive(Debug)]
pub struct Config {
    pub table: String,
    pub policy: Policy,
    pub public_base_url: String,
    pub brand: String,
    pub signing_secret: String,
    /// The keys of what passes between page and phone, in the modes in which every call passes digits or a code.
    pub mac_keys_secret: Option<String>,
    /// The keys of the digits that some calls ask for where `#` approves.
    pub call_digits_secret: Option<String>,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let table = env.get(&table::TABLE_NAME);
        let policy = settings::policy(env);
        let public_base_url = env.get(&table::PUBLIC_BASE_URL);
        let brand = env.get(&table::BRAND);
        let signing_secret = env.get(&table::VOICE_SIGNING_SECRET_ARN);
        let mode = policy.as_ref().map(|policy| policy.call_mode);
        let press_pound = mode == Some(CallMode::PressPound);
        let mac_keys_secret = env.get_if(mode.is_some() && !press_pound, &table::MAC_KEYS_SECRET_ARN);
        let call_digits_secret = env.get_if(press_pound, &table::CALL_DIGITS_SECRET_ARN);
        Some(Self {
            table: table?,
            policy: policy?,
            public_base_url: public_base_url?,
            brand: brand?,
            signing_secret: signing_secret?,
            mac_keys_secret: mac_keys_secret?,
            call_digits_secret: call_digits_secret?,
        })
    }
}
