//! What verifiers need: the public keys as a JWK set (RFC 7517), and where to find it.

use std::error::Error;

use aws_config::SdkConfig;
use aws_sdk_kms::Client;
use serde_json::{Value, json};
use spki::SubjectPublicKeyInfoRef;
use spki::der::asn1::UintRef;
use spki::der::{Decode as _, Reader as _, SliceReader};
use thiserror::Error as ThisError;

use crate::encoding::base64url;
use crate::signer::key_id;

#[derive(Debug, ThisError)]
#[error("the public key of {0} cannot be read")]
pub struct KeyError(String, #[source] Box<dyn Error + Send + Sync>);

/// The JWK set of the signing keys: the current one first.
pub async fn key_set(config: &SdkConfig, key_arns: &[String]) -> Result<Value, KeyError> {
    let client = Client::new(config);
    let mut keys = Vec::with_capacity(key_arns.len());
    for arn in key_arns {
        let answer = client.get_public_key().key_id(arn).send().await;
        let answer = answer.map_err(|error| KeyError(arn.clone(), Box::new(error)))?;
        let der = answer.public_key.ok_or_else(|| KeyError(arn.clone(), "KMS answered without a key".into()))?;
        keys.push(jwk(arn, der.as_ref()).map_err(|error| KeyError(arn.clone(), Box::new(error)))?);
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

/// An RSA key from its `SubjectPublicKeyInfo` (RFC 5280) as a JWK (RFC 7518 §6.3).
fn jwk(arn: &str, der: &[u8]) -> Result<Value, spki::Error> {
    let info = SubjectPublicKeyInfoRef::from_der(der)?;
    let key = info.subject_public_key.as_bytes().ok_or(spki::Error::KeyMalformed)?;
    let (modulus, exponent) = SliceReader::new(key)?
        .sequence(|sequence| Ok::<_, spki::der::Error>((UintRef::decode(sequence)?, UintRef::decode(sequence)?)))?;
    Ok(json!({
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": key_id(arn),
        "n": base64url(modulus.as_bytes()),
        "e": base64url(exponent.as_bytes()),
    }))
}
