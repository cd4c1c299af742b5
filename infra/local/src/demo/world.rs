//! What the scenes use: log in at the issuer, call the API as the login page would, and operate the
//! phone. Everything goes over HTTP; nothing reads the product's internals.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::transcript::mismatch;
use crate::jwt::Token;
use crate::stack::Stack;

/// How long to wait for anything to happen, the cooldown not included.
const PATIENCE: Duration = Duration::from_secs(10);
const POLLING: Duration = Duration::from_millis(100);

pub(crate) struct World {
    pub(crate) http: reqwest::Client,
    pub(crate) stack: Stack,
    /// Between two sends on one channel.
    pub(crate) cooldown: Duration,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

/// A login that has passed its first factor.
pub(crate) struct Login<'a> {
    world: &'a World,
    token: String,
    changes_number: bool,
    pub(crate) first_factor: Token,
}

/// A text message on the phone.
#[derive(Deserialize)]
pub(crate) struct Message {
    to: String,
    pub(crate) text: String,
}

/// A call on the phone.
#[derive(Deserialize)]
pub(crate) struct Call {
    sid: String,
    to: String,
    pub(crate) status: String,
    pub(crate) spoken: Vec<String>,
    pub(crate) listening: bool,
    pub(crate) problem: Option<String>,
}

impl World {
    /// Passes the first factor as `account`.
    pub(crate) async fn log_in(&self, account: &str) -> Result<Login<'_>> {
        let request = self.http.post(format!("{}/login", self.stack.issuer)).json(&json!({ "account": account }));
        let answer = send(request).await?.expect(StatusCode::OK)?;
        let token = answer["token"].as_str().context("the issuer gave no token")?.to_owned();
        let first_factor = Token::parse(&token)?;
        Ok(Login { world: self, token, changes_number: false, first_factor })
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer> {
        send(self.http.get(format!("{}{path}", self.stack.gateway))).await
    }

    /// Every message to `number` so far, oldest first.
    pub(crate) async fn messages(&self, number: &str) -> Result<Vec<Message>> {
        let url = format!("{}/messages", self.stack.phone);
        let messages: Vec<Message> = self.http.get(url).send().await?.json().await?;
        Ok(messages.into_iter().filter(|message| message.to == number).collect())
    }

    /// Waits until the latest call to `number` is `wanted`, and returns it.
    pub(crate) async fn call(&self, number: &str, what: &str, wanted: impl Fn(&Call) -> bool) -> Result<Call> {
        eventually(PATIENCE, || async {
            let url = format!("{}/calls", self.stack.phone);
            let calls: Vec<Call> = self.http.get(url).send().await?.json().await?;
            let Some(call) = calls.into_iter().rfind(|call| call.to == number) else {
                return Ok(Err(mismatch(what, format!("no call to {number}"))));
            };
            let came = format!("status {}, heard {:?}, problem {:?}", call.status, call.spoken, call.problem);
            Ok(if wanted(&call) { Ok(call) } else { Err(mismatch(what, came)) })
        })
        .await
    }

    /// Does something with a call, such as `answer` or `press`.
    pub(crate) async fn act(&self, call: &Call, verb: &str, body: Value) -> Result<()> {
        let url = format!("{}/calls/{}/{verb}", self.stack.phone, call.sid);
        send(self.http.post(url).json(&body)).await?.expect(StatusCode::ACCEPTED)?;
        Ok(())
    }
}

impl Login<'_> {
    /// The same login, to change the number in.
    pub(crate) fn changing_the_number(self) -> Self {
        Self { changes_number: true, ..self }
    }

    /// `POST /v1/challenge`.
    pub(crate) async fn start(&self, body: &Value) -> Result<Answer> {
        self.post("/v1/challenge", body).await
    }

    /// The body that `enter` sends.
    pub(crate) fn guess(&self, code: &str) -> Value {
        if self.changes_number { json!({ "code": code, "purpose": "change" }) } else { json!({ "code": code }) }
    }

    /// `POST /v1/challenge/code`.
    pub(crate) async fn enter(&self, code: &str) -> Result<Answer> {
        self.post("/v1/challenge/code", &self.guess(code)).await
    }

    /// `GET /v1/challenge`, which must succeed.
    pub(crate) async fn status(&self) -> Result<Value> {
        let query = if self.changes_number { "?purpose=change" } else { "" };
        let url = format!("{}/v1/challenge{query}", self.world.stack.gateway);
        send(self.world.http.get(url).bearer_auth(&self.token)).await?.expect(StatusCode::OK)
    }

    /// Polls the status as the page does, until it is `wanted`.
    pub(crate) async fn status_until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        eventually(self.world.cooldown + PATIENCE, || async {
            let status = self.status().await?;
            Ok(if wanted(&status) { Ok(status) } else { Err(mismatch(what, status)) })
        })
        .await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        let url = format!("{}{path}", self.world.stack.gateway);
        send(self.world.http.post(url).bearer_auth(&self.token).json(body)).await
    }
}

impl Answer {
    /// The body, if the status is the expected one.
    pub(crate) fn expect(self, status: StatusCode) -> Result<Value> {
        if self.status == status {
            Ok(self.body)
        } else {
            Err(mismatch(&format!("HTTP {status}"), format!("HTTP {} {}", self.status, self.body)))
        }
    }

    /// The body, if it is the expected problem.
    pub(crate) fn expect_problem(self, status: StatusCode, name: &str) -> Result<Value> {
        let expected = format!("urn:alliance-mfa:problem:{name}");
        let body = self.expect(status)?;
        if body["type"] == *expected { Ok(body) } else { Err(mismatch(&expected, body)) }
    }
}

async fn send(request: RequestBuilder) -> Result<Answer> {
    let response = request.send().await?;
    let status = response.status();
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Answer { status, body })
}

/// Asks again until the inner result is `Ok`, or returns its last error once `patience` has run out.
async fn eventually<T, F>(patience: Duration, ask: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<Result<T>>>,
{
    let deadline = Instant::now() + patience;
    loop {
        match ask().await? {
            Ok(found) => return Ok(found),
            Err(last) if Instant::now() > deadline => return Err(last),
            Err(_) => tokio::time::sleep(POLLING).await,
        }
    }
}
