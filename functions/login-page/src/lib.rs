//! `GET /`: the login page. `GET /assets/{version}/{file}`: its files. `GET /mfa-client.js`: its API client,
//! for frontends that build their own page.
//!
//! The page depends only on the configuration and the language: only the browser knows who is signing in,
//! and it asks the API. So each language is rendered once.

use std::io;
use std::sync::OnceLock;

use domain::time::Timestamp;
use http::header::{CONTENT_ENCODING, HeaderName, InvalidHeaderValue};
use http::{HeaderMap, HeaderValue, Response, header};
use lambda_http::{Body, Request, RequestExt as _};
use platform::clock::Stopwatch;
use platform::problem::{Failure, Problem};
use platform::run;

use crate::assets::{Asset, CLIENT, Locale};
use crate::config::Config;
use crate::negotiation::Encoding;
use crate::page::Page;

pub mod assets;
pub mod brand;
pub mod config;
mod headers;
pub mod negotiation;
mod page;

/// The function's state.
#[derive(Debug)]
pub struct App {
    config: Config,
    style: String,
    version: String,
    headers: HeaderMap,
    /// One for each language, rendered at the first request for it.
    pages: Vec<(&'static Locale, OnceLock<Page>)>,
}

impl App {
    /// Prepares the page for a configuration.
    pub fn new(config: Config) -> Result<Self, InvalidHeaderValue> {
        let version = assets::version(config.logo.as_ref());
        let style = page::style(config.color);
        let headers = headers::page(&style, &config.frame_ancestors, config.entra)?;
        let pages = assets::locales().iter().map(|locale| (locale, OnceLock::new())).collect();
        Ok(Self { config, style, version, headers, pages })
    }

    /// Answers one request.
    #[must_use]
    pub fn handle(&self, request: &Request, now: Timestamp) -> Response<Body> {
        let watch = Stopwatch::start();
        run::conclude("login-page", self.answer(request), watch, now)
    }

    fn answer(&self, request: &Request) -> Result<Response<Body>, Failure> {
        match request.raw_http_path().split('/').collect::<Vec<_>>()[..] {
            ["", ""] => self.page(request),
            ["", "assets", version, file] => self.file(version, file, request),
            ["", CLIENT] => {
                let client = assets::find(CLIENT).ok_or(Problem::NotFound)?;
                of_asset(client, headers::client(client.media_type), request)
            }
            _ => Err(Problem::NotFound.into()),
        }
    }

    fn page(&self, request: &Request) -> Result<Response<Body>, Failure> {
        let query = request.query_string_parameters();
        let locale = negotiation::locale(query.first("ui_locales"), header_of(request, header::ACCEPT_LANGUAGE));
        let page = self.rendered(locale).map_err(internal)?;
        Ok(match accepted(request, &[Encoding::Gzip]) {
            Some(encoding) => encoded(self.headers.clone(), encoding, page.gzip.clone()),
            None => plain(self.headers.clone(), page.html.clone().into_bytes()),
        })
    }

    fn rendered(&self, locale: &'static Locale) -> io::Result<&Page> {
        let (_, cell) = self
            .pages
            .iter()
            .find(|(known, _)| known.tag == locale.tag)
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        if let Some(page) = cell.get() {
            return Ok(page);
        }
        let page = Page::render(&self.config, &self.style, &format!("/assets/{}", self.version), locale)?;
        Ok(cell.get_or_init(|| page))
    }

    fn file(&self, version: &str, name: &str, request: &Request) -> Result<Response<Body>, Failure> {
        let cache = if version == self.version { headers::FOR_GOOD } else { headers::NOT_KEPT };
        if let (LOGO, Some(logo)) = (name, &self.config.logo) {
            let (headers, bytes) = (headers::asset(logo.media_type(), cache), logo.bytes().to_vec());
            let response =
                if logo.is_compressed() { encoded(headers, Encoding::Gzip, bytes) } else { plain(headers, bytes) };
            return Ok(response);
        }
        let asset = assets::find(name).ok_or(Problem::NotFound)?;
        of_asset(asset, headers::asset(asset.media_type, cache), request)
    }
}

/// The operator's logo, the only file that is not one of the build's assets.
pub const LOGO: &str = "logo";

fn of_asset(asset: &Asset, headers: HeaderMap, request: &Request) -> Result<Response<Body>, Failure> {
    Ok(match accepted(request, &[Encoding::Brotli, Encoding::Gzip]) {
        Some(encoding @ Encoding::Brotli) => encoded(headers, encoding, asset.brotli.to_vec()),
        Some(encoding @ Encoding::Gzip) => encoded(headers, encoding, asset.gzip().map_err(internal)?.to_vec()),
        None => plain(headers, asset.identity()),
    })
}

fn accepted(request: &Request, offered: &[Encoding]) -> Option<Encoding> {
    negotiation::encoding(header_of(request, header::ACCEPT_ENCODING), offered)
}

fn plain(headers: HeaderMap, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::Binary(body));
    *response.headers_mut() = headers;
    response
}

fn encoded(mut headers: HeaderMap, encoding: Encoding, body: Vec<u8>) -> Response<Body> {
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding.as_str()));
    plain(headers, body)
}

fn internal(error: io::Error) -> Failure {
    Failure::caused(Problem::Internal, error)
}

fn header_of(request: &Request, name: HeaderName) -> Option<&str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}
