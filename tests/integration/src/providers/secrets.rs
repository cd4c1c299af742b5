//! Secrets: documents, cache and refresh, and a Secrets Manager that fails.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::code::MacKeys;
use platform::callback::SigningTokens;
use platform::secrets::{Document, Secret, SecretError, SecretSource, SecretsManager, VoiceCredentials};

use super::{Behaviour, Stub};
use crate::scene::NOW;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn faults<D: Document>(text: &str) -> String {
    D::parse(text).err().expect("a fault")
}

#[test]
fn documents_are_read_strictly_and_faults_name_no_value() {
    assert!(MacKeys::parse(&format!(r#"{{"current":"{KEY}"}}"#)).is_ok());
    let all =
        format!(r#"{{"current":"{KEY}","previous":"{KEY}","next":"{KEY}","nextNotBefore":"2027-01-01T00:00:00Z"}}"#);
    assert!(MacKeys::parse(&all).is_ok());
    assert!(VoiceCredentials::parse(r#"{"accountSid":"AC","apiKeySid":"SK","apiKeySecret":"s"}"#).is_ok());
    assert!(SigningTokens::parse(r#"{"current":"token"}"#).is_ok());

    let said = faults::<MacKeys>(r#"{"current":"hunter2","previous":"hunter3","next":"hunter4"}"#);
    assert!(["current", "previous", "next", "nextNotBefore"].iter().all(|name| said.contains(name)), "{said}");
    assert!(!said.contains("hunter"), "{said}");
    assert!(!faults::<MacKeys>("hunter2").contains("hunter2"));
    assert!(!faults::<SigningTokens>(r#"{"current":["hunter2"]}"#).contains("hunter2"));
    assert!(faults::<SigningTokens>(r#"{"current":""}"#).contains("empty"));
    assert!(
        faults::<VoiceCredentials>(r#"{"accountSid":"","apiKeySid":"SK","apiKeySecret":""}"#)
            .contains("accountSid, apiKeySecret")
    );
}

/// A source that counts, and fails when told so.
#[derive(Clone, Default)]
struct Source {
    reads: Arc<AtomicUsize>,
    down: Arc<Mutex<bool>>,
}

impl Source {
    fn down(&self, down: bool) {
        *self.down.lock().expect("nobody panicked") = down;
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

impl SecretSource for Source {
    async fn read(&self, id: &str) -> Result<String, SecretError> {
        let read = self.reads.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::task::yield_now().await;
        if *self.down.lock().expect("nobody panicked") {
            return Err(SecretError::Unavailable(id.to_owned(), "down".into()));
        }
        Ok(format!(r#"{{"accountSid":"AC{read}","apiKeySid":"SK","apiKeySecret":"s"}}"#))
    }
}

async fn account(secret: &Secret<VoiceCredentials, Source>, after: Duration) -> Result<String, SecretError> {
    Ok(secret.value(NOW + after).await?.account_sid.clone())
}

#[tokio::test]
async fn a_secret_is_refreshed_every_five_minutes() {
    let source = Source::default();
    let secret = Secret::open(source.clone(), "voice".to_owned(), NOW).await.expect("opened");
    assert_eq!(account(&secret, Duration::from_secs(299)).await.expect("cached"), "AC1");
    assert_eq!(account(&secret, Duration::from_mins(5)).await.expect("fresh"), "AC2");
    assert_eq!(account(&secret, Duration::from_secs(301)).await.expect("cached"), "AC2");
    assert_eq!(source.reads(), 2);
}

#[tokio::test]
async fn many_callers_refresh_it_once() {
    let source = Source::default();
    let secret = Secret::open(source.clone(), "voice".to_owned(), NOW).await.expect("opened");
    let due = Duration::from_secs(400);
    let (a, b, c) = tokio::join!(account(&secret, due), account(&secret, due), account(&secret, due));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(source.reads(), 2);
}

#[tokio::test]
async fn while_it_cannot_be_refreshed_the_cached_one_serves_on_for_a_day() {
    let source = Source::default();
    let secret = Secret::open(source.clone(), "voice".to_owned(), NOW).await.expect("opened");
    source.down(true);
    assert_eq!(account(&secret, Duration::from_mins(5)).await.expect("cached"), "AC1");
    assert_eq!(account(&secret, Duration::from_secs(329)).await.expect("cached"), "AC1");
    assert_eq!(source.reads(), 2, "it is tried again after 30 s, not at once");
    assert_eq!(account(&secret, Duration::from_secs(330)).await.expect("cached"), "AC1");
    assert_eq!(source.reads(), 3);
    assert!(account(&secret, Duration::from_hours(24)).await.is_err(), "too old to be trusted");
    source.down(false);
    assert_eq!(account(&secret, Duration::from_hours(25)).await.expect("fresh"), "AC5");
}

#[tokio::test]
async fn secrets_manager_is_asked_in_its_own_words() {
    let manager = Stub::answering(200, r#"{"SecretString":"{\"current\":\"token\"}"}"#).await;
    let source = SecretsManager::new(&manager.aws().await);
    assert_eq!(source.read("arn:voice").await.expect("a document"), r#"{"current":"token"}"#);
    let request = manager.only_request();
    assert!(
        request.head.to_ascii_lowercase().contains("x-amz-target: secretsmanager.getsecretvalue"),
        "{}",
        request.head
    );
    assert_eq!(request.body, r#"{"SecretId":"arn:voice"}"#);
}

#[tokio::test]
async fn a_secrets_manager_that_fails_is_an_error_in_time() {
    let broken = [
        Behaviour::Answer(200, "{}".to_owned()),
        Behaviour::Answer(200, "<html>".to_owned()),
        Behaviour::Answer(400, r#"{"__type":"ResourceNotFoundException"}"#.to_owned()),
        Behaviour::Answer(500, "{}".to_owned()),
        Behaviour::HangUp,
        Behaviour::Stall,
    ];
    for behaviour in broken {
        let manager = Stub::start(behaviour).await;
        let source = SecretsManager::new(&manager.aws().await);
        let read = tokio::time::timeout(Duration::from_secs(20), source.read("arn")).await;
        assert!(read.expect("an answer well under a function's deadline").is_err());
    }
}
