//! SNS: the whole request, every refusal, every way to lose a response, and what may be logged.

use std::time::Duration;

use domain::delivery::SendFailure;
use domain::ports::{SendError, Sent};
use domain::purpose::Purpose;
use platform::run::chain;
use platform::sms::{Codes, Sender};

use crate::fixture::{CODE, NUMBER, assert_took, codes, send_code, send_notice, timed};
use crate::stub::{Reply, Request, Stub, nobody};

const LIMIT: Duration = Duration::from_secs(10);
const ACCEPTED: &str = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
    <MessageId>m-1</MessageId></PublishResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>\
    </PublishResponse>";

const INDIA: &str = "US=+18005550100 GB=EXAMPLE IN=EXMPLE,entity:1101,code:1107,change:1108,notice:1109";

async fn sender(endpoint: &str, max_price: Option<&str>) -> Codes<Sender> {
    codes(endpoint, &[("SMS_MAX_PRICE", max_price.unwrap_or_default())]).await
}

async fn notify(endpoint: &str) -> Result<Sent, SendError> {
    send_notice(endpoint, "US", &[], LIMIT).await
}

async fn publish(sender: &Codes<Sender>, limit: Duration) -> Result<Sent, SendError> {
    send_code(sender, "US", Purpose::Login, limit).await
}

/// The message attributes of a request by name.
fn attributes(request: &Request) -> Vec<(String, String)> {
    let form = request.form();
    let value = |key: &str| form.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    let names = form.iter().filter_map(|(key, name)| Some((key.strip_suffix(".Name")?, name)));
    let mut found: Vec<_> =
        names.filter_map(|(key, name)| Some((name.clone(), value(&format!("{key}.Value.StringValue"))?))).collect();
    found.sort();
    found
}

#[tokio::test]
async fn each_country_is_sent_to_from_its_own_sender() {
    for (country, sender, attribute) in [
        ("US", Some("+18005550100"), Some(("AWS.MM.SMS.OriginationNumber", "+18005550100"))),
        ("GB", Some("EXAMPLE"), Some(("AWS.SNS.SMS.SenderID", "EXAMPLE"))),
        ("DE", None, None),
    ] {
        let sns = Stub::start([Reply::new(200, ACCEPTED)]);
        let codes = codes(&sns.url(), &[("SMS_SENDERS", INDIA)]).await;
        let sent = send_code(&codes, country, Purpose::Login, LIMIT).await.expect("accepted");
        assert_eq!(sent, Sent { id: "m-1".to_owned(), sender: sender.map(str::to_owned) });
        let mut expected: Vec<_> = [attribute, Some(("AWS.SNS.SMS.SMSType", "Transactional"))]
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        expected.sort();
        assert_eq!(attributes(&sns.only_request()), expected, "{country}");
    }
}

#[tokio::test]
async fn each_text_to_india_is_the_registered_one_with_its_id() {
    let id = |request: &Request| attributes(request).into_iter().find(|(name, _)| name == "AWS.MM.SMS.TemplateId");
    for (purpose, template, begins) in [
        (Purpose::Login, "1107", "012345 is your Example code"),
        (Purpose::Change, "1108", "012345 is your code to CHANGE"),
    ] {
        let sns = Stub::start([Reply::new(200, ACCEPTED)]);
        let codes = codes(&sns.url(), &[("SMS_SENDERS", INDIA)]).await;
        send_code(&codes, "IN", purpose, LIMIT).await.expect("accepted");
        let request = sns.only_request();
        assert_eq!(id(&request).map(|(_, id)| id).as_deref(), Some(template));
        assert!(attributes(&request).contains(&("AWS.MM.SMS.EntityId".to_owned(), "1101".to_owned())));
        let text = request.form().into_iter().find(|(key, _)| key == "Message").expect("a text").1;
        assert!(text.starts_with(begins), "{text}");
    }
    let sns = Stub::start([Reply::new(200, ACCEPTED)]);
    send_notice(&sns.url(), "IN", &[("SMS_SENDERS", INDIA)], LIMIT).await.expect("accepted");
    assert_eq!(id(&sns.only_request()).map(|(_, id)| id).as_deref(), Some("1109"));
}

async fn refused(endpoint: &str) -> SendError {
    publish(&sender(endpoint, None).await, LIMIT).await.expect_err("not accepted")
}

fn refusal(status: u16, code: &str, message: &str) -> Reply {
    let body = format!(
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
    );
    Reply::new(status, &body)
}

#[tokio::test]
async fn a_publish_request_has_exactly_these_fields() {
    let sns = Stub::start([Reply::new(200, ACCEPTED)]);
    publish(&sender(&sns.url(), Some("0.50")).await, LIMIT).await.expect("accepted");
    let request = sns.only_request();
    assert_eq!(request.line(), "POST / HTTP/1.1");
    assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    let mut form = request.form();
    form[4..].sort(); // the SDK keeps the attributes in a map, so their order and numbers are arbitrary
    let text = "012345 es su clave de Example. No la comparta con nadie.\n@login.example.com #012345";
    let (price, kind) = if form[4].1 == "AWS.SNS.SMS.MaxPrice" { ("1", "2") } else { ("2", "1") };
    let attribute = |entry: &str, name: &str, data_type: &str, value: &str| {
        let field = |field: &str, value: &str| (format!("MessageAttributes.entry.{entry}.{field}"), value.to_owned());
        [field("Name", name), field("Value.DataType", data_type), field("Value.StringValue", value)]
    };
    let fields = [("Action", "Publish"), ("Version", "2010-03-31"), ("PhoneNumber", NUMBER), ("Message", text)];
    let mut expected = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    expected.extend(attribute(price, "AWS.SNS.SMS.MaxPrice", "Number", "0.50"));
    expected.extend(attribute(kind, "AWS.SNS.SMS.SMSType", "String", "Transactional"));
    expected[4..].sort();
    assert_eq!(form, expected);
}

#[tokio::test]
async fn a_code_to_change_the_number_says_so() {
    let sns = Stub::start([Reply::new(200, ACCEPTED)]);
    send_code(&sender(&sns.url(), None).await, "US", Purpose::Change, LIMIT).await.expect("accepted");
    let form = sns.only_request().form();
    let text = form.iter().find(|(key, _)| key == "Message").map(|(_, value)| value.as_str());
    assert_eq!(
        text,
        Some(
            "012345 es su clave para CAMBIAR su teléfono en Example. No la comparta con nadie.\n\
             @login.example.com #012345"
        )
    );
}

#[tokio::test]
async fn a_notice_contains_neither_a_code_nor_the_new_number() {
    let sns = Stub::start([Reply::new(200, ACCEPTED)]);
    notify(&sns.url()).await.expect("accepted");
    let form = sns.only_request().form();
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(value("PhoneNumber"), Some(NUMBER));
    assert_eq!(
        value("Message"),
        Some(
            "Su acceso a Example usa ahora el teléfono acabado en 42, en vez de este. \
             Si usted no hizo el cambio: https://example.com/help"
        )
    );
    assert!(form.iter().any(|(_, value)| value == "Transactional"), "{form:?}");
}

#[tokio::test]
async fn a_notice_is_published_only_once_even_if_sns_does_not_respond() {
    let sns = Stub::start([Reply::nothing()]);
    assert_eq!(notify(&sns.url()).await.expect_err("no answer").kind, SendFailure::Unknown);
    sns.only_request();
}

#[tokio::test]
async fn every_documented_sns_error_is_classified() {
    use SendFailure::{OptedOut, ProviderFault, SpendLimit, Throttled, Unauthorized, Unknown};
    for (status, code, message, expected) in [
        (400, "OptedOut", "", OptedOut),
        (400, "OptedOutException", "", OptedOut),
        (403, "AuthorizationError", "", Unauthorized),
        (403, "InvalidSecurity", "", Unauthorized),
        (403, "AccessDeniedException", "", Unauthorized),
        (403, "SignatureDoesNotMatch", "", Unauthorized),
        (400, "KMSAccessDenied", "", Unauthorized),
        (400, "KMSDisabled", "", Unauthorized),
        (400, "KMSInvalidState", "", Unauthorized),
        (400, "KMSNotFound", "", Unauthorized),
        (403, "KMSOptInRequired", "", Unauthorized),
        (400, "KMSThrottling", "", Throttled),
        (429, "Throttled", "", Throttled),
        (400, "ThrottlingException", "", Throttled),
        (400, "TooManyRequestsException", "", Throttled),
        (400, "Throttled", "No quota left for account", SpendLimit),
        (400, "EndpointDisabled", "", ProviderFault),
        (404, "NotFound", "", ProviderFault),
        (400, "ValidationException", "", ProviderFault),
        (500, "InternalError", "", Unknown),
        (503, "Throttling", "", Unknown),
    ] {
        let sns = Stub::start([refusal(status, code, message)]);
        assert_eq!(refused(&sns.url()).await.kind, expected, "{status} {code}");
        sns.only_request();
    }
}

#[tokio::test]
async fn a_number_is_blamed_only_if_sns_names_it() {
    use SendFailure::{NumberRefused, ProviderFault};
    let (number, sender) = (format!("PhoneNumber Reason: {NUMBER} is not valid to publish to"), "AWS.SNS.SMS.SenderID");
    for (message, expected) in [
        (format!("Invalid parameter: {number}"), NumberRefused),
        (format!("Invalid parameter: The phone number {NUMBER} is not valid"), NumberRefused),
        ("1 validation error detected: Value at 'phoneNumber' failed to satisfy constraint".to_owned(), NumberRefused),
        (format!("Invalid parameter: MessageAttributes Reason: {sender} cannot be Alliance-MFA"), ProviderFault),
        (format!("Invalid parameter: {sender} Reason: not registered for the PhoneNumber's country"), ProviderFault),
        ("Invalid parameter: AWS.MM.SMS.OriginationNumber Reason: not a valid phone number".to_owned(), ProviderFault),
        ("Invalid parameter: OriginationPhoneNumber".to_owned(), ProviderFault),
        ("Invalid parameter: The origination phone number is not yours".to_owned(), ProviderFault),
        ("Invalid parameter: AWS.SNS.SMS.MaxPrice Reason: not a number".to_owned(), ProviderFault),
        ("Invalid parameter: Empty message".to_owned(), ProviderFault),
        ("Invalid parameter: ".to_owned(), ProviderFault),
        (String::new(), ProviderFault),
    ] {
        for code in ["InvalidParameter", "InvalidParameterException", "InvalidParameterValue", "ParameterValueInvalid"]
        {
            let sns = Stub::start([refusal(400, code, &message)]);
            assert_eq!(refused(&sns.url()).await.kind, expected, "{code}: {message}");
            sns.only_request();
        }
    }
}

#[tokio::test]
async fn an_unreadable_refusal_is_still_a_refusal() {
    for reply in [Reply::new(400, "<html>"), Reply::new(400, ""), Reply::new(413, "too large")] {
        let sns = Stub::start([reply]);
        assert_eq!(refused(&sns.url()).await.kind, SendFailure::ProviderFault);
        sns.only_request();
    }
}

#[tokio::test]
async fn a_lost_response_leaves_the_outcome_unknown_and_nothing_is_sent_again() {
    for (case, reply) in [
        ("no answer", Reply::nothing()),
        ("not HTTP", Reply::garbage()),
        ("half an answer", Reply::new(200, ACCEPTED).halved()),
        ("half a refusal", refusal(400, "InvalidParameter", "no").halved()),
        ("not XML", Reply::new(200, "it worked")),
        ("an empty body", Reply::new(200, "")),
        ("somebody else's XML", Reply::new(200, "<html><body>Sign in to the Wi-Fi</body></html>")),
        ("a redirect", Reply::new(302, "")),
    ] {
        let sns = Stub::start([reply]);
        assert_eq!(refused(&sns.url()).await.kind, SendFailure::Unknown, "{case}");
        sns.only_request();
    }
}

#[tokio::test(start_paused = true)]
async fn the_given_time_limit_applies_however_short_or_long() {
    let half = Reply::new(200, ACCEPTED).halved();
    for reply in [Reply::nothing().stalling(), half.stalling()] {
        for limit in [Duration::from_millis(100), Duration::from_millis(1500), Duration::from_secs(12)] {
            let sns = Stub::start([reply.clone()]);
            let sender = sender(&sns.url(), None).await;
            let (sent, elapsed) = timed(publish(&sender, limit)).await;
            assert_eq!(sent.expect_err("no answer").kind, SendFailure::Unknown);
            assert_took(elapsed, limit);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_connection_nothing_was_sent() {
    assert_eq!(refused(&nobody()).await.kind, SendFailure::ProviderFault);
    let silent = Stub::start([Reply::nothing()]);
    let (error, elapsed) = timed(Box::pin(refused(&silent.https_url()))).await;
    assert_eq!(error.kind, SendFailure::ProviderFault, "{}", chain(&error));
    assert!(elapsed < Duration::from_secs(2), "{elapsed:?}");
}

#[tokio::test]
async fn a_connection_found_closed_is_replaced_by_another() {
    let sns = Stub::start([Reply::new(200, ACCEPTED).closing(), Reply::new(200, ACCEPTED)]);
    let sender = sender(&sns.url(), None).await;
    publish(&sender, LIMIT).await.expect("accepted");
    sns.freeze_until_closed();
    tokio::time::sleep(Duration::from_millis(1)).await; // lets the runtime notice the closed connection
    publish(&sender, LIMIT).await.expect("accepted on another connection");
    let connections: Vec<_> = sns.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 1]);
}

/// Whether the client notices in time is a matter of chance. If it does not, the request goes nowhere,
/// which looks like a lost response.
#[tokio::test]
async fn a_connection_closed_while_frozen_never_sends_a_message_twice() {
    let sns = Stub::start([Reply::new(200, ACCEPTED).closing(), Reply::new(200, ACCEPTED)]);
    let sender = sender(&sns.url(), None).await;
    publish(&sender, LIMIT).await.expect("accepted");
    sns.freeze_until_closed();
    let requests = match publish(&sender, LIMIT).await {
        Ok(_) => 2,
        Err(error) => {
            assert_eq!(error.kind, SendFailure::Unknown);
            1
        }
    };
    assert_eq!(sns.requests().len(), requests);
}

#[tokio::test]
async fn a_kept_connection_that_breaks_under_a_message_sends_it_once() {
    let sns = Stub::start([Reply::new(200, ACCEPTED), Reply::nothing(), Reply::new(200, ACCEPTED)]);
    let sender = sender(&sns.url(), None).await;
    publish(&sender, LIMIT).await.expect("accepted");
    assert_eq!(publish(&sender, LIMIT).await.expect_err("no answer").kind, SendFailure::Unknown);
    let connections: Vec<_> = sns.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0]);
}

#[tokio::test]
async fn no_error_repeats_the_number_or_the_code() {
    let says = |what: &str| format!("Invalid parameter: PhoneNumber Reason: {NUMBER} is not valid: {what}");
    for (case, reply) in [
        ("a modelled refusal", refusal(400, "InvalidParameter", &says(CODE))),
        ("another one", refusal(403, "AuthorizationError", &says(CODE))),
        ("one that the SDK does not know", refusal(400, "SomethingNew", &says(CODE))),
        ("a fault", refusal(500, "InternalError", &says(CODE))),
        ("an answer that cannot be read", Reply::new(200, &format!("<{NUMBER} {CODE}"))),
        ("a refusal that cannot be read", Reply::new(400, &format!("<{NUMBER} {CODE}"))),
        ("half an answer", refusal(400, "InvalidParameter", &says(CODE)).halved()),
    ] {
        let sns = Stub::start([reply]);
        let logged = chain(&refused(&sns.url()).await);
        assert!(!logged.contains(&NUMBER[1..]) && !logged.contains(CODE), "{case}: {logged}");
    }
}

#[tokio::test]
async fn a_refusal_names_its_code_for_the_operator() {
    let sns = Stub::start([refusal(400, "KMSDisabled", "the key is disabled")]);
    let logged = chain(&refused(&sns.url()).await);
    assert!(logged.contains("400") && logged.contains("KMSDisabled"), "{logged}");
}
