//! KMS: what is signed, the token that comes of it, and the keys that verifiers find.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::challenge::Method;
use domain::identity::{ChallengeId, ChallengeKey, SessionId, SubjectId};
use domain::result::Approval;
use domain::time::Timestamp;
use platform::first_factor::FirstFactor;
use platform::jwks::key_set;
use platform::signer::{KmsSigner, ResultSigner as _, SignError, SignerSettings, key_id};
use serde_json::{Value, json};

use super::{Behaviour, Stub};
use crate::scene::NOW;

const KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/sample";

fn approval(by: Method, enrolled_now: bool) -> Approval {
    let key = ChallengeKey { subject: SubjectId::new("idp", "alice"), session: SessionId::new("login-1", None) };
    Approval { id: ChallengeId { key, generation: 1 }, at: NOW, by, enrolled_now }
}

fn first_factor() -> FirstFactor {
    FirstFactor {
        key: approval(Method::SmsCode, false).id.key,
        sub: "alice".to_owned(),
        txn: "login-1".to_owned(),
        amr: vec!["pwd".to_owned(), "mfa".to_owned()],
        auth_time: Timestamp::from_unix(NOW.as_unix() - 30),
        keep_until: NOW,
        phone: None,
    }
}

async fn sign(kms: &Stub, approval: &Approval) -> Result<String, SignError> {
    let settings = SignerSettings {
        key_arn: KEY.to_owned(),
        issuer: "https://mfa.example.com".to_owned(),
        audience: "login".to_owned(),
    };
    KmsSigner::new(&kms.aws().await, settings).sign(approval, &first_factor()).await
}

fn decode(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

fn signing() -> String {
    json!({ "KeyId": KEY, "Signature": STANDARD.encode([7; 256]), "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256" })
        .to_string()
}

#[tokio::test]
async fn the_digest_of_header_and_claims_is_signed() {
    let kms = Stub::answering(200, &signing()).await;
    let token = sign(&kms, &approval(Method::SmsCode, false)).await.expect("a token");
    let request = kms.only_request();
    assert!(request.head.to_ascii_lowercase().contains("x-amz-target: trentservice.sign"), "{}", request.head);
    let asked: Value = serde_json::from_str(&request.body).expect("JSON");
    assert_eq!((&asked["KeyId"], &asked["MessageType"]), (&json!(KEY), &json!("DIGEST")));
    assert_eq!(asked["SigningAlgorithm"], "RSASSA_PKCS1_V1_5_SHA_256");
    let (unsigned, signature) = token.rsplit_once('.').expect("three parts");
    let digest = <sha2::Sha256 as sha2::Digest>::digest(unsigned.as_bytes());
    assert_eq!(asked["Message"], STANDARD.encode(digest));
    assert_eq!(signature, URL_SAFE_NO_PAD.encode([7; 256]));
}

#[tokio::test]
async fn the_claims_are_these_and_the_bytes_the_same_each_time() {
    let kms = Stub::answering(200, &signing()).await;
    let sms = sign(&kms, &approval(Method::SmsCode, true)).await.expect("a token");
    assert_eq!(sms, sign(&kms, &approval(Method::SmsCode, true)).await.expect("a token"));
    let parts: Vec<_> = sms.split('.').collect();
    assert_eq!(decode(parts[0]), json!({ "alg": "RS256", "typ": "mfa-result+jwt", "kid": key_id(KEY) }));
    let now = NOW.as_unix();
    let jti = URL_SAFE_NO_PAD.encode(approval(Method::SmsCode, true).id.digest());
    assert_eq!(
        decode(parts[1]),
        json!({
            "iss": "https://mfa.example.com", "aud": "login", "sub": "alice", "iat": now, "exp": now + 300,
            "jti": jti, "txn": "login-1", "amr": ["pwd", "mfa", "otp", "sms"],
            "acr": "urn:alliance-mfa:acr:phone-enrolled", "auth_time": now - 30, "enrolled_now": true,
        })
    );
    let call = sign(&kms, &approval(Method::PressPound, false)).await.expect("a token");
    let claims = decode(call.split('.').nth(1).expect("claims"));
    assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["pwd", "mfa", "tel"]), &json!("urn:alliance-mfa:acr:phone")));
    assert_eq!(claims.get("enrolled_now"), None);
}

#[tokio::test]
async fn a_kms_that_fails_yields_no_token_in_time() {
    let broken = [
        Behaviour::Answer(200, "{}".to_owned()),
        Behaviour::Answer(400, r#"{"__type":"AccessDeniedException"}"#.to_owned()),
        Behaviour::Answer(500, "{}".to_owned()),
        Behaviour::HangUp,
        Behaviour::Stall,
    ];
    for behaviour in broken {
        let kms = Stub::start(behaviour).await;
        let signed = tokio::time::timeout(Duration::from_secs(20), sign(&kms, &approval(Method::SmsCode, false))).await;
        assert!(signed.expect("an answer well under a function's deadline").is_err());
    }
}

/// An RSA key of 512 bits, made for this test: modulus and exponent as OpenSSL prints them.
const PUBLIC_KEY: &str = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==";

#[tokio::test]
async fn verifiers_find_the_key_by_the_id_in_the_header() {
    let kms = Stub::answering(200, &json!({ "KeyId": KEY, "PublicKey": PUBLIC_KEY }).to_string()).await;
    let keys = key_set(&kms.aws().await, &[KEY.to_owned(), "arn:previous".to_owned()]).await.expect("keys");
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["alg"], &key["use"]), (&json!("RSA"), &json!("RS256"), &json!("sig")));
    assert_eq!((&key["kid"], &key["e"]), (&json!(key_id(KEY)), &json!("AQAB")));
    assert_eq!(key["n"], "qPfgaTEWEP3S9w0tgsicURfo-nLW09_0KfOPinhYZ4ouzU-3xC4pSlEp8Ut9FgL0AgqNslNaK34Kq-NZjO9DAQ");
    assert_eq!(keys["keys"][1]["kid"], key_id("arn:previous"));
    assert_ne!(key["kid"], keys["keys"][1]["kid"]);
}

#[tokio::test]
async fn a_key_that_is_not_rsa_is_refused() {
    let kms =
        Stub::answering(200, &json!({ "KeyId": KEY, "PublicKey": STANDARD.encode(b"not DER") }).to_string()).await;
    assert!(key_set(&kms.aws().await, &[KEY.to_owned()]).await.is_err());
}
