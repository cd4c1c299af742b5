//! What the function reads from its environment.

use std::time::Duration;

use domain::channel::Channel;
use platform::settings::{Environment, FactorSettings, table};
use platform::sms::SenderSettings;
use platform::voice::VoiceSettings;

#[derive(Debug)]
pub struct Config {
    pub settings: FactorSettings,
    pub brand: String,
    /// The page's host, which the message names so that browsers can autofill the code.
    pub host: String,
    pub sender: SenderSettings,
    /// With the id of the secret that holds the provider's credentials. `None` where there are no calls.
    pub voice: Option<(VoiceSettings, String)>,
    pub send_timeout: Duration,
    pub mac_keys_secret: String,
    pub edge_secret: Option<String>,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let settings = settings(env);
        let calls = settings.as_ref().is_none_or(|settings| settings.rules.channels.contains(&Channel::Call));
        let brand = env.get(&table::BRAND);
        let host = env.get(&table::ORIGIN_HOST);
        let sender = SenderSettings::read(env);
        let voice = if calls { voice(env, settings.as_ref()).map(Some) } else { Some(None) };
        let send_timeout = env.get(&table::SEND_TIMEOUT_SECONDS);
        let mac_keys_secret = env.get(&table::MAC_KEYS_SECRET_ARN);
        let edge_secret = env.get(&table::EDGE_SECRET_ARN);
        Some(Self {
            settings: settings?,
            brand: brand?,
            host: host?,
            sender: sender?,
            voice: voice?,
            send_timeout: send_timeout?,
            mac_keys_secret: mac_keys_secret?,
            edge_secret: edge_secret?,
        })
    }
}

fn settings(env: &mut Environment) -> Option<FactorSettings> {
    let settings = FactorSettings::read(env);
    let test_numbers = env.get(&table::TEST_NUMBERS);
    let mut settings = settings?;
    settings.rules.test_numbers = test_numbers?;
    Some(settings)
}

fn voice(env: &mut Environment, settings: Option<&FactorSettings>) -> Option<(VoiceSettings, String)> {
    let api_base_url = env.get(&table::VOICE_API_BASE_URL);
    let from = env.get(&table::VOICE_FROM);
    let public_base_url = env.get(&table::PUBLIC_BASE_URL);
    let secret = env.get(&table::VOICE_API_SECRET_ARN);
    let settings = VoiceSettings {
        api_base_url: api_base_url?,
        from: from?,
        public_base_url: public_base_url?,
        machine_detection: settings?.rules.policy.machine_detection,
    };
    Some((settings, secret?))
}
