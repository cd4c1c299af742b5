//! The first factor: a small OpenID issuer with demo accounts, in place of the hosted login.
//! `POST /login {"account": "alice"}` returns `{"token": …}`, the first-factor token of a new login.
//! Optional `claims` override the account's own (null removes one), to test bad tokens.

use std::sync::Arc;

use anyhow::Result;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::development::{AUDIENCE, FIRST_FACTOR_KEY_ARN};
use crate::{clock, jwt, keys::SigningKey, kms, net};

const TOKEN_LIFE_SECONDS: u64 = 900;

/// A demo account: its name and its verified phone number, if it has one.
pub(crate) struct Account {
    pub(crate) name: &'static str,
    pub(crate) phone: Option<&'static str>,
}

pub(crate) const ACCOUNTS: [Account; 3] = [
    Account { name: "alice", phone: Some("+14155552671") },
    Account { name: "bob", phone: Some("+447400123456") },
    Account { name: "newcomer", phone: None },
];

struct Issuer {
    url: String,
    key: Arc<SigningKey>,
}

/// Serves the issuer and returns its URL, which is the `iss` of its tokens.
pub(crate) async fn start(key: Arc<SigningKey>, port: u16) -> Result<String> {
    let (listener, address) = net::listen(port).await?;
    let issuer = Issuer { url: format!("http://{address}"), key };
    let router = Router::new()
        .route("/login", post(login))
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/.well-known/jwks.json", get(key_set))
        .with_state(Arc::new(issuer));
    Ok(net::serve_on(listener, address, router))
}

#[derive(Deserialize)]
struct Login {
    account: String,
    #[serde(default)]
    claims: Map<String, Value>,
}

async fn login(State(issuer): State<Arc<Issuer>>, Json(login): Json<Login>) -> Response {
    let Some(account) = ACCOUNTS.iter().find(|account| account.name == login.account) else {
        let names = ACCOUNTS.map(|account| account.name).join(", ");
        let error = format!("there is no account {}; choose one of {names}", login.account);
        return (StatusCode::NOT_FOUND, Json(json!({ "error": error }))).into_response();
    };
    let mut claims = issuer.claims(account);
    for (name, value) in login.claims {
        match value {
            Value::Null => claims.remove(&name),
            value => claims.insert(name, value),
        };
    }
    match jwt::sign(&issuer.key, &claims) {
        Ok(token) => Json(json!({ "token": token })).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

async fn discovery(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    Json(json!({
        "issuer": issuer.url,
        "jwks_uri": format!("{}/.well-known/jwks.json", issuer.url),
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
    }))
}

async fn key_set(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    // KMS has the key too, where the functions sign with it under another name.
    Json(json!({ "keys": [issuer.key.jwk(), issuer.key.jwk().named(kms::key_id(FIRST_FACTOR_KEY_ARN))] }))
}

impl Issuer {
    /// The claims of somebody who logged in with a password just now.
    fn claims(&self, account: &Account) -> Map<String, Value> {
        let now = clock::epoch_seconds();
        let mut claims = Map::from_iter([
            ("iss".to_owned(), json!(self.url)),
            ("aud".to_owned(), json!(AUDIENCE)),
            ("sub".to_owned(), json!(account.name)),
            ("iat".to_owned(), json!(now - 60)), // API Gateway refuses a token from the future, be it by a second
            ("exp".to_owned(), json!(now + TOKEN_LIFE_SECONDS)),
            ("auth_time".to_owned(), json!(now)),
            ("jti".to_owned(), json!(Uuid::new_v4())),
            ("amr".to_owned(), json!(["pwd"])),
        ]);
        if let Some(phone) = account.phone {
            claims.insert("phone_number".to_owned(), json!(phone));
            claims.insert("phone_number_verified".to_owned(), json!(true));
        }
        claims
    }
}
