//! What an attacker, or a bad day at Entra, could put where its keys are.

use std::time::Duration;

use platform::clock::Stopwatch;
use serde_json::json;

use crate::entra::{DISCOVERY, KEYS, Reply};
use crate::world::{Browser, KID, NOW, World, entras_key, strangers_key};

/// The user is told to try again, and not after long.
async fn unavailable(world: &World, why: &str) {
    let watch = Stopwatch::start();
    let answer = world.ask(&world.form()).await;
    assert_eq!(world.error(&answer), "temporarily_unavailable", "{why}");
    assert!(watch.elapsed() < Duration::from_secs(5), "{why}: {:?}", watch.elapsed());
}

#[tokio::test]
async fn a_key_document_of_10_mb() {
    for path in [KEYS, DISCOVERY] {
        let world = World::new().await;
        world.entra.replies(path, Reply::Bytes(10_000_000));
        unavailable(&world, path).await;
    }
}

#[tokio::test]
async fn a_key_document_that_never_ends() {
    for path in [KEYS, DISCOVERY] {
        let world = World::new().await;
        world.entra.replies(path, Reply::Endless);
        unavailable(&world, path).await;
    }
}

#[tokio::test]
async fn a_key_document_that_never_comes() {
    for path in [KEYS, DISCOVERY] {
        let world = World::new().await;
        world.entra.replies(path, Reply::Never);
        unavailable(&world, path).await;
    }
}

#[tokio::test]
async fn a_key_document_that_redirects() {
    for path in [KEYS, DISCOVERY] {
        let world = World::new().await;
        world.entra.replies("/thief", Reply::Json(json!({ "keys": [entras_key().jwk(KID)] })));
        world.entra.replies(path, Reply::Redirect(format!("{}/thief", world.entra.url)));
        unavailable(&world, path).await;
        assert!(!world.entra.asked().contains(&"/thief".to_owned()));
    }
}

#[tokio::test]
async fn a_jwks_uri_on_another_host() {
    let thief = World::with_keys(&json!({ "keys": [strangers_key().jwk(KID)] })).await;
    for address in [
        format!("{}{KEYS}", thief.entra.url),
        "{url}.thief.example/keys".to_owned(),
        "{url}@thief.example/keys".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next".to_owned(),
        "keys".to_owned(),
        String::new(),
    ] {
        let world = World::new().await;
        world.entra.replies(DISCOVERY, Reply::Json(json!({ "jwks_uri": address.replace("{url}", &world.entra.url) })));
        unavailable(&world, &address).await;
        assert_eq!(world.entra.asked(), [DISCOVERY]);
    }
    assert_eq!(thief.entra.asked(), [""; 0]);
}

#[tokio::test]
async fn a_key_document_that_says_something_else() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for reply in [
        Reply::Status(500),
        Reply::Status(404),
        Reply::Status(204),
        Reply::Json(json!([])),
        Reply::Json(json!({ "keys": {} })),
        Reply::Json(json!({ "keys": [] })),
        Reply::Json(json!({ "keys": [{ "kty": "oct", "kid": KID, "k": "AAAA" }] })),
        Reply::Text(deep),
        Reply::Bytes(0),
        Reply::Bytes(100),
    ] {
        let world = World::new().await;
        world.entra.replies(KEYS, reply);
        unavailable(&world, "another document").await;
    }
}

#[tokio::test]
async fn a_key_that_is_too_weak_or_of_another_kind() {
    let mut of_encryption = entras_key().jwk(KID);
    of_encryption["use"] = json!("enc");
    let world = World::with_keys(&json!({ "keys": [of_encryption] })).await;
    unavailable(&world, "for encryption").await;
    let weak = signing::Key::draw(1024);
    let world = World::with_keys(&json!({ "keys": [weak.jwk(KID)] })).await;
    let hint = weak.jwt("JWT", KID, &world.claims(&json!({})));
    let answer = world.ask(&world.form().with("id_token_hint", &hint)).await;
    assert_eq!(world.error(&answer), "access_denied", "1024 bits");
}

#[tokio::test]
async fn keys_are_read_once_a_day_and_again_for_an_unknown_one_at_most_once_a_minute() {
    let world = World::new().await;
    let reads = || world.entra.asked().iter().filter(|path| *path == KEYS).count();
    let at = |seconds| NOW + Duration::from_secs(seconds);
    let ask = async |kid: &str, seconds: u64| {
        let now = at(seconds).as_unix();
        let hint = entras_key().jwt("JWT", kid, &world.claims(&json!({ "iat": now, "nbf": now })));
        world
            .post("/authorize", &world.form().with("id_token_hint", &hint), &Browser::default(), at(seconds))
            .await
            .status
    };
    for (kid, seconds, status, expected) in [
        (KID, 0, 303, 1),
        (KID, 30, 303, 1),
        ("entra-2", 59, 200, 1),
        ("entra-2", 60, 200, 2),
        ("entra-3", 119, 200, 2),
        (KID, 119, 303, 2),
        (KID, 86_459, 303, 2),
        (KID, 86_460, 303, 3),
    ] {
        assert_eq!((ask(kid, seconds).await, reads()), (status, expected), "{kid} after {seconds} s");
    }
    world.entra.replies(KEYS, Reply::Json(json!({ "keys": [entras_key().jwk("entra-2")] })));
    assert_eq!((ask("entra-2", 86_520).await, reads()), (303, 4), "a new key is found at once");
    assert_eq!(ask(KID, 86_521).await, 200, "one that is published no more is good no more");
}

#[tokio::test]
async fn requests_at_once_read_the_keys_once() {
    let world = World::new().await;
    let form = world.form();
    let (one, two, three) = tokio::join!(world.ask(&form), world.ask(&form), world.ask(&form));
    assert_eq!([one.status, two.status, three.status], [303; 3]);
    assert_eq!(world.entra.asked(), [DISCOVERY, KEYS]);
}

#[tokio::test]
async fn keys_that_are_known_stay_good_while_entra_cannot_be_reached() {
    let world = World::new().await;
    assert_eq!(world.ask(&world.form()).await.status, 303);
    world.entra.replies(DISCOVERY, Reply::Status(503));
    let later = NOW + Duration::from_hours(25);
    let at = later.as_unix();
    let hint = |kid: &str| entras_key().jwt("JWT", kid, &world.claims(&json!({ "iat": at, "nbf": at })));
    let ask = async |kid: &str| {
        world.post("/authorize", &world.form().with("id_token_hint", &hint(kid)), &Browser::default(), later).await
    };
    assert_eq!(ask(KID).await.status, 303);
    assert_eq!(world.error(&ask("entra-2").await), "temporarily_unavailable", "it may be a new one");
}

#[tokio::test]
async fn without_any_keys_they_are_asked_for_again_after_five_seconds() {
    let world = World::new().await;
    world.entra.replies(DISCOVERY, Reply::Status(503));
    unavailable(&world, "down").await;
    unavailable(&world, "down").await;
    assert_eq!(world.entra.asked().len(), 1);
    let keys = json!({ "jwks_uri": format!("{}{KEYS}", world.entra.url) });
    world.entra.replies(DISCOVERY, Reply::Json(keys));
    let later = NOW + Duration::from_secs(5);
    assert_eq!(world.post("/authorize", &world.form(), &Browser::default(), later).await.status, 303);
}
