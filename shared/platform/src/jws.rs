//! Reads and verifies JWTs in compact form (RFC 7515, RFC 7519), signed with RS256 and nothing else. The algorithm is
//! never the token's choice, and no header but `kid` helps to find a key: `jku`, `jwk`, `x5u` and `x5c` are ignored.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use spki::SubjectPublicKeyInfoRef;
use spki::der::asn1::UintRef;
use spki::der::{Decode as _, Reader as _, SliceReader};

/// A token that has been taken apart, and whose header has been read. Until [`Jws::verified`] nothing in it can be
/// trusted.
#[derive(Debug)]
pub struct Jws<'a> {
    pub header: Header,
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

#[derive(Debug, Deserialize)]
pub struct Header {
    pub alg: String,
    pub typ: Option<String>,
    pub kid: Option<String>,
    /// Parts of the header that must be understood (RFC 7515 §4.1.11), which none is.
    crit: Option<IgnoredAny>,
}

/// An RSA key of at least 2048 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    pub modulus: Vec<u8>,
    pub exponent: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Takes a token apart.
    #[must_use]
    pub fn parse(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self { header: json(header)?, signed, claims, signature: bytes(signature)? })
    }

    /// The claims, if `key` has signed them with RS256.
    #[must_use]
    pub fn verified<T: DeserializeOwned>(&self, key: &PublicKey) -> Option<T> {
        let components = RsaPublicKeyComponents { n: &key.modulus, e: &key.exponent };
        let signature = components.verify(&RSA_PKCS1_2048_8192_SHA256, self.signed.as_bytes(), &self.signature);
        let taken = self.header.alg == "RS256" && self.header.crit.is_none();
        (taken && signature.is_ok()).then(|| json(self.claims))?
    }

    /// The claims of a token whose sender is trusted by other means.
    #[must_use]
    pub fn unverified<T: DeserializeOwned>(&self) -> Option<T> {
        json(self.claims)
    }
}

impl PublicKey {
    /// The RSA signing key of a JWK set (RFC 7517) with this `kid`.
    #[must_use]
    pub fn of_set(set: &Value, kid: &str) -> Option<Self> {
        let keys = set["keys"].as_array()?;
        keys.iter().find(|key| key["kid"] == kid).and_then(Self::from_jwk)
    }

    /// An RSA key (RFC 7518 §6.3) that is not meant for encryption or another algorithm.
    #[must_use]
    pub fn from_jwk(key: &Value) -> Option<Self> {
        let says = |name: &str, right: &str| key[name].is_null() || key[name] == right;
        let verifies = key["key_ops"].as_array().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        let is_rsa = key["kty"] == "RSA" && says("use", "sig") && says("alg", "RS256") && verifies;
        let [modulus, exponent] = ["n", "e"].map(|part| bytes(key[part].as_str()?));
        is_rsa.then_some(Self { modulus: modulus?, exponent: exponent? })
    }

    /// A key from its `SubjectPublicKeyInfo` (RFC 5280) in DER, as KMS tells it.
    pub fn from_spki(der: &[u8]) -> Result<Self, spki::Error> {
        let info = SubjectPublicKeyInfoRef::from_der(der)?;
        let key = info.subject_public_key.as_bytes().ok_or(spki::Error::KeyMalformed)?;
        let (modulus, exponent) = SliceReader::new(key)?
            .sequence(|sequence| Ok::<_, spki::der::Error>((UintRef::decode(sequence)?, UintRef::decode(sequence)?)))?;
        Ok(Self { modulus: modulus.as_bytes().to_vec(), exponent: exponent.as_bytes().to_vec() })
    }
}

fn bytes(base64url: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(base64url).ok()
}

fn json<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&bytes(part)?).ok()
}
