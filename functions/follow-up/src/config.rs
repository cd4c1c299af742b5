//! What the function reads from its environment.

use domain::channel::Channel;
use domain::phone::Reach;
use platform::config::Environment;
use platform::settings::table;
use platform::sms::{NoticeSettings, SmsSettings};

#[derive(Debug)]
pub struct Config {
    pub table: String,
    pub reach: Reach,
    /// `None` where the deployment sends no messages.
    pub notices: Option<(SmsSettings, NoticeSettings)>,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let table = env.get(&table::TABLE_NAME);
        let reach = env.get(&table::ALLOWED_COUNTRIES);
        let channels = env.get(&table::CHANNELS);
        let sends = channels.is_none_or(|channels| channels.contains(&Channel::Sms));
        let notices = if sends { notices(env).map(Some) } else { Some(None) };
        Some(Self { table: table?, reach: reach?, notices: notices? })
    }
}

fn notices(env: &mut Environment) -> Option<(SmsSettings, NoticeSettings)> {
    let sms = SmsSettings::read(env);
    let support_url = env.get(&table::SUPPORT_URL);
    let template_id = env.get(&table::SMS_NOTICE_TEMPLATE_ID);
    Some((sms?, NoticeSettings { support_url: support_url?, template_id: template_id? }))
}
