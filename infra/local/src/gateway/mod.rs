//! The HTTP API in front of the functions, as API Gateway runs it: JWT and IAM authorizers, CORS, version
//! 2.0 events, and the gateway's own error responses. Only the 30 s limit on an integration is missing,
//! because here a request may have to wait for the compiler.

mod authorizer;
mod claims;
mod event;
mod iam;
mod record;
mod response;
mod routes;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::request::Parts;
use axum::http::{Method, Request, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::compiler::Compiler;
use crate::timeline::Timeline;
use crate::{clock, net};
use authorizer::Authorizer;
pub(crate) use iam::signed;
pub(crate) use routes::function_of;
use routes::{Guard, Matched, Route};

/// The largest body that API Gateway accepts.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

pub(crate) struct Gateway {
    http: reqwest::Client,
    authorizer: Authorizer,
    /// Where functions are invoked.
    functions: String,
    allowed_origins: Vec<String>,
    logs: bool,
    compiler: Compiler,
    timeline: Timeline,
}

impl Gateway {
    /// A gateway that trusts `issuer` and invokes the functions at `functions`.
    pub(crate) fn new(http: reqwest::Client, issuer: String, functions: String) -> Self {
        let authorizer = Authorizer::new(http.clone(), issuer);
        Self {
            http,
            authorizer,
            functions,
            allowed_origins: Vec::new(),
            logs: false,
            compiler: Compiler::default(),
            timeline: Timeline::default(),
        }
    }

    /// Refuses requests that `compiler` says no function will answer, and records all others in `timeline`.
    pub(crate) fn observe(self, compiler: Compiler, timeline: Timeline) -> Self {
        Self { compiler, timeline, ..self }
    }

    /// Lets pages of these origins call the API.
    pub(crate) fn allow_origins(mut self, origins: Vec<String>) -> Self {
        self.allowed_origins = origins;
        self
    }

    /// Prints one line per request: the route but never the path, parts of which may be secret.
    pub(crate) fn log(mut self, logs: bool) -> Self {
        self.logs = logs;
        self
    }

    /// Serves on a listener that is already bound, and returns the base URL.
    pub(crate) fn serve_on(self, listener: TcpListener, address: SocketAddr) -> String {
        net::serve_on(listener, address, Router::new().fallback(handle).with_state(Arc::new(self)))
    }

    async fn answer(&self, peer: SocketAddr, parts: &Parts, body: &[u8]) -> (Option<&'static Route>, Response) {
        if is_preflight(parts) {
            return (None, response::empty(StatusCode::NO_CONTENT));
        }
        let Some(matched) = routes::find(&parts.method, parts.uri.path()) else {
            return (None, response::message(StatusCode::NOT_FOUND, "Not Found"));
        };
        let answer = self.pass(&matched, peer, parts, body).await;
        (Some(matched.route), answer)
    }

    async fn pass(&self, matched: &Matched, peer: SocketAddr, parts: &Parts, body: &[u8]) -> Response {
        let authorizer = match self.authorize(matched.route.guard, parts, body).await {
            Ok(authorizer) => authorizer,
            Err(refusal) => return refusal,
        };
        let event = event::build(matched, authorizer, peer, parts, body);
        let answered = tokio::select! {
            answered = self.invoke(matched.route.function, &event) => answered,
            obstacle = self.compiler.obstacle() => return response::unavailable(&obstacle),
        };
        match answered.and_then(response::render) {
            Ok(answer) => answer,
            Err(error) => {
                eprintln!("gateway: {} failed: {error:#}", matched.route.function);
                response::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }

    /// The event's `authorizer` member, or the response to a request that is not let in.
    async fn authorize(&self, guard: Guard, parts: &Parts, body: &[u8]) -> Result<Option<Value>, Response> {
        match guard {
            Guard::None => Ok(None),
            Guard::FirstFactor => match self.authorizer.check(&parts.headers).await {
                Ok(claims) => Ok(Some(json!({ "jwt": { "claims": claims::stringify(&claims), "scopes": null } }))),
                Err(error) => {
                    self.note(&format!("refused a token: {error:#}"));
                    Err(response::unauthorized())
                }
            },
            Guard::Iam => match iam::check(parts, body, clock::since_epoch()) {
                Ok(caller) => Ok(Some(json!({ "iam": caller }))),
                Err(error) => {
                    self.note(&format!("refused a signature: {error:#}"));
                    Err(response::message(StatusCode::FORBIDDEN, "Forbidden"))
                }
            },
        }
    }

    async fn invoke(&self, function: &str, event: &Value) -> Result<Value> {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.functions);
        let answer = self.http.post(url).json(event).send().await?;
        response::of_function(answer).await
    }

    fn note(&self, line: &str) {
        if self.logs {
            eprintln!("gateway: {line}");
        }
    }
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return response::message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    };
    let (route, mut answer) = gateway.answer(peer, &parts, &body).await;
    response::add_cors(&gateway.allowed_origins, &parts, &mut answer);
    let key = route.map_or("no route", |route| route.key);
    gateway.note(&format!("{key} {} in {} ms", answer.status().as_u16(), started.elapsed().as_millis()));
    match route {
        Some(route) if route.is_listed() => record::add(&gateway.timeline, route, &parts, &body, started, answer).await,
        _ => answer,
    }
}

fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(header::ORIGIN)
        && parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

#[cfg(test)]
mod tests;
