//! Settings that several functions share.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::call::CallMode;
use domain::channel::Channel;
use domain::policy::Policy;
use domain::start::{Enrolment, Rules};

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
    /// Reads them.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let table = table(env);
        let policy = policy(env);
        let channels = channels(env);
        let enrolment =
            env.choice("ENROLMENT", &[("self", Enrolment::SelfService), ("claims-only", Enrolment::ClaimsOnly)]);
        let claim = env.optional("SESSION_CLAIM", any);
        let max_age = env.seconds("MAX_AUTH_AGE_SECONDS", Duration::from_mins(15), DAY);
        let support_url = env.optional("SUPPORT_URL", any);
        Some(Self {
            table: table?,
            rules: Rules { policy: policy?, channels: channels?, enrolment: enrolment? },
            session: SessionRule { claim: claim?.unwrap_or_else(|| "jti".to_owned()), max_age: max_age? },
            support_url: support_url?,
        })
    }
}

/// The table's name.
pub fn table(env: &mut Environment) -> Option<String> {
    env.required("TABLE_NAME", any)
}

/// The address under which the API is reached from outside, and the issuer of its tokens.
pub fn public_base_url(env: &mut Environment) -> Option<String> {
    env.required("PUBLIC_BASE_URL", base_url)
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
    let delay_from_failures = env.number("DELAY_FROM_FAILURES", default.delay_from_failures, 1..=100);
    let lock_at_failures = env.number("LOCK_AT_FAILURES", default.lock_at_failures, 1..=100);
    let fraud_block = env.seconds("FRAUD_BLOCK_SECONDS", default.fraud_block, 30 * DAY);
    let machine_detection = env.choice("MACHINE_DETECTION", &[("on", true), ("off", false)]);
    let call_mode = env.choice(
        "CALL_MODE",
        &[
            ("press-pound", CallMode::PressPound),
            ("match-digits", CallMode::MatchDigits),
            ("speak-code", CallMode::SpeakCode),
        ],
    );
    Some(Policy {
        code_life: code_life?,
        max_guesses: max_guesses?,
        max_sends: max_sends?,
        cooldown: cooldown?,
        max_sends_short: max_sends_short?,
        max_sends_long: max_sends_long?,
        max_calls_short: max_calls_short?,
        delay_from_failures: delay_from_failures?,
        lock_at_failures: lock_at_failures?,
        fraud_block: fraud_block?,
        machine_detection: machine_detection?,
        call_mode: call_mode?,
    })
}

fn channels(env: &mut Environment) -> Option<BTreeSet<Channel>> {
    let parse = |value: &str| {
        let words = value.split(',').map(str::trim);
        words
            .map(|word| match word {
                "sms" => Ok(Channel::Sms),
                "call" => Ok(Channel::Call),
                _ => Err("must list sms, call or both".to_owned()),
            })
            .collect()
    };
    env.optional("CHANNELS", parse).map(|channels| channels.unwrap_or_else(|| BTreeSet::from(Channel::ALL)))
}
