//! The function's configuration.

use platform::config::{Environment, any};
use platform::settings::public_base_url;
use platform::telemetry::Telemetry;

/// All that the function reads from its environment.
#[derive(Debug)]
pub struct Config {
    /// The bus that takes the events.
    pub bus: String,
    /// Where the key of the keyed digests is.
    pub correlation_secret: String,
    /// The issuer of the results, which names the deployment in every event.
    pub issuer: String,
    /// How it tells of itself.
    pub telemetry: Telemetry,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let bus = env.required("EVENT_BUS_NAME", any);
        let correlation_secret = env.required("CORRELATION_KEY_SECRET_ARN", any);
        let issuer = public_base_url(env);
        let telemetry = Telemetry::read(env);
        Some(Self { bus: bus?, correlation_secret: correlation_secret?, issuer: issuer?, telemetry: telemetry? })
    }
}
