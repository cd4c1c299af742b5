//! The function's configuration.

use std::time::Duration;

use domain::channel::Channel;
use domain::phone::PhoneNumber;
use platform::config::{Environment, any, short_ascii};
use platform::settings::{FactorSettings, public_base_url, test_numbers};
use platform::sms::{CodeSettings, SmsSettings};
use platform::telemetry::Telemetry;
use platform::voice::VoiceSettings;

/// All that the function reads from its environment.
#[derive(Debug)]
pub struct Config {
    /// Settings shared with the other functions.
    pub settings: FactorSettings,
    /// How messages are sent.
    pub sms: SmsSettings,
    /// How codes are sent.
    pub codes: CodeSettings,
    /// How calls are placed, when they are.
    pub voice: Option<(VoiceSettings, String)>,
    /// Time from the request to the provider's acceptance, in all.
    pub send_timeout: Duration,
    /// Where the MAC keys are.
    pub mac_keys_secret: String,
    /// How it tells of itself.
    pub telemetry: Telemetry,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let settings = settings(env);
        let calls = settings.as_ref().is_none_or(|settings| settings.rules.channels.contains(&Channel::Call));
        let sms = SmsSettings::read(env);
        let codes = codes(env);
        let voice = if calls { voice(env, settings.as_ref()).map(Some) } else { Some(None) };
        let send_timeout = env.seconds("SEND_TIMEOUT_SECONDS", Duration::from_secs(10), Duration::from_secs(12));
        let mac_keys_secret = env.required("MAC_KEYS_SECRET_ARN", any);
        let telemetry = Telemetry::read(env);
        Some(Self {
            settings: settings?,
            sms: sms?,
            codes: codes?,
            voice: voice?,
            send_timeout: send_timeout?,
            mac_keys_secret: mac_keys_secret?,
            telemetry: telemetry?,
        })
    }
}

fn settings(env: &mut Environment) -> Option<FactorSettings> {
    let settings = FactorSettings::read(env);
    let test_numbers = test_numbers(env);
    let mut settings = settings?;
    settings.rules.test_numbers = test_numbers?;
    Some(settings)
}

fn codes(env: &mut Environment) -> Option<CodeSettings> {
    let host = env.required("ORIGIN_HOST", short_ascii(24));
    let template_id = env.optional("SMS_TEMPLATE_ID", any);
    Some(CodeSettings { host: host?, template_id: template_id? })
}

fn voice(env: &mut Environment, settings: Option<&FactorSettings>) -> Option<(VoiceSettings, String)> {
    let api_base_url = env.optional("VOICE_API_BASE_URL", platform::config::base_url);
    let from = env.required("VOICE_FROM", |value| PhoneNumber::parse(value).map_err(|_| "must be E.164".to_owned()));
    let public_base_url = public_base_url(env);
    let secret = env.required("VOICE_API_SECRET_ARN", any);
    let settings = VoiceSettings {
        api_base_url: api_base_url?.unwrap_or_else(|| "https://api.twilio.com".to_owned()),
        from: from?,
        public_base_url: public_base_url?,
        machine_detection: settings?.rules.policy.machine_detection,
    };
    Some((settings, secret?))
}
