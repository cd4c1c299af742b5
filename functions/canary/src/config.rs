//! What the function reads from its environment.

use platform::settings::{Environment, table};

#[derive(Debug)]
pub struct Config {
    /// The API's public address, which is the issuer of its results.
    pub base_url: String,
    pub audience: String,
    pub session_claim: String,
    /// The secret with what the canary signs in with.
    pub secret: String,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let base_url = env.get(&table::PUBLIC_BASE_URL);
        let audience = env.get(&table::RESULT_AUDIENCE);
        let session_claim = env.get(&table::SESSION_CLAIM);
        let secret = env.get(&table::CANARY_SECRET_ARN);
        Some(Self { base_url: base_url?, audience: audience?, session_claim: session_claim?, secret: secret? })
    }
}
