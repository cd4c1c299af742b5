//! The voice provider: credentials, every way to lose a response, and what may be logged.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::call::CallToken;
use domain::delivery::SendFailure;
use domain::phone::PhoneNumber;
use domain::ports::{CallPlacer as _, SendError, Sent};
use domain::time::Timestamp;
use platform::clock;
use platform::encoding::{call_token, challenge_path};
use platform::run::chain;
use platform::secrets::{Secret, SecretError, SecretSource};
use platform::voice::{TwilioCallPlacer, VoiceSettings};

use crate::fixture::{NUMBER, assert_took, challenge, number, timed};
use crate::stub::{Reply, Stub, nobody};

const LIMIT: Duration = Duration::from_secs(10);
const ACCEPTED: &str = r#"{"sid":"CA1","status":"queued"}"#;

/// Gives the credentials once; the variant says what happens after that.
#[derive(Debug)]
enum Source {
    Steady,
    Stalls(AtomicBool),
    Fails(AtomicBool),
}

impl SecretSource for Source {
    async fn read(&self, id: &str) -> Result<String, SecretError> {
        match self {
            Self::Stalls(read) if read.swap(true, Ordering::SeqCst) => pending().await,
            Self::Fails(read) if read.swap(true, Ordering::SeqCst) => {
                Err(SecretError::Unavailable(id.to_owned(), "down".into()))
            }
            _ => Ok(r#"{"accountSid":"AC1","apiKeySid":"SK1","apiKeySecret":"hunter2?>~"}"#.to_owned()),
        }
    }
}

fn settings(api: &str) -> VoiceSettings {
    VoiceSettings {
        api_base_url: api.to_owned(),
        from: PhoneNumber::parse("+12065550100").expect("a number"),
        public_base_url: "https://mfa.example.com".to_owned(),
        machine_detection: true,
    }
}

async fn caller(api: &str, source: Source, read_at: Timestamp) -> TwilioCallPlacer<Source> {
    with(settings(api), source, read_at).await
}

async fn with(settings: VoiceSettings, source: Source, read_at: Timestamp) -> TwilioCallPlacer<Source> {
    let credentials = Secret::open(source, "voice".to_owned(), read_at).await.expect("credentials");
    TwilioCallPlacer::new(settings, credentials)
}

async fn steady(api: &str) -> TwilioCallPlacer<Source> {
    caller(api, Source::Steady, clock::now()).await
}

fn token() -> CallToken {
    CallToken::from_bytes([9; 16])
}

async fn call(caller: &TwilioCallPlacer<Source>, limit: Duration) -> Result<Sent, SendError> {
    caller.call(&number(), &challenge(), &token(), limit).await
}

async fn refused(api: &str) -> SendError {
    call(&steady(api).await, LIMIT).await.expect_err("not accepted")
}

#[tokio::test]
async fn the_api_key_authenticates_the_request() {
    let provider = Stub::start([Reply::new(201, ACCEPTED)]);
    call(&steady(&provider.url()).await, LIMIT).await.expect("accepted");
    let request = provider.only_request();
    assert_eq!(request.line(), "POST /2010-04-01/Accounts/AC1/Calls.json HTTP/1.1");
    assert_eq!(request.header("authorization"), "Basic U0sxOmh1bnRlcjI/Pn4=");
    assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(request.header("host"), provider.url().trim_start_matches("http://"));
}

#[tokio::test]
async fn a_call_is_asked_for_with_its_webhooks_and_limits() {
    let provider = Stub::start([Reply::new(201, ACCEPTED)]);
    call(&steady(&provider.url()).await, LIMIT).await.expect("accepted");
    let webhook = |event: &str| {
        let (challenge, token) = (challenge_path(&challenge()), call_token(&token()));
        format!("https://mfa.example.com/v1/calls/{challenge}/{token}/{event}")
    };
    let expected = [
        ("To", NUMBER),
        ("From", "+12065550100"),
        ("Url", &webhook("answer")),
        ("Method", "POST"),
        ("StatusCallback", &webhook("status")),
        ("StatusCallbackMethod", "POST"),
        ("StatusCallbackEvent", "initiated"),
        ("StatusCallbackEvent", "ringing"),
        ("StatusCallbackEvent", "answered"),
        ("StatusCallbackEvent", "completed"),
        ("Timeout", "20"),
        ("TimeLimit", "120"),
        ("MachineDetection", "Enable"),
    ];
    assert_eq!(provider.only_request().form(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn machine_detection_is_requested_only_if_configured() {
    let provider = Stub::start([Reply::new(201, ACCEPTED)]);
    let settings = VoiceSettings { machine_detection: false, ..settings(&provider.url()) };
    call(&with(settings, Source::Steady, clock::now()).await, LIMIT).await.expect("accepted");
    assert!(provider.only_request().form().iter().all(|(name, _)| name != "MachineDetection"));
}

#[tokio::test]
async fn each_code_for_a_bad_number_refuses_the_number_and_no_other_does() {
    use SendFailure::{NumberRefused, ProviderFault, Throttled, Unauthorized, Unknown};
    let said = |code: u64| format!(r#"{{"code":{code},"message":"{NUMBER}","status":400}}"#);
    for code in [13_223, 13_224, 13_225, 13_226, 21_211, 21_214, 21_215, 21_217] {
        let provider = Stub::start([Reply::new(400, &said(code))]);
        assert_eq!(refused(&provider.url()).await.kind, NumberRefused, "{code}");
    }
    for (status, body, expected) in [
        (400, said(21_212), ProviderFault), // the caller's number, which is ours
        (400, r#"{"code":"21211"}"#.to_owned(), ProviderFault),
        (302, String::new(), ProviderFault),
        (401, said(21_211), Unauthorized),
        (403, said(21_211), Unauthorized),
        (404, String::new(), ProviderFault),
        (429, said(21_211), Throttled),
        (500, said(21_211), Unknown),
    ] {
        let provider = Stub::start([Reply::new(status, &body)]);
        assert_eq!(refused(&provider.url()).await.kind, expected, "{status} {body}");
        provider.only_request();
    }
}

#[tokio::test]
async fn a_lost_response_leaves_the_outcome_unknown_and_the_call_is_not_repeated() {
    for (case, reply) in [
        ("no answer", Reply::nothing()),
        ("not HTTP", Reply::garbage()),
        ("half an answer", Reply::new(201, ACCEPTED).halved()),
        ("an empty body", Reply::new(201, "")),
        ("a null sid", Reply::new(201, r#"{"sid":null}"#)),
        ("a list", Reply::new(201, "[]")),
        ("a page", Reply::new(200, "<html>Sign in to the Wi-Fi</html>")),
        ("a gateway's timeout", Reply::new(504, "<html>")),
    ] {
        let provider = Stub::start([reply]);
        assert_eq!(refused(&provider.url()).await.kind, SendFailure::Unknown, "{case}");
        provider.only_request();
    }
}

#[tokio::test]
async fn a_refusal_is_recognized_by_its_status_even_if_its_body_is_lost() {
    for (status, expected) in
        [(400, SendFailure::ProviderFault), (401, SendFailure::Unauthorized), (429, SendFailure::Throttled)]
    {
        let provider = Stub::start([Reply::new(status, r#"{"code":21211}"#).halved()]);
        assert_eq!(refused(&provider.url()).await.kind, expected, "{status}");
        provider.only_request();
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_limit_covers_the_whole_response() {
    for reply in [Reply::nothing().stalling(), Reply::new(201, ACCEPTED).halved().stalling()] {
        for limit in [Duration::from_millis(100), Duration::from_secs(12)] {
            let provider = Stub::start([reply.clone()]);
            let caller = steady(&provider.url()).await;
            let (outcome, elapsed) = timed(call(&caller, limit)).await;
            assert_eq!(outcome.expect_err("no answer").kind, SendFailure::Unknown);
            assert_took(elapsed, limit);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_connection_nobody_was_called() {
    assert_eq!(refused(&nobody()).await.kind, SendFailure::ProviderFault);
    let silent = Stub::start([Reply::nothing()]);
    let (error, elapsed) = timed(refused(&silent.https_url())).await;
    assert_eq!(error.kind, SendFailure::ProviderFault, "{}", chain(&error));
    assert!(elapsed < Duration::from_secs(2), "{elapsed:?}");
}

#[tokio::test]
async fn a_connection_found_closed_is_replaced_by_another() {
    let provider = Stub::start([Reply::new(201, ACCEPTED).closing(), Reply::new(201, ACCEPTED)]);
    let caller = steady(&provider.url()).await;
    call(&caller, LIMIT).await.expect("accepted");
    provider.freeze_until_closed();
    tokio::time::sleep(Duration::from_millis(1)).await; // lets the runtime notice the closed connection
    call(&caller, LIMIT).await.expect("accepted on another connection");
    let connections: Vec<_> = provider.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 1]);
}

/// Whether the client notices in time is a matter of chance. If it does not, the request goes nowhere,
/// which looks like a lost response.
#[tokio::test]
async fn a_connection_closed_while_frozen_never_places_a_call_twice() {
    let provider = Stub::start([Reply::new(201, ACCEPTED).closing(), Reply::new(201, ACCEPTED)]);
    let caller = steady(&provider.url()).await;
    call(&caller, LIMIT).await.expect("accepted");
    provider.freeze_until_closed();
    let requests = match call(&caller, LIMIT).await {
        Ok(_) => 2,
        Err(error) => {
            assert_eq!(error.kind, SendFailure::Unknown);
            1
        }
    };
    assert_eq!(provider.requests().len(), requests);
}

#[tokio::test]
async fn a_kept_connection_that_breaks_under_a_call_places_it_once() {
    let provider = Stub::start([Reply::new(201, ACCEPTED), Reply::nothing(), Reply::new(201, ACCEPTED)]);
    let caller = steady(&provider.url()).await;
    call(&caller, LIMIT).await.expect("accepted");
    assert_eq!(call(&caller, LIMIT).await.expect_err("no answer").kind, SendFailure::Unknown);
    let connections: Vec<_> = provider.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0]);
}

#[tokio::test(start_paused = true)]
async fn without_credentials_nobody_is_called() {
    let long_ago = Timestamp::from_unix(0);
    let provider = Stub::start([Reply::new(201, ACCEPTED)]);
    let source = Source::Fails(AtomicBool::new(false));
    let failed = call(&caller(&provider.url(), source, long_ago).await, LIMIT).await.expect_err("too old");
    assert_eq!(failed.kind, SendFailure::ProviderFault);
    let source = Source::Stalls(AtomicBool::new(false));
    let caller = caller(&provider.url(), source, long_ago).await;
    let (stalled, elapsed) = timed(call(&caller, LIMIT)).await;
    assert_eq!(stalled.expect_err("no credentials").kind, SendFailure::ProviderFault);
    assert_took(elapsed, LIMIT);
    assert_eq!(provider.requests().len(), 0);
}

#[tokio::test]
async fn no_error_repeats_the_number_the_token_or_the_credentials() {
    let token = call_token(&token());
    let echo = format!(r#"{{"code":21211,"message":"{NUMBER} {token} hunter2?>~"}}"#);
    for reply in [Reply::new(400, &echo), Reply::new(201, &echo), Reply::new(500, &echo), Reply::nothing()] {
        let provider = Stub::start([reply]);
        let error = refused(&provider.url()).await;
        let logged = format!("{} {error:?}", chain(&error));
        for secret in [&NUMBER[1..], &token, "hunter2"] {
            assert!(!logged.contains(secret), "{logged}");
        }
    }
    let caller = steady("https://api.example.com").await;
    assert!(!format!("{caller:?}").contains("hunter2"), "{caller:?}");
}
