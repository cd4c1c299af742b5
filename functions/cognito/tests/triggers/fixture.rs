//! A user pool's events, the function with its keys in a KMS on loopback, and results as the API signs them.

use aws_config::SdkConfig;
use aws_sdk_kms::config::{Credentials, Region};
use cognito::{App, Results};
use domain::time::Timestamp;
use platform::aws::{Roots, connector, defaults};
use platform::door::{Issuer, Login, ResultKeys};
use platform::jws::PublicKey;
use platform::kms::key_id;
use serde_json::{Value, json};
use signing::Key;

pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
pub(crate) const POOL: &str = "eu-central-1_Example01";
pub(crate) const SUB: &str = "7f7d4c7e-0c51-4d0b-9d0a-0e1c5a3f5b11";
pub(crate) const NUMBER: &str = "+14155552671";
pub(crate) const BASE_URL: &str = "https://mfa.example.com";
pub(crate) const ISSUER: &str = "https://first-factor.example.com";
pub(crate) const FIRST_FACTOR: &str = "urn:alliance-mfa:first-factor";
pub(crate) const RESULT: &str = "urn:alliance-mfa:result";
pub(crate) const LOGIN_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/login";
pub(crate) const RESULT_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/result";
pub(crate) const SECOND_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/second";
/// The same key pair is never behind two ARNs.
pub(crate) fn key(arn: &str) -> &'static Key {
    Key::of([LOGIN_KEY, RESULT_KEY, SECOND_KEY].iter().position(|known| *known == arn).expect("a key"))
}

pub(crate) async fn aws(endpoint: &str) -> SdkConfig {
    defaults(&connector(Roots::Amazon).expect("usable roots"))
        .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
        .region(Region::new("eu-central-1"))
        .endpoint_url(endpoint)
        .load()
        .await
}

/// The function as init leaves it.
pub(crate) async fn app() -> App {
    let config = aws(&signing::kms([LOGIN_KEY, RESULT_KEY, SECOND_KEY].map(|arn| (arn, key(arn))))).await;
    let keys = ResultKeys::read(&config, RESULT_KEY.to_owned(), Some(SECOND_KEY.to_owned())).await.expect("keys");
    App {
        pool: POOL.to_owned(),
        issuer: Issuer::new(&config, LOGIN_KEY.to_owned(), ISSUER.to_owned(), FIRST_FACTOR.to_owned()),
        results: Results { keys, base_url: BASE_URL.to_owned(), audience: RESULT.to_owned() },
    }
}

/// An event of Cognito's, as it comes: with members that nobody here reads.
pub(crate) fn event(trigger: &str, request: &Value) -> Value {
    let mut event = json!({
        "version": "1", "region": "eu-central-1", "userPoolId": POOL, "userName": "alice", "triggerSource": trigger,
        "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "1example23456789" },
        "request": {
            "userAttributes": {
                "sub": SUB, "email": "alice@example.com", "email_verified": "true",
                "phone_number": NUMBER, "phone_number_verified": "true", "cognito:user_status": "CONFIRMED",
            },
            "userNotFound": false, "clientMetadata": null,
        },
        "response": {},
    });
    for (name, value) in request.as_object().expect("an object") {
        event["request"][name] = value.clone();
    }
    event
}

pub(crate) fn define(session: &Value) -> Value {
    event("DefineAuthChallenge_Authentication", &json!({ "session": session }))
}

pub(crate) fn create() -> Value {
    let session = json!([
        { "challengeName": "SRP_A", "challengeResult": true, "challengeMetadata": null },
        { "challengeName": "PASSWORD_VERIFIER", "challengeResult": true, "challengeMetadata": null },
    ]);
    event("CreateAuthChallenge_Authentication", &json!({ "challengeName": "CUSTOM_CHALLENGE", "session": session }))
}

pub(crate) fn verify(login: &str, answer: &Value) -> Value {
    let request = json!({ "privateChallengeParameters": { "login": login }, "challengeAnswer": answer });
    event("VerifyAuthChallengeResponse_Authentication", &request)
}

/// What Cognito asks before it issues tokens, in version 1 of this trigger.
pub(crate) fn token(source: &str) -> Value {
    let groups = json!({ "groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": null });
    let mut event = event(&format!("TokenGeneration_{source}"), &json!({ "groupConfiguration": groups }));
    event["request"].as_object_mut().expect("an object").remove("userNotFound");
    event["response"] = json!({ "claimsOverrideDetails": null });
    event
}

/// What Create answered, and the login that its token names.
pub(crate) struct Created {
    pub(crate) response: Value,
    pub(crate) token: String,
    pub(crate) login: Login,
    pub(crate) expires: Timestamp,
}

pub(crate) async fn created(app: &App, event: &Value) -> Created {
    let response = app.handle(&event.to_string(), NOW).await.expect("an answer")["response"].clone();
    let token = response["publicChallengeParameters"]["token"].as_str().expect("a token").to_owned();
    let public = PublicKey::from_spki(&key(LOGIN_KEY).spki()).expect("a key");
    let (login, expires) = app.issuer.read(&token, &public).expect("a token of this issuer");
    Created { response, token, login, expires }
}

/// The claims of a result of `login`, changed by `changes`.
pub(crate) fn claims(login: &str, changes: &Value) -> Value {
    let mut claims = json!({
        "iss": BASE_URL, "aud": RESULT, "sub": format!("cognito:{POOL}:{SUB}"), "txn": login, "jti": "challenge",
        "iat": NOW.as_unix(), "exp": NOW.as_unix() + 300, "auth_time": NOW.as_unix(),
        "amr": ["pwd", "otp", "sms", "mfa"], "acr": "urn:alliance-mfa:acr:phone",
    });
    for (name, value) in changes.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims
}

/// A result of `login`, whose claims differ by `changes`.
pub(crate) fn result(login: &str, changes: &Value) -> String {
    key(RESULT_KEY).jwt("mfa-result+jwt", &key_id(RESULT_KEY), &claims(login, changes))
}
