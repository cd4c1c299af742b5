//! SNS: what is published, once, and what each answer means.

use std::time::Duration;

use domain::code::Code;
use domain::locale::Locale;
use domain::ports::{Message, SendError, SendFailure, SmsSender as _};
use platform::run::chain;
use platform::sms::{SmsSettings, SnsSender};

use super::{Behaviour, Stub, aws, nobody};
use crate::scene::{ALICE, number};

const ACCEPTED: &str = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
    <MessageId>m-1</MessageId></PublishResult></PublishResponse>";

fn bare() -> SmsSettings {
    SmsSettings {
        brand: "Example".to_owned(),
        host: "login.example.com".to_owned(),
        sender_id: None,
        origination_number: None,
        max_price: None,
        entity_id: None,
        template_id: None,
    }
}

async fn send(endpoint: &str, settings: SmsSettings, limit: Duration) -> Result<(), SendError> {
    let code = Code::parse("012345").expect("six digits");
    let message = Message { to: &number(ALICE), code: &code, locale: Locale::En };
    SnsSender::new(&aws(endpoint).await, settings).send(&message, limit).await
}

fn refusal(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
}

#[tokio::test]
async fn a_message_is_published_to_the_phone_as_transactional() {
    let sns = Stub::answering(200, ACCEPTED).await;
    send(&sns.url, bare(), Duration::from_secs(5)).await.expect("accepted");
    let request = sns.only_request();
    assert_eq!(request.field("Action").as_deref(), Some("Publish"));
    assert_eq!(request.field("PhoneNumber").as_deref(), Some(ALICE));
    let text = request.field("Message").expect("a text");
    assert!(
        text.starts_with("012345 is your Example code.") && text.ends_with("\n@login.example.com #012345"),
        "{text}"
    );
    let attributes = attributes(&request.form());
    assert_eq!(attributes, [("AWS.SNS.SMS.SMSType".to_owned(), "String".to_owned(), "Transactional".to_owned())]);
}

#[tokio::test]
async fn every_setting_becomes_its_attribute() {
    let sns = Stub::answering(200, ACCEPTED).await;
    let some = |value: &str| Some(value.to_owned());
    let settings = SmsSettings {
        sender_id: some("EXAMPLE"),
        origination_number: some("+12065550100"),
        max_price: some("0.50"),
        entity_id: some("entity"),
        template_id: some("template"),
        ..bare()
    };
    send(&sns.url, settings, Duration::from_secs(5)).await.expect("accepted");
    let mut sent = attributes(&sns.only_request().form());
    sent.sort();
    let expected = [
        ("AWS.MM.SMS.EntityId", "String", "entity"),
        ("AWS.MM.SMS.OriginationNumber", "String", "+12065550100"),
        ("AWS.MM.SMS.TemplateId", "String", "template"),
        ("AWS.SNS.SMS.MaxPrice", "Number", "0.50"),
        ("AWS.SNS.SMS.SMSType", "String", "Transactional"),
        ("AWS.SNS.SMS.SenderID", "String", "EXAMPLE"),
    ];
    assert_eq!(sent, expected.map(|(name, kind, value)| (name.to_owned(), kind.to_owned(), value.to_owned())));
}

fn attributes(form: &[(String, String)]) -> Vec<(String, String, String)> {
    let value = |key: &str| form.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    (1..)
        .map_while(|entry| {
            let prefix = format!("MessageAttributes.entry.{entry}");
            Some((
                value(&format!("{prefix}.Name"))?,
                value(&format!("{prefix}.Value.DataType"))?,
                value(&format!("{prefix}.Value.StringValue"))?,
            ))
        })
        .collect()
}

#[tokio::test]
async fn each_refusal_is_told_apart_and_nothing_is_sent_twice() {
    use SendFailure::{NumberRefused, ProviderFault, SpendLimit, Throttled, Unauthorized, Unknown};
    for (status, code, message, expected) in [
        (400, "InvalidParameter", "Invalid parameter: PhoneNumber Reason: +14155552671 is not valid", NumberRefused),
        (403, "AuthorizationError", "not authorized", Unauthorized),
        (403, "InvalidClientTokenId", "no such key", Unauthorized),
        (400, "KMSAccessDenied", "denied", Unauthorized),
        (400, "KMSThrottling", "slow down", Throttled),
        (429, "Throttled", "Rate exceeded", Throttled),
        (400, "Throttling", "Rate exceeded", Throttled),
        (400, "Throttled", "No quota left for account", SpendLimit),
        (400, "SomethingNew", "?", ProviderFault),
        (500, "InternalError", "oops", Unknown),
    ] {
        let sns = Stub::answering(status, &refusal(code, message)).await;
        let error = send(&sns.url, bare(), Duration::from_secs(5)).await.expect_err("refused");
        assert_eq!(error.kind, expected, "{status} {code}");
        let logged = chain(&error);
        assert!(logged.contains(code) && !logged.contains("14155552671"), "{logged}");
        sns.only_request();
    }
}

#[tokio::test]
async fn an_outcome_that_nobody_knows_counts_as_sent() {
    for behaviour in [Behaviour::Stall, Behaviour::HangUp, Behaviour::Answer(200, "<Publish".to_owned())] {
        let sns = Stub::start(behaviour).await;
        let error = send(&sns.url, bare(), Duration::from_millis(300)).await.expect_err("unknown");
        assert_eq!(error.kind, SendFailure::Unknown);
        sns.only_request();
    }
}

#[tokio::test]
async fn a_connection_that_is_refused_has_surely_sent_nothing() {
    let error = send(&nobody().await, bare(), Duration::from_secs(5)).await.expect_err("refused");
    assert_eq!(error.kind, SendFailure::ProviderFault);
}
