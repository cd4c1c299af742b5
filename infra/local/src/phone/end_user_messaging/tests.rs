//! The API as a client sees it, over HTTP.

use serde_json::{Value, json};

use super::super::{Surroundings, start};
use super::*;

struct Client {
    http: reqwest::Client,
    phone: String,
}

impl Client {
    async fn new() -> Self {
        let http = reqwest::Client::new();
        let phone = start(http.clone(), 0, Surroundings::default()).await.unwrap();
        Self { http, phone }
    }

    async fn call_with(&self, target: &str, body: String) -> (u16, Value) {
        let request = self.http.post(&self.phone).header(TARGET, target).header("content-type", CONTENT);
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], CONTENT);
        assert!(answer.headers().contains_key("x-amzn-requestid"));
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn call(&self, operation: &str, input: &Value) -> (u16, Value) {
        self.call_with(&format!("{SERVICE}{operation}"), input.to_string()).await
    }

    /// Sends a message, which must succeed, and returns its id.
    async fn send(&self, changed: &Value) -> String {
        let (status, answer) = self.call("SendTextMessage", &message(changed)).await;
        assert_eq!(status, 200, "{answer}");
        answer["MessageId"].as_str().unwrap().to_owned()
    }

    /// The exception and all that comes with it.
    async fn refused(&self, operation: &str, input: &Value) -> (u16, String, Value) {
        let (status, answer) = self.call(operation, input).await;
        let kind = answer["__type"].as_str().unwrap_or_else(|| panic!("not refused: {input}: {answer}"));
        assert!(answer["Message"].is_string(), "{answer}");
        let (namespace, kind) = kind.split_once('#').unwrap();
        assert_eq!(namespace, "com.amazonaws.pinpointsmsvoicev2");
        (status, kind.to_owned(), answer)
    }

    async fn get(&self, path: &str) -> Vec<Value> {
        self.http.get(format!("{}{path}", self.phone)).send().await.unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) {
        let answer = self.http.post(format!("{}{path}", self.phone)).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path} {body}: {}", answer.status());
    }
}

/// A whole message, with some members changed.
fn message(changed: &Value) -> Value {
    let mut input = json!({
        "DestinationPhoneNumber": "+14155552671",
        "OriginationIdentity": "pool-0123456789abcdef0123456789abcdef",
        "MessageBody": "123456 is your Alliance code.\n\n@login.example.com #123456",
        "MessageType": "TRANSACTIONAL",
        "ConfigurationSetName": "codes",
        "MaxPrice": "0.10",
        "TimeToLive": 300,
        "Context": { "challenge": "AAAA", "receipt": "AAECAwQFBgcICQoLDA0ODw" },
        "MessageFeedbackEnabled": true,
    });
    for (member, value) in changed.as_object().unwrap() {
        input[member] = value.clone();
    }
    input
}

#[tokio::test]
async fn a_message_arrives_with_its_sender_and_context_and_how_it_was_sent() {
    let client = Client::new().await;
    let id = client.send(&json!({})).await;
    let sender = |identity: &str| json!({ "OriginationIdentity": identity });
    client.send(&sender("Alliance")).await;
    client.send(&sender("+14155550000")).await;

    let messages = client.get("/messages").await;
    let first = &messages[0];
    assert_eq!((&first["id"], &first["to"]), (&json!(id), &json!("+14155552671")));
    assert_eq!(first["context"], json!({ "challenge": "AAAA", "receipt": "AAECAwQFBgcICQoLDA0ODw" }));
    assert_eq!((&first["provider"], &first["feedback"]), (&json!("end-user-messaging"), &json!("awaited")));
    assert_eq!((&first["attributes"]["TimeToLive"], &first["attributes"]["MaxPrice"]), (&json!("300"), &json!("0.10")));
    let senders: Vec<&Value> = messages.iter().map(|message| &message["from"]).collect();
    assert_eq!(senders, ["+14155552600", "Alliance", "+14155550000"]);
}

#[tokio::test]
async fn a_message_needs_no_more_than_a_number_which_may_lack_its_plus() {
    let client = Client::new().await;
    let (status, answer) = client.call("SendTextMessage", &json!({ "DestinationPhoneNumber": "14155552671" })).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(client.get("/messages").await[0]["to"], "+14155552671");
}

#[tokio::test]
async fn each_switch_answers_with_its_exception_and_reason() {
    let client = Client::new().await;
    for (switch, status, exception, reason) in [
        ("throttle", 400, "ThrottlingException", None),
        ("auth", 400, "AccessDeniedException", None),
        ("500", 500, "InternalServerException", None),
        ("disabled", 400, "AccessDeniedException", Some("ACCOUNT_DISABLED")),
        ("reputation", 400, "AccessDeniedException", Some("INSUFFICIENT_ACCOUNT_REPUTATION")),
        ("opted-out", 400, "ConflictException", Some("DESTINATION_PHONE_NUMBER_OPTED_OUT")),
        ("unverified", 400, "ConflictException", Some("DESTINATION_PHONE_NUMBER_NOT_VERIFIED")),
        ("country-blocked", 400, "ConflictException", Some("DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION")),
        (
            "number-blocked",
            400,
            "ConflictException",
            Some("DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE"),
        ),
        ("no-sender", 400, "ConflictException", Some("NO_ORIGINATION_IDENTITIES_FOUND")),
        ("unknown-sender", 400, "ResourceNotFoundException", None),
        ("unfit-sender", 400, "ValidationException", Some("INVALID_IDENTITY_FOR_DESTINATION_COUNTRY")),
        ("spend-limit", 400, "ServiceQuotaExceededException", Some("MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT")),
    ] {
        client.post("/faults", json!({ "sms": switch })).await;
        let (answered, kind, answer) = client.refused("SendTextMessage", &message(&json!({}))).await;
        assert_eq!((answered, kind.as_str()), (status, exception), "{switch}");
        assert_eq!(answer["Reason"].as_str(), reason, "{switch}");
    }
    assert!(client.get("/messages").await.is_empty());
}

#[tokio::test]
async fn every_member_that_the_model_does_not_allow_is_named() {
    let client = Client::new().await;
    let entries = |count: usize| (0..count).map(|key| (key.to_string(), json!("x"))).collect::<Value>();
    for (member, value) in [
        ("DestinationPhoneNumber", Value::Null),
        ("DestinationPhoneNumber", json!("")),
        ("DestinationPhoneNumber", json!("+0155552671")),
        ("DestinationPhoneNumber", json!("+1 415 555 2671")),
        ("DestinationPhoneNumber", json!("+12345678901234567890")),
        ("OriginationIdentity", json!("no space")),
        ("OriginationIdentity", json!("a".repeat(257))),
        ("MessageBody", json!(" \n ")),
        ("MessageBody", json!("a".repeat(1601))),
        ("MessageType", json!("Transactional")),
        ("Keyword", json!("a\tb")),
        ("Keyword", json!("a".repeat(31))),
        ("ConfigurationSetName", json!("a+b")),
        ("ProtectConfigurationId", json!("a b")),
        ("MaxPrice", json!("1")),
        ("MaxPrice", json!("100.0")),
        ("MaxPrice", json!("0.123456")),
        ("MaxPrice", json!("-.10")),
        ("TimeToLive", json!(4)),
        ("TimeToLive", json!(259_201)),
        ("Context", entries(6)),
        ("Context", json!({ "a b": "x" })),
        ("Context", json!({ "a": " x" })),
        ("Context", json!({ "a": "" })),
        ("Context", json!({ "a": "x".repeat(801) })),
        ("Context", json!({ "a".repeat(101): "x" })),
        ("DestinationCountryParameters", json!({ "US_ENTITY_ID": "x" })),
        ("DestinationCountryParameters", json!({ "IN_ENTITY_ID": "x".repeat(65) })),
    ] {
        let (status, kind, answer) = client.refused("SendTextMessage", &message(&json!({ member: value }))).await;
        assert_eq!((status, kind.as_str()), (400, "ValidationException"), "{member}: {value}");
        assert_eq!(answer["Reason"], "FIELD_VALIDATION_FAILED", "{member}: {value}");
        assert_eq!(answer["Fields"][0]["Name"], member, "{value}");
        assert_eq!(answer["Fields"].as_array().unwrap().len(), 1, "{member}: {value}");
    }
    let all = json!({ "TimeToLive": 1, "MaxPrice": "free", "DestinationPhoneNumber": null });
    let (.., answer) = client.refused("SendTextMessage", &message(&all)).await;
    assert_eq!(answer["Fields"].as_array().unwrap().len(), 3, "{answer}");
    assert!(client.get("/messages").await.is_empty());
}

#[tokio::test]
async fn what_the_model_just_allows_is_sent() {
    let client = Client::new().await;
    let entries = |count: usize| (0..count).map(|key| (key.to_string(), json!("x"))).collect::<Value>();
    for (member, value) in [
        ("DestinationPhoneNumber", json!("+1234567890123456789")),
        ("OriginationIdentity", json!("arn:aws:sms-voice:us-east-1:123456789012:pool/pool-a_b")),
        ("MessageBody", json!("码".repeat(160))),
        ("MaxPrice", json!(".1")),
        ("MaxPrice", json!("99.99999")),
        ("TimeToLive", json!(5)),
        ("TimeToLive", json!(259_200)),
        ("Context", entries(5)),
        ("Context", json!({ "a".repeat(100): "x y".repeat(200) })),
        ("DestinationCountryParameters", json!({ "IN_ENTITY_ID": "1", "IN_TEMPLATE_ID": "x".repeat(64) })),
        ("Keyword", json!("two words")),
    ] {
        client.send(&json!({ member: value })).await;
    }
}

#[tokio::test]
async fn a_message_that_costs_more_than_it_may_is_refused() {
    let client = Client::new().await;
    let (_, kind, answer) = client.refused("SendTextMessage", &message(&json!({ "MaxPrice": ".00001" }))).await;
    assert_eq!((kind.as_str(), &answer["Reason"]), ("ValidationException", &json!("PRICE_OVER_THRESHOLD")));
}

#[tokio::test]
async fn what_is_no_input_of_the_operation_is_no_message() {
    let client = Client::new().await;
    for body in ["", "{", "[]", r#"{"DestinationPhoneNumber":1}"#, r#"{"TimeToLive":"300"}"#] {
        let (status, answer) = client.call_with("PinpointSMSVoiceV2.SendTextMessage", body.to_owned()).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["__type"].as_str().unwrap().ends_with("#SerializationException"), "{body}: {answer}");
    }
    for target in ["PinpointSMSVoiceV2.SendVoiceMessage", "Other.SendTextMessage", ""] {
        let (status, answer) = client.call_with(target, "{}".to_owned()).await;
        assert_eq!(status, 400, "{target}");
        assert!(answer["__type"].as_str().unwrap().ends_with("#UnknownOperationException"), "{target}: {answer}");
    }
}

#[tokio::test]
async fn a_dry_run_is_checked_and_sends_nothing() {
    let client = Client::new().await;
    let dry = json!({ "DryRun": true });
    let id = client.send(&dry).await;
    assert!(client.get("/messages").await.is_empty());
    let feedback = json!({ "MessageId": id, "MessageFeedbackStatus": "RECEIVED" });
    assert_eq!(client.refused("PutMessageFeedback", &feedback).await.1, "ResourceNotFoundException");
    let invalid = json!({ "DryRun": true, "TimeToLive": 1 });
    assert_eq!(client.refused("SendTextMessage", &message(&invalid)).await.1, "ValidationException");
    client.post("/faults", json!({ "sms": "opted-out" })).await;
    assert_eq!(client.refused("SendTextMessage", &message(&dry)).await.1, "ConflictException");
}

#[tokio::test]
async fn feedback_is_taken_for_a_message_that_awaits_it_also_after_the_phone_was_cleared() {
    let client = Client::new().await;
    let id = client.send(&json!({})).await;
    for status in ["FAILED", "RECEIVED", "RECEIVED"] {
        let feedback = json!({ "MessageId": id, "MessageFeedbackStatus": status });
        assert_eq!(client.call("PutMessageFeedback", &feedback).await, (200, feedback));
    }
    assert_eq!(client.get("/messages").await[0]["feedback"], "received");
    client.post("/clear", json!({})).await;
    assert!(client.get("/messages").await.is_empty());
    let feedback = json!({ "MessageId": id, "MessageFeedbackStatus": "RECEIVED" });
    assert_eq!(client.call("PutMessageFeedback", &feedback).await.0, 200);
}

#[tokio::test]
async fn feedback_for_any_other_message_is_refused() {
    let client = Client::new().await;
    let silent = client.send(&json!({ "MessageFeedbackEnabled": false })).await;
    let publish = [("Action", "Publish"), ("PhoneNumber", "+14155552671"), ("Message", "hello")];
    client.http.post(&client.phone).form(&publish).send().await.unwrap();
    let published = client.get("/messages").await[1]["id"].as_str().unwrap().to_owned();
    for id in [&silent, &published, "00000000-0000-0000-0000-000000000000", "unheard-of"] {
        let feedback = json!({ "MessageId": id, "MessageFeedbackStatus": "RECEIVED" });
        let (status, kind, answer) = client.refused("PutMessageFeedback", &feedback).await;
        assert_eq!((status, kind.as_str()), (400, "ResourceNotFoundException"), "{id}");
        assert_eq!((&answer["ResourceType"], &answer["ResourceId"]), (&json!("message"), &json!(id)));
    }
    for (input, member) in [
        (json!({ "MessageFeedbackStatus": "RECEIVED" }), "MessageId"),
        (json!({ "MessageId": "a b", "MessageFeedbackStatus": "RECEIVED" }), "MessageId"),
        (json!({ "MessageId": "a".repeat(65), "MessageFeedbackStatus": "RECEIVED" }), "MessageId"),
        (json!({ "MessageId": silent }), "MessageFeedbackStatus"),
        (json!({ "MessageId": silent, "MessageFeedbackStatus": "received" }), "MessageFeedbackStatus"),
    ] {
        let (_, kind, answer) = client.refused("PutMessageFeedback", &input).await;
        assert_eq!((kind.as_str(), &answer["Fields"][0]["Name"]), ("ValidationException", &json!(member)), "{input}");
    }
}

#[tokio::test]
async fn feedback_fails_with_the_service_but_not_with_a_number() {
    let client = Client::new().await;
    let id = client.send(&json!({})).await;
    let feedback = json!({ "MessageId": id, "MessageFeedbackStatus": "RECEIVED" });
    for (switch, exception) in [
        ("throttle", "ThrottlingException"),
        ("auth", "AccessDeniedException"),
        ("disabled", "AccessDeniedException"),
        ("500", "InternalServerException"),
    ] {
        client.post("/faults", json!({ "sms": switch })).await;
        assert_eq!(client.refused("PutMessageFeedback", &feedback).await.1, exception, "{switch}");
    }
    for switch in ["opted-out", "spend-limit", "unfit-sender", "unknown-sender"] {
        client.post("/faults", json!({ "sms": switch })).await;
        assert_eq!(client.call("PutMessageFeedback", &feedback).await.0, 200, "{switch}");
    }
}

#[tokio::test]
async fn a_message_arrives_although_its_answer_is_lost() {
    let client = Client::new().await;
    client.post("/faults", json!({ "sms": "timeout" })).await;
    let request = client.http.post(&client.phone).header(TARGET, "PinpointSMSVoiceV2.SendTextMessage");
    let request = request.body(message(&json!({})).to_string()).timeout(std::time::Duration::from_millis(300));
    assert!(request.send().await.unwrap_err().is_timeout());
    assert_eq!(client.get("/messages").await.len(), 1);
}

#[tokio::test]
async fn sns_accepts_what_only_end_user_messaging_refuses_but_it_never_arrives() {
    let client = Client::new().await;
    client.post("/faults", json!({ "sms": "unverified" })).await;
    let publish = [("Action", "Publish"), ("PhoneNumber", "+14155552671"), ("Message", "hello")];
    assert_eq!(client.http.post(&client.phone).form(&publish).send().await.unwrap().status(), 200);
    assert!(client.get("/messages").await.is_empty());
}

#[tokio::test]
async fn the_timeline_lists_each_request_as_it_can_be_sent_again() {
    let client = Client::new().await;
    let id = client.send(&json!({})).await;
    client.call("PutMessageFeedback", &json!({ "MessageId": id, "MessageFeedbackStatus": "RECEIVED" })).await;
    client.refused("SendTextMessage", &message(&json!({ "TimeToLive": 1 }))).await;
    let listed: Vec<Value> = client.get("/timeline").await;
    let brief: Vec<_> = listed.iter().map(|entry| (entry["route"].as_str().unwrap(), &entry["status"])).collect();
    assert_eq!(
        brief,
        [("SendTextMessage", &json!(200)), ("PutMessageFeedback", &json!(200)), ("SendTextMessage", &json!(400))]
    );
    assert!(listed[0]["body"].as_str().unwrap().contains("pool-0123456789abcdef0123456789abcdef"));
    let headers = &listed[0]["headers"];
    assert_eq!(headers, &json!([["content-type", CONTENT], [TARGET, "PinpointSMSVoiceV2.SendTextMessage"]]));
}
