//! Whether Entra would take an answer: what its reference for external method providers says of the discovery document, of
//! the keys and of each claim.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use crate::clock;
use crate::jwt::{KeySet, Token};

/// Then Entra has forgotten the login.
const PATIENCE: Duration = Duration::from_mins(5);
/// Methods that count as something one has.
const METHODS: [&str; 3] = ["sms", "tel", "otp"];

/// What was asked for in one login.
pub(crate) struct Asked {
    pub(crate) client: String,
    pub(crate) nonce: String,
    /// The hint's.
    pub(crate) subject: String,
    pub(crate) acr: Vec<String>,
    pub(crate) at: Duration,
}

/// The answer's claims, or why Entra refuses it. `issuer` is the external method's.
pub(crate) async fn check(
    http: &reqwest::Client,
    issuer: &str,
    asked: &Asked,
    token: &str,
) -> Result<Map<String, Value>> {
    ensure!(clock::since_epoch() < asked.at + PATIENCE, "the login began more than five minutes ago");
    let document = fetch(http, &format!("{issuer}/.well-known/openid-configuration")).await?;
    check_discovery(&document, issuer)?;
    let keys = fetch(http, document["jwks_uri"].as_str().context("jwks_uri is missing")?).await?;
    check_keys(&keys)?;
    let keys: KeySet = serde_json::from_value(keys).context("the key set")?;
    let token = Token::parse(token).context("id_token")?;
    token.verify(keys.key(&token.header.kid).with_context(|| format!("key {} is not published", token.header.kid))?)?;
    check_claims(&token, issuer, asked)?;
    Ok(token.claims)
}

/// A document, with the length that its header says.
async fn fetch(http: &reqwest::Client, url: &str) -> Result<Value> {
    let answer = http.get(url).send().await?.error_for_status()?;
    let length = answer.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let body = answer.bytes().await?;
    ensure!(length == Some(body.len()), "{url}: Content-Length is {length:?}, but {} bytes came", body.len());
    serde_json::from_slice(&body).with_context(|| format!("{url} is not JSON"))
}

fn check_discovery(document: &Value, issuer: &str) -> Result<()> {
    ensure!(document["issuer"] == issuer, "discovery: issuer is {}, not {issuer}", document["issuer"]);
    for name in ["authorization_endpoint", "jwks_uri"] {
        ensure!(document[name].is_string(), "discovery: {name} is missing");
    }
    for (name, value) in [
        ("scopes_supported", "openid"),
        ("response_types_supported", "id_token"),
        ("response_modes_supported", "form_post"),
        ("id_token_signing_alg_values_supported", "RS256"),
        ("claim_types_supported", "normal"),
    ] {
        let listed = document[name].as_array().is_some_and(|list| list.iter().any(|listed| listed == value));
        ensure!(listed, "discovery: {name} doesn't list {value}");
    }
    ensure!(document["subject_types_supported"].is_array(), "discovery: subject_types_supported is missing");
    Ok(())
}

/// Each key must have a certificate over that very key.
fn check_keys(set: &Value) -> Result<()> {
    let keys = set["keys"].as_array().context("the key set has no keys")?;
    for key in keys {
        let kid = &key["kid"];
        let certificate = key["x5c"][0].as_str().with_context(|| format!("key {kid} has no x5c"))?;
        let certificate = STANDARD.decode(certificate).with_context(|| format!("x5c of key {kid}"))?;
        let key: crate::keys::Jwk = serde_json::from_value(key.clone()).with_context(|| format!("key {kid}"))?;
        let public = key.subject_public_key_info()?;
        let is_over_it = certificate.windows(public.len()).any(|part| part == public);
        ensure!(is_over_it, "the certificate of key {kid} is for another key");
    }
    Ok(())
}

fn check_claims(token: &Token, issuer: &str, asked: &Asked) -> Result<()> {
    let now = clock::epoch_seconds();
    for (name, expected) in [("iss", issuer), ("aud", &asked.client), ("nonce", &asked.nonce), ("sub", &asked.subject)]
    {
        let value = token.text(name)?;
        ensure!(value == expected, "{name} is {value}, not {expected}");
    }
    ensure!(token.seconds("exp")? > now, "the answer has expired");
    ensure!(token.seconds("iat")? <= now, "iat is in the future");
    let acr = token.text("acr")?;
    ensure!(asked.acr.iter().any(|wanted| wanted == acr), "acr is {acr}, which was not asked for");
    let Some(Value::Array(amr)) = token.claims.get("amr") else { bail!("amr is not an array") };
    let [method] = &amr[..] else { bail!("amr has {} values, not one", amr.len()) };
    ensure!(METHODS.iter().any(|known| method == known), "amr is {method}, which is no such method");
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::response::Json;
    use axum::routing::get;
    use serde_json::json;

    use super::*;
    use crate::certificate;
    use crate::keys::SigningKey;
    use crate::{jwt, net};

    type Change = fn(&mut Value, &mut Value);

    struct Provider {
        issuer: String,
        key: SigningKey,
    }

    /// An external method that answers as it must, but for what `change` does to its two documents.
    async fn provider(change: Change) -> Provider {
        let key = SigningKey::draw().await.unwrap();
        let (listener, address) = net::listen(0).await.unwrap();
        let issuer = format!("http://{address}/openid");
        let mut document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("http://{address}/authorize"),
            "jwks_uri": format!("{issuer}/jwks.json"),
            "scopes_supported": ["openid"],
            "response_types_supported": ["id_token"],
            "response_modes_supported": ["form_post"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claim_types_supported": ["normal"],
        });
        let mut jwk = serde_json::to_value(key.jwk()).unwrap();
        jwk["x5c"] = json!([STANDARD.encode(certificate::of(&key).unwrap())]);
        let mut keys = json!({ "keys": [jwk] });
        change(&mut document, &mut keys);
        let router = Router::new()
            .route("/openid/.well-known/openid-configuration", get(async || Json(document)))
            .route("/openid/jwks.json", get(async || Json(keys)));
        net::serve_on(listener, address, router);
        Provider { issuer, key }
    }

    fn asked() -> Asked {
        let [client, nonce, subject] = ["client", "nonce", "subject"].map(str::to_owned);
        Asked { client, nonce, subject, acr: vec!["possessionorinherence".to_owned()], at: clock::since_epoch() }
    }

    async fn refusal(provider: &Provider, asked: &Asked, changed: &[(&str, Value)]) -> Option<String> {
        let now = clock::epoch_seconds();
        let mut claims = json!({
            "iss": provider.issuer, "aud": "client", "sub": "subject", "nonce": "nonce", "iat": now, "exp": now + 300,
            "acr": "possessionorinherence", "amr": ["sms"],
        });
        for (name, value) in changed {
            claims[name] = value.clone();
        }
        let token = jwt::sign(&provider.key, claims.as_object().unwrap()).unwrap();
        let checked = check(&reqwest::Client::new(), &provider.issuer, asked, &token).await;
        checked.err().map(|error| format!("{error:#}"))
    }

    #[tokio::test]
    async fn an_answer_with_one_claim_that_is_wrong_is_refused_and_the_claim_named() {
        let provider = provider(|_, _| {}).await;
        assert_eq!(refusal(&provider, &asked(), &[]).await, None);
        for (name, value) in [
            ("iss", json!("http://127.0.0.1:1/openid")),
            ("aud", json!("another")),
            ("aud", json!(["client", "another"])),
            ("sub", json!("another")),
            ("nonce", json!("another")),
            ("nonce", Value::Null),
            ("iat", json!(clock::epoch_seconds() + 60)),
            ("acr", json!("possession")),
            ("acr", Value::Null),
            ("amr", json!("sms")),
            ("amr", json!([])),
            ("amr", json!(["sms", "tel"])),
            ("amr", json!(["pwd"])),
        ] {
            let said = refusal(&provider, &asked(), &[(name, value.clone())]).await;
            assert!(said.as_ref().is_some_and(|said| said.contains(name)), "{name} {value}: {said:?}");
        }
        let expired = refusal(&provider, &asked(), &[("exp", json!(clock::epoch_seconds() - 1))]).await;
        assert_eq!(expired.as_deref(), Some("the answer has expired"));
    }

    #[tokio::test]
    async fn an_answer_after_five_minutes_is_refused() {
        let provider = provider(|_, _| {}).await;
        let late = Asked { at: clock::since_epoch().saturating_sub(PATIENCE), ..asked() };
        let said = refusal(&provider, &late, &[]).await.unwrap();
        assert!(said.contains("five minutes"), "{said}");
    }

    #[tokio::test]
    async fn a_provider_whose_documents_are_not_as_entra_wants_them_is_refused() {
        let changes: [(&str, Change); 6] = [
            ("issuer", |document, _| document["issuer"] = json!("https://elsewhere.example/openid")),
            ("authorization_endpoint", |document, _| document["authorization_endpoint"] = Value::Null),
            ("response_modes_supported", |document, _| document["response_modes_supported"] = json!(["fragment"])),
            ("claim_types_supported", |document, _| document["claim_types_supported"] = Value::Null),
            ("x5c", |_, keys| keys["keys"][0]["x5c"] = Value::Null),
            ("another key", |_, keys| keys["keys"][0]["x5c"] = json!([STANDARD.encode([0; 600])])),
        ];
        for (named, change) in changes {
            let said = refusal(&provider(change).await, &asked(), &[]).await;
            assert!(said.as_ref().is_some_and(|said| said.contains(named)), "{named}: {said:?}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_another_key_has_signed_is_refused() {
        let [signer, published] = [provider(|_, _| {}).await, provider(|_, _| {}).await];
        let forged = Provider { issuer: published.issuer.clone(), key: signer.key };
        let said = refusal(&forged, &asked(), &[]).await.unwrap();
        assert!(said.contains("not published"), "{said}");
    }
}
