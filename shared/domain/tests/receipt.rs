//! What a receipt changes, and what it doesn't.

#![cfg(test)]

use domain::phone::PhoneNumber;
use domain::receipt::{Arrival, Fate, MessageId, Price, Receipt, ReceiptToken, Receipts};
use domain::time::Timestamp;
use proptest::prelude::*;

fn number(e164: &str) -> PhoneNumber {
    PhoneNumber::parse(e164).expect("E.164")
}

fn token(byte: u8) -> ReceiptToken {
    ReceiptToken::from_bytes([byte; 16])
}

fn awaited() -> Receipts {
    Receipts::awaited(&token(1), &number("+14155552671"))
}

fn receipt(token: &ReceiptToken, to: Option<&str>, fate: Fate) -> Receipt {
    let to = to.map(number);
    Receipt {
        digest: token.digest(to.as_ref()),
        message: MessageId::parse("9539975a").expect("an id"),
        fate,
        at: Timestamp::from_unix(1_800_000_000),
        price: None,
    }
}

#[test]
fn a_receipt_counts_only_with_the_messages_token_and_no_other_number() {
    let cases = [
        (1, Some("+14155552671"), true),
        (1, None, true), // the provider does not document that every receipt names the number
        (1, Some("+14155552672"), false),
        (2, Some("+14155552671"), false),
        (2, None, false),
    ];
    for (byte, to, counts) in cases {
        let after = awaited().after(&receipt(&token(byte), to, Fate::Delivered));
        assert_eq!(after.is_some(), counts, "token {byte}, {to:?}");
    }
    let nothing = Receipts { digests: Vec::new(), fate: None };
    assert_eq!(nothing.after(&receipt(&token(1), None, Fate::Delivered)), None);
}

#[test]
fn the_phones_confirmation_beats_a_failure_which_beats_the_carriers_acceptance() {
    let arrived = |fates: &[Fate]| {
        let mut known = awaited();
        for fate in fates {
            known = known.after(&receipt(&token(1), None, *fate)).unwrap_or(known);
        }
        known.fate.and_then(Fate::arrival)
    };
    let (delivered, not) = (Some(Arrival::Delivered), Some(Arrival::NotDelivered));
    assert_eq!(arrived(&[]), None);
    assert_eq!(arrived(&[Fate::OnItsWay]), None, "as it was sent");
    assert_eq!(arrived(&[Fate::Accepted, Fate::OnItsWay]), delivered, "some carriers report no more");
    assert_eq!(arrived(&[Fate::Accepted, Fate::Unreachable]), not);
    assert_eq!(arrived(&[Fate::Unreachable, Fate::Accepted]), not, "in any order");
    assert_eq!(arrived(&[Fate::Expired, Fate::Delivered]), delivered);
    assert_eq!(arrived(&[Fate::Delivered, Fate::Expired]), delivered, "in any order");
}

#[test]
fn a_user_is_told_of_no_delivery_while_the_phone_may_still_be_off() {
    for fate in Fate::ALL {
        let expected = fate.arrival().filter(|_| fate != Fate::Accepted);
        assert_eq!(fate.told(), expected, "{fate:?}");
    }
    assert_eq!((Fate::Accepted.told(), Fate::Delivered.told()), (None, Some(Arrival::Delivered)));
}

#[test]
fn of_two_failures_the_first_is_kept() {
    let known = awaited().after(&receipt(&token(1), None, Fate::Unreachable)).expect("news");
    assert_eq!(known.after(&receipt(&token(1), None, Fate::Expired)), None);
}

#[test]
fn an_id_is_plain_and_a_price_is_in_millionths_of_a_dollar() {
    for id in ["9539975a-e71f", "aws:sms_1/2"] {
        assert_eq!(MessageId::parse(id).as_ref().map(MessageId::as_str), Some(id));
    }
    for odd in ["", "a b", "a\n", "+14155552671", &"a".repeat(257)] {
        assert_eq!(MessageId::parse(odd), None, "{odd}");
    }
    let millionths = |dollars| Price::of_dollars(dollars).map(Price::millionths);
    assert_eq!(
        [0.0, 0.00581, 0.09582, 1000.0].map(millionths),
        [Some(0), Some(5_810), Some(95_820), Some(1_000_000_000)]
    );
    assert_eq!([-0.1, 1000.1, f64::NAN, f64::INFINITY].map(millionths), [None; 4]);
}

proptest! {
    #[test]
    fn what_is_told_depends_neither_on_the_order_of_receipts_nor_on_how_often_each_comes(
        fates in prop::collection::vec(prop::sample::select(&Fate::ALL[..]), 0..8), seed in any::<prop::sample::Index>(),
    ) {
        let told = |fates: &[Fate]| {
            let mut known = awaited();
            for fate in fates {
                known = known.after(&receipt(&token(1), None, *fate)).unwrap_or(known);
            }
            known.fate.map(|fate| (fate.rank(), fate.arrival()))
        };
        let mut other: Vec<_> = fates.iter().chain(&fates).copied().collect();
        other.rotate_left(seed.index(fates.len() * 2 + 1).min(fates.len() * 2));
        other.reverse();
        prop_assert_eq!(told(&fates), told(&other));
    }
}
