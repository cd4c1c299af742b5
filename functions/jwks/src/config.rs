//! What the function reads from its environment.

use platform::settings::{Environment, table};

#[derive(Debug)]
pub struct Config {
    /// The current key first.
    pub key_arns: Vec<String>,
    pub issuer: String,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let current = env.get(&table::SIGNING_KEY_ARN);
        let previous = env.get(&table::PREVIOUS_SIGNING_KEY_ARN);
        let issuer = env.get(&table::PUBLIC_BASE_URL);
        let key_arns = [Some(current?), previous?].into_iter().flatten().collect();
        Some(Self { key_arns, issuer: issuer? })
    }
}
