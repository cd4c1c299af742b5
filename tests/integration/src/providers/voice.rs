//! The voice provider: what is asked of it, once, and what each answer means.

use std::time::Duration;

use domain::call::CallToken;
use domain::identity::{ChallengeId, ChallengeKey, SessionId, SubjectId};
use domain::ports::{Caller as _, SendError, SendFailure};
use platform::aws::{Roots, connector};
use platform::clock;
use platform::encoding::{call_token, challenge_path};
use platform::secrets::{Secret, SecretError, SecretSource};
use platform::voice::{TwilioCaller, VoiceSettings};

use super::{Behaviour, Stub, nobody};
use crate::scene::{ALICE, number};

struct Credentials;

impl SecretSource for Credentials {
    async fn read(&self, _: &str) -> Result<String, SecretError> {
        Ok(r#"{"accountSid":"AC1","apiKeySid":"SK1","apiKeySecret":"secret"}"#.to_owned())
    }
}

fn challenge() -> ChallengeId {
    let key = ChallengeKey { subject: SubjectId::new("idp", "a"), session: SessionId::new("s", None) };
    ChallengeId { key, generation: 3 }
}

async fn call(api: &str, machine_detection: bool, limit: Duration) -> Result<(), SendError> {
    let settings = VoiceSettings {
        api_base_url: api.to_owned(),
        from: number("+12065550100"),
        public_base_url: "https://mfa.example.com".to_owned(),
        machine_detection,
    };
    let credentials = Secret::open(Credentials, "voice".to_owned(), clock::now()).await.expect("credentials");
    let caller = TwilioCaller::new(connector(Roots::Amazon).expect("usable roots"), settings, credentials);
    caller.call(&number(ALICE), &challenge(), &CallToken::from_bytes([9; 16]), limit).await
}

#[tokio::test]
async fn a_call_is_asked_for_with_its_webhooks_and_limits() {
    let provider = Stub::answering(201, r#"{"sid":"CA1","status":"queued"}"#).await;
    call(&provider.url, true, Duration::from_secs(5)).await.expect("accepted");
    let request = provider.only_request();
    assert!(request.head.starts_with("POST /2010-04-01/Accounts/AC1/Calls.json HTTP/1.1"), "{}", request.head);
    assert!(
        request
            .head
            .to_ascii_lowercase()
            .contains("authorization: basic u0sxonnly3jldA==".to_ascii_lowercase().as_str())
    );
    let webhook = |event: &str| {
        let token = call_token(&CallToken::from_bytes([9; 16]));
        format!("https://mfa.example.com/v1/calls/{}/{token}/{event}", challenge_path(&challenge()))
    };
    let expected = [
        ("To", ALICE),
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
    assert_eq!(request.form(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn without_detection_none_is_asked_for() {
    let provider = Stub::answering(201, r#"{"sid":"CA1"}"#).await;
    call(&provider.url, false, Duration::from_secs(5)).await.expect("accepted");
    assert_eq!(provider.only_request().field("MachineDetection"), None);
}

#[tokio::test]
async fn each_answer_is_told_apart_and_nobody_is_called_twice() {
    use SendFailure::{NumberRefused, ProviderFault, Throttled, Unauthorized, Unknown};
    for (status, body, expected) in [
        (400, r#"{"code":21211,"message":"Invalid 'To'"}"#, NumberRefused),
        (400, r#"{"code":21205,"message":"Url is not valid"}"#, ProviderFault),
        (401, r#"{"code":20003}"#, Unauthorized),
        (403, "{}", Unauthorized),
        (404, "{}", ProviderFault),
        (429, r#"{"code":20429}"#, Throttled),
        (500, "{}", Unknown),
        (201, "{", Unknown),
        (201, r#"{"status":"queued"}"#, Unknown),
    ] {
        let provider = Stub::answering(status, body).await;
        let error = call(&provider.url, true, Duration::from_secs(5)).await.expect_err("not accepted");
        assert_eq!(error.kind, expected, "{status} {body}");
        provider.only_request();
    }
}

#[tokio::test]
async fn an_outcome_that_nobody_knows_counts_as_placed() {
    for behaviour in [Behaviour::Stall, Behaviour::HangUp] {
        let provider = Stub::start(behaviour).await;
        let error = call(&provider.url, true, Duration::from_millis(300)).await.expect_err("unknown");
        assert_eq!(error.kind, SendFailure::Unknown);
        provider.only_request();
    }
}

#[tokio::test]
async fn a_connection_that_is_refused_has_surely_placed_nothing() {
    let error = call(&nobody().await, true, Duration::from_secs(5)).await.expect_err("refused");
    assert_eq!(error.kind, SendFailure::ProviderFault);
}
