//! Receipts: what the provider reports of a message that it accepted.

use std::fmt;

use rand::{CryptoRng, RngExt as _};

use crate::digest::sha256;
use crate::phone::PhoneNumber;

/// The secret that goes with one message and comes back with its receipts: the receipt of an older message has a
/// different one, and nobody who can invoke the function can make one up.
#[derive(Clone)]
pub struct ReceiptToken([u8; 16]);

impl ReceiptToken {
    pub fn draw(random: &mut impl CryptoRng) -> Self {
        Self(random.random())
    }

    /// The token in a receipt.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, to send with the message.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }

    /// What is stored of it, together with the number that the message went to.
    #[must_use]
    pub fn digest(&self, to: &PhoneNumber) -> [u8; 32] {
        sha256(&[b"receipt token", &self.0, to.expose().as_bytes()])
    }
}

impl fmt::Debug for ReceiptToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ReceiptToken(…)")
    }
}
