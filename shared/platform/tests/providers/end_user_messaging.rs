//! AWS End User Messaging: the whole request, every refusal, every way to lose a response, and what may be logged.

use std::time::Duration;

use domain::delivery::SendFailure;
use domain::ports::{Feedback as _, FeedbackError, SendError, Sent};
use domain::purpose::Purpose;
use domain::receipt::MessageId;
use platform::encoding::challenge_path;
use platform::run::chain;
use platform::sms::{Codes, Sender};
use serde_json::{Value, json};

use crate::fixture::{CODE, NUMBER, assert_took, challenge, codes, send_code, send_notice, timed};
use crate::stub::{Reply, Stub, nobody};

const LIMIT: Duration = Duration::from_secs(10);
const ACCEPTED: &str = r#"{"MessageId":"m-1"}"#;
const SENDERS: &str = "US=+18005550100 IN=EXMPLE,entity:1101,code:1107,change:1108,notice:1109 *=pool-0123";
const SETTINGS: [(&str, &str); 4] = [
    ("SMS_PROVIDER", "end-user-messaging"),
    ("SMS_SENDERS", SENDERS),
    ("SMS_CONFIGURATION_SET", "alliance-mfa"),
    ("SMS_MAX_PRICE", "1"),
];

async fn sender(endpoint: &str) -> Codes<Sender> {
    codes(endpoint, &SETTINGS).await
}

async fn publish(sender: &Codes<Sender>, limit: Duration) -> Result<Sent, SendError> {
    send_code(sender, "US", Purpose::Login, limit).await
}

async fn refused(endpoint: &str) -> SendError {
    publish(&sender(endpoint).await, LIMIT).await.expect_err("not accepted")
}

fn refusal(status: u16, code: &str, members: &Value) -> Reply {
    let mut body = members.clone();
    body["__type"] = json!(format!("com.amazonaws.pinpointsmsvoicev2#{code}"));
    Reply::new(status, &body.to_string())
}

#[tokio::test]
async fn a_code_is_sent_with_exactly_these_fields() {
    let aws = Stub::start([Reply::new(200, ACCEPTED)]);
    let sent = publish(&sender(&aws.url()).await, LIMIT).await.expect("accepted");
    assert_eq!(sent, Sent { id: "m-1".to_owned(), sender: Some("+18005550100".to_owned()) });
    let request = aws.only_request();
    assert_eq!(request.line(), "POST / HTTP/1.1");
    assert_eq!(request.header("content-type"), "application/x-amz-json-1.0");
    assert_eq!(request.header("x-amz-target"), "PinpointSMSVoiceV2.SendTextMessage");
    assert_eq!(
        serde_json::from_str::<Value>(&request.body).expect("JSON"),
        json!({
            "DestinationPhoneNumber": NUMBER,
            "OriginationIdentity": "+18005550100",
            "MessageBody": "012345 es su clave de Example. No la comparta con nadie.\n@login.example.com #012345",
            "MessageType": "TRANSACTIONAL",
            "ConfigurationSetName": "alliance-mfa",
            "MaxPrice": "1.0",
            "TimeToLive": 297,
            "Context": { "challenge": challenge_path(&challenge()), "receipt": "BwcHBwcHBwcHBwcHBwcHBw" },
            "MessageFeedbackEnabled": true,
        })
    );
}

#[tokio::test]
async fn a_notice_has_no_life_and_nothing_that_its_receipts_could_change() {
    let aws = Stub::start([Reply::new(200, ACCEPTED)]);
    let sent = send_notice(&aws.url(), "GB", &SETTINGS, LIMIT).await.expect("accepted");
    assert_eq!(sent.sender.as_deref(), Some("pool-0123"));
    let mut request: Value = serde_json::from_str(&aws.only_request().body).expect("JSON");
    let text = request["MessageBody"].take();
    assert!(text.as_str().is_some_and(|text| text.contains("42")), "{text}");
    assert_eq!(
        request,
        json!({
            "DestinationPhoneNumber": NUMBER,
            "OriginationIdentity": "pool-0123",
            "MessageBody": null,
            "MessageType": "TRANSACTIONAL",
            "ConfigurationSetName": "alliance-mfa",
            "MaxPrice": "1.0",
            "MessageFeedbackEnabled": false,
        })
    );
}

#[tokio::test]
async fn each_text_to_india_is_the_registered_one_with_its_id() {
    for (purpose, template, begins) in [
        (Purpose::Login, "1107", "012345 is your Example code"),
        (Purpose::Change, "1108", "012345 is your code to CHANGE"),
    ] {
        let aws = Stub::start([Reply::new(200, ACCEPTED)]);
        send_code(&sender(&aws.url()).await, "IN", purpose, LIMIT).await.expect("accepted");
        let request: Value = serde_json::from_str(&aws.only_request().body).expect("JSON");
        let parameters = json!({ "IN_ENTITY_ID": "1101", "IN_TEMPLATE_ID": template });
        assert_eq!(
            (&request["OriginationIdentity"], &request["DestinationCountryParameters"]),
            (&json!("EXMPLE"), &parameters)
        );
        assert!(request["MessageBody"].as_str().is_some_and(|text| text.starts_with(begins)), "{request}");
    }
    let aws = Stub::start([Reply::new(200, ACCEPTED)]);
    send_notice(&aws.url(), "IN", &SETTINGS, LIMIT).await.expect("accepted");
    let request: Value = serde_json::from_str(&aws.only_request().body).expect("JSON");
    assert_eq!(request["DestinationCountryParameters"]["IN_TEMPLATE_ID"], "1109");
}

#[tokio::test]
async fn without_settings_aws_chooses() {
    let aws = Stub::start([Reply::new(200, ACCEPTED)]);
    let codes = codes(&aws.url(), &SETTINGS[..1]).await;
    assert_eq!(send_code(&codes, "US", Purpose::Login, LIMIT).await.expect("accepted").sender, None);
    let request: Value = serde_json::from_str(&aws.only_request().body).expect("JSON");
    for absent in ["OriginationIdentity", "ConfigurationSetName", "MaxPrice", "DestinationCountryParameters"] {
        assert_eq!(request.get(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn every_documented_error_is_classified() {
    use SendFailure::{
        NotPermitted, NumberRefused, OptedOut, ProviderFault, SpendLimit, Throttled, Unauthorized, Unknown,
    };
    for (status, code, reason, expected) in [
        (400, "AccessDeniedException", "", Unauthorized),
        (400, "AccessDeniedException", "ACCOUNT_DISABLED", Unauthorized),
        (400, "AccessDeniedException", "INSUFFICIENT_ACCOUNT_REPUTATION", Unauthorized),
        (400, "ThrottlingException", "", Throttled),
        (429, "ThrottlingException", "", Throttled),
        (500, "InternalServerException", "", Unknown),
        (400, "InternalServerException", "", Unknown),
        (400, "ResourceNotFoundException", "", ProviderFault),
        (400, "ConflictException", "", ProviderFault),
        (400, "ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT", OptedOut),
        (400, "ConflictException", "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE", NumberRefused),
        (400, "ConflictException", "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION", NotPermitted),
        (400, "ConflictException", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED", NotPermitted),
        (400, "ConflictException", "NO_ORIGINATION_IDENTITIES_FOUND", ProviderFault),
        (400, "ConflictException", "MESSAGE_TYPE_MISMATCH", ProviderFault),
        (400, "ConflictException", "NUMBER_CAPABILITIES_MISMATCH", ProviderFault),
        (400, "ConflictException", "RESOURCE_NOT_ACTIVE", ProviderFault),
        (400, "ConflictException", "REGISTRATION_NOT_COMPLETE", ProviderFault),
        (400, "ConflictException", "SOMETHING_NEW", ProviderFault),
        (400, "ServiceQuotaExceededException", "", ProviderFault),
        (400, "ServiceQuotaExceededException", "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT", SpendLimit),
        (400, "ServiceQuotaExceededException", "MONTHLY_SPEND_LIMIT_REACHED_FOR_RCS", SpendLimit),
        (400, "ServiceQuotaExceededException", "MONTHLY_SPEND_LIMIT_REACHED_FOR_NOTIFY", SpendLimit),
        (400, "ServiceQuotaExceededException", "DAILY_NOTIFY_TIER_MESSAGE_LIMIT", Throttled),
        (400, "ServiceQuotaExceededException", "POOLS_PER_ACCOUNT", ProviderFault),
        (400, "ValidationException", "", ProviderFault),
        (400, "ValidationException", "DESTINATION_COUNTRY_BLOCKED", NotPermitted),
        (400, "ValidationException", "COUNTRY_NOT_ENABLED", NotPermitted),
        (400, "ValidationException", "PRICE_OVER_THRESHOLD", ProviderFault),
        (400, "ValidationException", "SENDER_ID_NOT_REGISTERED", ProviderFault),
        (400, "ValidationException", "SENDER_ID_NOT_SUPPORTED", ProviderFault),
        (400, "ValidationException", "SENDER_ID_REQUIRES_REGISTRATION", ProviderFault),
        (400, "ValidationException", "INVALID_IDENTITY_FOR_DESTINATION_COUNTRY", ProviderFault),
        (400, "ValidationException", "INTERNATIONAL_SENDING_NOT_SUPPORTED", ProviderFault),
        (400, "ValidationException", "INVALID_PARAMETER", ProviderFault),
        (400, "ValidationException", "SOMETHING_NEW", ProviderFault),
        (400, "UnrecognizedClientException", "", Unauthorized),
        (400, "ExpiredTokenException", "", Unauthorized),
        (403, "InvalidSignatureException", "", Unauthorized),
        (400, "MissingAuthenticationTokenException", "", Unauthorized),
        (400, "SomethingNewException", "", ProviderFault),
        (503, "ServiceUnavailableException", "", Unknown),
        (503, "ThrottlingException", "", Unknown),
    ] {
        let members = if reason.is_empty() { json!({}) } else { json!({ "Reason": reason }) };
        let aws = Stub::start([refusal(status, code, &members)]);
        assert_eq!(refused(&aws.url()).await.kind, expected, "{status} {code} {reason}");
        aws.only_request();
    }
}

#[tokio::test]
async fn a_number_is_blamed_only_if_its_field_is_named() {
    use SendFailure::{NumberRefused, ProviderFault};
    for (reason, field, expected) in [
        ("FIELD_VALIDATION_FAILED", "DestinationPhoneNumber", NumberRefused),
        ("INVALID_PARAMETER", "DestinationPhoneNumber", NumberRefused),
        ("OTHER", "DestinationPhoneNumber", NumberRefused),
        ("INVALID_PARAMETER", "OriginationIdentity", ProviderFault),
        ("INVALID_PARAMETER", "MessageBody", ProviderFault),
        ("FIELD_VALIDATION_FAILED", "MaxPrice", ProviderFault),
        ("INVALID_IDENTITY_FOR_DESTINATION_COUNTRY", "DestinationPhoneNumber", ProviderFault),
        ("PRICE_OVER_THRESHOLD", "DestinationPhoneNumber", ProviderFault),
    ] {
        let fields = json!({ "Reason": reason, "Fields": [{ "Name": field, "Message": "no" }] });
        let aws = Stub::start([refusal(400, "ValidationException", &fields)]);
        let error = refused(&aws.url()).await;
        assert_eq!(error.kind, expected, "{reason} {field}");
        let logged = chain(&error);
        assert!(logged.contains(reason) && logged.contains(field), "{logged}");
    }
}

#[tokio::test]
async fn a_lost_response_leaves_the_outcome_unknown_and_nothing_is_sent_again() {
    for (case, reply) in [
        ("no answer", Reply::nothing()),
        ("not HTTP", Reply::garbage()),
        ("half an answer", Reply::new(200, ACCEPTED).halved()),
        ("half a refusal", refusal(400, "ValidationException", &json!({})).halved()),
        ("not JSON", Reply::new(200, "it worked")),
        ("no id", Reply::new(200, "{}")),
        ("an empty body", Reply::new(200, "")),
        ("a redirect", Reply::new(302, "")),
    ] {
        let aws = Stub::start([reply]);
        assert_eq!(refused(&aws.url()).await.kind, SendFailure::Unknown, "{case}");
        aws.only_request();
    }
    let aws = Stub::start([Reply::nothing()]);
    let notice = send_notice(&aws.url(), "US", &SETTINGS, LIMIT).await;
    assert_eq!(notice.expect_err("no answer").kind, SendFailure::Unknown);
    aws.only_request();
}

#[tokio::test]
async fn an_unreadable_refusal_is_still_a_refusal() {
    for reply in [Reply::new(400, "<html>"), Reply::new(400, ""), Reply::new(413, "too large")] {
        let aws = Stub::start([reply]);
        assert_eq!(refused(&aws.url()).await.kind, SendFailure::ProviderFault);
        aws.only_request();
    }
}

#[tokio::test(start_paused = true)]
async fn the_given_time_limit_applies_however_short_or_long() {
    for limit in [Duration::from_millis(100), Duration::from_millis(1500), Duration::from_secs(12)] {
        let aws = Stub::start([Reply::nothing().stalling()]);
        let sender = sender(&aws.url()).await;
        let (sent, elapsed) = timed(publish(&sender, limit)).await;
        assert_eq!(sent.expect_err("no answer").kind, SendFailure::Unknown);
        assert_took(elapsed, limit);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_connection_nothing_was_sent() {
    assert_eq!(refused(&nobody()).await.kind, SendFailure::ProviderFault);
}

#[tokio::test]
async fn no_error_repeats_the_number_or_the_code() {
    let said = format!("{NUMBER} is not valid: {CODE}");
    let fields = json!([{ "Name": NUMBER, "Message": said }, { "Name": "DestinationPhoneNumber", "Message": said }]);
    for (case, reply) in [
        (
            "a field",
            refusal(400, "ValidationException", &json!({ "Message": said, "Reason": "OTHER", "Fields": fields })),
        ),
        ("a reason", refusal(400, "ConflictException", &json!({ "Message": said, "Reason": said }))),
        ("a resource", refusal(400, "ResourceNotFoundException", &json!({ "ResourceType": said, "ResourceId": said }))),
        ("an error that the SDK does not know", refusal(400, "SomethingNew", &json!({ "message": said }))),
        ("a fault", refusal(500, "InternalServerException", &json!({ "Message": said }))),
        ("an answer that cannot be read", Reply::new(200, &format!("{{{said}"))),
        ("a refusal that cannot be read", Reply::new(400, &format!("{{{said}"))),
    ] {
        let aws = Stub::start([reply]);
        let error = refused(&aws.url()).await;
        let logged = format!("{} {:?}", chain(&error), error.source);
        assert!(!chain(&error).contains(&NUMBER[1..]) && !chain(&error).contains(CODE), "{case}: {logged}");
    }
}

#[tokio::test]
async fn a_refusal_names_its_code_and_reason_for_the_operator() {
    let reason = json!({ "Reason": "DESTINATION_PHONE_NUMBER_NOT_VERIFIED" });
    let aws = Stub::start([refusal(400, "ConflictException", &reason)]);
    let logged = chain(&refused(&aws.url()).await);
    for named in ["400", "ConflictException", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED"] {
        assert!(logged.contains(named), "{logged}");
    }
}

#[tokio::test]
async fn feedback_on_a_code_that_was_used_has_exactly_these_fields() {
    let aws = Stub::start([Reply::new(200, r#"{"MessageId":"m-1","MessageFeedbackStatus":"RECEIVED"}"#)]);
    give_feedback(&aws.url()).await.expect("taken");
    let request = aws.only_request();
    assert_eq!(request.header("x-amz-target"), "PinpointSMSVoiceV2.PutMessageFeedback");
    assert_eq!(
        serde_json::from_str::<Value>(&request.body).expect("JSON"),
        json!({ "MessageId": "m-1", "MessageFeedbackStatus": "RECEIVED" })
    );
}

#[tokio::test]
async fn feedback_is_tried_three_times_unless_aws_refuses_it() {
    for (status, code, tries) in [
        (400, "ResourceNotFoundException", 1),
        (400, "ValidationException", 1),
        (400, "AccessDeniedException", 1),
        (400, "ThrottlingException", 3),
        (500, "InternalServerException", 3),
    ] {
        let said = json!({ "Message": format!("about {NUMBER}") });
        let aws = Stub::start([(); 3].map(|()| refusal(status, code, &said)));
        let error = give_feedback(&aws.url()).await.expect_err("not taken");
        assert_eq!(aws.requests().len(), tries, "{code}");
        assert!(!chain(&error).contains(NUMBER), "{error:?}");
    }
    give_feedback(&nobody()).await.expect_err("not taken");
}

async fn give_feedback(endpoint: &str) -> Result<(), FeedbackError> {
    let feedback = codes(endpoint, &SETTINGS).await.publisher.feedback().expect("a provider that takes feedback");
    feedback.converted(&MessageId::parse("m-1").expect("an id"), LIMIT).await
}
