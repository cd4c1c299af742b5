//! What the log says of a login, and what it must not.

use std::io;
use std::sync::{Arc, Mutex};

use platform::telemetry;
use serde_json::{Value, json};

use crate::entra::{DISCOVERY, Reply};
use crate::world::{Browser, NONCE, OID, STATE, SUB, World};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn every_refusal_is_one_word_in_the_log_and_nothing_of_the_request_is_there() {
    let log = Log::default();
    let out = log.clone();
    // For all threads: a subscriber of this one alone may miss a line that another thread came across first.
    tracing::subscriber::set_global_default(telemetry::subscriber(tracing::Level::TRACE, move || out.clone()))
        .expect("the first");
    let (world, mut browser) = (World::new().await, Browser::default());
    world.entra.replies(DISCOVERY, Reply::Status(503));
    world.ask(&world.form()).await;
    let world = World::new().await;
    let login = world.login(&world.form(), &mut browser).await;
    let (right, wrong) = (login.result(&json!({})), login.result(&json!({ "txn": "another" })));
    for result in [&right, &wrong] {
        world.hand_over(&login.with(result), &browser).await;
    }
    world.hand_over(&login.with(&right), &Browser::default()).await;
    world.ask(&world.form().with("redirect_uri", "https://thief.example/secret")).await;
    world.ask(&world.form().with("id_token_hint", &world.hint(&json!({ "iat": 1 })))).await;
    let inherence = json!({ "id_token": { "acr": { "values": ["inherence"] } } }).to_string();
    world.ask(&world.form().with("claims", &inherence)).await;
    let text = String::from_utf8(log.0.lock().expect("not poisoned").clone()).expect("text");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let told = |reason: &str| {
        lines
            .iter()
            .find(|line| line["message"] == "refused" && line["reason"] == reason)
            .map(|line| json!([line["level"], line["signed"]]))
    };
    for (reason, level, signed) in [
        ("entra-unreachable", "ERROR", false),
        ("result", "INFO", false),
        ("browser", "INFO", false),
        ("redirect-uri", "INFO", false),
        ("hint-age", "INFO", false),
        ("acr", "INFO", true),
    ] {
        assert_eq!(told(reason), Some(json!([level, signed])), "{reason}: {text}");
    }
    let cookie = browser.0.expect("a cookie");
    let value = cookie.split_once('=').expect("a value").1;
    for secret in
        ["eyJ", NONCE, STATE, "rQ+", OID, SUB, value, "thief.example", "id_token_hint", "alice@contoso.example"]
    {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}
