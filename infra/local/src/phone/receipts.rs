//! What AWS reports of the messages that End User Messaging sent: events as they are on the default bus, handed to the
//! function that a rule would hand them to. When they arrive, and whether they do, is a switch.

use std::sync::Arc;
use std::time::Duration;

use rlibphonenumber::PhoneNumber;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::Phone;
use super::charge::Charge;
use super::faults::Receipts;
use super::message::Message;
use crate::clock;
use crate::development::{ACCOUNT, REGION};
use crate::timeline::Exchange;

/// The function that takes them; the name is also how the timeline lists them.
const FUNCTION: &str = "message-receipts";
/// Longer than the function may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The status that the timeline shows if no function took a receipt.
const NOT_TAKEN: u16 = 502;

/// The types of events, without the prefix `TEXT_` that all of them have.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(try_from = "String")]
pub(crate) enum EventType {
    Queued,
    /// In the service model, but documented as never sent.
    Sent,
    Pending,
    Successful,
    Delivered,
    Invalid,
    InvalidMessage,
    Unreachable,
    CarrierUnreachable,
    Blocked,
    CarrierBlocked,
    Spam,
    Unknown,
    TtlExpired,
    ProtectBlocked,
}

impl EventType {
    const ALL: [Self; 15] = [
        Self::Queued,
        Self::Sent,
        Self::Pending,
        Self::Successful,
        Self::Delivered,
        Self::Invalid,
        Self::InvalidMessage,
        Self::Unreachable,
        Self::CarrierUnreachable,
        Self::Blocked,
        Self::CarrierBlocked,
        Self::Spam,
        Self::Unknown,
        Self::TtlExpired,
        Self::ProtectBlocked,
    ];

    /// The `messageStatus`, and the description that goes with it.
    fn status(self) -> (&'static str, &'static str) {
        match self {
            Self::Queued => ("QUEUED", "Message is queued for delivery"),
            Self::Sent => ("SENT", "Message has been sent"),
            Self::Pending => ("PENDING", "Message is in the process of being delivered"),
            Self::Successful => ("SUCCESSFUL", "Message has been accepted by phone carrier"),
            Self::Delivered => ("DELIVERED", "Message has been accepted by phone"),
            Self::Invalid => ("INVALID", "Invalid phone number"),
            Self::InvalidMessage => ("INVALID_MESSAGE", "Message body is invalid"),
            Self::Unreachable => ("UNREACHABLE", "Phone is currently unreachable/unavailable"),
            Self::CarrierUnreachable => ("CARRIER_UNREACHABLE", "Phone carrier is currently unreachable/unavailable"),
            Self::Blocked => ("BLOCKED", "Phone has blocked SMS"),
            Self::CarrierBlocked => ("CARRIER_BLOCKED", "Phone carrier has blocked this message"),
            Self::Spam => ("SPAM", "Blocked as spam by phone carrier"),
            Self::Unknown => ("UNKNOWN", "Unknown error attempting to reach phone"),
            Self::TtlExpired => ("TTL_EXPIRED", "Message was not delivered within its time to live"),
            Self::ProtectBlocked => ("PROTECT_BLOCKED", "Message was blocked by a protect configuration"),
        }
    }

    fn name(self) -> String {
        format!("TEXT_{}", self.status().0)
    }

    fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Sent | Self::Pending)
    }
}

impl TryFrom<String> for EventType {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| format!("{name} is no event of a text message"))
    }
}

/// Something that happens to a message, and when its event arrives; milliseconds since the message was sent.
struct Step {
    kind: EventType,
    happens: u64,
    arrives: &'static [u64],
}

const fn step(kind: EventType, happens: u64, arrives: &'static [u64]) -> Step {
    Step { kind, happens, arrives }
}

impl Receipts {
    fn steps(self) -> &'static [Step] {
        const PENDING: Step = step(EventType::Pending, 200, &[300]);
        match self {
            Self::Delivered => const { &[PENDING, step(EventType::Delivered, 900, &[1000])] },
            Self::Undeliverable => const { &[PENDING, step(EventType::Unreachable, 900, &[1000])] },
            // After the half minute that the login page waits before it offers another way.
            Self::Late => const { &[PENDING, step(EventType::Delivered, 44_900, &[45_000])] },
            Self::Doubled => const { &[PENDING, step(EventType::Delivered, 900, &[1000, 1500])] },
            Self::OutOfOrder => {
                const { &[step(EventType::Pending, 200, &[1500]), step(EventType::Delivered, 900, &[1000])] }
            }
            Self::Never => &[],
        }
    }
}

/// Has the receipts of a message arrive, each in its time.
pub(super) fn follow(phone: &Arc<Phone>, message: &Message, receipts: Receipts) {
    for Step { kind, happens, arrives } in receipts.steps() {
        let event = event(message, *kind, message.at_millis + happens);
        for delay in *arrives {
            let (phone, event) = (Arc::clone(phone), event.clone());
            tokio::spawn(async move {
                sleep(Duration::from_millis(*delay)).await;
                phone.report(&event).await;
            });
        }
    }
}

impl Phone {
    /// Hands an event to the function and lists it in the timeline, taken or not.
    pub(super) async fn report(&self, event: &Value) {
        let started = Instant::now();
        let url = format!("{}/2015-03-31/functions/{FUNCTION}/invocations", self.functions);
        let (status, answer) = match self.hand_over(&url, event).await {
            Ok(taken) => taken,
            Err(error) => (NOT_TAKEN, format!("{:#}", anyhow::Error::from(error))),
        };
        self.timeline.record(Exchange {
            route: FUNCTION,
            method: "POST".to_owned(),
            url,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: event.to_string(),
            status,
            answer,
            at_millis: clock::epoch_millis(),
            elapsed_millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }

    /// The status and answer of the function. An error in it is a 200 with a header.
    async fn hand_over(&self, url: &str, event: &Value) -> reqwest::Result<(u16, String)> {
        let answer = self.http.post(url).json(event).timeout(PATIENCE).send().await?;
        let has_failed = answer.headers().contains_key("x-amz-function-error");
        let status = if has_failed { NOT_TAKEN } else { answer.status().as_u16() };
        Ok((status, answer.text().await?))
    }
}

/// The event as AWS sends it. The optional names of the network and of the carrier are left out.
pub(super) fn event(message: &Message, kind: EventType, at_millis: u64) -> Value {
    let (status, description) = kind.status();
    let charge = Charge::of(&message.text);
    let mut detail = json!({
        "eventType": kind.name(),
        "eventVersion": "1.0",
        "eventTimestamp": at_millis,
        "isFinal": kind.is_final(),
        "originationPhoneNumber": message.from,
        "destinationPhoneNumber": message.to,
        "isInternationalSend": false,
        "messageId": message.id,
        "messageRequestTimestamp": message.at_millis,
        "messageEncoding": charge.encoding,
        "messageType": message.attributes.get("MessageType").map_or("TRANSACTIONAL", String::as_str),
        "messageStatus": status,
        "messageStatusDescription": description,
        "totalMessageParts": charge.parts,
        "totalMessagePrice": charge.price,
        "totalCarrierFee": charge.carrier_fee,
    });
    if let Some(country) = country(&message.to) {
        detail["isoCountryCode"] = json!(country);
    }
    if !message.context.is_empty() {
        detail["context"] = json!(message.context);
    }
    json!({
        "version": "0",
        "id": Uuid::new_v4(),
        "detail-type": "Text Message Delivery Status Updated",
        "source": "aws.sms-voice",
        "account": ACCOUNT,
        "time": clock::rfc3339(at_millis / 1000),
        "region": REGION,
        "resources": [],
        "detail": detail,
    })
}

fn country(number: &str) -> Option<String> {
    Some(PhoneNumber::parse(number, None).ok()?.get_region_code()?.to_string())
}

#[cfg(test)]
mod tests;
