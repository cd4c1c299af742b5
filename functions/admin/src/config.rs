//! What the function reads from its environment.

use domain::policy::Policy;
use platform::settings::{Environment, lockout, table};

#[derive(Debug)]
pub struct Config {
    pub table: String,
    pub issuer: String,
    pub policy: Policy,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let table = env.get(&table::TABLE_NAME);
        let issuer = env.get(&table::FIRST_FACTOR_ISSUER);
        let machine_detection = env.get(&table::MACHINE_DETECTION);
        let policy = lockout(env);
        let policy = Policy { machine_detection: machine_detection?, ..policy? };
        Some(Self { table: table?, issuer: issuer?, policy })
    }
}
