//! KMS with RSA signing keys, and the only two operations that the functions may call: `Sign` and `GetPublicKey`.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Router, routing::post};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::aws_json::{self, Fault, Outcome, text};
use crate::{keys::SigningKey, net};

const ALGORITHM: &str = "RSASSA_PKCS1_V1_5_SHA_256";

/// The keys by their ARN.
pub(crate) type Keys = BTreeMap<&'static str, Arc<SigningKey>>;

/// Serves KMS and returns its endpoint.
pub(crate) async fn start(keys: Keys, port: u16) -> Result<String> {
    net::serve(Router::new().route("/", post(handle)).with_state(Arc::new(keys)), port).await
}

/// What the functions call a key in tokens and key sets.
pub(crate) fn key_id(arn: &str) -> String {
    let mut kid = URL_SAFE_NO_PAD.encode(Sha256::digest(arn));
    kid.truncate(16);
    kid
}

async fn handle(State(keys): State<Arc<Keys>>, headers: HeaderMap, body: String) -> Response {
    aws_json::respond(perform(&keys, aws_json::operation(&headers), &body))
}

fn perform(keys: &Keys, operation: &str, body: &str) -> Outcome {
    let input: Value =
        serde_json::from_str(body).map_err(|error| Fault::new("SerializationException", error.to_string()))?;
    let arn = text(&input, "KeyId")?;
    let Some(key) = keys.get(arn) else {
        return Err(Fault::new("NotFoundException", format!("there is no {arn} here")));
    };
    match operation {
        "Sign" => sign(arn, key, &input),
        "GetPublicKey" => public_key(arn, key),
        other => Err(Fault::unknown_operation(other)),
    }
}

fn sign(arn: &str, key: &SigningKey, input: &Value) -> Outcome {
    if text(input, "SigningAlgorithm")? != ALGORITHM {
        return Err(Fault::new("InvalidKeyUsageException", format!("the key signs with {ALGORITHM} only")));
    }
    let message = STANDARD
        .decode(text(input, "Message")?)
        .map_err(|error| Fault::new("SerializationException", error.to_string()))?;
    let signature = match input["MessageType"].as_str().unwrap_or("RAW") {
        "RAW" => key.sign(&message),
        "DIGEST" => key.sign_digest(&message),
        other => return Err(Fault::new("ValidationException", format!("MessageType {other}"))),
    }
    .map_err(|error| Fault::new("ValidationException", format!("{error:#}")))?;
    Ok(json!({
        "KeyId": arn,
        "Signature": STANDARD.encode(signature),
        "SigningAlgorithm": ALGORITHM,
    }))
}

fn public_key(arn: &str, key: &SigningKey) -> Outcome {
    let public =
        key.subject_public_key_info().map_err(|error| Fault::new("KMSInternalException", format!("{error:#}")))?;
    Ok(json!({
        "KeyId": arn,
        "PublicKey": STANDARD.encode(public),
        "KeySpec": "RSA_2048",
        "CustomerMasterKeySpec": "RSA_2048",
        "KeyUsage": "SIGN_VERIFY",
        "SigningAlgorithms": ["RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384",
            "RSASSA_PKCS1_V1_5_SHA_512", "RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512"],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::development::SIGNING_KEY_ARN;

    #[tokio::test]
    async fn a_digest_and_its_message_get_the_same_signature() {
        let keys = Keys::from([(SIGNING_KEY_ARN, Arc::new(SigningKey::draw().await.unwrap()))]);
        let ask = |kind: &str, message: &[u8]| {
            let input = json!({
                "KeyId": SIGNING_KEY_ARN, "MessageType": kind,
                "Message": STANDARD.encode(message), "SigningAlgorithm": ALGORITHM,
            });
            perform(&keys, "Sign", &input.to_string()).unwrap()["Signature"].clone()
        };

        assert_eq!(ask("RAW", b"message"), ask("DIGEST", &Sha256::digest(b"message")));
    }

    #[tokio::test]
    async fn a_digest_of_the_wrong_length_and_a_foreign_key_are_refused() {
        let keys = Keys::from([(SIGNING_KEY_ARN, Arc::new(SigningKey::draw().await.unwrap()))]);
        let mut input = json!({
            "KeyId": SIGNING_KEY_ARN, "MessageType": "DIGEST",
            "Message": STANDARD.encode("short"), "SigningAlgorithm": ALGORITHM,
        });
        assert_eq!(perform(&keys, "Sign", &input.to_string()).unwrap_err().kind, "ValidationException");

        input["KeyId"] = "alias/other".into();
        assert_eq!(perform(&keys, "Sign", &input.to_string()).unwrap_err().kind, "NotFoundException");
    }
}
