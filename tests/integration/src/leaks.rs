//! What must never reach a log, even with the log level at its lowest.

use std::io::Write;
use std::sync::{Arc, Mutex};

use domain::delivery::SendFailure;
use domain::policy::CallMode;
use platform::telemetry;
use serde_json::{Value, json};

use crate::api::{Api, Login};
use crate::receipts;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_code_number_or_token_is_ever_logged_and_every_send_can_be_found() {
    let log = Log::default();
    // For all threads, so that what other tests log meanwhile is searched as well.
    let out = log.clone();
    let subscriber = telemetry::subscriber(tracing::Level::TRACE, move || out.clone());
    tracing::subscriber::set_global_default(subscriber).expect("the first");
    let mut secrets = vec!["4155552671".to_owned(), "4155552672".to_owned(), "login-1".to_owned()];

    let (mut api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "sms" })).await;
    api.guess(&login, "987654").await;
    api.pass(31);
    api.post(&login, json!({ "channel": "sms" })).await;
    let approved = api.guess(&login, &api.phone.last_code()).await;
    secrets.extend(api.phone.codes());
    secrets.push("987654".to_owned());
    secrets.push(approved.json["resultToken"].as_str().expect("a token").to_owned());

    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "call" })).await;
    api.webhook("answer", &[("AnsweredBy", "human"), ("To", "+14155552671")]).await;
    api.webhook("digits", &[("Digits", "#"), ("To", "+14155552671")]).await;
    let approved = api.status(&login).await;
    secrets.push(approved.json["resultToken"].as_str().expect("a token").to_owned());
    secrets.push(platform::encoding::call_token(&api.phone.last_call().1));

    let (api, login) = (Api::new().await.with_calls(CallMode::SpeakCode), Login::known());
    api.post(&login, json!({ "channel": "call" })).await;
    let said = api.webhook("answer", &[("AnsweredBy", "human"), ("To", "+14155552671")]).await;
    let code = said.spoken_code();
    assert_eq!(api.guess(&login, &code).await.json["state"], "approved");
    secrets.push(code);

    let (api, newcomer) = (Api::new().await, Login::newcomer());
    api.phone.fail(Some(SendFailure::ProviderFault));
    api.post(&newcomer, json!({ "channel": "sms", "phoneNumber": "+14155552672" })).await;
    api.post(&newcomer, json!({ "channel": "sms", "phoneNumber": "+1 415 555 2672 x9" })).await;
    api.post(&newcomer, json!({ "channel": "sms", "4155552672": 1 })).await;

    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "sms" })).await;
    secrets.extend(api.phone.codes());
    for kind in ["TEXT_DELIVERED", "TEXT_TELEPATHIC"] {
        let event = receipts::event(&api, kind);
        receipts::deliver(&api, &event).await;
        let context = event["detail"]["context"].as_object().expect("a context").values();
        secrets.extend(context.filter_map(|value| value.as_str().map(str::to_owned)));
    }

    let lines = lines(&log);
    assert!(lines.iter().any(|line| line.contains("9539975a") && line.contains("TEXT_DELIVERED")), "{lines:#?}");
    assert!(lines.len() >= 10 && lines.iter().any(|line| line.contains("\"judged\"")), "{lines:#?}");
    for (channel, id, sender) in [("sms", "m-1", "EXAMPLE"), ("call", "CA-1", "+15005550100")] {
        let found = lines.iter().map(|line| serde_json::from_str::<Value>(line).expect("a line")).any(|line| {
            let told = ["message", "outcome", "channel", "country", "id", "sender"].map(|field| line[field].as_str());
            told == ["sent", "accepted", channel, "US", id, sender].map(Some)
        });
        assert!(found, "no accepted {channel} with its id, sender and country in {lines:#?}");
    }
    for secret in secrets {
        let leak = lines.iter().find(|line| line.contains(&secret));
        assert_eq!(leak, None, "{secret} is in the log");
    }
}

/// The lines without their timestamps, whose microseconds can look like a code.
fn lines(log: &Log) -> Vec<String> {
    let log = log.0.lock().expect("not poisoned");
    let line = |line: &[u8]| {
        let mut line: Value = serde_json::from_slice(line).expect("a JSON object");
        line["timestamp"] = json!(null);
        line.to_string()
    };
    log.split(|byte| *byte == b'\n').filter(|bytes| !bytes.is_empty()).map(line).collect()
}
