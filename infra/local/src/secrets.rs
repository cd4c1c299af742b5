//! Secrets Manager with the secrets that the functions read, all development values.

use std::sync::Arc;

use anyhow::Result;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Router, routing::post};
use serde_json::{Value, json};

use crate::aws_json::{self, Fault, Outcome, text};
use crate::development::{
    CALL_DIGITS_KEY, CALL_DIGITS_SECRET, CANARY, CANARY_CODE, CANARY_NUMBER, CANARY_SECRET, MAC_KEY, MAC_KEYS_SECRET,
    VOICE_ACCOUNT, VOICE_API_KEY, VOICE_API_SECRET, VOICE_API_SECRET_NAME, VOICE_AUTH_TOKEN, VOICE_SIGNING_SECRET,
    secret_arn,
};
use crate::{clock, net};

/// Serves Secrets Manager and returns its endpoint. The canary signs in at `issuer`.
pub(crate) async fn start(issuer: String, port: u16) -> Result<String> {
    net::serve(Router::new().route("/", post(handle)).with_state(Arc::new(issuer)), port).await
}

async fn handle(State(issuer): State<Arc<String>>, headers: HeaderMap, body: String) -> Response {
    let outcome = match aws_json::operation(&headers) {
        "GetSecretValue" => secret_value(&body, &issuer),
        other => Err(Fault::unknown_operation(other)),
    };
    aws_json::respond(outcome)
}

fn secret_value(body: &str, issuer: &str) -> Outcome {
    let input: Value =
        serde_json::from_str(body).map_err(|error| Fault::new("SerializationException", error.to_string()))?;
    let id = text(&input, "SecretId")?;
    let (name, document) = documents(issuer)
        .into_iter()
        .find(|(name, _)| id == secret_arn(name))
        .ok_or_else(|| Fault::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret."))?;
    Ok(json!({
        "ARN": secret_arn(name),
        "Name": name,
        "VersionId": "00000000-0000-4000-8000-000000000001",
        "VersionStages": ["AWSCURRENT"],
        "CreatedDate": clock::epoch_seconds(),
        "SecretString": document.to_string(),
    }))
}

fn documents(issuer: &str) -> [(&'static str, Value); 5] {
    [
        (MAC_KEYS_SECRET, json!({ "current": MAC_KEY })),
        (CALL_DIGITS_SECRET, json!({ "current": CALL_DIGITS_KEY })),
        (
            VOICE_API_SECRET_NAME,
            json!({
                "accountSid": VOICE_ACCOUNT, "apiKeySid": VOICE_API_KEY, "apiKeySecret": VOICE_API_SECRET,
            }),
        ),
        (VOICE_SIGNING_SECRET, json!({ "current": VOICE_AUTH_TOKEN })),
        (
            CANARY_SECRET,
            json!({
                "tokenUrl": format!("{issuer}/login"), "body": { "account": "newcomer", "claims": { "sub": CANARY } },
                "tokenAt": "/token", "phoneNumber": CANARY_NUMBER, "code": CANARY_CODE,
            }),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_only_by_its_arn() {
        let input = json!({ "SecretId": secret_arn(MAC_KEYS_SECRET) });
        let found = secret_value(&input.to_string(), "").unwrap();
        assert_eq!(found["SecretString"], json!({ "current": MAC_KEY }).to_string());

        let missing = secret_value(r#"{"SecretId":"other"}"#, "").unwrap_err();
        assert_eq!(missing.kind, "ResourceNotFoundException");
    }
}
