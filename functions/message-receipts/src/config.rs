//! What the function reads from its environment.

use platform::settings::{Environment, table};

#[derive(Debug)]
pub struct Config {
    pub table: String,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        Some(Self { table: env.get(&table::TABLE_NAME)? })
    }
}
