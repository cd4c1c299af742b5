//! 2048-bit RSA keys for KMS and the first-factor issuer: generated at each start, never written to
//! disk. All signatures are RS256 (PKCS #1 v1.5 over SHA-256).

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use getrandom::SysRng;
use rsa::pkcs8::EncodePublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, Pkcs1v15Sign, PrivateKey, PublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const BITS: usize = 2048;

pub(crate) struct SigningKey(PrivateKey);

impl SigningKey {
    /// Generates a key on a thread of its own: it takes most of a second.
    pub(crate) async fn draw() -> Result<Self> {
        let key = tokio::task::spawn_blocking(|| PrivateKey::new(&mut SysRng, BITS)).await??;
        Ok(Self(key))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        self.sign_digest(&Sha256::digest(message))
    }

    /// Signs a message that the caller has already hashed.
    pub(crate) fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>> {
        ensure!(digest.len() == 32, "a SHA-256 digest has 32 bytes, not {}", digest.len());
        self.0.pkcs1v15_sign_prehash::<Sha256>(digest).context("signing")
    }

    /// The public key as `SubjectPublicKeyInfo`, the form in which KMS returns it.
    pub(crate) fn subject_public_key_info(&self) -> Result<Vec<u8>> {
        Ok(self.0.to_public_key().to_public_key_der()?.into_vec())
    }

    /// The public key as a JSON Web Key.
    pub(crate) fn jwk(&self) -> Jwk {
        let modulus = self.0.n_bytes();
        Jwk {
            kty: "RSA".into(),
            kid: URL_SAFE_NO_PAD.encode(&Sha256::digest(&modulus)[..12]),
            n: URL_SAFE_NO_PAD.encode(&modulus),
            e: URL_SAFE_NO_PAD.encode(self.0.e_bytes()),
            alg: Some("RS256".into()),
            usage: Some("sig".into()),
        }
    }
}

/// An RSA public key in a key set (RFC 7517).
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Jwk {
    pub(crate) kty: String,
    pub(crate) kid: String,
    n: String,
    e: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
}

impl Jwk {
    /// The same key by another name.
    pub(crate) fn named(self, kid: String) -> Self {
        Self { kid, ..self }
    }

    /// The key as `SubjectPublicKeyInfo`.
    pub(crate) fn subject_public_key_info(&self) -> Result<Vec<u8>> {
        Ok(self.key()?.to_public_key_der()?.into_vec())
    }

    /// Fails unless `signature` over `message` was made with this key.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        self.key()?
            .verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message), signature)
            .with_context(|| format!("the signature was not made with key {}", self.kid))
    }

    fn key(&self) -> Result<PublicKey> {
        PublicKey::new(integer(&self.n)?, integer(&self.e)?)
            .with_context(|| format!("key {} is not an RSA key", self.kid))
    }
}

fn integer(base64url: &str) -> Result<BoxedUint> {
    let bytes = URL_SAFE_NO_PAD.decode(base64url).context("the key is not valid base64url")?;
    Ok(BoxedUint::from_be_slice_vartime(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_published_key_verifies_what_its_private_key_signed_and_nothing_else() {
        let key = SigningKey::draw().await.unwrap();
        let signature = key.sign(b"message").unwrap();

        assert!(key.jwk().verify(b"message", &signature).is_ok());
        assert!(key.jwk().verify(b"massage", &signature).is_err());
    }
}
