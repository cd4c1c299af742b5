//! SNS: `Publish` to a phone number, in the awsQuery protocol with XML responses.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::faults::{SmsFault, silence};
use super::message::{Message, Provider};
use super::{Phone, lock};

const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";
const TYPES: [&str; 2] = ["Transactional", "Promotional"];

/// An error, in SNS's own words.
#[derive(Debug, PartialEq)]
struct Refusal {
    status: StatusCode,
    kind: &'static str,
    code: &'static str,
    message: String,
}

/// `POST /` of the SNS endpoint.
pub(crate) async fn publish(phone: Arc<Phone>, body: &str) -> Response {
    let fault = phone.faults().sms;
    if let Some(refusal) = refusal_of(fault) {
        return refuse(&refusal);
    }
    let mut message = match parse(body) {
        Ok(message) => message,
        Err(refusal) => return refuse(&refusal),
    };
    message.is_shown = matches!(fault, SmsFault::None | SmsFault::Timeout);
    let id = message.id;
    lock(&phone.messages).push(message);
    phone.notify();
    if fault == SmsFault::Timeout {
        silence().await;
    }
    let answer = format!(
        "<PublishResponse xmlns=\"{NAMESPACE}\"><PublishResult><MessageId>{id}</MessageId></PublishResult>\
         <ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></PublishResponse>",
        Uuid::new_v4()
    );
    xml(StatusCode::OK, answer)
}

fn parse(body: &str) -> Result<Message, Refusal> {
    let form: BTreeMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if field("Action") != "Publish" {
        let message = format!("The action {} is not valid for this web service.", field("Action"));
        return Err(sender("InvalidAction", message));
    }
    let to = field("PhoneNumber");
    if !is_e164(to) {
        let message = format!("Invalid parameter: PhoneNumber Reason: {to} is not valid to publish to");
        return Err(sender("InvalidParameter", message));
    }
    if field("Message").is_empty() {
        return Err(sender("InvalidParameter", "Invalid parameter: Empty message"));
    }
    let attributes = attributes(&form);
    check_attributes(&attributes)?;
    let sender =
        ["AWS.SNS.SMS.SenderID", "AWS.MM.SMS.OriginationNumber"].into_iter().find_map(|name| attributes.get(name));
    Ok(Message {
        from: sender.cloned(),
        attributes,
        ..Message::new(Provider::Sns, to.to_owned(), field("Message").to_owned())
    })
}

/// `+`, then 7 to 15 digits, the first of which is not zero.
fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The attributes, spread over `MessageAttributes.entry.N.Name` and `….Value.StringValue`.
fn attributes(form: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    (1..)
        .map(|entry| format!("MessageAttributes.entry.{entry}"))
        .map_while(|entry| {
            let name = form.get(&format!("{entry}.Name"))?;
            let value = form.get(&format!("{entry}.Value.StringValue"))?;
            Some((name.clone(), value.clone()))
        })
        .collect()
}

fn check_attributes(attributes: &BTreeMap<String, String>) -> Result<(), Refusal> {
    for (name, value) in attributes {
        let fits = match name.as_str() {
            "AWS.SNS.SMS.SMSType" => TYPES.contains(&value.as_str()),
            "AWS.SNS.SMS.SenderID" => {
                value.len() <= 11
                    && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                    && value.bytes().any(|byte| byte.is_ascii_alphabetic())
            }
            "AWS.SNS.SMS.MaxPrice" => value.parse::<f64>().is_ok_and(|price| price > 0.0),
            _ => true,
        };
        if !fits {
            let message = format!("Invalid parameter: MessageAttributes Reason: {name} cannot be {value}");
            return Err(sender("InvalidParameter", message));
        }
    }
    Ok(())
}

fn refusal_of(fault: SmsFault) -> Option<Refusal> {
    match fault {
        SmsFault::Throttle => {
            Some(Refusal { status: StatusCode::TOO_MANY_REQUESTS, ..sender("Throttled", "Rate exceeded") })
        }
        SmsFault::Auth => Some(Refusal {
            status: StatusCode::FORBIDDEN,
            ..sender("AuthorizationError", "User is not authorized to perform: SNS:Publish")
        }),
        SmsFault::OptedOut => Some(sender("OptedOut", "The phone number has opted out of receiving SMS messages")),
        SmsFault::Internal => Some(Refusal {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            kind: "Receiver",
            ..sender("InternalError", "An internal service error has occurred.")
        }),
        _ => None,
    }
}

fn sender(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, kind: "Sender", code, message: message.into() }
}

fn refuse(Refusal { status, kind, code, message }: &Refusal) -> Response {
    let message = message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let answer = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{kind}</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
        Uuid::new_v4()
    );
    xml(*status, answer)
}

fn xml(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, "text/xml")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(number: &str, attribute: (&str, &str)) -> Result<Message, Refusal> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "Publish")
            .append_pair("Version", "2010-03-31")
            .append_pair("PhoneNumber", number)
            .append_pair("Message", "Your code is 123456\n@login.example.com #123456")
            .append_pair("MessageAttributes.entry.1.Name", attribute.0)
            .append_pair("MessageAttributes.entry.1.Value.DataType", "String")
            .append_pair("MessageAttributes.entry.1.Value.StringValue", attribute.1)
            .finish();
        parse(&body)
    }

    #[test]
    fn a_message_keeps_its_text_and_attributes() {
        let message = publish("+14155552671", ("AWS.SNS.SMS.SMSType", "Transactional")).unwrap();
        assert_eq!(message.text, "Your code is 123456\n@login.example.com #123456");
        assert_eq!(message.attributes["AWS.SNS.SMS.SMSType"], "Transactional");
    }

    #[test]
    fn what_sns_would_refuse_is_refused() {
        let transactional = ("AWS.SNS.SMS.SMSType", "Transactional");
        for number in ["4155552671", "+0155552671", "+1 415 555 2671", "+12345678901234567", ""] {
            assert_eq!(publish(number, transactional).err().unwrap().code, "InvalidParameter", "{number}");
        }
        for attribute in [
            ("AWS.SNS.SMS.SMSType", "transactional"),
            ("AWS.SNS.SMS.SenderID", "MuchTooLongSender"),
            ("AWS.SNS.SMS.MaxPrice", "free"),
        ] {
            let refusal = publish("+14155552671", attribute).err().unwrap();
            assert_eq!(refusal.code, "InvalidParameter", "{attribute:?}");
        }
    }
}
