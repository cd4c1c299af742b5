//! Microsoft Entra, as far as an external MFA method meets it: it publishes its keys, has the browser post a form to
//! `/authorize`, and takes the answer, which it checks as strictly as Entra's documentation says ([`check`]).
//! `GET /begin?account=alice` begins a login; further parameters replace fields of the form, to test bad ones.

mod check;
mod page;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::development::{ENTRA_APP, ENTRA_CLIENT, ENTRA_TENANT};
use crate::keys::SigningKey;
use crate::{clock, jwt, net};
use check::Asked;

const REDIRECT: &str = "/common/federation/externalauthprovider";
const ACR: [&str; 1] = ["possessionorinherence"];
const AMR: [&str; 13] =
    ["face", "fido", "fpt", "hwk", "iris", "otp", "pop", "retina", "sc", "sms", "swk", "tel", "vbm"];

struct Entra {
    url: String,
    /// The same server by another name, and so another origin: where an application would be.
    application: String,
    gateway: String,
    key: SigningKey,
    http: reqwest::Client,
    /// The logins that wait for an answer, by their state.
    asked: Mutex<HashMap<String, Asked>>,
    /// How logins ended, as pages.
    ended: Mutex<HashMap<Uuid, String>>,
}

/// Serves it and returns its URL, the authority.
pub(crate) async fn start(http: reqwest::Client, key: SigningKey, gateway: String, port: u16) -> Result<String> {
    let (listener, address) = net::listen(port).await?;
    let entra = Entra {
        url: format!("http://{address}"),
        application: format!("http://localhost:{}", address.port()),
        gateway,
        key,
        http,
        asked: Mutex::default(),
        ended: Mutex::default(),
    };
    let router = Router::new()
        .route("/common/v2.0/.well-known/openid-configuration", get(discovery))
        .route("/common/discovery/v2.0/keys", get(key_set))
        .route("/begin", get(begin))
        .route(REDIRECT, post(take))
        .route("/ended/{id}", get(ended))
        .with_state(Arc::new(entra));
    Ok(net::serve_on(listener, address, router))
}

async fn discovery(State(entra): State<Arc<Entra>>) -> Json<Value> {
    let Entra { url, .. } = &*entra;
    // One document for all tenants, so that the issuer has a place to fill in.
    Json(json!({
        "issuer": format!("{url}/{{tenantid}}/v2.0"),
        "authorization_endpoint": format!("{url}/common/oauth2/v2.0/authorize"),
        "jwks_uri": format!("{url}/common/discovery/v2.0/keys"),
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
}

async fn key_set(State(entra): State<Arc<Entra>>) -> Json<Value> {
    Json(json!({ "keys": [entra.key.jwk()] }))
}

/// `GET /begin`: the password was right, so the browser is sent to the external method.
async fn begin(State(entra): State<Arc<Entra>>, Query(mut given): Query<HashMap<String, String>>) -> Response {
    let account = given.remove("account").unwrap_or_else(|| "alice".to_owned());
    match entra.ask(&account, given) {
        Ok(form) => Html(form).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

/// `POST /common/federation/externalauthprovider`. Then on to the application, as Entra does.
async fn take(State(entra): State<Arc<Entra>>, Form(answer): Form<HashMap<String, String>>) -> Redirect {
    let page = entra.judge(&answer).await;
    let id = Uuid::new_v4();
    lock(&entra.ended).insert(id, page);
    Redirect::to(&format!("{}/ended/{id}", entra.application))
}

async fn ended(State(entra): State<Arc<Entra>>, Path(id): Path<Uuid>) -> Response {
    match lock(&entra.ended).get(&id) {
        Some(page) => Html(page.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Entra {
    fn ask(&self, account: &str, replaced: HashMap<String, String>) -> Result<String> {
        let hint = hint(&self.url, account, clock::epoch_seconds());
        let asked = Asked {
            client: ENTRA_CLIENT.to_owned(),
            nonce: Uuid::new_v4().to_string(),
            subject: hint["sub"].as_str().unwrap_or_default().to_owned(),
            acr: ACR.map(str::to_owned).to_vec(),
            at: clock::since_epoch(),
        };
        let state = format!("rQIIAW-{}=+/&", Uuid::new_v4().simple());
        let mut fields = HashMap::from([
            ("scope", "openid".to_owned()),
            ("response_type", "id_token".to_owned()),
            ("response_mode", "form_post".to_owned()),
            ("client_id", asked.client.clone()),
            ("redirect_uri", format!("{}{REDIRECT}", self.url)),
            ("nonce", asked.nonce.clone()),
            ("state", state.clone()),
            ("id_token_hint", jwt::sign(&self.key, &hint)?),
            ("claims", json!({ "id_token": { "acr": { "essential": true, "values": ACR }, "amr": { "essential": true, "values": AMR } } }).to_string()),
            ("client-request-id", Uuid::new_v4().to_string()),
        ])
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect::<HashMap<_, _>>();
        fields.extend(replaced);
        lock(&self.asked).insert(state, asked);
        Ok(page::form(&format!("{}/authorize", self.gateway), &fields))
    }

    /// The page that says how the login ended.
    async fn judge(&self, answer: &HashMap<String, String>) -> String {
        let Some(asked) = answer.get("state").and_then(|state| lock(&self.asked).remove(state)) else {
            return page::refused("no login is waiting for this state: was it answered already?");
        };
        if let Some(error) = answer.get("error") {
            return page::left(error, answer.get("error_description").map_or("", String::as_str));
        }
        let token = answer.get("id_token").map_or("", String::as_str);
        match check::check(&self.http, &format!("{}/openid", self.gateway), &asked, token).await {
            Ok(claims) => page::signed_in(&claims),
            Err(error) => page::refused(&format!("{error:#}")),
        }
    }
}

/// The claims of an `id_token_hint`: expired when it is issued, as Entra's are.
fn hint(authority: &str, account: &str, now: u64) -> Map<String, Value> {
    let at = now - 1;
    Map::from_iter([
        ("iss".to_owned(), json!(format!("{authority}/{ENTRA_TENANT}/v2.0"))),
        ("aud".to_owned(), json!(ENTRA_APP)),
        ("tid".to_owned(), json!(ENTRA_TENANT)),
        ("oid".to_owned(), json!(object_id(account))),
        // Pairwise: another application sees another one.
        ("sub".to_owned(), json!(id_of(&format!("{ENTRA_APP} {account}")).simple().to_string())),
        ("preferred_username".to_owned(), json!(format!("{account}@example.com"))),
        ("iat".to_owned(), json!(at)),
        ("nbf".to_owned(), json!(at)),
        ("exp".to_owned(), json!(at)),
        ("ver".to_owned(), json!("2.0")),
    ])
}

/// The person's id in the tenant.
pub(crate) fn object_id(account: &str) -> Uuid {
    id_of(account)
}

fn id_of(text: &str) -> Uuid {
    let digest: [u8; 32] = Sha256::digest(text).into();
    Uuid::from_u128(digest.iter().take(16).fold(0, |number, byte| (number << 8) | u128::from(*byte)))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
