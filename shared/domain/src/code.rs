//! One-time codes: drawn uniformly, kept only as keyed MACs, compared in constant time.

use std::fmt;

use rand::{CryptoRng, RngExt as _};
use subtle::{Choice, ConstantTimeEq as _};
use thiserror::Error;

use crate::digest::hmac_sha256;
use crate::identity::ChallengeId;
use crate::phone::PhoneNumber;
use crate::time::Timestamp;

/// Six decimal digits. Has no `Display`, and its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// Reads a guess: exactly six ASCII digits once surrounding and separating spaces are gone.
    pub fn parse(typed: &str) -> Result<Self, MalformedCode> {
        let digits: String = typed.chars().filter(|character| *character != ' ').collect();
        if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(digits))
        } else {
            Err(MalformedCode)
        }
    }

    /// Draws a code, uniform over 000000 to 999999.
    pub fn draw(random: &mut impl CryptoRng) -> Self {
        Self(format!("{:06}", random.random_range(0..1_000_000_u32)))
    }

    /// The digits, for the message that carries them and for the MAC.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Code(••••••)")
    }
}

/// The guess is not six digits, so that it cannot be a code at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a code is exactly six digits")]
pub struct MalformedCode;

/// What is stored of a code: HMAC-SHA256 over challenge, number and code.
#[derive(Clone, Copy)]
pub struct CodeMac([u8; 32]);

impl CodeMac {
    /// The stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for CodeMac {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CodeMac(…)")
    }
}

/// A secret key for the MACs of codes.
#[derive(Clone)]
pub struct MacKey([u8; 32]);

impl MacKey {
    /// Derives the key from the secret text that the secret store keeps.
    #[must_use]
    pub fn from_secret(secret: &str) -> Self {
        Self(crate::digest::sha256(&[b"alliance-mfa code MAC key", secret.as_bytes()]))
    }

    fn mac(&self, challenge: &ChallengeId, phone: &PhoneNumber, code: &Code) -> CodeMac {
        CodeMac(hmac_sha256(
            &self.0,
            &[
                challenge.key.subject.as_bytes(),
                challenge.key.session.as_bytes(),
                &challenge.generation.to_be_bytes(),
                phone.expose().as_bytes(),
                code.expose().as_bytes(),
            ],
        ))
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("MacKey(…)")
    }
}

/// The keys of a rotation. Codes are made under one and judged under all, so that a rotation spoils
/// no code on its way: `next` is published before it is used, `previous` kept after.
#[derive(Clone, Debug)]
pub struct MacKeys {
    /// The key in use.
    pub current: MacKey,
    /// The key used before.
    pub previous: Option<MacKey>,
    /// The key to use from a moment on that lies far enough ahead for every warm function to know it.
    pub next: Option<(MacKey, Timestamp)>,
}

impl MacKeys {
    /// Draws a code that differs from every code in `taken`, with the MAC to store.
    pub fn issue(
        &self,
        challenge: &ChallengeId,
        phone: &PhoneNumber,
        taken: &[CodeMac],
        now: Timestamp,
        random: &mut impl CryptoRng,
    ) -> (Code, CodeMac) {
        loop {
            let code = Code::draw(random);
            if !self.verify(challenge, phone, taken, &code) {
                let mac = self.mac(challenge, phone, &code, now);
                return (code, mac);
            }
        }
    }

    /// The MAC of a code that was not drawn.
    #[must_use]
    pub fn mac(&self, challenge: &ChallengeId, phone: &PhoneNumber, code: &Code, now: Timestamp) -> CodeMac {
        self.signing_key(now).mac(challenge, phone, code)
    }

    /// Whether `guess` is one of the codes whose MACs are `stored`. Looks at all of them under all
    /// keys, whichever matches.
    #[must_use]
    pub fn verify(&self, challenge: &ChallengeId, phone: &PhoneNumber, stored: &[CodeMac], guess: &Code) -> bool {
        let mut found = Choice::from(0);
        for key in self.all() {
            let mac = key.mac(challenge, phone, guess);
            for candidate in stored {
                found |= mac.0.ct_eq(&candidate.0);
            }
        }
        found.into()
    }

    fn signing_key(&self, now: Timestamp) -> &MacKey {
        match &self.next {
            Some((key, not_before)) if *not_before <= now => key,
            _ => &self.current,
        }
    }

    fn all(&self) -> impl Iterator<Item = &MacKey> {
        let next = self.next.as_ref().map(|(key, _)| key);
        [Some(&self.current), self.previous.as_ref(), next].into_iter().flatten()
    }
}
