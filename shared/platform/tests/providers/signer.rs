//! KMS: a token verified by independent code, and what happens when KMS does not respond.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::challenge::Method;
use domain::result::Approval;
use domain::time::Timestamp;
use platform::first_factor::FirstFactor;
use platform::jwks::{discovery, key_set};
use platform::kms::{SignError, key_id};
use platform::openid::{self, CertifiedKey};
use platform::run::chain;
use platform::signer::{KmsSigner, ResultSigner as _, SignerSettings};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

use crate::fixture::{NOW, aws, challenge, timed};
use crate::stub::{Reply, Stub, nobody};

const KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/sample";
const ISSUER: &str = "https://mfa.example.com";

/// A key pair made with OpenSSL for this test. Its private key was thrown away after signing the header
/// and claims of [`approval`] with `openssl dgst -sha256 -sign`.
const PUBLIC_KEY: &str = "\
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA3nIrpjOKkuEbmCmuZhp7a2Wi1BUtTDzhbYAAcLlWItm5I0CzLbum6Qqm2pC31xDi\
    K9M5UK+JZ3yrFxCoblhOge9upF8osWarMv9IGVOnYJStasaQjmono6VY+IeG5A5tbQVK8e1WVqf9BgBRoSWC+GqUblSTszHjjXaSEH5juYXH\
    vKeeoP1Sik2bHfuPPHsIWCOmAdZUA+wokLJk94syh81hSFejGtPy+apG9XtJkiOxawlAruitfzKkNGEn5HmXjzvp1mmhZHOpWav6yJF5lOKo\
    h4DxShP4dvMBfPaRIXfPR7gDE5EkOpDkLDKnTd0OFReHmAt6huEKVgjOYFibuQIDAQAB";
/// Its certificate, as `infra/tools/certificate` made it.
const CERTIFICATE: &str = "\
    MIICtzCCAZ8CFHPoLL8hze3srFAy/SmMjHcUHPSdMA0GCSqGSIb3DQEBCwUAMBcxFTATBgNVBAMMDEFsbGlhbmNlIE1GQTAgFw0yNjExMzAwMD\
    Q0MDRaGA8yMDc2MTExNzAwNDQwNFowFzEVMBMGA1UEAwwMQWxsaWFuY2UgTUZBMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA3nIr\
    pjOKkuEbmCmuZhp7a2Wi1BUtTDzhbYAAcLlWItm5I0CzLbum6Qqm2pC31xDiK9M5UK+JZ3yrFxCoblhOge9upF8osWarMv9IGVOnYJStasaQjm\
    ono6VY+IeG5A5tbQVK8e1WVqf9BgBRoSWC+GqUblSTszHjjXaSEH5juYXHvKeeoP1Sik2bHfuPPHsIWCOmAdZUA+wokLJk94syh81hSFejGtPy\
    +apG9XtJkiOxawlAruitfzKkNGEn5HmXjzvp1mmhZHOpWav6yJF5lOKoh4DxShP4dvMBfPaRIXfPR7gDE5EkOpDkLDKnTd0OFReHmAt6huEKVg\
    jOYFibuQIDAQABMA0GCSqGSIb3DQEBCwUAA4IBAQB+i9V32zXp89cdX2/BiUnFFm6ZO4+snHQcmWZr+ttb59YN5FI9oiBYcBB6fp39gpk9NxfI\
    xu1KpeNfMMOAC+KcB4aYKSC7MPpwNm+e30WkGS14IdB5TYEt4Kfqjdn8/h/WOfbLvBJt4/8dXeQn5txjb3qq9Qn4P6s8HVtgCz7gNJagFFdzrD\
    lk8LedUcRGL+ErHjaQXprLFpMJKTLf7ksk1FpFaumcxMsnXbDrOOYnQtGrWydsQUiafRvoyYrBygtm5NtMaY7UNUId5BVWIw9DPH+izY3ilGnv\
    ZH93qJIVtu19y/tm/y+ihovkqxqsHzl/LNBFnEernnZE31yKect5";
const SIGNATURE: &str = "\
    1ja58y7etaTSLz+NBK3cUEC8IEpHPpkri5LU/9iQ3PFYcA37m93MhLVF2iO5QXIrNVVSebhnxpeZaiV541kr57/RsiD8pqjABR42B/+N0vQO\
    K8+UeHvp3hrx9HqDRX1kD0HVTUrC/QbTy0UuVLa4seZlE0O7naoumnnxt9IuWN6Vm+927A+S7IC9crUS0jM/p6QLh3MN3rtbb1stClfs7tzS\
    CUteFNMpHMtF2Y0FXFAPL2KFTEMP/+5ddL2SERVXNwFxX15B2T2SKxBZDoRXqczQcSoiCE6/Vz/47G0oY+WpdDxliqJjqbVKUAd03F6oNbeo\
    inIZuBJ05d9Ur8S6sw==";

fn approval(by: Method, enrolled_now: bool) -> Approval {
    Approval { id: challenge(), at: NOW, by, enrolled_now, test: false }
}

fn first_factor(amr: &[&str]) -> FirstFactor {
    FirstFactor {
        key: challenge().key,
        sub: "alice".to_owned(),
        txn: "login-1".to_owned(),
        amr: amr.iter().map(|method| (*method).to_owned()).collect(),
        auth_time: Timestamp::from_unix(NOW.as_unix() - 30),
        keep_until: NOW,
        phone: None,
        enrolment: domain::rules::Enrolment::SelfService,
    }
}

async fn signer(endpoint: &str) -> KmsSigner {
    let settings = SignerSettings { key_arn: KEY.to_owned(), issuer: ISSUER.to_owned(), audience: "login".to_owned() };
    KmsSigner::new(&aws(endpoint).await, settings)
}

async fn sign(endpoint: &str) -> Result<String, SignError> {
    signer(endpoint).await.sign(&approval(Method::SmsCode, false), &first_factor(&["pwd"])).await
}

fn signed() -> Reply {
    Reply::new(200, &json!({ "KeyId": KEY, "Signature": SIGNATURE }).to_string())
}

fn decode(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).expect("base64url")
}

#[tokio::test]
async fn a_token_verifies_under_the_published_key_that_its_header_names() {
    let kms = Stub::start([signed(), Reply::new(200, &json!({ "KeyId": KEY, "PublicKey": PUBLIC_KEY }).to_string())]);
    let token = sign(&kms.url()).await.expect("a token");
    let published = key_set(&aws(&kms.url()).await, &[KEY.to_owned()]).await.expect("keys");

    let (unsigned, signature) = token.rsplit_once('.').expect("three parts");
    let header: Value = serde_json::from_slice(&decode(unsigned.split('.').next().expect("a header"))).expect("JSON");
    assert_eq!(header, json!({ "alg": "RS256", "typ": "mfa-result+jwt", "kid": key_id(KEY) }));
    let keys = published["keys"].as_array().expect("a list");
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).expect("the key that the header names");
    let part = |name: &str| decode(key[name].as_str().expect("text"));
    RsaPublicKeyComponents { n: part("n"), e: part("e") }
        .verify(&RSA_PKCS1_2048_8192_SHA256, unsigned.as_bytes(), &decode(signature))
        .expect("verified");
}

#[tokio::test]
async fn each_approval_method_has_its_own_claims() {
    let kms = Stub::start([signed()]);
    let signer = signer(&kms.url()).await;
    let (phone, enrolled) = ("urn:alliance-mfa:acr:phone", "urn:alliance-mfa:acr:phone-enrolled");
    let now = NOW.as_unix();
    for (by, enrolled_now, before, amr, acr) in [
        (Method::SmsCode, false, vec!["pwd"], json!(["pwd", "otp", "sms", "mfa"]), phone),
        (Method::PressPound, false, vec!["pwd"], json!(["pwd", "tel", "mfa"]), phone),
        (Method::SmsCode, true, vec![], json!(["otp", "sms", "mfa"]), enrolled),
        (Method::PressPound, true, vec!["mfa", "otp"], json!(["mfa", "otp", "tel"]), enrolled),
    ] {
        let token = signer.sign(&approval(by, enrolled_now), &first_factor(&before)).await.expect("a token");
        let claims: Value = serde_json::from_slice(&decode(token.split('.').nth(1).expect("claims"))).expect("JSON");
        let mut expected = json!({
            "iss": ISSUER, "aud": "login", "sub": "alice", "iat": now, "exp": now + 300, "txn": "login-1",
            "jti": URL_SAFE_NO_PAD.encode(challenge().digest()), "amr": amr, "acr": acr, "auth_time": now - 30,
        });
        if enrolled_now {
            expected["enrolled_now"] = json!(true);
        }
        assert_eq!(claims, expected);
    }
}

#[tokio::test]
async fn signing_is_retried_and_yields_the_same_token() {
    for bad in [Reply::new(500, "{}"), Reply::nothing()] {
        let kms = Stub::start([signed(), bad, signed()]);
        let first = sign(&kms.url()).await.expect("a token");
        assert_eq!(sign(&kms.url()).await.expect("a token at the second try"), first);
        let asked: Vec<_> = kms.requests().into_iter().map(|request| request.body).collect();
        assert_eq!(asked.len(), 3);
        assert!(asked.iter().all(|body| *body == asked[0]), "{asked:?}");
    }
}

#[tokio::test]
async fn a_request_to_sign_contains_a_digest_and_no_personal_data() {
    let kms = Stub::start([signed()]);
    sign(&kms.url()).await.expect("a token");
    let request = kms.only_request();
    assert_eq!(request.header("x-amz-target"), "TrentService.Sign");
    let body: Value = serde_json::from_str(&request.body).expect("JSON");
    let fields: Vec<_> = body.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(fields, ["KeyId", "Message", "MessageType", "SigningAlgorithm"]);
    let digest = STANDARD.decode(body["Message"].as_str().expect("text")).expect("base64");
    assert_eq!(digest.len(), 32);
}

#[tokio::test(start_paused = true)]
async fn when_kms_does_not_sign_there_is_no_token() {
    for reply in [
        Reply::nothing().stalling(),
        signed().halved(),
        signed().halved().stalling(),
        Reply::garbage(),
        Reply::new(200, r#"{"Signature":"not base64!"}"#),
        Reply::new(200, "[]"),
        Reply::new(400, r#"{"__type":"KMSInvalidStateException","message":"pending deletion"}"#),
        Reply::new(400, r#"{"__type":"AccessDeniedException"}"#),
    ] {
        let kms = Stub::start([reply]);
        let (token, elapsed) = timed(Box::pin(sign(&kms.url()))).await;
        assert!(token.is_err());
        assert!(elapsed <= Duration::from_millis(3020), "{elapsed:?}");
        assert!(kms.requests().len() <= 3);
    }
    assert!(sign(&nobody()).await.is_err());
}

#[tokio::test]
async fn a_key_set_is_complete_or_fails_naming_the_key() {
    let good = Reply::new(200, &json!({ "PublicKey": PUBLIC_KEY }).to_string());
    let elliptic = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/\
        m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==";
    for bad in [
        Reply::new(200, &json!({ "PublicKey": elliptic }).to_string()),
        Reply::new(200, &json!({ "PublicKey": &PUBLIC_KEY[..200] }).to_string()),
        Reply::new(200, "{}"),
        Reply::new(400, r#"{"__type":"NotFoundException"}"#),
    ] {
        let kms = Stub::start([good.clone(), bad]);
        let keys = key_set(&aws(&kms.url()).await, &[KEY.to_owned(), "arn:previous".to_owned()]).await;
        let error = keys.expect_err("the second key is missing");
        assert!(chain(&error).starts_with("the public key of arn:previous cannot be read: "), "{}", chain(&error));
    }
}

#[test]
fn discovery_leads_to_the_keys() {
    let document = discovery(ISSUER);
    assert_eq!(document["issuer"], ISSUER);
    assert_eq!(document["jwks_uri"], "https://mfa.example.com/.well-known/jwks.json");
}

async fn certified(certificate: &str) -> Result<Value, String> {
    let kms = Stub::start([Reply::new(200, &json!({ "PublicKey": PUBLIC_KEY }).to_string())]);
    let key = CertifiedKey { arn: KEY.to_owned(), certificate: certificate.to_owned() };
    openid::key_set(&aws(&kms.url()).await, &[key]).await.map_err(|error| chain(&error))
}

#[tokio::test]
async fn entra_is_shown_a_key_with_its_certificate() {
    let set = certified(CERTIFICATE).await.expect("keys");
    let [key] = set["keys"].as_array().expect("a list").as_slice() else { panic!("one key: {set}") };
    assert_eq!((&key["kid"], &key["alg"], &key["use"]), (&json!(key_id(KEY)), &json!("RS256"), &json!("sig")));
    assert_eq!(key["x5c"], json!([CERTIFICATE]));
}

#[tokio::test]
async fn a_key_without_its_own_certificate_is_not_published_and_the_error_says_how_to_make_one() {
    let remedy = format!("the key {KEY} lacks its certificate, which infra/tools/certificate {KEY} makes: ");
    let der = STANDARD.decode(CERTIFICATE).expect("base64");
    let at = der.windows(8).position(|window| window == &key_bytes()[40..48]).expect("the key in the certificate");
    let mut of_another_key = der.clone();
    of_another_key[at] ^= 1;
    for bad in [
        String::new(),
        "not base64".to_owned(),
        PUBLIC_KEY.to_owned(),
        format!("{CERTIFICATE}\n"),
        CERTIFICATE[..CERTIFICATE.len() - 4].to_owned(),
        STANDARD.encode([&der[..], b"more"].concat()),
    ] {
        assert_eq!(certified(&bad).await, Err(format!("{remedy}there is no certificate in base64")), "{bad}");
    }
    let refused = certified(&STANDARD.encode(of_another_key)).await;
    assert_eq!(refused, Err(format!("{remedy}there is one of another key")));
}

fn key_bytes() -> Vec<u8> {
    STANDARD.decode(PUBLIC_KEY).expect("base64")
}

/// Word by word what Entra requires of a provider.
#[test]
fn entra_discovers_where_to_send_people_and_how_answers_look() {
    let expected = json!({
        "issuer": "https://mfa.example.com/openid",
        "authorization_endpoint": "https://mfa.example.com/authorize",
        "jwks_uri": "https://mfa.example.com/openid/jwks.json",
        "scopes_supported": ["openid"],
        "response_types_supported": ["id_token"],
        "response_modes_supported": ["form_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claim_types_supported": ["normal"],
    });
    assert_eq!(openid::discovery(ISSUER), expected);
}
