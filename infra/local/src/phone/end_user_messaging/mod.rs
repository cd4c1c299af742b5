//! AWS End User Messaging (`pinpoint-sms-voice-v2`): `SendTextMessage` and `PutMessageFeedback`, in the awsJson1.0
//! protocol. What its service model doesn't allow is refused. Requests are listed in the desk's timeline.

mod input;
mod refusal;

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::faults::{Receipts, SmsFault, silence};
use super::message::Provider;
use super::{Phone, lock, receipts};
use crate::clock;
use crate::timeline::Exchange;
use input::{PutMessageFeedback, SendTextMessage};
use refusal::Refusal;

/// The header that names the operation, after the service's own name.
pub(super) const TARGET: &str = "x-amz-target";
const SERVICE: &str = "PinpointSMSVoiceV2.";
const CONTENT: &str = "application/x-amz-json-1.0";

#[derive(Clone, Copy)]
enum Operation {
    SendTextMessage,
    PutMessageFeedback,
}

impl Operation {
    fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let target = headers.get(TARGET).and_then(|target| target.to_str().ok()).unwrap_or_default();
        match target.strip_prefix(SERVICE) {
            Some("SendTextMessage") => Ok(Self::SendTextMessage),
            Some("PutMessageFeedback") => Ok(Self::PutMessageFeedback),
            _ => Err(Refusal::unknown_operation(target)),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::SendTextMessage => "SendTextMessage",
            Self::PutMessageFeedback => "PutMessageFeedback",
        }
    }
}

/// `POST /` with the operation in a header.
pub(super) async fn answer(phone: Arc<Phone>, headers: &HeaderMap, body: &str) -> Response {
    let started = Instant::now();
    let operation = match Operation::of(headers) {
        Ok(operation) => operation,
        Err(refusal) => return respond(refusal.status(), &refusal.body()),
    };
    let fault = phone.faults().sms;
    let outcome = match operation {
        Operation::SendTextMessage => send(&phone, fault, body),
        Operation::PutMessageFeedback => take_feedback(&phone, fault, body),
    };
    let (status, answer) = match outcome {
        Ok(output) => (StatusCode::OK, output),
        Err(refusal) => (refusal.status(), refusal.body()),
    };
    record(&phone, operation, body, status, &answer, started);
    if fault == SmsFault::Timeout {
        silence().await;
    }
    respond(status, &answer)
}

fn send(phone: &Arc<Phone>, fault: SmsFault, body: &str) -> Result<Value, Refusal> {
    if let Some(refusal) = Refusal::of_send(fault) {
        return Err(refusal);
    }
    let input = SendTextMessage::parse(body)?;
    let is_dry = input.dry_run;
    let receipts = phone.faults().receipts;
    let mut message = input.into_message()?;
    message.is_shown = receipts != Receipts::Undeliverable;
    let id = message.id;
    if !is_dry {
        receipts::follow(phone, &message, receipts);
        lock(&phone.messages).push(message);
        phone.notify();
    }
    Ok(json!({ "MessageId": id }))
}

/// Takes feedback any number of times; the last one counts.
fn take_feedback(phone: &Phone, fault: SmsFault, body: &str) -> Result<Value, Refusal> {
    if let Some(refusal) = Refusal::of_feedback(fault) {
        return Err(refusal);
    }
    let PutMessageFeedback { message_id, status, feedback } = PutMessageFeedback::parse(body)?;
    let mut messages = lock(&phone.messages);
    let awaits = messages.iter_mut().find(|message| {
        message.provider == Provider::EndUserMessaging
            && message.feedback.is_some()
            && Ok(message.id) == Uuid::parse_str(&message_id)
    });
    let message = awaits.ok_or_else(|| Refusal::unknown_message(&message_id))?;
    message.feedback = Some(feedback);
    drop(messages);
    phone.notify();
    Ok(json!({ "MessageId": message_id, "MessageFeedbackStatus": status }))
}

fn record(phone: &Phone, operation: Operation, body: &str, status: StatusCode, answer: &Value, started: Instant) {
    let headers = [("content-type", CONTENT.to_owned()), (TARGET, format!("{SERVICE}{}", operation.name()))];
    phone.timeline.record(Exchange {
        route: operation.name(),
        method: "POST".to_owned(),
        url: format!("http://127.0.0.1:{}/", phone.port),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        body: body.to_owned(),
        status: status.as_u16(),
        answer: answer.to_string(),
        at_millis: clock::epoch_millis(),
        elapsed_millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
}

fn respond(status: StatusCode, answer: &Value) -> Response {
    let headers = [(CONTENT_TYPE.as_str(), CONTENT.to_owned()), ("x-amzn-requestid", Uuid::new_v4().to_string())];
    (status, headers, answer.to_string()).into_response()
}

#[cfg(test)]
mod tests;
