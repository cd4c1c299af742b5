//! The function's configuration.

use domain::channel::Channel;
use domain::phone::Reach;
use platform::config::{Environment, any};
use platform::settings::{channels, reach, table};
use platform::sms::{NoticeSettings, SmsSettings};
use platform::telemetry::Telemetry;

/// All that the function reads from its environment.
#[derive(Debug)]
pub struct Config {
    /// The table in which statistics are kept.
    pub table: String,
    /// The countries that are sent to.
    pub reach: Reach,
    /// How notices are sent, where the deployment sends messages.
    pub notices: Option<(SmsSettings, NoticeSettings)>,
    /// How it tells of itself.
    pub telemetry: Telemetry,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let table = table(env);
        let reach = reach(env);
        let channels = channels(env);
        let sends = channels.is_none_or(|channels| channels.contains(&Channel::Sms));
        let notices = if sends { notices(env).map(Some) } else { Some(None) };
        let telemetry = Telemetry::read(env);
        Some(Self { table: table?, reach: reach?, notices: notices?, telemetry: telemetry? })
    }
}

fn notices(env: &mut Environment) -> Option<(SmsSettings, NoticeSettings)> {
    let sms = SmsSettings::read(env);
    let support_url = env.optional("SUPPORT_URL", any);
    let template_id = env.optional("SMS_NOTICE_TEMPLATE_ID", any);
    Some((sms?, NoticeSettings { support_url: support_url?, template_id: template_id? }))
}
