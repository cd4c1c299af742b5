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
    /// `None` where calls neither take digits nor speak codes.
    pub mac_keys_secret: Option<String>,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let table = env.get(&table::TABLE_NAME);
        let policy = settings::policy(env);
        let public_base_url = env.get(&table::PUBLIC_BASE_URL);
        let brand = env.get(&table::BRAND);
        let signing_secret = env.get(&table::VOICE_SIGNING_SECRET_ARN);
        let passes_secrets = policy.as_ref().is_some_and(|policy| policy.call_mode != CallMode::PressPound);
        let mac_keys_secret = if passes_secrets { env.get(&table::MAC_KEYS_SECRET_ARN).map(Some) } else { Some(None) };
        Some(Self {
            table: table?,
            policy: policy?,
            public_base_url: public_base_url?,
            brand: brand?,
            signing_secret: signing_secret?,
            mac_keys_secret: mac_keys_secret?,
        })
    }
}
