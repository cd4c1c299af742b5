//! Keys in KMS that sign JWTs (RFC 7519) with RS256, so that no private key ever leaves it.
//!
//! RS256 because API Gateway's own authorizer and Microsoft Entra accept only RSA. PKCS #1 v1.5 is deterministic: the
//! same claims give the same bytes.

use std::error::Error;

use aws_config::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use thiserror::Error as ThisError;

use crate::encoding::base64url;
use crate::problem::{Failure, Problem};

#[derive(Clone, Debug)]
pub struct SigningKey {
    client: Client,
    arn: String,
}

#[derive(Debug, ThisError)]
#[error("a token could not be signed")]
pub struct SignError(#[source] pub Box<dyn Error + Send + Sync>);

impl From<SignError> for Failure {
    fn from(error: SignError) -> Self {
        Self::caused(Problem::TemporarilyUnavailable, error)
    }
}

#[derive(Debug, ThisError)]
#[error("the public key of {0} cannot be read")]
pub struct KeyError(pub String, #[source] pub Box<dyn Error + Send + Sync>);

impl SigningKey {
    #[must_use]
    pub fn new(config: &SdkConfig, arn: String) -> Self {
        Self { client: Client::new(config), arn }
    }

    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// A JWT of type `typ` with these `claims`.
    pub async fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, SignError> {
        let unsigned = unsigned(&self.arn, typ, claims).map_err(|error| SignError(Box::new(error)))?;
        let digest = Sha256::digest(unsigned.as_bytes()).to_vec();
        let request = self
            .client
            .sign()
            .key_id(&self.arn)
            .message_type(MessageType::Digest)
            .signing_algorithm(SigningAlgorithmSpec::RsassaPkcs1V15Sha256)
            .message(Blob::new(digest));
        let signed = Box::pin(request.send()).await.map_err(|error| SignError(Box::new(error)))?;
        let signature = signed.signature.ok_or_else(|| SignError("KMS answered without a signature".into()))?;
        Ok(format!("{unsigned}.{}", base64url(signature.as_ref())))
    }

    /// The public half as a `SubjectPublicKeyInfo` (RFC 5280) in DER.
    pub async fn public_key(&self) -> Result<Vec<u8>, KeyError> {
        let answer = Box::pin(self.client.get_public_key().key_id(&self.arn).send()).await;
        let answer = answer.map_err(|error| KeyError(self.arn.clone(), Box::new(error)))?;
        let key = answer.public_key.ok_or_else(|| KeyError(self.arn.clone(), "KMS answered without a key".into()))?;
        Ok(key.into_inner())
    }
}

/// The `kid` of a signing key: a digest, so that it does not reveal the AWS account.
#[must_use]
pub fn key_id(key_arn: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(key_arn.as_bytes()).into();
    let mut kid = base64url(&digest);
    kid.truncate(16);
    kid
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'a str,
    kid: &'a str,
}

/// The part of a JWT that is signed: header and claims.
pub fn unsigned(key_arn: &str, typ: &str, claims: &impl Serialize) -> Result<String, serde_json::Error> {
    let header = Header { alg: "RS256", typ, kid: &key_id(key_arn) };
    let encode = |json: Vec<u8>| base64url(&json);
    Ok(format!("{}.{}", encode(serde_json::to_vec(&header)?), encode(serde_json::to_vec(claims)?)))
}
