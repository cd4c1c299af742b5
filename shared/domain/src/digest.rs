//! Digests over several fields, each prefixed with its length so that no two field lists collide.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

pub(crate) fn sha256(fields: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for field in fields {
        hash.update(length(field));
        hash.update(field);
    }
    hash.finalize().into()
}

/// An HMAC-SHA256 key that is loaded once: for a MAC over a few fields, loading is a third of the work.
#[derive(Clone)]
pub(crate) struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let mut block = [0; 64]; // RFC 2104: a key shorter than the block is padded with zeros
        block[..32].copy_from_slice(key);
        Self(Hmac::new(&block.into()))
    }

    pub(crate) fn mac(&self, fields: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for field in fields {
            mac.update(&length(field));
            mac.update(field);
        }
        mac.finalize().into_bytes().into()
    }
}

fn length(field: &[u8]) -> [u8; 8] {
    (field.len() as u64).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_a_byte_between_fields_changes_the_digest() {
        assert_ne!(sha256(&[b"ab", b"c"]), sha256(&[b"a", b"bc"]));
        let key = HmacKey::new(&[7; 32]);
        assert_ne!(key.mac(&[b"ab", b"c"]), key.mac(&[b"a", b"bc"]));
    }
}
