//! What the function reads from its environment.

use platform::door_settings::DoorSettings;
use platform::settings::{Environment, table};

#[derive(Debug)]
pub struct Config {
    pub pool: String,
    pub door: DoorSettings,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let pool = env.get(&table::COGNITO_USER_POOL_ID);
        let door = DoorSettings::read(env);
        Some(Self { pool: pool?, door: door? })
    }
}
