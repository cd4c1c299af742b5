//! What the function reads from its environment.

use platform::openid::CertifiedKey;
use platform::settings::{Environment, Setting, table};

#[derive(Debug)]
pub struct Config {
    /// The current key first.
    pub key_arns: Vec<String>,
    pub issuer: String,
    /// The keys of answers to Entra, the current one first. Empty without a door to it.
    pub answer_keys: Vec<CertifiedKey>,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let current = env.get(&table::SIGNING_KEY_ARN);
        let previous = env.get(&table::PREVIOUS_SIGNING_KEY_ARN);
        let issuer = env.get(&table::PUBLIC_BASE_URL);
        let answers = certified(env, &table::ANSWER_KEY_ARN, &table::ANSWER_CERTIFICATE);
        let next = certified(env, &table::NEXT_ANSWER_KEY_ARN, &table::NEXT_ANSWER_CERTIFICATE);
        // A key that is given twice is published once.
        let mut key_arns: Vec<_> = [Some(current?), previous?].into_iter().flatten().collect();
        key_arns.dedup();
        let mut answer_keys = answers?;
        if !answer_keys.is_empty() {
            answer_keys.extend(next?);
            answer_keys.dedup_by(|next, current| next.arn == current.arn);
        }
        Some(Self { key_arns, issuer: issuer?, answer_keys })
    }
}

/// The key with its certificate, or none. A fault if only one of the two is set.
fn certified(
    env: &mut Environment,
    key: &Setting<Option<String>>,
    certificate: &Setting<Option<String>>,
) -> Option<Vec<CertifiedKey>> {
    let arn = env.get(key)?;
    env.parse(certificate, |certificate| match (arn, certificate) {
        (None, None) => Ok(Vec::new()),
        (Some(arn), Some(certificate)) => Ok(vec![CertifiedKey { arn, certificate }]),
        (Some(arn), None) => Err(format!("is not set: make it with infra/tools/certificate {arn}")),
        (None, Some(_)) => Err(format!("is set without {}", key.name)),
    })
}
