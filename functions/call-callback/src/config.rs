//! The function's configuration.

use domain::call::CallMode;
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
    /// Where the MAC keys are, when calls take digits or say codes made with them.
    pub mac_keys_secret: Option<String>,
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
        let passes_secrets = policy.as_ref().is_some_and(|policy| policy.call_mode != CallMode::PressPound);
        let mac_keys_secret =
            if passes_secrets { env.required("MAC_KEYS_SECRET_ARN", any).map(Some) } else { Some(None) };
        let telemetry = Telemetry::read(env);
        Some(Self {
            table: table?,
            policy: policy?,
            public_base_url: public_base_url?,
            brand: brand?,
            signing_secret: signing_secret?,
            mac_keys_secret: mac_keys_secret?,
            telemetry: telemetry?,
        })
    }
}
