//! What the function reads from its environment.

use domain::channel::Channel;
use domain::phone::Reach;
use platform::settings::{Environment, table};
use platform::sms::SenderSettings;

#[derive(Debug)]
pub struct Config {
    pub table: String,
    pub reach: Reach,
    /// `None` where the deployment sends no messages.
    pub notices: Option<Notices>,
}

#[derive(Debug)]
pub struct Notices {
    pub brand: String,
    pub support_url: Option<String>,
    pub sender: SenderSettings,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let table = env.get(&table::TABLE_NAME);
        let reach = env.get(&table::ALLOWED_COUNTRIES);
        let channels = env.get(&table::CHANNELS);
        let sends = channels.is_none_or(|channels| channels.contains(&Channel::Sms));
        let notices = if sends { Notices::read(env).map(Some) } else { Some(None) };
        Some(Self { table: table?, reach: reach?, notices: notices? })
    }
}

impl Notices {
    fn read(env: &mut Environment) -> Option<Self> {
        let brand = env.get(&table::BRAND);
        let support_url = env.get(&table::SUPPORT_URL);
        let sender = SenderSettings::read(env);
        Some(Self { brand: brand?, support_url: support_url?, sender: sender? })
    }
}
