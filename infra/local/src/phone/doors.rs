//! The desk's logins that cannot mint tokens themselves: Entra's and Cognito's, as their users come here.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::control::problem;
use super::{Phone, lock};
use crate::development::ENTRA_TENANT;
use crate::issuer::{ACCOUNTS, Account};
use crate::jwt::Token;
use crate::{entra, gateway};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    account: String,
}

impl SignIn {
    fn account(&self) -> Result<&'static Account> {
        ACCOUNTS.iter().find(|known| known.name == self.account).context("unknown account")
    }

    /// An account without a number is a new user each time, because enrolling gives it one.
    fn name(&self) -> Result<String> {
        let account = self.account()?;
        let drawn = Uuid::new_v4().simple().to_string();
        Ok(if account.phone.is_some() { account.name.to_owned() } else { format!("{}-{}", account.name, &drawn[..6]) })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Returned {
    state: String,
    result_token: String,
}

/// `POST /desk/entra`: where Entra takes over.
pub(crate) async fn entra(State(phone): State<Arc<Phone>>, Json(sign_in): Json<SignIn>) -> Response {
    answer(phone.send_to_entra(&sign_in).await)
}

/// `POST /desk/cognito`: the login's token and state.
pub(crate) async fn cognito(State(phone): State<Arc<Phone>>, Json(sign_in): Json<SignIn>) -> Response {
    answer(phone.sign_in_to_cognito(&sign_in).await)
}

/// `POST /desk/cognito/result`.
pub(crate) async fn cognito_result(State(phone): State<Arc<Phone>>, Json(returned): Json<Returned>) -> Response {
    answer(phone.finish_cognito(&returned).await)
}

fn answer(outcome: Result<impl Serialize>) -> Response {
    match outcome {
        Ok(outcome) => Json(outcome).into_response(),
        Err(error) => problem(StatusCode::UNPROCESSABLE_ENTITY, &format!("{error:#}")),
    }
}

impl Phone {
    async fn send_to_entra(&self, sign_in: &SignIn) -> Result<Value> {
        let name = sign_in.name()?;
        // Entra says no number, and a stolen password must not add one: the product wants an administrator to allow it.
        let subject = format!("entra:{ENTRA_TENANT}:{}", entra::object_id(&name));
        self.open_enrolment(&subject).await?;
        Ok(json!({ "address": format!("{}/begin?account={name}", self.entra) }))
    }

    /// As an administrator does. An account that has a number needs it no more.
    async fn open_enrolment(&self, subject: &str) -> Result<()> {
        let encoded = URL_SAFE_NO_PAD.encode(subject);
        let url = format!("{}/v1/admin/subjects/{encoded}/open-enrolment", self.backend.gateway());
        let signed = gateway::signed(&Method::POST, &url)?;
        let answer = self.http.post(url).headers(signed).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success() || status == StatusCode::CONFLICT, "enrolment is not opened: {status}: {text}");
        Ok(())
    }

    async fn sign_in_to_cognito(&self, sign_in: &SignIn) -> Result<Value> {
        let (session, public) = self.begin_cognito(sign_in.account()?, &sign_in.name()?).await?;
        let page = format!("{}/", self.backend.gateway());
        ensure!(public["page"] == page.as_str(), "the parameter page is {}, not {page}", public["page"]);
        let state = format!("cognito-{}", Uuid::new_v4().simple());
        lock(&self.sessions).insert(state.clone(), session);
        Ok(json!({ "token": public["token"], "state": state }))
    }

    /// The result's claims, if Cognito issues tokens for it. That ends the login, whatever comes of it.
    async fn finish_cognito(&self, returned: &Returned) -> Result<Value> {
        let session = lock(&self.sessions).remove(&returned.state);
        let mut session = session.context("no login is waiting for this result: was it used already?")?;
        self.answer_cognito(&mut session, &returned.result_token).await?;
        let token = Token::parse(&returned.result_token)?;
        Ok(json!({ "claims": token.claims, "kid": token.header.kid }))
    }
}
