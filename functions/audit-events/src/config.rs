//! What the function reads from its environment.

use platform::settings::{Environment, table};

#[derive(Debug)]
pub struct Config {
    pub bus: String,
    pub correlation_secret: String,
    /// The issuer of the results, which names the deployment in every event.
    pub issuer: String,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let bus = env.get(&table::EVENT_BUS_NAME);
        let correlation_secret = env.get(&table::CORRELATION_KEY_SECRET_ARN);
        let issuer = env.get(&table::PUBLIC_BASE_URL);
        Some(Self { bus: bus?, correlation_secret: correlation_secret?, issuer: issuer? })
    }
}
