//! Keyed digests: they show that two events are about the same number or network, but not which one.
//!
//! There are few enough phone numbers to try them all, so an unkeyed digest would reveal the number. The key is never
//! rotated, since digests are only useful while they stay the same. That is why it is a secret of its own and not one of
//! the keys that codes are checked with.

use std::fmt;

use domain::phone::PhoneNumber;
use hmac::{Hmac, KeyInit as _, Mac as _};
use platform::encoding::base64url;
use platform::item::key::number_partition;
use platform::secrets::{Document, document};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

const SHORTEST_KEY: usize = 32;

#[derive(Clone)]
pub struct CorrelationKey([u8; 32]);

impl CorrelationKey {
    #[must_use]
    pub fn digest(&self, partition: &str) -> String {
        let mut block = [0; 64]; // RFC 2104: a key shorter than the block is padded with zeros
        block[..32].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(partition.as_bytes());
        base64url(&mac.finalize().into_bytes())
    }

    /// The same as the digest of the number's partition.
    #[must_use]
    pub fn number(&self, number: &PhoneNumber) -> String {
        self.digest(&number_partition(&number.digest()))
    }
}

impl Document for CorrelationKey {
    fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Secret {
            key: String,
        }
        let Secret { key } = document(text)?;
        if key.len() < SHORTEST_KEY {
            return Err(format!("key is shorter than {SHORTEST_KEY} characters"));
        }
        Ok(Self(Sha256::digest(key.as_bytes()).into()))
    }
}

impl fmt::Debug for CorrelationKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CorrelationKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_hmac_sha256_of_the_partition_under_the_digest_of_the_secret() {
        let key = CorrelationKey::parse(r#"{"key":"0123456789abcdef0123456789abcdef"}"#).expect("a key");
        // python3: hmac.new(sha256(secret).digest(), b"network#203.0.113.7", "sha256"), base64url
        assert_eq!(key.digest("network#203.0.113.7"), "i9mK7U7ezDaQnTGSoBK5VS1-AB-hG3Ux2cZgp7V1AGs");
        assert_eq!(format!("{key:?}"), "CorrelationKey(…)");
    }

    #[test]
    fn an_invalid_secret_is_refused_and_not_shown() {
        for text in [r#"{"key":"too short"}"#, r#"{"current":"0123456789abcdef0123456789abcdef"}"#, "0123456789"] {
            let fault = CorrelationKey::parse(text).expect_err(text);
            assert!(!fault.contains("too short") && !fault.contains("0123456789"), "{fault}");
        }
    }
}
