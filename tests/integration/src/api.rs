//! The functions as one API: real handlers over a real store, with a fake phone and a clock that the test sets.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::call::CallToken;
use domain::channel::Channel;
use domain::code::{MacKey, MacKeys};
use domain::delivery::SendFailure;
use domain::identity::ChallengeId;
use domain::phone::{Country, PhoneNumber, Reach};
use domain::policy::{CallMode, Policy};
use domain::ports::{CallPlacer, KeyError, KeySource, Message, SendError, Sent, SmsSender};
use domain::purpose::Purpose;
use domain::receipt::ReceiptToken;
use domain::result::Approval;
use domain::rules::{Enrolment, Rules};
use domain::time::Timestamp;
use http::Response;
use lambda_http::{Body, Request};
use platform::callback::{SigningTokens, TokenSource, sign};
use platform::encoding::{base64url, call_token, challenge_path};
use platform::first_factor::{FirstFactor, SessionRule};
use platform::invocation::Invocation;
use platform::kms::SignError;
use platform::secrets::{Secret, SecretError, SecretSource};
use platform::settings::FactorSettings;
use platform::signer::{ResultSigner, SignerSettings, unsigned};
use platform::store::DynamoStore;
use platform::switchboard::Switchboard;
use serde_json::{Value, json};
use start_challenge::countries::Countries;

use crate::backend::Backend;

pub(crate) const BASE_URL: &str = "https://mfa.example.com";
pub(crate) const ISSUER: &str = "https://login.example.com";
/// The same key as in the local stack, so that a sample's digits are right in both.
pub(crate) const MAC_KEY: &str = "development-mac-key-0123456789abcdef";
/// The key of the digits that a page shows where `#` alone is not enough.
const CALL_DIGITS_KEY: &str = "development-call-digits-0123456789abcdef";
pub(crate) const VOICE_TOKEN: &str = "development-voice-auth-token";
/// When the samples' users passed the first factor.
pub(crate) const LOGIN: Timestamp = Timestamp::from_unix(1_795_600_000);

pub(crate) struct Api {
    pub(crate) backend: Backend,
    pub(crate) phone: Phone,
    pub(crate) now: Timestamp,
    pub(crate) start: start_challenge::App<DynamoStore, Keys, Phone, Phone, EdgeSecrets>,
    pub(crate) get: get_challenge::App<DynamoStore, Signer, PassedKeys, EdgeSecrets>,
    pub(crate) verify: verify_code::App<DynamoStore, Keys, Signer, EdgeSecrets>,
    pub(crate) callback: call_callback::App<DynamoStore, Tokens, PassedKeys>,
    admin: admin::App<DynamoStore>,
}

impl Api {
    pub(crate) async fn new() -> Self {
        Self::over(Backend::fresh().await)
    }

    pub(crate) fn over(backend: Backend) -> Self {
        let settings = FactorSettings {
            table: backend.table.clone(),
            rules: Rules {
                policy: Policy::default(),
                channels: BTreeSet::from(Channel::ALL),
                reach: Reach::by_every_channel(["US", "GB"].into_iter().filter_map(|code| Country::parse(code).ok())),
                enrolment: Enrolment::SelfService,
                test_numbers: Vec::new(),
            },
            session: SessionRule { claim: "jti".to_owned(), max_age: Duration::from_mins(15) },
            support_url: Some("https://example.com/help".to_owned()),
        };
        let phone = Phone::default();
        let store = || backend.store();
        Self {
            start: start_challenge::App {
                settings: settings.clone(),
                countries: Countries::default(),
                switchboard: Switchboard::default(),
                send_timeout: Duration::from_secs(10),
                store: store(),
                keys: Keys,
                sms: phone.clone(),
                caller: Some(phone.clone()),
                edge: None,
            },
            get: get_challenge::App {
                settings: settings.clone(),
                store: store(),
                switchboard: Switchboard::default(),
                signer: Signer,
                keys: Some(PassedKeys(CALL_DIGITS_KEY)),
                edge: None,
            },
            verify: verify_code::App { settings, store: store(), keys: Keys, signer: Signer, edge: None },
            callback: call_callback::App {
                policy: Policy::default(),
                public_base_url: BASE_URL.to_owned(),
                brand: "Example".to_owned(),
                store: store(),
                tokens: Tokens,
                keys: Some(PassedKeys(CALL_DIGITS_KEY)),
            },
            admin: admin::App { issuer: ISSUER.to_owned(), policy: Policy::default(), store: store() },
            backend,
            phone,
            now: LOGIN + Duration::from_secs(10),
        }
    }

    /// The same deployment in a different call mode, with the keys that it needs.
    pub(crate) fn with_calls(mut self, mode: CallMode) -> Self {
        let policies = [
            &mut self.start.settings.rules.policy,
            &mut self.get.settings.rules.policy,
            &mut self.verify.settings.rules.policy,
            &mut self.callback.policy,
        ];
        for policy in policies {
            policy.call_mode = mode;
        }
        let key = if mode == CallMode::PressPound { CALL_DIGITS_KEY } else { MAC_KEY };
        self.get.keys = (mode != CallMode::SpeakCode).then_some(PassedKeys(key));
        self.callback.keys = Some(PassedKeys(key));
        self
    }

    /// The same deployment behind an edge with this secret.
    pub(crate) fn behind_edge(mut self, secrets: &EdgeSecrets) -> Self {
        let secret = || Some(Secret::on_demand(secrets.clone(), "edge".to_owned()));
        (self.start.edge, self.get.edge, self.verify.edge) = (secret(), secret(), secret());
        self
    }

    /// Makes calls in the name of `brand`.
    pub(crate) fn brand(&mut self, brand: &str) {
        brand.clone_into(&mut self.callback.brand);
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
    }

    /// Sends a request to the function that serves its route.
    pub(crate) async fn send(&self, request: Request) -> Answer {
        let (id, response) = as_request(self.response(request)).await;
        Answer { request: id, ..Answer::of(response) }
    }

    async fn response(&self, request: Request) -> Response<Body> {
        match (request.method().as_str(), request.uri().path()) {
            ("GET", "/v1/challenge") => Box::pin(self.get.handle(request, self.now)).await,
            ("POST", "/v1/challenge") => Box::pin(self.start.handle(request, self.now)).await,
            ("POST", "/v1/challenge/code") => Box::pin(self.verify.handle(request, self.now)).await,
            ("POST", path) if path.starts_with("/v1/calls/") => Box::pin(self.callback.handle(request, self.now)).await,
            (_, path) if path.starts_with("/v1/admin/") => Box::pin(self.admin.handle(request, self.now)).await,
            route => panic!("no function has the route {route:?}"),
        }
    }

    pub(crate) async fn status(&self, login: &Login) -> Answer {
        self.send(login.request("GET", "/v1/challenge", None)).await
    }

    /// How far the login's number change has got.
    pub(crate) async fn status_of_change(&self, login: &Login) -> Answer {
        let mut event = login.event("GET", "/v1/challenge", None);
        event["rawQueryString"] = json!("purpose=change");
        event["queryStringParameters"] = json!({ "purpose": "change" });
        self.send(request(&event)).await
    }

    /// The same deployment with a different block time after a fraud report.
    pub(crate) fn with_fraud_block(mut self, time: Duration) -> Self {
        self.callback.policy.fraud_block = time;
        self
    }

    pub(crate) async fn post(&self, login: &Login, body: Value) -> Answer {
        self.send(login.request("POST", "/v1/challenge", Some(&body.to_string()))).await
    }

    pub(crate) async fn guess(&self, login: &Login, code: &str) -> Answer {
        let body = json!({ "code": code }).to_string();
        self.send(login.request("POST", "/v1/challenge/code", Some(&body))).await
    }

    /// An administrator's request about `sub`: to show the subject, or to perform `action`.
    pub(crate) async fn administer(&self, sub: &str, action: Option<&str>) -> Answer {
        self.send(administration(sub, action, |event| {
            event["requestContext"]["authorizer"] = json!({ "iam": { "userArn": JANE } });
        }))
        .await
    }

    /// A webhook of the last call, as the provider signs it.
    pub(crate) async fn webhook(&self, event: &str, form: &[(&str, &str)]) -> Answer {
        let (challenge, token) = self.phone.last_call();
        self.send(webhook(&challenge, &token, event, form, |request, signature| {
            request["headers"]["x-twilio-signature"] = json!(signature);
        }))
        .await
    }
}

#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) claims: Value,
    /// The address its requests come from.
    pub(crate) address: String,
}

impl Login {
    /// A login with a phone number that the first factor vouches for.
    pub(crate) fn known() -> Self {
        Self::of(
            json!({ "sub": "alice", "jti": "login-1", "phone_number": "+14155552671", "phone_number_verified": "true" }),
        )
    }

    pub(crate) fn newcomer() -> Self {
        Self::of(json!({ "sub": "newcomer", "jti": "login-1" }))
    }

    /// A login with these claims.
    pub(crate) fn of(own: Value) -> Self {
        let time = LOGIN.as_unix();
        let mut claims = json!({
            "iss": ISSUER, "aud": "alliance-mfa", "amr": "[pwd]",
            "iat": time.to_string(), "auth_time": time.to_string(), "exp": (time + 900).to_string(),
        });
        if let (Value::Object(claims), Value::Object(own)) = (&mut claims, own) {
            claims.extend(own);
        }
        Self { claims, address: "203.0.113.7".to_owned() }
    }

    /// The same login, with its first factor passed just now.
    pub(crate) fn at(&self, now: Timestamp) -> Self {
        let mut later = self.clone();
        for (claim, time) in [("iat", now.as_unix()), ("auth_time", now.as_unix()), ("exp", now.as_unix() + 900)] {
            later.claims[claim] = json!(time.to_string());
        }
        later
    }

    /// The same login from a different address.
    pub(crate) fn from(&self, address: impl Into<String>) -> Self {
        Self { address: address.into(), ..self.clone() }
    }

    /// The same user in a different login session.
    pub(crate) fn again(&self, session: &str) -> Self {
        let mut other = self.clone();
        other.claims["jti"] = json!(session);
        other
    }

    pub(crate) fn request(&self, method: &str, path: &str, body: Option<&str>) -> Request {
        request(&self.event(method, path, body))
    }

    pub(crate) fn event(&self, method: &str, path: &str, body: Option<&str>) -> Value {
        let mut event = event(method, path, body, "application/json");
        event["requestContext"]["authorizer"]["jwt"] = json!({ "claims": self.claims, "scopes": null });
        event["requestContext"]["http"]["sourceIp"] = json!(self.address);
        event
    }
}

pub(crate) fn request(event: &Value) -> Request {
    platform::event::read(&event.to_string()).expect("an HTTP API event")
}

/// The sample event of that name.
pub(crate) fn sample(name: &str) -> Request {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    platform::event::read(&std::fs::read_to_string(path).expect("a sample")).expect("an HTTP API event")
}

pub(crate) fn event(method: &str, path: &str, body: Option<&str>, media_type: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": format!("{method} {path}"),
        "rawPath": path,
        "rawQueryString": "",
        "headers": { "host": "attacker.example", "x-forwarded-for": "198.51.100.1", "content-type": media_type },
        "requestContext": {
            "domainName": "mfa.example.com",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7" },
            "stage": "$default",
            "timeEpoch": LOGIN.as_unix() * 1000,
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

/// The administrator who makes the requests.
pub(crate) const JANE: &str = "arn:aws:sts::123456789012:assumed-role/support/jane";

/// An administrator's request, with the caller set by `authorize`.
pub(crate) fn administration(sub: &str, action: Option<&str>, authorize: impl FnOnce(&mut Value)) -> Request {
    let subject = base64url(sub.as_bytes());
    let path = format!("/v1/admin/subjects/{subject}");
    let mut event = match action {
        Some(action) => event("POST", &format!("{path}/{action}"), None, "application/json"),
        None => event("GET", &path, None, "application/json"),
    };
    event["pathParameters"] = json!({ "subject": subject });
    authorize(&mut event);
    request(&event)
}

/// A webhook; `place` decides what to do with its signature.
pub(crate) fn webhook(
    challenge: &ChallengeId,
    token: &CallToken,
    kind: &str,
    form: &[(&str, &str)],
    place: impl FnOnce(&mut Value, String),
) -> Request {
    let (challenge, token) = (challenge_path(challenge), call_token(token));
    let path = format!("/v1/calls/{challenge}/{token}/{kind}");
    let form: Vec<(String, String)> =
        form.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
    let mut event = event("POST", &path, Some(&body), "application/x-www-form-urlencoded");
    event["pathParameters"] = json!({ "challenge": challenge, "token": token, "event": kind });
    place(&mut event, sign(VOICE_TOKEN, &format!("{BASE_URL}{path}"), &form));
    request(&event)
}

/// Does `work` as a request of its own, and returns the request's id with what came of it.
pub(crate) async fn as_request<F: Future>(work: F) -> (String, F::Output) {
    static REQUESTS: AtomicU32 = AtomicU32::new(0);
    let id = format!("{:08x}-5b1e-4c2f-9d3a-7e6f5a4b3c2d", REQUESTS.fetch_add(1, Ordering::Relaxed));
    (id.clone(), Invocation::new(id, None).run(work).await)
}

#[derive(Debug)]
pub(crate) struct Answer {
    /// The id of its request.
    pub(crate) request: String,
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Answer {
    /// The code that a call says.
    pub(crate) fn spoken_code(&self) -> String {
        let said = self.text.split(" is: ").nth(1).and_then(|rest| rest.split('<').next()).expect("a code");
        said.chars().filter(char::is_ascii_digit).collect()
    }

    pub(crate) fn of(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let text = match body {
            Body::Text(text) => text,
            _ => String::new(),
        };
        let json = serde_json::from_str(&text).unwrap_or_default();
        Self { request: String::new(), status: parts.status.as_u16(), headers: parts.headers, text, json }
    }

    /// The claims of the result token.
    pub(crate) fn claims(&self) -> Value {
        let token = self.json["resultToken"].as_str().expect("a result token");
        let claims = token.split('.').nth(1).expect("three parts");
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64url")).expect("JSON")
    }

    /// The last part of the problem's type.
    pub(crate) fn problem(&self) -> &str {
        self.json["type"].as_str().and_then(|name| name.strip_prefix("urn:alliance-mfa:problem:")).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A phone that keeps what it receives. It can be set to fail instead.
#[derive(Clone, Default)]
pub(crate) struct Phone(Arc<Mutex<Line>>);

#[derive(Default)]
struct Line {
    messages: Vec<(PhoneNumber, String, Purpose)>,
    receipts: Vec<(ChallengeId, ReceiptToken)>,
    calls: Vec<(ChallengeId, CallToken)>,
    failure: Option<SendFailure>,
}

impl Phone {
    pub(crate) fn fail(&self, failure: Option<SendFailure>) {
        self.line().failure = failure;
    }

    pub(crate) fn codes(&self) -> Vec<String> {
        self.line().messages.iter().map(|(_, code, _)| code.clone()).collect()
    }

    pub(crate) fn last_code(&self) -> String {
        self.codes().pop().expect("a message")
    }

    pub(crate) fn last_number(&self) -> PhoneNumber {
        self.line().messages.last().expect("a message").0.clone()
    }

    /// The purpose that the last message gave for its code.
    pub(crate) fn last_purpose(&self) -> Purpose {
        self.line().messages.last().expect("a message").2
    }

    /// The challenge of the last message, and the token of its receipts.
    pub(crate) fn last_message(&self) -> (ChallengeId, ReceiptToken) {
        self.line().receipts.last().expect("a message").clone()
    }

    pub(crate) fn last_call(&self) -> (ChallengeId, CallToken) {
        self.line().calls.last().expect("a call").clone()
    }

    pub(crate) fn calls(&self) -> usize {
        self.line().calls.len()
    }

    fn line(&self) -> std::sync::MutexGuard<'_, Line> {
        self.0.lock().expect("not poisoned")
    }

    fn outcome(&self, id: &str, sender: &str) -> Result<Sent, SendError> {
        match self.line().failure {
            Some(kind) => Err(SendError { kind, source: None }),
            None => Ok(Sent { id: id.to_owned(), sender: Some(sender.to_owned()) }),
        }
    }
}

impl SmsSender for Phone {
    async fn send(&self, message: &Message<'_>, _: Duration) -> Result<Sent, SendError> {
        let sent = self.outcome("m-1", "EXAMPLE")?;
        let mut line = self.line();
        line.messages.push((message.to.clone(), message.code.expose().to_owned(), message.purpose));
        line.receipts.push((*message.challenge, message.receipt.clone()));
        drop(line);
        Ok(sent)
    }
}

impl CallPlacer for Phone {
    async fn call(
        &self,
        _: &PhoneNumber,
        challenge: &ChallengeId,
        token: &CallToken,
        _: Duration,
    ) -> Result<Sent, SendError> {
        let sent = self.outcome("CA-1", "+15005550100")?;
        self.line().calls.push((*challenge, token.clone()));
        Ok(sent)
    }
}

pub(crate) struct Keys;

impl Keys {
    pub(crate) fn all() -> MacKeys {
        MacKeys { current: MacKey::from_secret(MAC_KEY), previous: None, next: None }
    }
}

impl KeySource for Keys {
    async fn keys(&self, _: Timestamp) -> Result<Arc<MacKeys>, KeyError> {
        Ok(Arc::new(Self::all()))
    }
}

/// The keys of what passes between page and phone.
pub(crate) struct PassedKeys(&'static str);

impl KeySource for PassedKeys {
    async fn keys(&self, _: Timestamp) -> Result<Arc<MacKeys>, KeyError> {
        Ok(Arc::new(MacKeys { current: MacKey::from_secret(self.0), previous: None, next: None }))
    }
}

/// In place of KMS: the same token for the same facts, without a real signature.
pub(crate) struct Signer;

impl ResultSigner for Signer {
    async fn sign(&self, approval: &Approval, first_factor: &FirstFactor) -> Result<String, SignError> {
        let settings = SignerSettings {
            key_arn: "arn:aws:kms:eu-central-1:123456789012:key/sample".to_owned(),
            issuer: BASE_URL.to_owned(),
            audience: "login".to_owned(),
        };
        let unsigned = unsigned(&settings, approval, first_factor).expect("serializable");
        Ok(format!("{unsigned}.{}", base64url(b"not signed")))
    }
}

/// A secret that a test changes, or that cannot be read.
#[derive(Clone, Default)]
pub(crate) struct EdgeSecrets(Arc<Mutex<Option<Value>>>);

impl EdgeSecrets {
    pub(crate) fn put(&self, document: Option<Value>) {
        *self.0.lock().expect("not poisoned") = document;
    }
}

impl SecretSource for EdgeSecrets {
    async fn read(&self, id: &str) -> Result<String, SecretError> {
        let document = self.0.lock().expect("not poisoned").as_ref().map(Value::to_string);
        document.ok_or_else(|| SecretError::Unavailable(id.to_owned(), "down".into()))
    }
}

pub(crate) struct Tokens;

impl TokenSource for Tokens {
    async fn tokens(&self, _: Timestamp) -> Result<Arc<SigningTokens>, SecretError> {
        Ok(Arc::new(SigningTokens::new(VOICE_TOKEN.to_owned(), None)))
    }
}
