//! What verifiers need: the public keys as a JWK set (RFC 7517), and where to find it.

use aws_config::SdkConfig;
use serde_json::{Value, json};

use crate::encoding::base64url;
use crate::jws::PublicKey;
use crate::kms::{KeyError, SigningKey, key_id};

/// The JWK set of the signing keys: the current one first.
pub async fn key_set(config: &SdkConfig, key_arns: &[String]) -> Result<Value, KeyError> {
    let mut keys = Vec::with_capacity(key_arns.len());
    for arn in key_arns {
        let der = SigningKey::new(config, arn.clone()).public_key().await?;
        keys.push(jwk(arn, &der).map_err(|error| KeyError(arn.clone(), Box::new(error)))?);
    }
    Ok(json!({ "keys": keys }))
}

/// The discovery document, with just enough for a JOSE library or API Gateway's authorizer to find the keys.
#[must_use]
pub fn discovery(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
    })
}

/// An RSA key from its `SubjectPublicKeyInfo` as a JWK (RFC 7518 §6.3).
pub(crate) fn jwk(arn: &str, der: &[u8]) -> Result<Value, spki::Error> {
    let key = PublicKey::from_spki(der)?;
    Ok(json!({
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": key_id(arn),
        "n": base64url(&key.modulus),
        "e": base64url(&key.exponent),
    }))
}
