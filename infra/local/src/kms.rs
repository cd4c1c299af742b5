//! KMS with one RSA signing key, and the only two operations that the functions may call: `Sign` and
//! `GetPublicKey`.

use std::sync::Arc;

use anyhow::Result;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Router, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::aws_json::{self, Fault, Outcome, text};
use crate::development::SIGNING_KEY_ARN;
use crate::{keys::SigningKey, net};

const ALGORITHM: &str = "RSASSA_PKCS1_V1_5_SHA_256";

/// Serves KMS and returns its endpoint.
pub(crate) async fn start(key: SigningKey, port: u16) -> Result<String> {
    net::serve(Router::new().route("/", post(handle)).with_state(Arc::new(key)), port).await
}

async fn handle(State(key): State<Arc<SigningKey>>, headers: HeaderMap, body: String) -> Response {
    aws_json::respond(perform(&key, aws_json::operation(&headers), &body))
}

fn perform(key: &SigningKey, operation: &str, body: &str) -> Outcome {
    let input: Value =
        serde_json::from_str(body).map_err(|error| Fault::new("SerializationException", error.to_string()))?;
    if text(&input, "KeyId")? != SIGNING_KEY_ARN {
        return Err(Fault::new("NotFoundException", format!("only {SIGNING_KEY_ARN} exists here")));
    }
    match operation {
        "Sign" => sign(key, &input),
        "GetPublicKey" => public_key(key),
        other => Err(Fault::unknown_operation(other)),
    }
}

fn sign(key: &SigningKey, input: &Value) -> Outcome {
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
        "KeyId": SIGNING_KEY_ARN,
        "Signature": STANDARD.encode(signature),
        "SigningAlgorithm": ALGORITHM,
    }))
}

fn public_key(key: &SigningKey) -> Outcome {
    let public =
        key.subject_public_key_info().map_err(|error| Fault::new("KMSInternalException", format!("{error:#}")))?;
    Ok(json!({
        "KeyId": SIGNING_KEY_ARN,
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
    use sha2::{Digest, Sha256};

    use super::*;

    #[tokio::test]
    async fn a_digest_and_its_message_get_the_same_signature() {
        let key = SigningKey::draw().await.unwrap();
        let ask = |kind: &str, message: &[u8]| {
            let input = json!({
                "KeyId": SIGNING_KEY_ARN, "MessageType": kind,
                "Message": STANDARD.encode(message), "SigningAlgorithm": ALGORITHM,
            });
            perform(&key, "Sign", &input.to_string()).unwrap()["Signature"].clone()
        };

        assert_eq!(ask("RAW", b"message"), ask("DIGEST", &Sha256::digest(b"message")));
    }

    #[tokio::test]
    async fn a_digest_of_the_wrong_length_and_a_foreign_key_are_refused() {
        let key = SigningKey::draw().await.unwrap();
        let mut input = json!({
            "KeyId": SIGNING_KEY_ARN, "MessageType": "DIGEST",
            "Message": STANDARD.encode("short"), "SigningAlgorithm": ALGORITHM,
        });
        assert_eq!(perform(&key, "Sign", &input.to_string()).unwrap_err().kind, "ValidationException");

        input["KeyId"] = "alias/other".into();
        assert_eq!(perform(&key, "Sign", &input.to_string()).unwrap_err().kind, "NotFoundException");
    }
}
