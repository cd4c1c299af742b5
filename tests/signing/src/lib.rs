//! RSA keys that tests sign tokens with, and a KMS that has some.

#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a test stops where its keys cannot be drawn")]

mod kms;

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use getrandom::SysRng;
use rsa::pkcs8::EncodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Sign, PrivateKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub use kms::kms;

#[derive(Clone, Debug)]
pub struct Key(PrivateKey);

impl Key {
    /// One of four keys of 2048 bits, each drawn once for all tests of a program.
    #[must_use]
    pub fn of(which: usize) -> &'static Self {
        static DRAWN: [OnceLock<Key>; 4] = [const { OnceLock::new() }; 4];
        DRAWN[which].get_or_init(|| Self::draw(2048))
    }

    #[must_use]
    pub fn draw(bits: usize) -> Self {
        Self(PrivateKey::new(&mut SysRng, bits).expect("a key"))
    }

    /// A JWT with this header and these claims, whatever they say. The signature is RS256.
    #[must_use]
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let unsigned = unsigned(header, claims);
        let signature = self.sign_digest(&Sha256::digest(unsigned.as_bytes()));
        format!("{unsigned}.{}", encoded(signature))
    }

    /// An RS256 JWT of this type, whose header names the key `kid`.
    #[must_use]
    pub fn jwt(&self, typ: &str, kid: &str, claims: &Value) -> String {
        self.token(&json!({ "alg": "RS256", "typ": typ, "kid": kid }), claims)
    }

    #[must_use]
    pub fn sign_digest(&self, digest: &[u8]) -> Vec<u8> {
        self.0.sign(Pkcs1v15Sign::new::<Sha256>(), digest).expect("a signature")
    }

    /// The public half as a JWK (RFC 7517).
    #[must_use]
    pub fn jwk(&self, kid: &str) -> Value {
        let [n, e] = [self.0.n_bytes(), self.0.e_bytes()].map(encoded);
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e })
    }

    /// The public half as a `SubjectPublicKeyInfo` (RFC 5280) in DER, as KMS returns it.
    #[must_use]
    pub fn spki(&self) -> Vec<u8> {
        self.0.to_public_key().to_public_key_der().expect("DER").into_vec()
    }
}

/// The part of a JWT that is signed.
#[must_use]
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()))
}

#[must_use]
pub fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
