//! Receipts: what the provider reports of a message that it accepted.
//!
//! They arrive at any time, in any order, any number of times, or never: no receipt is no failure. Each one ranks by
//! how sure it is, and only a higher rank replaces what is known, so the order of arrival makes no difference:
//!
//! | Rank | Receipt | Told as |
//! |---|---|---|
//! | 1 | it is on its way | as it was sent |
//! | 2 | the carrier accepted it, and may report no more | as it was sent; counted as delivered |
//! | 3 | it was not delivered | not delivered |
//! | 4 | the phone confirmed it | delivered |
//!
//! A phone's confirmation beats a failure: the code is on the phone, whatever another party gave up on. A failure beats
//! the carrier's acceptance, which says nothing about the phone. Of two failures, the first is kept.
//!
//! A receipt approves, refuses, refunds and extends nothing, and no decision on a start reads one.

use std::fmt;

use rand::{CryptoRng, RngExt as _};

use crate::digest::sha256;
use crate::phone::PhoneNumber;
use crate::time::Timestamp;
use crate::words::words;

/// The secret that goes with one message and comes back with its receipts: the receipt of an older message has a
/// different one, and nobody who can invoke the function can make one up.
#[derive(Clone)]
pub struct ReceiptToken([u8; 16]);

impl ReceiptToken {
    pub fn draw(random: &mut impl CryptoRng) -> Self {
        Self(random.random())
    }

    /// The token in a receipt.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, to send with the message.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }

    /// The digest that a receipt shows: of the token and the number it names. The provider does not document that
    /// every receipt names one.
    #[must_use]
    pub fn digest(&self, to: Option<&PhoneNumber>) -> [u8; 32] {
        match to {
            Some(to) => sha256(&[b"receipt token", &self.0, to.expose().as_bytes()]),
            None => sha256(&[b"receipt token", &self.0]),
        }
    }

    /// What is stored of it with a message to this number: the digests of its receipts, whether they name the number
    /// or none. A receipt with another number has neither.
    #[must_use]
    pub fn digests(&self, to: &PhoneNumber) -> [[u8; 32]; 2] {
        [self.digest(Some(to)), self.digest(None)]
    }
}

impl fmt::Debug for ReceiptToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ReceiptToken(…)")
    }
}

/// What a receipt says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    OnItsWay,
    /// The carrier accepted it, and nothing more will be reported. Some carriers never say more.
    Accepted,
    /// The phone was off or out of reach.
    Unreachable,
    /// The carrier's network had a fault.
    CarrierUnreachable,
    /// There is no such number.
    InvalidNumber,
    InvalidMessage,
    /// The phone or the carrier blocks messages to this number.
    Blocked,
    /// The carrier blocked this message.
    CarrierBlocked,
    /// The carrier took it for advertising.
    Spam,
    /// It could not be delivered while its code was good.
    Expired,
    /// The account's own protection blocked it.
    ProtectBlocked,
    /// The phone confirmed it.
    Delivered,
}

words!(Fate {
    OnItsWay => "on-its-way",
    Accepted => "accepted",
    Unreachable => "unreachable",
    CarrierUnreachable => "carrier-unreachable",
    InvalidNumber => "invalid-number",
    InvalidMessage => "invalid-message",
    Blocked => "blocked",
    CarrierBlocked => "carrier-blocked",
    Spam => "spam",
    Expired => "expired",
    ProtectBlocked => "protect-blocked",
    Delivered => "delivered",
});

/// Whether a message arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    Delivered,
    NotDelivered,
}

words!(Arrival {
    Delivered => "delivered",
    NotDelivered => "not-delivered",
});

impl Fate {
    /// How sure it is: only a higher rank replaces what is known.
    #[must_use]
    pub const fn rank(self) -> u32 {
        match (self, self.arrival()) {
            (Self::Delivered, _) => 4,
            (_, Some(Arrival::NotDelivered)) => 3,
            (_, Some(Arrival::Delivered)) => 2,
            (_, None) => 1,
        }
    }

    /// As far as anybody reported.
    #[must_use]
    pub const fn arrival(self) -> Option<Arrival> {
        match self {
            Self::OnItsWay => None,
            Self::Accepted | Self::Delivered => Some(Arrival::Delivered),
            Self::Unreachable
            | Self::CarrierUnreachable
            | Self::InvalidNumber
            | Self::InvalidMessage
            | Self::Blocked
            | Self::CarrierBlocked
            | Self::Spam
            | Self::Expired
            | Self::ProtectBlocked => Some(Arrival::NotDelivered),
        }
    }

    /// All that the user is told: nothing while the phone may still be off.
    #[must_use]
    pub const fn told(self) -> Option<Arrival> {
        match self {
            Self::Accepted => None,
            known => known.arrival(),
        }
    }
}

/// The receipts of the latest message. The next message starts anew, so that what is known never belongs to another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipts {
    /// See [`ReceiptToken::digests`].
    pub digests: Vec<[u8; 32]>,
    pub fate: Option<Fate>,
}

impl Receipts {
    /// Of a message that is about to be sent.
    #[must_use]
    pub fn awaited(token: &ReceiptToken, to: &PhoneNumber) -> Self {
        Self { digests: token.digests(to).to_vec(), fate: None }
    }

    /// The receipts after this one, if it is about the same message and says more than is known.
    #[must_use]
    pub fn after(&self, receipt: &Receipt) -> Option<Self> {
        let is_ours = self.digests.contains(&receipt.digest);
        let says_more = self.fate.is_none_or(|known| known.rank() < receipt.fate.rank());
        (is_ours && says_more).then(|| Self { fate: Some(receipt.fate), ..self.clone() })
    }
}

/// One receipt.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// See [`ReceiptToken::digest`].
    pub digest: [u8; 32],
    pub message: MessageId,
    pub fate: Fate,
    /// When it happened, by the provider's clock.
    pub at: Timestamp,
    pub price: Option<Price>,
}

/// How the provider calls a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageId(String);

impl MessageId {
    const LONGEST: usize = 256;

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:/-".contains(&byte));
        (is_plain && (1..=Self::LONGEST).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a message costs, in millionths of a US dollar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price(u32);

impl Price {
    const MOST_DOLLARS: f64 = 1000.0;

    /// Reads an amount in dollars.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between zero and a thousand dollars")]
    pub fn of_dollars(dollars: f64) -> Option<Self> {
        (0.0..=Self::MOST_DOLLARS).contains(&dollars).then(|| Self((dollars * 1e6).round() as u32))
    }

    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }
}
