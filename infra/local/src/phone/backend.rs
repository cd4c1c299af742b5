//! A minimal backend of a hosted login: it gets the first-factor token of a new login from the issuer,
//! remembers the login by its `state`, and verifies the result that comes back for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, ensure};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::locale::Locale;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::control::problem;
use super::{Phone, lock};
use crate::clock;
use crate::development::RESULT_AUDIENCE;
use crate::issuer::{ACCOUNTS, Account};
use crate::jwt::{KeySet, Token};

const TYPE: &str = "mfa-result+jwt";

/// Where the issuer and the API are, and the logins waiting for their second factor.
pub(crate) struct Backend {
    http: reqwest::Client,
    issuer: String,
    gateway: String,
    waiting: Mutex<HashMap<String, Login>>,
}

/// A login that has passed its first factor.
struct Login {
    subject: String,
    id: String,
    /// What was claimed of the user besides the account's own claims.
    claims: Value,
}

/// What the page needs to hand the login over to the login page.
#[derive(Serialize)]
struct Begun {
    token: String,
    state: String,
}

/// A verified result, with the key that verified it.
#[derive(Serialize)]
struct Verified {
    claims: Map<String, Value>,
    kid: String,
}

/// `GET /desk`: who can sign in, where the login page is, and what languages it speaks.
pub(crate) async fn desk(State(phone): State<Arc<Phone>>) -> Json<Value> {
    let accounts = ACCOUNTS.map(|account| json!({ "name": account.name, "phone": account.phone }));
    Json(json!({ "gateway": phone.backend.gateway, "accounts": accounts, "locales": Locale::ALL.map(Locale::tag) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    account: String,
    #[serde(default)]
    user: User,
    /// Has the API send a code or call before the login page is opened, which then goes on from there.
    send: Option<String>,
}

/// Who signs in as an account.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum User {
    /// Always the same, so that a second login meets what the first one left. An account without a number is a new user
    /// each time, because enrolling would give it one.
    #[default]
    Usual,
    /// A new one, with a new number if the account has one: no limit, block or other login is in the way.
    New,
    /// The user of the login with this `state`.
    Of(String),
}

/// `POST /desk/sign-in`.
pub(crate) async fn sign_in(State(phone): State<Arc<Phone>>, Json(sign_in): Json<SignIn>) -> Response {
    answer(phone.backend.begin(&sign_in).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Returned {
    state: String,
    result_token: String,
}

/// `POST /desk/result`.
pub(crate) async fn result(State(phone): State<Arc<Phone>>, Json(returned): Json<Returned>) -> Response {
    answer(phone.backend.finish(&returned).await)
}

fn answer(outcome: Result<impl Serialize>) -> Response {
    match outcome {
        Ok(outcome) => Json(outcome).into_response(),
        Err(error) => problem(StatusCode::UNPROCESSABLE_ENTITY, &format!("{error:#}")),
    }
}

impl Backend {
    /// A backend that trusts `issuer` for the first factor and `gateway` for the second.
    pub(crate) fn new(http: reqwest::Client, issuer: String, gateway: String) -> Self {
        Self { http, issuer, gateway, waiting: Mutex::default() }
    }

    /// The origin of the API and the login page.
    pub(crate) fn gateway(&self) -> &str {
        &self.gateway
    }

    async fn begin(&self, sign_in: &SignIn) -> Result<Begun> {
        let account = ACCOUNTS.iter().find(|known| known.name == sign_in.account).context("unknown account")?;
        let state = Uuid::new_v4().simple().to_string();
        let claims = self.claims(account, &sign_in.user)?;
        let request = self.http.post(format!("{}/login", self.issuer));
        let request = request.json(&json!({ "account": account.name, "claims": claims }));
        let answer: Value = request.send().await?.error_for_status()?.json().await?;
        let token = answer["token"].as_str().context("the issuer gave no token")?.to_owned();
        let first_factor = Token::parse(&token)?;
        let (subject, id) = (first_factor.text("sub")?.to_owned(), first_factor.text("jti")?.to_owned());
        lock(&self.waiting).insert(state.clone(), Login { subject, id, claims });
        if let Some(channel) = &sign_in.send {
            self.send(&token, channel).await?;
        }
        Ok(Begun { token, state })
    }

    /// The claims of `user` that differ from the account's.
    fn claims(&self, account: &Account, user: &User) -> Result<Value> {
        let drawn = Uuid::new_v4().as_u128();
        let name = format!("{}-{:06x}", account.name, drawn & 0xff_ffff);
        Ok(match (user, account.phone) {
            (User::Of(state), _) => lock(&self.waiting).get(state).context("no such login")?.claims.clone(),
            (User::Usual, Some(_)) => json!({}),
            (User::New, Some(_)) => json!({ "sub": name, "phone_number": format!("+1415555{:04}", drawn % 10_000) }),
            (_, None) => json!({ "sub": name }),
        })
    }

    async fn send(&self, token: &str, channel: &str) -> Result<()> {
        let request = self.http.post(format!("{}/v1/challenge", self.gateway)).bearer_auth(token);
        let answer = request.json(&json!({ "channel": channel })).send().await?;
        let status = answer.status();
        ensure!(status.is_success(), "the API answered {status}: {}", answer.text().await?);
        Ok(())
    }

    /// Verifies a result as a backend must. That ends the login, so the same result does not work twice.
    async fn finish(&self, returned: &Returned) -> Result<Verified> {
        let token = Token::parse(&returned.result_token)?;
        let keys = KeySet::discover(&self.http, &self.gateway).await.context("cannot fetch the published keys")?;
        let kid = token.header.kid.clone();
        token.verify(keys.key(&kid).with_context(|| format!("key {kid} is not among the published keys"))?)?;
        ensure!(token.header.typ.as_deref() == Some(TYPE), "typ is not {TYPE}");
        ensure!(token.text("iss")? == self.gateway, "iss is not {}", self.gateway);
        ensure!(token.is_for(RESULT_AUDIENCE), "aud is not {RESULT_AUDIENCE}");
        ensure!(token.seconds("exp")? > clock::epoch_seconds(), "the result has expired");

        let mut waiting = lock(&self.waiting);
        let login =
            waiting.get(&returned.state).context("no login is waiting for this result: was it used already?")?;
        ensure!(token.text("sub")? == login.subject, "sub is a different user");
        ensure!(token.text("txn")? == login.id, "txn is a different login");
        waiting.remove(&returned.state);
        Ok(Verified { claims: token.claims, kid })
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::HeaderMap;
    use axum::routing::{get, post};

    use super::*;
    use crate::keys::SigningKey;
    use crate::{issuer, jwt, net};

    /// A backend between a real issuer and a stub of the product, whose key the test holds.
    async fn backend() -> (Backend, SigningKey) {
        let (issuer_key, key) = tokio::try_join!(SigningKey::draw(), SigningKey::draw()).unwrap();
        let issuer = issuer::start(Arc::new(issuer_key), 0).await.unwrap();
        let (listener, address) = net::listen(0).await.unwrap();
        let gateway = format!("http://{address}");
        let discovery = json!({ "issuer": gateway, "jwks_uri": format!("{gateway}/keys") });
        let keys = json!({ "keys": [key.jwk()] });
        let send = async |headers: HeaderMap, body: String| {
            let known = headers["authorization"].to_str().is_ok_and(|token| token.starts_with("Bearer "));
            if known && body == r#"{"channel":"sms"}"# { StatusCode::CREATED } else { StatusCode::BAD_REQUEST }
        };
        let product = Router::new()
            .route("/v1/challenge", post(send))
            .route("/.well-known/openid-configuration", get(|| async { Json(discovery) }))
            .route("/keys", get(|| async { Json(keys) }));
        net::serve_on(listener, address, product);
        (Backend::new(reqwest::Client::new(), issuer, gateway), key)
    }

    fn result_for(backend: &Backend, key: &SigningKey, begun: &Begun, changed: &[(&str, Value)]) -> Returned {
        let first_factor = Token::parse(&begun.token).unwrap().claims;
        let mut claims = Map::from_iter([
            ("iss".to_owned(), json!(backend.gateway)),
            ("aud".to_owned(), json!(RESULT_AUDIENCE)),
            ("sub".to_owned(), first_factor["sub"].clone()),
            ("txn".to_owned(), first_factor["jti"].clone()),
            ("exp".to_owned(), json!(clock::epoch_seconds() + 300)),
        ]);
        claims.extend(changed.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let result_token = jwt::sign_as(key, TYPE, &claims).unwrap();
        Returned { state: begun.state.clone(), result_token }
    }

    #[tokio::test]
    async fn a_result_completes_its_own_login_and_only_once() {
        let (backend, key) = backend().await;
        let begun = backend.begin(&as_usual("alice")).await.unwrap();
        let returned = result_for(&backend, &key, &begun, &[]);

        assert_eq!(backend.finish(&returned).await.unwrap().claims["sub"], "alice");
        assert!(backend.finish(&returned).await.is_err());
    }

    #[tokio::test]
    async fn a_result_that_is_not_of_this_login_signs_nobody_in() {
        let (backend, key) = backend().await;
        let begun = backend.begin(&as_usual("alice")).await.unwrap();
        let another = backend.begin(&as_usual("alice")).await.unwrap();
        let foreign = SigningKey::draw().await.unwrap();
        let good = result_for(&backend, &key, &begun, &[]);

        let mut bad = vec![
            result_for(&backend, &foreign, &begun, &[]),
            Returned { state: another.state, ..result_for(&backend, &key, &begun, &[]) },
            Returned { state: "unheard-of".into(), ..result_for(&backend, &key, &begun, &[]) },
            Returned { state: begun.state.clone(), result_token: begun.token.clone() },
        ];
        for (claim, value) in [
            ("iss", json!("https://elsewhere.example")),
            ("aud", json!("another-backend")),
            ("sub", json!("bob")),
            ("txn", json!("another-login")),
            ("exp", json!(clock::epoch_seconds())),
        ] {
            bad.push(result_for(&backend, &key, &begun, &[(claim, value)]));
        }
        for (index, returned) in bad.iter().enumerate() {
            assert!(backend.finish(returned).await.is_err(), "{index}");
        }
        assert!(backend.finish(&good).await.is_ok());
    }

    fn as_usual(account: &str) -> SignIn {
        SignIn { account: account.to_owned(), user: User::Usual, send: None }
    }

    async fn claim(backend: &Backend, sign_in: &SignIn, name: &str) -> String {
        let begun = backend.begin(sign_in).await.unwrap();
        Token::parse(&begun.token).unwrap().text(name).unwrap().to_owned()
    }

    #[tokio::test]
    async fn an_account_without_a_number_is_a_new_person_each_time() {
        let (backend, _) = backend().await;
        let newcomer = as_usual("newcomer");
        assert_ne!(claim(&backend, &newcomer, "sub").await, claim(&backend, &newcomer, "sub").await);
        assert!(backend.begin(&as_usual("nobody")).await.is_err());
    }

    #[tokio::test]
    async fn a_new_user_has_a_number_of_their_own_and_can_sign_in_a_second_time() {
        let (backend, _) = backend().await;
        let alice = SignIn { user: User::New, ..as_usual("alice") };
        let usual = as_usual("alice");
        assert_ne!(claim(&backend, &alice, "sub").await, claim(&backend, &usual, "sub").await);
        assert_ne!(claim(&backend, &alice, "phone_number").await, claim(&backend, &usual, "phone_number").await);

        let first = backend.begin(&alice).await.unwrap();
        let again = SignIn { user: User::Of(first.state), ..as_usual("alice") };
        let first = Token::parse(&first.token).unwrap();
        assert_eq!(claim(&backend, &again, "sub").await, first.text("sub").unwrap());
        assert_ne!(claim(&backend, &again, "jti").await, first.text("jti").unwrap());
    }

    #[tokio::test]
    async fn a_login_can_begin_with_a_code_on_its_way_and_says_why_it_cannot() {
        let (backend, _) = backend().await;
        let sends = |channel: &str| SignIn { send: Some(channel.to_owned()), ..as_usual("alice") };
        backend.begin(&sends("sms")).await.unwrap();
        let error = backend.begin(&sends("pigeon")).await.err().unwrap().to_string();
        assert!(error.contains("400"), "{error}");
    }
}
