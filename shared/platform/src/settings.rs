//! Settings that several functions share.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use domain::budget::UnverifiedBudget;
use domain::call::CallMode;
use domain::channel::Channel;
use domain::code::Code;
use domain::phone::{Country, PhoneNumber, Reach};
use domain::policy::Policy;
use domain::start::{Enrolment, Rules, TestNumber};
use domain::time::Timestamp;

use crate::config::{Environment, any, base_url};
use crate::first_factor::SessionRule;

/// What every function behind the authorizer needs.
#[derive(Clone, Debug)]
pub struct FactorSettings {
    /// The table of challenges and subjects.
    pub table: String,
    /// What the deployment allows.
    pub rules: Rules,
    /// How the first factor's token is read.
    pub session: SessionRule,
    /// Where to send who cannot go on.
    pub support_url: Option<String>,
}

impl FactorSettings {
    /// Reads them, without [`test_numbers`].
    pub fn read(env: &mut Environment) -> Option<Self> {
        let table = table(env);
        let policy = policy(env);
        let channels = channels(env);
        let enrolment =
            env.choice("ENROLMENT", &[("self", Enrolment::SelfService), ("claims-only", Enrolment::ClaimsOnly)]);
        let reach = reach(env);
        let claim = env.optional("SESSION_CLAIM", any);
        let max_age = env.seconds("MAX_AUTH_AGE_SECONDS", Duration::from_mins(15), DAY);
        let support_url = env.optional("SUPPORT_URL", any);
        Some(Self {
            table: table?,
            rules: Rules {
                policy: policy?,
                channels: channels?,
                reach: reach?,
                enrolment: enrolment?,
                test_numbers: Vec::new(),
            },
            session: SessionRule { claim: claim?.unwrap_or_else(|| "jti".to_owned()), max_age: max_age? },
            support_url: support_url?,
        })
    }
}

/// The table's name.
pub fn table(env: &mut Environment) -> Option<String> {
    env.required("TABLE_NAME", any)
}

/// The countries that are sent to, and by which channels.
pub fn reach(env: &mut Environment) -> Option<Reach> {
    env.required("ALLOWED_COUNTRIES", countries)
}

/// The address under which the API is reached from outside, and the issuer of its tokens.
pub fn public_base_url(env: &mut Environment) -> Option<String> {
    env.required("PUBLIC_BASE_URL", base_url)
}

/// The issuer of the first factor's tokens, as they say it.
pub fn first_factor_issuer(env: &mut Environment) -> Option<String> {
    env.required("FIRST_FACTOR_ISSUER", any)
}

const DAY: Duration = Duration::from_hours(24);

/// The numbers of the policy, none beyond what the standards allow.
pub fn policy(env: &mut Environment) -> Option<Policy> {
    let default = Policy::default();
    let code_life = env.seconds("CODE_LIFE_SECONDS", default.code_life, Policy::MAX_CODE_LIFE);
    let max_guesses = env.number("MAX_GUESSES", default.max_guesses, 1..=5);
    let max_sends = env.number("MAX_SENDS", default.max_sends, 1..=5);
    let cooldown = env.seconds("COOLDOWN_SECONDS", default.cooldown, Policy::MAX_CODE_LIFE);
    let max_sends_short = env.number("MAX_SENDS_PER_10_MINUTES", default.max_sends_short, 1..=100);
    let max_sends_long = env.number("MAX_SENDS_PER_DAY", default.max_sends_long, 1..=100);
    let max_calls_short = env.number("MAX_CALLS_PER_10_MINUTES", default.max_calls_short, 1..=100);
    let max_sends_number_short =
        env.number("MAX_SENDS_PER_NUMBER_PER_10_MINUTES", default.max_sends_number_short, 1..=1000);
    let max_sends_number_long = env.number("MAX_SENDS_PER_NUMBER_PER_DAY", default.max_sends_number_long, 1..=1000);
    let max_sends_number_unverified =
        env.number("MAX_UNVERIFIED_SENDS_PER_NUMBER_PER_DAY", default.max_sends_number_unverified, 1..=1000);
    let max_sends_network = env.number("MAX_SENDS_PER_NETWORK_PER_10_MINUTES", default.max_sends_network, 1..=100_000);
    let max_accounts = env.number("MAX_ACCOUNTS_PER_NUMBER", default.max_accounts, 1..=100);
    let unverified = unverified_budget(env, &default.unverified);
    let failures = lockout(env);
    let fraud_block = env.seconds("FRAUD_BLOCK_SECONDS", default.fraud_block, 30 * DAY);
    let machine_detection = env.choice("MACHINE_DETECTION", &[("on", true), ("off", false)]);
    let call_mode = call_mode(env);
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
        delay_from_failures: failures.as_ref()?.delay_from_failures,
        lock_at_failures: failures?.lock_at_failures,
        fraud_block: fraud_block?,
        machine_detection: machine_detection?,
        call_mode: call_mode?,
    })
}

/// What calls ask for.
pub fn call_mode(env: &mut Environment) -> Option<CallMode> {
    env.choice("CALL_MODE", &CallMode::ALL.map(|mode| (mode.as_str(), mode)))
}

/// The policy with its numbers on failures, for who needs no others.
pub fn lockout(env: &mut Environment) -> Option<Policy> {
    let default = Policy::default();
    let delay_from_failures = env.number("DELAY_FROM_FAILURES", default.delay_from_failures, 1..=100);
    let lock_at_failures = env.number("LOCK_AT_FAILURES", default.lock_at_failures, 1..=100);
    Some(Policy { delay_from_failures: delay_from_failures?, lock_at_failures: lock_at_failures?, ..default })
}

/// What each country gets of unverified sends.
fn unverified_budget(env: &mut Environment, default: &UnverifiedBudget) -> Option<UnverifiedBudget> {
    let enforced = env.choice("UNVERIFIED_BUDGET_MODE", &[("enforce", true), ("record-only", false)]);
    let floor = env.number("UNVERIFIED_BUDGET_FLOOR", default.floor, 1..=1_000_000);
    let share_percent = env.number("UNVERIFIED_BUDGET_SHARE_PERCENT", default.share_percent, 0..=100);
    let per_range = env.number("UNVERIFIED_SENDS_PER_RANGE_PER_DAY", default.per_range, 1..=10_000);
    Some(UnverifiedBudget {
        enforced: enforced?,
        floor: floor?,
        share_percent: share_percent?,
        per_range: per_range?,
        ..default.clone()
    })
}

/// The table of countries: each by every channel, or by those that follow its colon.
fn countries(list: &str) -> Result<Reach, String> {
    let country = |entry: &str| {
        let (code, by) = entry.trim().split_once(':').map_or((entry.trim(), None), |(code, by)| (code, Some(by)));
        let channels = by.map_or(Some(BTreeSet::from(Channel::ALL)), |by| by.split('+').map(channel).collect());
        Country::parse(code).ok().zip(channels)
    };
    let table: Option<_> = list.split(',').map(country).collect();
    table.map(Reach::new).ok_or_else(|| {
        "must list ISO 3166-1 alpha-2 codes, each with its channels if not all, such as US,CA:sms,GB:sms+call"
            .to_owned()
    })
}

/// Test numbers, for the one function that starts challenges: no other has to know their codes.
pub fn test_numbers(env: &mut Environment) -> Option<Vec<TestNumber>> {
    env.optional("TEST_NUMBERS", numbers_for_tests).map(Option::unwrap_or_default)
}

/// Test numbers, each as number, code, end and the accounts that may use it, with spaces between them.
fn numbers_for_tests(list: &str) -> Result<Vec<TestNumber>, String> {
    let test_number = |entry: &str| {
        let mut words = entry.split_ascii_whitespace();
        let number = PhoneNumber::parse(words.next()?).ok()?;
        let code = Code::parse(words.next()?).ok()?;
        let until = DateTime::from_str(words.next()?, Format::DateTime).ok()?;
        let until = Timestamp::from_unix(u64::try_from(until.secs()).ok()?);
        let subjects: BTreeSet<_> = words.map(str::to_owned).collect();
        (!subjects.is_empty()).then_some(TestNumber { number, code, subjects, until })
    };
    list.split(';').map(test_number).collect::<Option<_>>().ok_or_else(|| {
        "must list entries such as +15005550006 424242 2027-01-31T00:00:00Z reviewer-1, with ; between them".to_owned()
    })
}

fn channel(word: &str) -> Option<Channel> {
    Channel::ALL.into_iter().find(|channel| channel.as_str() == word.trim())
}

/// The channels on offer.
pub fn channels(env: &mut Environment) -> Option<BTreeSet<Channel>> {
    let parse = |value: &str| {
        let channels: Option<BTreeSet<_>> = value.split(',').map(channel).collect();
        channels.ok_or_else(|| "must list sms, call or both".to_owned())
    };
    env.optional("CHANNELS", parse).map(|channels| channels.unwrap_or_else(|| BTreeSet::from(Channel::ALL)))
}
