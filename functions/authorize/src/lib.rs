//! The door of Microsoft Entra. `POST /authorize`: Entra sends somebody for a second factor, who gets to the login page
//! with a first-factor token. `POST /authorize/answer`: the page hands over the result, and the user goes back to Entra
//! with an ID token.
//!
//! Anybody may post here. Until client, redirect address and state are found right, or the first-factor token, browser
//! and state at the second route, nothing is sent anywhere: the user gets a page of ours. After that, whatever is wrong
//! goes to Entra as an OpenID error, and the address is the registered one.

use std::fmt::Write as _;
use std::time::Duration;

use domain::time::Timestamp;
use http::header::{CACHE_CONTROL, InvalidHeaderValue, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::{HeaderValue, Method, Response, StatusCode};
use lambda_http::{Body, Request, RequestExt as _};
use platform::browser::Browser;
use platform::clock::Stopwatch;
use platform::door::answer_issuer;
use platform::edge::{self, Edge};
use platform::problem::{Failure, Problem};
use platform::result_check::{self, Expected, Number};
use platform::run::{self, chain};
use platform::secrets::SecretSource;
use platform::{clock, telemetry};

use crate::answer::{Answer, Claims, Step};
use crate::asked::Asked;
use crate::config::Config;
use crate::form::{Form, comes_back};
use crate::keys::EntraKeys;
use crate::login::{EntraLogin, Verified};
use crate::page::Frame;
use crate::reason::{Reason, Refused};
use crate::tokens::Tokens;

pub mod answer;
pub mod asked;
pub mod config;
pub mod entra;
pub mod form;
pub mod hint;
pub mod keys;
pub mod login;
pub mod page;
pub mod reason;
pub mod tokens;

const FUNCTION: &str = "authorize";
const ASKED: [&str; 9] = [
    "scope",
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "nonce",
    "state",
    "id_token_hint",
    "claims",
];
const HANDED_OVER: [&str; 4] = ["first_factor_token", "result_token", "error", "state"];
const LONGEST_NONCE: usize = 512;
/// How much longer than a token lives its result may take to arrive here.
const GRACE: Duration = Duration::from_mins(1);

pub struct App<S> {
    pub config: Config,
    pub edge: Edge<S>,
    pub keys: EntraKeys,
    pub tokens: Tokens,
}

impl<S: SecretSource> App<S> {
    pub async fn handle(&self, request: Request, now: Timestamp) -> Response<Body> {
        let watch = Stopwatch::start();
        let outcome = match (request.method(), request.raw_http_path()) {
            (&Method::POST, path @ ("/authorize" | "/authorize/answer")) => Ok(self.serve(path, &request, now).await),
            _ => Err(Failure::from(Problem::NotFound)),
        };
        run::conclude(FUNCTION, outcome, watch, now)
    }

    async fn serve(&self, path: &str, request: &Request, now: Timestamp) -> Response<Body> {
        if let Err(failure) = edge::admit(&self.edge, request, now).await {
            return ended(self.frame(request), &failure.into());
        }
        if path == "/authorize" { self.ask(request, now).await } else { self.answer(request, now).await }
    }

    async fn ask(&self, request: &Request, now: Timestamp) -> Response<Body> {
        let frame = self.frame(request);
        let trusted = self.trusted(request);
        let (form, state) = match trusted.as_ref().map(|form| (form, form.state())) {
            Ok((form, Ok(state))) => (form, state),
            Ok((_, Err(reason))) | Err(&reason) => return ended(frame, &reason.into()),
        };
        match self.begin(form, state, request, now).await {
            Ok(response) => {
                telemetry::entra_login(Step::Begun.as_str());
                response
            }
            Err(refused) => self.refuse(frame, &refused, state),
        }
    }

    /// The form, if it is of the registered client and wants its answer at the registered address.
    fn trusted(&self, request: &Request) -> Result<Form, Reason> {
        let form = Form::of(request, &ASKED)?;
        let registration = &self.config.registration;
        if form.get("client_id") != Some(&registration.client) {
            return Err(Reason::Client);
        }
        if form.get("redirect_uri") != Some(&registration.cloud.redirect_uri()) {
            return Err(Reason::RedirectUri);
        }
        Ok(form)
    }

    /// Sends the browser to the login page.
    async fn begin(
        &self,
        form: &Form,
        state: &str,
        request: &Request,
        now: Timestamp,
    ) -> Result<Response<Body>, Refused> {
        let (nonce, hint) = flow(form)?;
        let registration = &self.config.registration;
        let person = hint::verify(hint, registration, &self.keys, now).await?;
        let asked = Asked::parse(form.get("claims")).map_err(Refused::signed)?;
        let since = person.since;
        let known = Browser::of(request.headers());
        let is_new = known.is_none();
        let browser = known.unwrap_or_else(|| Browser::draw(&mut clock::random()));
        let login = EntraLogin::new(Verified { nonce, state, hint, asked, person }, registration, &browser);
        let token = self.tokens.mint(&login, since).await?;
        let mut response = to_page(&self.config.door.base_url, &token, state)?;
        if is_new {
            response.headers_mut().insert(SET_COOKIE, browser.cookie()?);
        }
        Ok(response)
    }

    async fn answer(&self, request: &Request, now: Timestamp) -> Response<Body> {
        let frame = self.frame(request);
        let form = Form::of(request, &HANDED_OVER);
        let (form, state) = match form.as_ref().map(|form| (form, form.state())) {
            Ok((form, Ok(state))) => (form, state),
            Ok((_, Err(reason))) | Err(&reason) => return ended(frame, &reason.into()),
        };
        let (login, until) = match self.login(form, state, request).await {
            Ok(login) => login,
            Err(refused) => return ended(frame, &refused),
        };
        match self.judge(form, &login, until, now).await {
            Ok(answer) => {
                telemetry::entra_login(answer.step().as_str());
                self.back(frame, &answer, state)
            }
            Err(refused) => self.refuse(frame, &refused, state),
        }
    }

    /// The login that this browser began with this state, and the end of its token.
    async fn login(&self, form: &Form, state: &str, request: &Request) -> Result<(EntraLogin, Timestamp), Refused> {
        let token = form.get("first_factor_token").ok_or(Reason::Form)?;
        let (login, until) = self.tokens.login(token).await?.ok_or(Reason::Login)?;
        let registration = &self.config.registration;
        let registered =
            login.client_id == registration.client && login.redirect_uri == registration.cloud.redirect_uri();
        if !registered {
            return Err(Reason::Login.into()); // the registration has changed meanwhile
        }
        if !Browser::of(request.headers()).is_some_and(|browser| browser.is(&login.browser)) {
            return Err(Reason::Browser.into());
        }
        if login.has_state(state) { Ok((login, until)) } else { Err(Reason::State.into()) }
    }

    async fn judge(
        &self,
        form: &Form,
        login: &EntraLogin,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Answer, Refused> {
        let result = match (form.get("result_token"), form.get("error")) {
            (Some(result), None) => result,
            (None, Some("access_denied")) => return Ok(Answer::CANCELLED),
            _ => return Err(Reason::Form.into()),
        };
        if until + GRACE <= now {
            return Err(Reason::Expired.into());
        }
        let keys = self.tokens.result_keys().await?;
        let expected = Expected {
            issuer: &self.config.door.base_url,
            audience: &self.config.door.results.audience,
            sub: &login.login.sub,
            txn: &login.login.jti,
            number: Number::Real,
        };
        let proof = result_check::check(result, |kid| keys.find(kid), &expected, now)?;
        let issuer = answer_issuer(&self.config.door.base_url);
        Ok(Answer::Token(self.tokens.sign(&Claims::of(login, &proof, &issuer)?).await?))
    }

    fn frame(&self, request: &Request) -> Frame<'_> {
        Frame { brand: &self.config.brand, locale: page::locale(request.headers()) }
    }

    /// Sends the browser back to Entra, at the registered address.
    fn back(&self, frame: Frame<'_>, answer: &Answer, state: &str) -> Response<Body> {
        let mut fields = answer.fields();
        fields.push(("state", state));
        frame.back(&self.config.registration.cloud.redirect_uri(), &fields)
    }

    /// The same with what is wrong.
    fn refuse(&self, frame: Frame<'_>, refused: &Refused, state: &str) -> Response<Body> {
        report(refused);
        self.back(frame, &refused.reason.into(), state)
    }
}

/// The parts of the flow that Entra's profile fixes, then nonce and hint.
fn flow(form: &Form) -> Result<(&str, &str), Reason> {
    if form.get("response_type") != Some("id_token") {
        return Err(Reason::ResponseType);
    }
    if form.get("response_mode") != Some("form_post") {
        return Err(Reason::ResponseMode);
    }
    if !form.get("scope").is_some_and(|scope| scope.split(' ').any(|word| word == "openid")) {
        return Err(Reason::Scope);
    }
    let nonce = form.get("nonce").filter(|nonce| nonce.len() <= LONGEST_NONCE && comes_back(nonce));
    Ok((nonce.ok_or(Reason::Nonce)?, form.get("id_token_hint").ok_or(Reason::HintFormat)?))
}

/// To the login page, with what is secret in the fragment: browsers send that to nobody.
fn to_page(base_url: &str, token: &str, state: &str) -> Result<Response<Body>, InvalidHeaderValue> {
    let answer = encoded(&format!("{base_url}/authorize/answer"));
    let page = format!("/?redirect_uri={answer}#token={token}&state={}", encoded(state));
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().extend([
        (LOCATION, HeaderValue::try_from(page)?),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ]);
    Ok(response)
}

/// Percent-encoded, all but what is never anything else (RFC 3986 §2.3).
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            let _ = write!(encoded, "%{byte:02X}"); // a string takes anything
        }
    }
    encoded
}

/// The page of ours.
fn ended(frame: Frame<'_>, refused: &Refused) -> Response<Body> {
    report(refused);
    frame.ended(refused.reason.status())
}

fn report(Refused { reason, cause, is_signed }: &Refused) {
    let cause = cause.as_ref().map(|cause| chain(&**cause));
    telemetry::entra_refused(reason.as_str());
    if *is_signed {
        telemetry::entra_login(Step::Refused.as_str());
    }
    if reason.is_ours() {
        tracing::error!(function = FUNCTION, reason = reason.as_str(), signed = is_signed, cause, "refused");
    } else {
        tracing::info!(function = FUNCTION, reason = reason.as_str(), signed = is_signed, cause, "refused");
    }
}
