//! Digests over several fields, each framed by its length so that no two field lists collide.

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

pub(crate) fn hmac_sha256(key: &[u8; 32], fields: &[&[u8]]) -> [u8; 32] {
    let mut block = [0; 64]; // RFC 2104: a key shorter than the block is padded with zeros
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for field in fields {
        mac.update(&length(field));
        mac.update(field);
    }
    mac.finalize().into_bytes().into()
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
        assert_ne!(hmac_sha256(&[7; 32], &[b"ab", b"c"]), hmac_sha256(&[7; 32], &[b"a", b"bc"]));
    }
}
