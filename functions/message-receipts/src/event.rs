//! The event that AWS End User Messaging puts on the account's default bus for each step of a message.

use std::time::Duration;

use domain::identity::ChallengeKey;
use domain::phone::{Country, PhoneNumber};
use domain::receipt::{Fate, MessageId, Price, Receipt, ReceiptToken};
use domain::time::Timestamp;
use platform::encoding::{from_base64url, parse_challenge_path};
use serde::Deserialize;
use thiserror::Error;

const SOURCE: &str = "aws.sms-voice";
const DETAIL_TYPE: &str = "Text Message Delivery Status Updated";

/// The event types, and what each says if it is final.
///
/// Depending on the country, AWS uses `TEXT_SUCCESSFUL` (the carrier accepted it) for `TEXT_DELIVERED`, so the final one
/// is taken for delivered until something else is reported. `TEXT_UNKNOWN` is no failure: AWS also reports it, after 72
/// hours, of every message that no carrier reported on.
pub const TYPES: [(&str, Fate); 15] = [
    ("TEXT_QUEUED", Fate::OnItsWay),
    ("TEXT_SENT", Fate::OnItsWay),
    ("TEXT_PENDING", Fate::OnItsWay),
    ("TEXT_UNKNOWN", Fate::OnItsWay),
    ("TEXT_SUCCESSFUL", Fate::Accepted),
    ("TEXT_UNREACHABLE", Fate::Unreachable),
    ("TEXT_CARRIER_UNREACHABLE", Fate::CarrierUnreachable),
    ("TEXT_INVALID", Fate::InvalidNumber),
    ("TEXT_INVALID_MESSAGE", Fate::InvalidMessage),
    ("TEXT_BLOCKED", Fate::Blocked),
    ("TEXT_CARRIER_BLOCKED", Fate::CarrierBlocked),
    ("TEXT_SPAM", Fate::Spam),
    ("TEXT_TTL_EXPIRED", Fate::Expired),
    ("TEXT_PROTECT_BLOCKED", Fate::ProtectBlocked),
    ("TEXT_DELIVERED", Fate::Delivered),
];

/// The parts that are read; AWS may add others. An event is about a whole message, however many parts it has.
#[derive(Deserialize)]
struct Event {
    source: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    detail: Detail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    event_type: String,
    event_timestamp: u64,
    is_final: bool,
    message_id: String,
    message_request_timestamp: Option<u64>,
    destination_phone_number: Option<String>,
    iso_country_code: Option<String>,
    total_message_price: Option<f64>,
    total_carrier_fee: Option<f64>,
    context: Option<Context>,
}

#[derive(Deserialize)]
struct Context {
    challenge: Option<String>,
    receipt: Option<String>,
}

/// What an event says, and of which message.
pub struct Reported {
    pub challenge: ChallengeKey,
    pub receipt: Receipt,
    /// AWS's word for it.
    pub event_type: &'static str,
    pub country: Option<Country>,
    /// How long after it was asked for, by AWS's clock.
    pub after: Option<Duration>,
}

/// Why an event cannot be recorded, however often it is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    #[error("it is not such an event")]
    OtherEvent,
    /// Another product's message, or one of ours without a code.
    #[error("its message has no context of ours")]
    NoContext,
    #[error("its context is not one that we send")]
    OddContext,
    #[error("its type is unknown")]
    UnknownType,
    #[error("its message id or number cannot be read")]
    OddDetail,
}

impl Unreadable {
    /// What the event is counted and logged as.
    #[must_use]
    pub const fn outcome(self) -> &'static str {
        match self {
            Self::NoContext => "not-ours",
            Self::OtherEvent | Self::OddContext | Self::UnknownType | Self::OddDetail => "unreadable",
        }
    }
}

impl Reported {
    pub fn read(event: &str) -> Result<Self, Unreadable> {
        let event: Event = serde_json::from_str(event).map_err(|_| Unreadable::OtherEvent)?;
        if event.source != SOURCE || event.detail_type != DETAIL_TYPE {
            return Err(Unreadable::OtherEvent);
        }
        let detail = event.detail;
        let (challenge, token) = context(detail.context.as_ref())?;
        let known = TYPES.into_iter().find(|(name, _)| *name == detail.event_type);
        let (event_type, fate) = known.ok_or(Unreadable::UnknownType)?;
        let number = detail.destination_phone_number.as_deref().map(PhoneNumber::parse).transpose();
        let requested = detail.message_request_timestamp.map(Duration::from_millis);
        let happened = Duration::from_millis(detail.event_timestamp);
        Ok(Self {
            challenge,
            receipt: Receipt {
                digest: token.digest(number.map_err(|_| Unreadable::OddDetail)?.as_ref()),
                message: MessageId::parse(&detail.message_id).ok_or(Unreadable::OddDetail)?,
                fate: if fate == Fate::Delivered || detail.is_final { fate } else { Fate::OnItsWay },
                at: Timestamp::from_unix(happened.as_secs()),
                price: price(detail.total_message_price, detail.total_carrier_fee),
            },
            event_type,
            // Only measured by, so one that cannot be read costs no receipt.
            country: detail.iso_country_code.and_then(|code| Country::parse(&code).ok()),
            after: requested.map(|requested| happened.saturating_sub(requested)),
        })
    }
}

fn context(context: Option<&Context>) -> Result<(ChallengeKey, ReceiptToken), Unreadable> {
    let both = context.and_then(|context| Some((context.challenge.as_deref()?, context.receipt.as_deref()?)));
    let (challenge, token) = both.ok_or(Unreadable::NoContext)?;
    let challenge = parse_challenge_path(challenge).ok_or(Unreadable::OddContext)?;
    let token = from_base64url(token).ok_or(Unreadable::OddContext)?;
    Ok((challenge.key, ReceiptToken::from_bytes(token)))
}

/// What the message costs, with the carrier's fee.
fn price(message: Option<f64>, fee: Option<f64>) -> Option<Price> {
    Price::of_dollars(message? + fee.unwrap_or_default())
}
