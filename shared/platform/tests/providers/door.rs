//! First-factor tokens of our own issuer: what it mints it reads, and nothing else.

use std::time::Duration;

use domain::time::Timestamp;
use platform::door::{Issuer, Login};
use serde_json::{Value, json};
use signing::{Key, kms};

use crate::fixture::{NOW, aws};

const ARN: &str = "arn:aws:kms:eu-central-1:123456789012:key/issuer";
const NAME: &str = "https://issuer.example.com";
const AUDIENCE: &str = "urn:alliance-mfa:first-factor";

async fn issuer() -> Issuer {
    let aws = aws(&kms([(ARN, Key::of(0))])).await;
    Issuer::new(&aws, ARN.to_owned(), NAME.to_owned(), AUDIENCE.to_owned())
}

fn login() -> Login {
    Login {
        sub: "entra:tenant:alice".to_owned(),
        jti: "login-1".to_owned(),
        auth_time: NOW.as_unix() - 30,
        amr: vec!["pwd".to_owned()],
        phone_number: None,
        phone_number_verified: None,
    }
}

fn claims() -> Value {
    json!({
        "iss": NAME, "aud": AUDIENCE, "exp": NOW.as_unix() + 300, "sub": "entra:tenant:alice", "jti": "login-1",
        "auth_time": NOW.as_unix() - 30,
    })
}

/// What the issuer reads from `token`.
async fn read(token: &str) -> Option<(Login, Timestamp)> {
    let issuer = issuer().await;
    let key = issuer.public_key().await.expect("a key");
    issuer.read(token, &key)
}

#[tokio::test]
async fn a_token_that_was_minted_is_read_with_the_time_at_which_it_expires() {
    let token = issuer().await.mint(&login(), NOW, Duration::from_mins(5)).await.expect("a token");
    assert_eq!(read(&token).await, Some((login(), Timestamp::from_unix(NOW.as_unix() + 300))));
}

#[tokio::test]
async fn a_door_may_add_claims_of_its_own() {
    let more = json!({ "sub": "cognito:pool:bob", "jti": "login-2", "auth_time": 1, "nonce": "n" });
    let token = issuer().await.mint(&more, NOW, Duration::from_mins(5)).await.expect("a token");
    let issuer = issuer().await;
    let key = issuer.public_key().await.expect("a key");
    let (found, _) = issuer.read::<Value>(&token, &key).expect("read");
    assert_eq!(found, more);
}

/// Whoever reads it says whether it still counts: the answer to a login may come late.
#[tokio::test]
async fn an_expired_token_is_read_and_says_when_it_expired() {
    let mut claims = claims();
    claims["exp"] = json!(17);
    let token = Key::of(0).jwt("JWT", "any", &claims);
    let (_, expired) = read(&token).await.expect("read");
    assert_eq!(expired, Timestamp::from_unix(17));
}

#[tokio::test]
async fn a_token_of_another_issuer_audience_type_or_key_is_not_read() {
    assert!(read(&Key::of(0).jwt("JWT", "any", &claims())).await.is_some());
    for (claim, value) in [
        ("iss", json!("https://other.example.com")),
        ("iss", json!(format!("{NAME}/"))),
        ("iss", json!([NAME])),
        ("aud", json!("urn:alliance-mfa:result")),
        ("aud", json!([AUDIENCE])),
        ("aud", json!([AUDIENCE, "another"])),
        ("exp", json!("soon")),
        ("exp", json!(-1)),
        ("sub", json!(7)),
    ] {
        let mut claims = claims();
        claims[claim] = value.clone();
        assert_eq!(read(&Key::of(0).jwt("JWT", "any", &claims)).await, None, "{claim}: {value}");
    }
    for missing in ["iss", "aud", "exp", "sub", "jti"] {
        let mut claims = claims();
        claims.as_object_mut().expect("an object").remove(missing);
        assert_eq!(read(&Key::of(0).jwt("JWT", "any", &claims)).await, None, "{missing}");
    }
    for typ in ["mfa-result+jwt", "jwt", "at+jwt", ""] {
        assert_eq!(read(&Key::of(0).jwt(typ, "any", &claims())).await, None, "{typ}");
    }
    assert_eq!(read(&Key::of(0).token(&json!({ "alg": "RS256" }), &claims())).await, None);
    assert_eq!(read(&Key::of(1).jwt("JWT", "any", &claims())).await, None);
}
