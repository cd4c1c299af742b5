//! `GET /.well-known/jwks.json` and `/.well-known/openid-configuration`, for verifiers of the result
//! token; under `/openid` the same for Entra, which verifies answers. All are built once at init, from public keys.

use domain::time::Timestamp;
use http::{HeaderValue, Response, StatusCode, header};
use lambda_http::{Body, Request, RequestExt as _};
use platform::clock::Stopwatch;
use platform::problem::{Failure, Problem};
use platform::{reply, run};

pub mod config;

#[derive(Debug)]
pub struct App {
    pub key_set: String,
    pub discovery: String,
    /// For Entra, if there is a door to it.
    pub openid: Option<OpenId>,
}

#[derive(Debug)]
pub struct OpenId {
    pub key_set: String,
    pub discovery: String,
}

impl App {
    #[must_use]
    pub fn handle(&self, request: &Request, now: Timestamp) -> Response<Body> {
        let watch = Stopwatch::start();
        let outcome = self.document(request.raw_http_path()).ok_or(Failure::from(Problem::NotFound));
        run::conclude("jwks", outcome, watch, now)
    }

    fn document(&self, path: &str) -> Option<Response<Body>> {
        Some(match path {
            "/.well-known/jwks.json" => cacheable("application/jwk-set+json", &self.key_set),
            "/.well-known/openid-configuration" => cacheable("application/json", &self.discovery),
            "/openid/jwks.json" => cacheable("application/jwk-set+json", &self.openid.as_ref()?.key_set),
            "/openid/.well-known/openid-configuration" => {
                cacheable("application/json", &self.openid.as_ref()?.discovery)
            }
            _ => return None,
        })
    }
}

/// Verifiers may cache it for five minutes: a new key is published well before it signs.
fn cacheable(media_type: &'static str, body: &str) -> Response<Body> {
    let mut response = reply::document(StatusCode::OK, media_type, body.to_owned());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}
