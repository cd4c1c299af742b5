//! Tokens that an attacker makes: only RS256 by the right key counts, and nothing in a token says what is right.

use platform::jws::{Jws, PublicKey};
use ring::hmac;
use serde_json::{Value, json};
use signing::{Key, encoded, unsigned};

const KID: &str = "k";

fn key() -> PublicKey {
    PublicKey::of_set(&json!({ "keys": [Key::of(0).jwk(KID)] }), KID).expect("a key")
}

fn header() -> Value {
    json!({ "alg": "RS256", "typ": "JWT", "kid": KID })
}

fn claims() -> Value {
    json!({ "sub": "alice", "exp": 1_800_000_300 })
}

/// What is read from `token`, if the key has signed it.
fn verified(token: &str) -> Option<Value> {
    Jws::parse(token)?.verified(&key())
}

fn with(mut header: Value, name: &str, value: impl Into<Value>) -> Value {
    header[name] = value.into();
    header
}

#[test]
fn a_token_signed_by_the_key_is_read() {
    let token = Key::of(0).token(&header(), &claims());
    let parsed = Jws::parse(&token).expect("a token");
    let found = (parsed.header.alg.as_str(), parsed.header.typ.as_deref(), parsed.header.kid.as_deref());
    assert_eq!(found, ("RS256", Some("JWT"), Some(KID)));
    assert_eq!(verified(&token), Some(claims()));
}

#[test]
fn another_algorithm_in_the_header_is_refused_even_if_the_signature_is_right() {
    for alg in ["none", "None", "NONE", "HS256", "RS512", "PS256", "ES256", "rs256", "RS256 ", ""] {
        assert_eq!(verified(&Key::of(0).token(&with(header(), "alg", alg), &claims())), None, "{alg}");
    }
    for header in
        [json!({ "typ": "JWT", "kid": KID }), with(header(), "alg", json!(["RS256"])), json!([]), json!("RS256")]
    {
        assert_eq!(verified(&Key::of(0).token(&header, &claims())), None, "{header}");
    }
}

#[test]
fn a_token_without_a_signature_is_refused() {
    for alg in ["none", "RS256"] {
        assert_eq!(verified(&format!("{}.", unsigned(&with(header(), "alg", alg), &claims()))), None, "{alg}");
    }
}

/// The public key is known to everybody, so it must not serve as the secret of a MAC.
#[test]
fn a_mac_made_with_the_public_key_is_refused() {
    let jwk = Key::of(0).jwk(KID);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", encoded(Key::of(0).spki()));
    let secrets = [Key::of(0).spki(), key().modulus, jwk["n"].to_string().into_bytes(), pem.into_bytes()];
    for alg in ["HS256", "RS256"] {
        let unsigned = unsigned(&with(header(), "alg", alg), &claims());
        for secret in &secrets {
            let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), unsigned.as_bytes());
            assert_eq!(verified(&format!("{unsigned}.{}", encoded(mac))), None, "{alg}");
        }
    }
}

#[test]
fn a_token_of_another_key_is_refused_though_it_names_the_right_one() {
    assert_eq!(verified(&Key::of(1).token(&header(), &claims())), None);
}

#[test]
fn a_key_that_a_token_brings_along_is_ignored() {
    let own = Key::of(1).jwk(KID);
    for (name, value) in [
        ("jwk", own.clone()),
        ("jku", json!("https://attacker.example/keys")),
        ("x5u", json!("https://attacker.example/certificate")),
        ("x5c", json!([encoded(Key::of(1).spki())])),
    ] {
        let header = with(header(), name, value);
        assert_eq!(verified(&Key::of(1).token(&header, &claims())), None, "{name}");
        assert_eq!(verified(&Key::of(0).token(&header, &claims())), Some(claims()), "{name}");
    }
}

/// RFC 7515 §4.1.11: what a token declares critical has to be understood, and nothing is.
#[test]
fn a_token_with_critical_headers_is_refused() {
    for critical in [json!(["b64"]), json!([]), json!("exp")] {
        assert_eq!(verified(&Key::of(0).token(&with(header(), "crit", critical), &claims())), None);
    }
}

#[test]
fn a_key_is_found_by_exactly_its_name() {
    let set = json!({ "keys": [Key::of(1).jwk("other"), Key::of(0).jwk(KID)] });
    assert_eq!(PublicKey::of_set(&set, KID).expect("a key").modulus, key().modulus);
    for kid in ["", "K", "k ", "https://attacker.example/k", "../keys/k", "/dev/null", "k\0", "keys", "0", "*"] {
        assert!(PublicKey::of_set(&set, kid).is_none(), "{kid}");
    }
    for set in [json!({}), json!({ "keys": {} }), json!({ "keys": "k" }), json!([Key::of(0).jwk(KID)]), json!(null)] {
        assert!(PublicKey::of_set(&set, KID).is_none(), "{set}");
    }
}

#[test]
fn a_token_that_is_changed_or_cut_anywhere_is_refused() {
    let token = Key::of(0).token(&header(), &claims());
    for end in 0..token.len() {
        assert_eq!(verified(&token[..end]), None, "cut at {end}");
    }
    let parts: Vec<_> = token.split('.').collect();
    let [head, body, signature] = parts.as_slice() else { panic!("three parts") };
    let other = encoded(json!({ "sub": "mallory", "exp": 1_800_000_300 }).to_string());
    for changed in [
        format!("{token}."),
        format!(".{token}"),
        format!("{token}="),
        format!("{token}=="),
        format!("{token}A"),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{head}.{body}.{body}.{signature}"),
        format!("{head}..{signature}"),
        format!("{head}=.{body}.{signature}"),
        format!("{head}.{body}=.{signature}"),
        format!("{head}.{other}.{signature}"),
        format!("{body}.{head}.{signature}"),
        format!("{head}.{signature}"),
        format!("{head}\n.{body}.{signature}"),
        "..".to_owned(),
        "...".to_owned(),
        String::new(),
    ] {
        assert_eq!(verified(&changed), None, "{changed}");
    }
}

#[test]
fn claims_that_are_no_json_are_refused_though_they_are_signed() {
    for claims in [json!("text"), json!([]), json!(7)] {
        let token = Key::of(0).token(&header(), &claims);
        let read: Option<serde_json::Map<String, Value>> = Jws::parse(&token).expect("a token").verified(&key());
        assert!(read.is_none(), "{claims}");
    }
}

#[test]
fn a_key_of_1024_bits_verifies_nothing() {
    let small = Key::draw(1024);
    let token = small.token(&header(), &claims());
    let verified = |key: PublicKey| Jws::parse(&token).and_then(|token| token.verified::<Value>(&key));
    assert!(PublicKey::from_jwk(&small.jwk(KID)).and_then(verified).is_none());
    assert!(PublicKey::from_spki(&small.spki()).ok().and_then(verified).is_none());
}

/// With the exponent 1, every message is its own signature; an even one or zero is no key at all.
#[test]
fn a_key_with_a_weak_exponent_verifies_nothing() {
    let token = Key::of(0).token(&header(), &claims());
    for exponent in [&[][..], &[0], &[1], &[2], &[0, 1, 0, 1]] {
        let jwk = with(Key::of(0).jwk(KID), "e", encoded(exponent));
        let key = PublicKey::from_jwk(&jwk);
        let read: Option<Value> = key.and_then(|key| Jws::parse(&token).expect("a token").verified(&key));
        assert!(read.is_none(), "{exponent:?}");
    }
}

#[test]
fn a_jwk_that_is_no_rsa_key_for_signatures_is_refused() {
    let jwk = Key::of(0).jwk(KID);
    assert!(PublicKey::from_jwk(&jwk).is_some());
    for (name, value) in [
        ("use", json!("enc")),
        ("use", json!(["sig"])),
        ("kty", json!("EC")),
        ("kty", json!("oct")),
        ("kty", json!(null)),
        ("alg", json!("RS512")),
        ("alg", json!("RSA-OAEP")),
        ("key_ops", json!(["encrypt"])),
        ("n", json!(null)),
        ("n", json!(7)),
        ("n", json!("not base64url!")),
        ("e", json!(65537)),
    ] {
        assert!(PublicKey::from_jwk(&with(jwk.clone(), name, value.clone())).is_none(), "{name}: {value}");
    }
    for lacking in ["use", "alg"] {
        let mut jwk = jwk.clone();
        jwk.as_object_mut().expect("an object").remove(lacking);
        assert!(PublicKey::from_jwk(&jwk).is_some(), "{lacking} may be missing");
    }
}

#[test]
fn the_key_that_kms_tells_is_the_one_that_is_published() {
    let told = PublicKey::from_spki(&Key::of(0).spki()).expect("a key");
    assert_eq!((told.modulus, told.exponent), (key().modulus, key().exponent));
    for end in [0, 1, 20, 200] {
        assert!(PublicKey::from_spki(&Key::of(0).spki()[..end]).is_err());
    }
}
