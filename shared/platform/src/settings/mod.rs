//! The functions' settings: [`table`] declares each of them once, and what several functions read together is
//! composed here.

mod environment;
mod parse;
mod provider;
mod setting;
pub mod table;

use domain::policy::{Policy, UnverifiedBudget};
use domain::rules::Rules;

pub use self::environment::{ConfigError, Environment};
pub use self::parse::is_protected;
pub use self::provider::SmsProvider;
pub use self::setting::{Facts, Group, Listed, Setting};
use crate::first_factor::SessionRule;

/// What every function behind the authorizer needs.
#[derive(Clone, Debug)]
pub struct FactorSettings {
    pub table: String,
    pub rules: Rules,
    pub session: SessionRule,
    pub support_url: Option<String>,
}

impl FactorSettings {
    /// Without test numbers: only the function that starts challenges may know their codes.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let table = env.get(&table::TABLE_NAME);
        let policy = policy(env);
        let channels = env.get(&table::CHANNELS);
        let enrolment = env.get(&table::ENROLMENT);
        let reach = env.get(&table::ALLOWED_COUNTRIES);
        let claim = env.get(&table::SESSION_CLAIM);
        let max_age = env.get(&table::MAX_AUTH_AGE_SECONDS);
        let support_url = env.get(&table::SUPPORT_URL);
        Some(Self {
            table: table?,
            rules: Rules {
                policy: policy?,
                channels: channels?,
                reach: reach?,
                enrolment: enrolment?,
                test_numbers: Vec::new(),
            },
            session: SessionRule { claim: claim?, max_age: max_age? },
            support_url: support_url?,
        })
    }
}

/// All limits, and what calls ask for.
pub fn policy(env: &mut Environment) -> Option<Policy> {
    let code_life = env.get(&table::CODE_LIFE_SECONDS);
    let max_guesses = env.get(&table::MAX_GUESSES);
    let max_sends = env.get(&table::MAX_SENDS);
    let cooldown = env.get(&table::COOLDOWN_SECONDS);
    let max_sends_short = env.get(&table::MAX_SENDS_PER_10_MINUTES);
    let max_sends_long = env.get(&table::MAX_SENDS_PER_DAY);
    let max_calls_short = env.get(&table::MAX_CALLS_PER_10_MINUTES);
    let max_sends_number_short = env.get(&table::MAX_SENDS_PER_NUMBER_PER_10_MINUTES);
    let max_sends_number_long = env.get(&table::MAX_SENDS_PER_NUMBER_PER_DAY);
    let max_sends_number_unverified = env.get(&table::MAX_UNVERIFIED_SENDS_PER_NUMBER_PER_DAY);
    let max_sends_network = env.get(&table::MAX_SENDS_PER_NETWORK_PER_10_MINUTES);
    let max_accounts = env.get(&table::MAX_ACCOUNTS_PER_NUMBER);
    let unverified = unverified_budget(env);
    let failures = lockout(env);
    let fraud_block = env.get(&table::FRAUD_BLOCK_SECONDS);
    let machine_detection = env.get(&table::MACHINE_DETECTION);
    let call_mode = env.get(&table::CALL_MODE);
    Some(Policy {
        code_life: code_life?,
        max_guesses: max_guesses?,
        max_sends: max_sends?,
        cooldown: cooldown?,
        max_sends_short: max_sends_short?,
        max_sends_long: max_sends_long?,
        max_calls_short: max_calls_short?,
        max_sends_number_short: max_sends_number_short?,
        max_sends_number_long: max_sends_number_long?,
        max_sends_number_unverified: max_sends_number_unverified?,
        max_sends_network: max_sends_network?,
        max_accounts: max_accounts?,
        unverified: unverified?,
        fraud_block: fraud_block?,
        machine_detection: machine_detection?,
        call_mode: call_mode?,
        ..failures?
    })
}

/// The limits on failures, the others being the defaults: all that an administrator's view of an account needs.
pub fn lockout(env: &mut Environment) -> Option<Policy> {
    let delay_from_failures = env.get(&table::DELAY_FROM_FAILURES);
    let lock_at_failures = env.get(&table::LOCK_AT_FAILURES);
    Some(Policy { delay_from_failures: delay_from_failures?, lock_at_failures: lock_at_failures?, ..Policy::DEFAULT })
}

fn unverified_budget(env: &mut Environment) -> Option<UnverifiedBudget> {
    let mode = env.get(&table::UNVERIFIED_BUDGET_MODE);
    let floor = env.get(&table::UNVERIFIED_BUDGET_FLOOR);
    let share_percent = env.get(&table::UNVERIFIED_BUDGET_SHARE_PERCENT);
    let per_range = env.get(&table::UNVERIFIED_SENDS_PER_RANGE_PER_DAY);
    Some(UnverifiedBudget {
        enforced: mode?.is_enforced(),
        floor: floor?,
        share_percent: share_percent?,
        per_range: per_range?,
        ..UnverifiedBudget::DEFAULT
    })
}
