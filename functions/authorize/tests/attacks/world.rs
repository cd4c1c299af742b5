//! The function with its keys, its Entra, and browsers that post to it.

use std::sync::OnceLock;

use authorize::App;
use authorize::config::Config;
use authorize::keys::EntraKeys;
use authorize::tokens::Tokens;
use aws_config::SdkConfig;
use aws_sdk_kms::config::{Credentials, Region};
use domain::time::Timestamp;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Request, Response, StatusCode};
use lambda_http::{Body, RequestExt as _};
use platform::aws::{Roots, connector, defaults};
use platform::jws::{Jws, PublicKey};
use platform::kms::key_id;
use platform::secrets::{Secret, SecretError, SecretSource};
use platform::settings::Environment;
use serde_json::{Value, json};
use signing::Key;

use crate::entra::Entra;

pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
pub(crate) const BASE_URL: &str = "https://mfa.example.com";
pub(crate) const ISSUER: &str = "https://first-factor.example.com";
pub(crate) const FIRST_FACTOR: &str = "urn:alliance-mfa:first-factor";
pub(crate) const RESULT: &str = "urn:alliance-mfa:result";
pub(crate) const CLIENT: &str = "alliance-mfa-client";
pub(crate) const APP: &str = "1c5d1e0e-6f53-4b25-9d3c-0f4f2b1f7a11";
pub(crate) const TENANT: &str = "7a1f0c9e-5d0e-4a4b-9a53-2f6b8d3c1e70";
pub(crate) const OTHER_TENANT: &str = "9f2d1b6a-1111-4222-8333-444455556666";
pub(crate) const OID: &str = "3d9c1f5e-0a7b-4c2d-8e6f-112233445566";
pub(crate) const SUB: &str = "pairwise-of-alice";
pub(crate) const NONCE: &str = "nonce of the attempt";
/// With all that a form or an address could change.
pub(crate) const STATE: &str = "rQ+/=state \"<&'%20é";
pub(crate) const LOGIN_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/login";
pub(crate) const RESULT_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/result";
pub(crate) const SECOND_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/second";
pub(crate) const ANSWER_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/answer";
const ARNS: [&str; 4] = [LOGIN_KEY, RESULT_KEY, SECOND_KEY, ANSWER_KEY];
/// Of Entra's key.
pub(crate) const KID: &str = "entra-1";

/// The key pair behind an ARN, of which no two have the same.
pub(crate) fn key(arn: &str) -> &'static Key {
    Key::of(ARNS.iter().position(|known| *known == arn).expect("a key"))
}

pub(crate) fn entras_key() -> &'static Key {
    static DRAWN: OnceLock<Key> = OnceLock::new();
    DRAWN.get_or_init(|| Key::draw(2048))
}

/// A key that nobody trusts.
pub(crate) fn strangers_key() -> &'static Key {
    static DRAWN: OnceLock<Key> = OnceLock::new();
    DRAWN.get_or_init(|| Key::draw(2048))
}

pub(crate) struct World {
    pub(crate) app: App<EdgeSecret>,
    pub(crate) entra: Entra,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::of(&[]).await
    }

    /// A deployment with other settings.
    pub(crate) async fn of(settings: &[(&str, &str)]) -> Self {
        Self::start(&json!({ "keys": [entras_key().jwk(KID)] }), settings).await
    }

    /// In which Entra publishes this key set.
    pub(crate) async fn with_keys(keys: &Value) -> Self {
        Self::start(keys, &[]).await
    }

    async fn start(keys: &Value, settings: &[(&str, &str)]) -> Self {
        let entra = Entra::start(keys).await;
        let kms = signing::kms(ARNS.map(|arn| (arn, key(arn))));
        Self { app: app(&entra, &kms, settings).await, entra }
    }

    /// Behind an edge.
    pub(crate) async fn behind_edge(secret: Option<&'static str>) -> Self {
        let mut world = Self::new().await;
        world.app.edge = Some(Secret::on_demand(EdgeSecret(secret), "edge".to_owned()));
        world
    }

    pub(crate) fn redirect_uri(&self) -> String {
        format!("{}/common/federation/externalauthprovider", self.entra.url)
    }

    /// The claims of Alice's hint, changed: `null` removes one.
    pub(crate) fn claims(&self, changes: &Value) -> Value {
        let now = NOW.as_unix();
        changed(
            json!({
                "ver": "2.0", "iss": format!("{}/{TENANT}/v2.0", self.entra.url), "aud": APP, "exp": now - 1, "iat": now,
                "nbf": now, "sub": SUB, "oid": OID, "tid": TENANT, "preferred_username": "alice@contoso.example",
            }),
            changes,
        )
    }

    pub(crate) fn hint(&self, changes: &Value) -> String {
        entras_key().jwt("JWT", KID, &self.claims(changes))
    }

    /// The form that Entra's page posts.
    pub(crate) fn form(&self) -> Form {
        let claims = json!({ "id_token": {
            "acr": { "essential": true, "values": ["possessionorinherence"] },
            "amr": { "essential": true, "values": ["face", "fido", "otp", "sms", "tel", "vbm"] },
        } });
        let redirect_uri = self.redirect_uri();
        let fields = [
            ("scope", "openid"),
            ("response_type", "id_token"),
            ("response_mode", "form_post"),
            ("client_id", CLIENT),
            ("redirect_uri", &redirect_uri),
            ("nonce", NONCE),
            ("state", STATE),
            ("id_token_hint", &self.hint(&json!({}))),
            ("claims", &claims.to_string()),
            ("client-request-id", "c-1"),
        ];
        Form(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    pub(crate) async fn post(&self, path: &str, form: &Form, browser: &Browser, now: Timestamp) -> Answer {
        self.send(request(path, form.body(), browser), now).await
    }

    pub(crate) async fn send(&self, request: Request<Body>, now: Timestamp) -> Answer {
        Answer::of(self.app.handle(request, now).await)
    }

    /// What the form gets in a browser that has not been here.
    pub(crate) async fn ask(&self, form: &Form) -> Answer {
        self.post("/authorize", form, &Browser::default(), NOW).await
    }

    /// A login that has got to the login page.
    pub(crate) async fn login(&self, form: &Form, browser: &mut Browser) -> Login {
        let answer = self.post("/authorize", form, browser, NOW).await;
        browser.keep(&answer);
        Login::of(&answer)
    }

    /// What the login page posts at the end.
    pub(crate) async fn hand_over(&self, form: &Form, browser: &Browser) -> Answer {
        self.post("/authorize/answer", form, browser, NOW).await
    }

    /// What an answer page brings back to Entra: at its registered address, and with the state as it was.
    pub(crate) fn brought_back(&self, answer: &Answer) -> Vec<(String, String)> {
        assert_eq!(answer.status, 200, "{}", answer.body);
        let (action, mut fields) = answer.form().expect("a form");
        assert_eq!(action, self.redirect_uri());
        let state = fields.pop().expect("a state");
        assert_eq!(state, ("state".to_owned(), STATE.to_owned()));
        fields
    }

    /// The error that Entra gets.
    pub(crate) fn error(&self, answer: &Answer) -> String {
        let fields = self.brought_back(answer);
        let [(name, error), (description, _)] = &fields[..] else { panic!("an error: {fields:?}") };
        assert_eq!([name, description], ["error", "error_description"]);
        error.clone()
    }

    /// The claims of the ID token that Entra gets, which verifies it with the published key.
    pub(crate) fn id_token(&self, answer: &Answer) -> Value {
        let fields = self.brought_back(answer);
        let [(name, token)] = &fields[..] else { panic!("a token: {fields:?}") };
        assert_eq!(name, "id_token");
        claims_of(token, ANSWER_KEY)
    }
}

/// What Secrets Manager has for the edge. Without one, it can't be reached.
pub(crate) struct EdgeSecret(pub(crate) Option<&'static str>);

impl SecretSource for EdgeSecret {
    async fn read(&self, id: &str) -> Result<String, SecretError> {
        let value = self.0.ok_or_else(|| SecretError::Unavailable(id.to_owned(), "down".into()))?;
        Ok(json!({ "current": value }).to_string())
    }
}

async fn app(entra: &Entra, kms: &str, settings: &[(&str, &str)]) -> App<EdgeSecret> {
    let settings = [settings, &[("ENTRA_AUTHORITY", &entra.url)]].concat();
    let config = environment(&settings).read(Config::read).expect("right settings");
    let aws = aws(kms).await;
    App {
        keys: EntraKeys::new(config.registration.cloud.clone()),
        tokens: Tokens::new(&aws, &config),
        config,
        edge: None,
    }
}

pub(crate) fn environment(changes: &[(&str, &str)]) -> Environment {
    let usual = [
        ("PUBLIC_BASE_URL", BASE_URL),
        ("BRAND", "Example <b>"),
        ("FIRST_FACTOR_ISSUER", ISSUER),
        ("FIRST_FACTOR_KEY_ARN", LOGIN_KEY),
        ("SIGNING_KEY_ARN", RESULT_KEY),
        ("PREVIOUS_SIGNING_KEY_ARN", SECOND_KEY),
        ("ANSWER_KEY_ARN", ANSWER_KEY),
        ("ENTRA_TENANT_IDS", TENANT),
        ("ENTRA_APP_ID", APP),
        ("ENTRA_CLIENT_ID", CLIENT),
    ];
    usual.iter().chain(changes).copied().collect()
}

async fn aws(endpoint: &str) -> SdkConfig {
    defaults(&connector(Roots::Amazon).expect("usable roots"))
        .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
        .region(Region::new("eu-central-1"))
        .endpoint_url(endpoint)
        .load()
        .await
}

pub(crate) fn changed(mut document: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().expect("an object") {
        document[name] = value.clone();
    }
    document.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    document
}

pub(crate) fn claims_of(token: &str, arn: &str) -> Value {
    let token = Jws::parse(token).expect("a JWT");
    assert_eq!(token.header.kid, Some(key_id(arn)));
    token.verified(&PublicKey::from_spki(&key(arn).spki()).expect("a key")).expect("a signature of this key")
}

pub(crate) fn request(path: &str, body: impl Into<Body>, browser: &Browser) -> Request<Body> {
    let mut request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(cookies) = &browser.0 {
        request = request.header(COOKIE, cookies);
    }
    request.body(body.into()).expect("a request").with_raw_http_path(path)
}

/// The cookies that a browser sends.
#[derive(Clone, Default)]
pub(crate) struct Browser(pub(crate) Option<String>);

impl Browser {
    pub(crate) fn keep(&mut self, answer: &Answer) {
        if let Some(cookie) = answer.headers.get(SET_COOKIE) {
            let cookie = cookie.to_str().expect("text");
            self.0 = Some(cookie.split(';').next().expect("a pair").to_owned());
        }
    }
}

#[derive(Clone)]
pub(crate) struct Form(pub(crate) Vec<(String, String)>);

impl Form {
    pub(crate) fn of(fields: &[(&str, &str)]) -> Self {
        Self(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut form = self.without(name);
        form.0.push((name.to_owned(), value.to_owned()));
        form
    }

    pub(crate) fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(known, _)| known != name).cloned().collect())
    }

    pub(crate) fn body(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    fn of(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let body = String::from_utf8(body.to_vec()).expect("text");
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// The address and the fields of its form.
    pub(crate) fn form(&self) -> Option<(String, Vec<(String, String)>)> {
        let attribute = |text: &str, name: &str| {
            let (_, rest) = text.split_once(&format!("{name}=\""))?;
            Some(plain(rest.split_once('"')?.0))
        };
        let (_, form) = self.body.split_once("<form ")?;
        let inputs = form.split("<input ").skip(1);
        let field = |input: &str| Some((attribute(input, "name")?, attribute(input, "value")?));
        Some((attribute(form, "action")?, inputs.map(field).collect::<Option<_>>()?))
    }

    /// Whether it is the page of ours, which sends nothing anywhere.
    pub(crate) fn assert_ended(&self, status: u16, why: &str) {
        assert_eq!(self.status, status, "{why}: {}", self.body);
        assert!(!self.headers.contains_key(LOCATION) && !self.headers.contains_key(SET_COOKIE), "{why}");
        for forbidden in ["<form", "<script", "<a ", "http"] {
            assert!(!self.body.contains(forbidden), "{why}: {forbidden} in {}", self.body);
        }
        assert!(self.body.contains("start again"), "{why}");
    }
}

fn plain(escaped: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(escaped.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

/// What the login page finds in its address.
pub(crate) struct Login {
    pub(crate) token: String,
    pub(crate) claims: Value,
}

impl Login {
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let location = answer.headers[LOCATION].to_str().expect("text");
        let (page, fragment) = location.split_once('#').expect("a fragment");
        assert_eq!(
            page, "/?redirect_uri=https%3A%2F%2Fmfa.example.com%2Fauthorize%2Fanswer",
            "nothing secret is in it"
        );
        let (token, state) = fragment.strip_prefix("token=").and_then(|rest| rest.split_once("&state=")).expect("both");
        let state = form_urlencoded::parse(format!("s={}", state.replace('+', "%2B")).as_bytes())
            .next()
            .expect("a state")
            .1
            .into_owned();
        assert_eq!(state, STATE);
        Self { token: token.to_owned(), claims: claims_of(token, LOGIN_KEY) }
    }

    pub(crate) fn id(&self) -> &str {
        self.claims["jti"].as_str().expect("text")
    }

    /// The claims of a result of this login, changed.
    pub(crate) fn result_claims(&self, changes: &Value) -> Value {
        changed(
            json!({
                "iss": BASE_URL, "aud": RESULT, "sub": self.claims["sub"], "txn": self.claims["jti"], "jti": "challenge",
                "iat": NOW.as_unix() - 7, "exp": NOW.as_unix() + 293, "auth_time": NOW.as_unix(),
                "amr": ["otp", "sms", "mfa"], "acr": "urn:alliance-mfa:acr:phone",
            }),
            changes,
        )
    }

    /// A result as the API signs it.
    pub(crate) fn result(&self, changes: &Value) -> String {
        key(RESULT_KEY).jwt("mfa-result+jwt", &key_id(RESULT_KEY), &self.result_claims(changes))
    }

    /// What the login page posts with a result.
    pub(crate) fn with(&self, result: &str) -> Form {
        Form::of(&[("first_factor_token", &self.token), ("result_token", result), ("state", STATE)])
    }
}
