//! Secrets: which value is used while Secrets Manager is down, for how long, and what may be logged.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::code::MacKeys;
use domain::ports::KeySource as _;
use platform::callback::SigningTokens;
use platform::run::chain;
use platform::secrets::{Document, Secret, SecretError, SecretSource, SecretsManager, VoiceCredentials};
use platform::telemetry;
use tracing::Level;

use crate::fixture::{NOW, aws, timed};
use crate::stub::{Reply, Stub, nobody};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A source that keeps giving the same answer until it is changed; `None` never answers.
#[derive(Clone)]
struct Source(Arc<Mutex<Answer>>);

struct Answer {
    document: Option<Result<&'static str, ()>>,
    reads: usize,
}

impl Source {
    fn new(document: &'static str) -> Self {
        Self(Arc::new(Mutex::new(Answer { document: Some(Ok(document)), reads: 0 })))
    }

    fn answer(&self, document: Option<Result<&'static str, ()>>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).document = document;
    }

    fn reads(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).reads
    }
}

impl SecretSource for Source {
    async fn read(&self, id: &str) -> Result<String, SecretError> {
        let document = {
            let mut answer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            answer.reads += 1;
            answer.document
        };
        tokio::task::yield_now().await;
        match document {
            Some(Ok(document)) => Ok(document.to_owned()),
            Some(Err(())) => Err(SecretError::Unavailable(id.to_owned(), "down".into())),
            None => std::future::pending().await,
        }
    }
}

const FIRST: &str = r#"{"accountSid":"AC1","apiKeySid":"SK","apiKeySecret":"hunter2"}"#;
const SECOND: &str = r#"{"accountSid":"AC2","apiKeySid":"SK","apiKeySecret":"hunter3"}"#;

type Credentials = Secret<VoiceCredentials, Source>;

async fn open(source: &Source) -> Credentials {
    Secret::open(source.clone(), "voice".to_owned(), NOW).await.expect("opened")
}

async fn account(secret: &Credentials, after: Duration) -> Result<String, SecretError> {
    Ok(secret.value(NOW + after).await?.account_sid.clone())
}

#[tokio::test]
async fn a_value_is_refreshed_every_five_minutes_and_after_a_failure_every_thirty_seconds() {
    let source = Source::new(FIRST);
    let secret = open(&source).await;
    assert_eq!(account(&secret, Duration::from_secs(299)).await.expect("cached"), "AC1");
    assert_eq!(source.reads(), 1);
    source.answer(Some(Err(())));
    for after in [300, 329] {
        assert_eq!(account(&secret, Duration::from_secs(after)).await.expect("cached"), "AC1");
        assert_eq!(source.reads(), 2);
    }
    source.answer(Some(Ok(SECOND)));
    assert_eq!(account(&secret, Duration::from_secs(330)).await.expect("fresh"), "AC2");
    assert_eq!(account(&secret, Duration::from_secs(629)).await.expect("cached"), "AC2");
    assert_eq!(source.reads(), 3);
}

#[tokio::test]
async fn a_value_too_old_to_be_trusted_is_refused_to_every_caller() {
    let source = Source::new(FIRST);
    let secret = open(&source).await;
    source.answer(Some(Err(())));
    let day = Duration::from_hours(24);
    assert_eq!(account(&secret, Duration::from_secs(86_399)).await.expect("cached"), "AC1");
    for after in [day, day, day + Duration::from_secs(1), day + Duration::from_secs(29)] {
        assert!(account(&secret, after).await.is_err(), "{after:?}");
    }
    let (a, b) = tokio::join!(account(&secret, day), account(&secret, day));
    assert!(a.is_err() && b.is_err(), "the second caller at once is refused like the first");
    source.answer(Some(Ok(SECOND)));
    assert_eq!(account(&secret, day + Duration::from_mins(1)).await.expect("fresh"), "AC2");
}

#[tokio::test]
async fn a_new_document_that_is_wrong_does_not_replace_a_good_one() {
    let source = Source::new(FIRST);
    let secret = open(&source).await;
    source.answer(Some(Ok(r#"{"accountSid":"AC2"}"#)));
    assert_eq!(account(&secret, Duration::from_mins(5)).await.expect("cached"), "AC1");
    source.answer(Some(Ok(SECOND)));
    assert_eq!(account(&secret, Duration::from_secs(330)).await.expect("fresh"), "AC2");
}

#[tokio::test]
async fn while_one_caller_refreshes_the_others_are_served_at_once() {
    let source = Source::new(FIRST);
    let secret = open(&source).await;
    source.answer(None);
    let due = Duration::from_mins(5);
    tokio::select! {
        biased;
        _ = account(&secret, due) => panic!("the refreshing caller got an answer"),
        served = account(&secret, due) => assert_eq!(served.expect("cached"), "AC1"),
    }
    // The first caller was dropped in the middle of its refresh, as happens when a function times out.
    source.answer(Some(Ok(SECOND)));
    assert_eq!(account(&secret, due + Duration::from_secs(29)).await.expect("cached"), "AC1");
    assert_eq!(account(&secret, due + Duration::from_secs(30)).await.expect("fresh"), "AC2");
    assert_eq!(source.reads(), 3);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn each_failed_refresh_logs_one_warning_that_names_only_the_secret() {
    let log = Log::default();
    let writer = log.clone();
    let guard = tracing::subscriber::set_default(telemetry::subscriber(Level::INFO, move || writer.clone()));
    let source = Source::new(FIRST);
    let secret = open(&source).await;
    source.answer(Some(Err(())));
    for seconds in [300, 301, 329] {
        account(&secret, Duration::from_secs(seconds)).await.expect("cached");
    }
    source.answer(Some(Ok(r#"{"accountSid":"AC9","apiKeySid":"","apiKeySecret":""}"#)));
    account(&secret, Duration::from_secs(330)).await.expect("cached");
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).expect("text");
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines.iter().all(|line| line.contains("WARN") && line.contains("voice")), "{log}");
    assert!(lines[1].contains("empty: apiKeySid, apiKeySecret"), "{log}");
    assert!(!log.contains("hunter") && !log.contains("AC9"), "{log}");
}

#[tokio::test]
async fn the_port_gives_the_keys_or_an_error_with_its_cause() {
    let source = Source::new(r#"{"current":"0123456789abcdef0123456789abcdef"}"#);
    let keys: Secret<MacKeys, _> = Secret::open(source.clone(), "keys".to_owned(), NOW).await.expect("opened");
    assert!(keys.keys(NOW).await.is_ok());
    source.answer(Some(Err(())));
    let error = keys.keys(NOW + Duration::from_hours(24)).await.expect_err("too old");
    assert_eq!(chain(&error), "the MAC keys are unavailable: the secret keys cannot be read: down");
}

fn faults<D: Document>(text: &str) -> String {
    D::parse(text).err().expect("a fault")
}

#[test]
fn each_fault_of_a_document_is_named() {
    let short = &KEY[1..];
    let next = "next needs an RFC 3339 nextNotBefore, at least one refresh interval (5 min) ahead";
    for (document, fault) in [
        (format!(r#"{{"current":"{short}"}}"#), "current is shorter than 32 characters"),
        (format!(r#"{{"current":"{KEY}","previous":""}}"#), "previous is shorter than 32 characters"),
        (format!(r#"{{"current":"{KEY}","next":"{KEY}"}}"#), next),
        (format!(r#"{{"current":"{KEY}","next":"{KEY}","nextNotBefore":"tomorrow"}}"#), next),
        (format!(r#"{{"current":"{KEY}","next":"{KEY}","nextNotBefore":"1960-01-01T00:00:00Z"}}"#), next),
        (format!(r#"{{"current":"{KEY}","next":"{KEY}","nextNotBefore":"2027-01-01"}}"#), next),
        (
            format!(
                r#"{{"current":"{short}","previous":"{short}","next":"{KEY}","nextNotBefore":"2027-01-01T00:00:00Z"}}"#
            ),
            "current is shorter than 32 characters; previous is shorter than 32 characters",
        ),
        (r#"{"current":1}"#.to_owned(), "a field is missing or of the wrong type (line 1, column 12)"),
        (KEY.to_owned(), "it is not JSON (line 1, column 2)"),
        (String::new(), "it is not JSON (line 1, column 0)"),
    ] {
        assert_eq!(faults::<MacKeys>(&document), fault, "{document}");
    }
    assert_eq!(faults::<SigningTokens>(r#"{"current":"token","previous":""}"#), "a token is empty");
    assert_eq!(
        faults::<VoiceCredentials>(r#"{"accountSid":"","apiKeySid":"SK","apiKeySecret":""}"#),
        "empty: accountSid, apiKeySecret"
    );
}

#[test]
fn secret_values_are_not_printed() {
    let document =
        format!(r#"{{"current":"{KEY}","previous":"{KEY}","next":"{KEY}","nextNotBefore":"2027-01-01T00:00:00Z"}}"#);
    let keys = MacKeys::parse(&document).expect("keys");
    let tokens = SigningTokens::parse(r#"{"current":"hunter2","previous":"hunter3"}"#).expect("tokens");
    let credentials = VoiceCredentials::parse(FIRST).expect("credentials");
    let printed = format!("{keys:?} {tokens:?} {credentials:?}");
    assert!(!printed.contains("hunter") && !printed.contains(KEY), "{printed}");
}

async fn read(endpoint: &str) -> Result<String, SecretError> {
    SecretsManager::new(&aws(endpoint).await).read("arn:voice").await
}

#[tokio::test]
async fn a_failed_read_is_retried_because_reading_twice_does_no_harm() {
    let found = Reply::new(200, r#"{"SecretString":"text"}"#);
    for bad in [Reply::new(500, "{}"), Reply::nothing(), Reply::new(400, r#"{"__type":"ThrottlingException"}"#)] {
        let manager = Stub::start([bad, found.clone()]);
        assert_eq!(read(&manager.url()).await.expect("the second answer"), "text");
        assert_eq!(manager.requests().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stalled_read_ends_after_three_seconds_and_at_most_three_tries() {
    for reply in [Reply::nothing().stalling(), Reply::new(200, r#"{"SecretString":"text"}"#).halved().stalling()] {
        let manager = Stub::start([reply]);
        let (answer, elapsed) = timed(Box::pin(read(&manager.url()))).await;
        assert!(answer.is_err());
        assert!(elapsed <= Duration::from_millis(3020), "{elapsed:?}");
        assert!(manager.requests().len() <= 3);
    }
}

#[tokio::test]
async fn no_error_repeats_what_secrets_manager_said() {
    for reply in [
        Reply::new(200, r#"{"SecretString":"hunter2", hunter2"#),
        Reply::new(200, r#"{"SecretString":["hunter2"]}"#),
        Reply::new(200, r#"{"SecretString":"hunter2\u12"}"#),
        Reply::new(200, r#"{"SecretString":"hunter2-hunter2-hunter2"}"#).halved(),
        Reply::new(200, r#"{"SecretBinary":"aHVudGVyMg=="}"#),
    ] {
        let manager = Stub::start([reply]);
        let error = read(&manager.url()).await.expect_err("not to be read");
        let logged = chain(&error);
        assert!(logged.contains("arn:voice") && !logged.contains("hunter2"), "{logged}");
    }
    assert!(matches!(read(&nobody()).await, Err(SecretError::Unavailable(..))));
}
