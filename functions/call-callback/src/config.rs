//! The function's configuration.

use domain::policy::Policy;
use platform::config::{Environment, any, short_ascii};
use platform::settings;
use platform::telemetry::Telemetry;

/// All that the function reads from its environment.
#[derive(Debug)]
pub struct Config {
    /// The table of challenges and subjects.
    pub table: String,
    /// The numbers of the policy.
    pub policy: Policy,
    /// The address under which the provider reaches the webhooks.
    pub public_base_url: String,
    /// Who speaks.
    pub brand: String,
    /// Where the provider's signing tokens are.
    pub signing_secret: String,
    /// How it tells of itself.
    pub telemetry: Telemetry,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let table = settings::table(env);
        let policy = settings::policy(env);
        let public_base_url = settings::public_base_url(env);
        let brand = env.required("BRAND", short_ascii(16));
        let signing_secret = env.required("VOICE_SIGNING_SECRET_ARN", any);
        let telemetry = Telemetry::read(env);
        Some(Self {
            table: table?,
            policy: policy?,
            public_base_url: public_base_url?,
            brand: brand?,
            signing_secret: signing_secret?,
            telemetry: telemetry?,
        })
    }
}
