//! What Microsoft Entra reads before it trusts our answers: a discovery document, and a key set whose keys each come with
//! a certificate. Nobody has to have signed that one: Entra takes the key out of it.

use aws_config::SdkConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use spki::der::{Decode as _, Encode as _};
use thiserror::Error as ThisError;
use x509_cert::Certificate;

use crate::door::answer_issuer;
use crate::jwks::jwk;
use crate::jws::PublicKey;
use crate::kms::{KeyError, SigningKey};

/// A key in KMS, and its certificate in base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertifiedKey {
    pub arn: String,
    pub certificate: String,
}

/// Why a key set cannot be published.
#[derive(Debug, ThisError)]
pub enum Unpublishable {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("the key {0} lacks its certificate, which infra/tools/certificate {0} makes")]
    Certificate(String, #[source] CertificateError),
}

#[derive(Debug, ThisError)]
pub enum CertificateError {
    #[error("there is no certificate in base64")]
    Unreadable,
    #[error("there is one of another key")]
    OfAnotherKey,
}

/// The JWK set of the keys that sign answers, each with `x5c` (RFC 7517 §4.7). A key without a right certificate is an
/// error: Entra would refuse every answer.
pub async fn key_set(config: &SdkConfig, keys: &[CertifiedKey]) -> Result<Value, Unpublishable> {
    let mut set = Vec::with_capacity(keys.len());
    for CertifiedKey { arn, certificate } in keys {
        let der = SigningKey::new(config, arn.clone()).public_key().await?;
        let mut key = jwk(arn, &der).map_err(|error| KeyError(arn.clone(), Box::new(error)))?;
        let certificate =
            certificate_of(&der, certificate).map_err(|error| Unpublishable::Certificate(arn.clone(), error))?;
        key["x5c"] = json!([STANDARD.encode(certificate)]);
        set.push(key);
    }
    Ok(json!({ "keys": set }))
}

/// The certificate in DER, if it is of the key with this `SubjectPublicKeyInfo`.
fn certificate_of(key: &[u8], base64: &str) -> Result<Vec<u8>, CertificateError> {
    let der = STANDARD.decode(base64).map_err(|_| CertificateError::Unreadable)?;
    let certificate = Certificate::from_der(&der).map_err(|_| CertificateError::Unreadable)?;
    let certified = certificate.tbs_certificate().subject_public_key_info().to_der();
    let certified = certified.ok().and_then(|der| PublicKey::from_spki(&der).ok());
    let same = certified.is_some() && certified == PublicKey::from_spki(key).ok();
    same.then_some(der).ok_or(CertificateError::OfAnotherKey)
}

#[must_use]
pub fn discovery(public_base_url: &str) -> Value {
    let issuer = answer_issuer(public_base_url);
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{public_base_url}/authorize"),
        "jwks_uri": format!("{issuer}/jwks.json"),
        "scopes_supported": ["openid"],
        "response_types_supported": ["id_token"],
        "response_modes_supported": ["form_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claim_types_supported": ["normal"],
    })
}
