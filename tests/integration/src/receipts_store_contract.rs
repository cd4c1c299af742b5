//! The contract of recording receipts, with real concurrency, on whichever backend is configured.

use std::sync::Arc;

use domain::channel::Channel;
use domain::ports::{ChallengeStore as _, ReceiptStore as _, Recorded};
use domain::receipt::{Arrival, Fate, MessageId, Price, Receipt, ReceiptToken};
use domain::status::{LastSend, status};
use domain::switches::Switches;

use crate::conditions::{challenge_item, count, delete, set, text};
use crate::scene::{ALICE, Scene, number};
use crate::store_contract::at_once;

fn receipt(token: &ReceiptToken, fate: Fate) -> Receipt {
    Receipt {
        digest: token.digest(Some(&number(ALICE))),
        message: MessageId::parse("9539975a-e71f-45f3").expect("an id"),
        fate,
        at: crate::scene::NOW,
        price: Price::of_dollars(0.00581),
    }
}

async fn record(scene: &Scene, receipt: &Receipt) -> Recorded {
    scene.store.record_receipt(&scene.key, receipt, scene.now).await.expect("an answer")
}

async fn last_send(scene: &Scene) -> Option<&'static str> {
    let stored = scene.load().await;
    let view = status(&scene.rules, &Switches::NONE, &stored, &scene.login(), scene.now);
    view.sms.last_send.map(LastSend::as_str)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_receipts_at_once_the_surest_is_known_afterwards_whatever_their_order() {
    let mut scene = Scene::new().await;
    let (_, token) = scene.send_message().await;
    let scene = Arc::new(scene);
    let outcomes = at_once(48, |index| {
        let (scene, token) = (Arc::clone(&scene), token.clone());
        async move { record(&scene, &receipt(&token, Fate::ALL[index % Fate::ALL.len()])).await }
    });
    let outcomes = outcomes.await;
    let applied: Vec<_> = outcomes.iter().filter(|outcome| **outcome != Recorded::Ignored).collect();
    assert!((1..=4).contains(&applied.len()), "at most one for each rank: {applied:?}");
    assert_eq!(scene.challenge().await.receipts.expect("receipts").fate, Some(Fate::Delivered));
    assert_eq!(last_send(&scene).await, Some("delivered"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_same_receipt_fifty_times_at_once_one_is_recorded() {
    let mut scene = Scene::new().await;
    let (_, token) = scene.send_message().await;
    let scene = Arc::new(scene);
    let outcomes = at_once(50, |_| {
        let (scene, token) = (Arc::clone(&scene), token.clone());
        async move { record(&scene, &receipt(&token, Fate::Unreachable)).await }
    });
    let applied = outcomes.await.into_iter().filter(|outcome| *outcome == Recorded::Applied(None)).count();
    assert_eq!(applied, 1);
    assert_eq!(last_send(&scene).await, Some("not-delivered"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_races_with_the_next_message_is_never_taken_for_the_new_ones() {
    for _ in 0..10 {
        let mut scene = Scene::new().await;
        let (_, token) = scene.send_message().await;
        scene.pass(30);
        let mut resend = scene.transaction(Channel::Sms).await;
        resend.add_code(&scene.keys, &mut platform::clock::random());
        let late = receipt(&token, Fate::Delivered);
        let (started, _) = tokio::join!(scene.store.start(&resend), record(&scene, &late));
        if started.is_ok() {
            assert_eq!(last_send(&scene).await, Some("sending"));
            assert_eq!(record(&scene, &late).await, Recorded::Ignored);
        }
    }
}

#[tokio::test]
async fn a_receipt_is_recorded_with_what_the_stream_s_readers_need_and_says_what_was_known_before() {
    let mut scene = Scene::new().await;
    let (_, token) = scene.send_message().await;
    scene.pass(4);
    assert_eq!(record(&scene, &receipt(&token, Fate::OnItsWay)).await, Recorded::Applied(None));
    assert_eq!(last_send(&scene).await, Some("sending"), "on its way is told as it was sent");
    let sure = Receipt { price: None, ..receipt(&token, Fate::Delivered) };
    assert_eq!(record(&scene, &sure).await, Recorded::Applied(Some(Fate::OnItsWay)));
    let item = scene.backend.item("challenge#").await;
    let found = ["receiptSays", "receiptRank", "receiptMessage", "receiptAt", "receiptNotedAt", "receiptPrice"]
        .map(|name| item[name].as_str().unwrap_or_default().to_owned());
    assert_eq!(found, ["delivered", "4", "9539975a-e71f-45f3", "1800000000", "1800000004", "5810"]);
}

#[tokio::test]
async fn a_receipt_changes_nothing_but_what_is_known_of_the_message() {
    let mut scene = Scene::new().await;
    let (_, token) = scene.send_message().await;
    for fate in Fate::ALL {
        let before = scene.backend.item("challenge#").await;
        record(&scene, &receipt(&token, fate)).await;
        let after = scene.backend.item("challenge#").await;
        let others = |item: &serde_json::Value| {
            let mut item = item.as_object().expect("an item").clone();
            item.retain(|name, _| !name.starts_with("receipt") || name == "receiptDigests");
            item
        };
        assert_eq!(others(&before), others(&after), "{fate:?}");
    }
}

#[tokio::test]
async fn a_receipt_needs_the_token_of_the_latest_message_and_its_number() {
    let mut scene = Scene::new().await;
    let (_, token) = scene.send_message().await;
    let forged = ReceiptToken::draw(&mut platform::clock::random());
    assert_eq!(record(&scene, &receipt(&forged, Fate::Delivered)).await, Recorded::Ignored, "a token made up");
    let other = Receipt { digest: token.digest(Some(&number("+14155552672"))), ..receipt(&token, Fate::Delivered) };
    assert_eq!(record(&scene, &other).await, Recorded::Ignored, "another number");
    let none = Receipt { digest: token.digest(None), ..receipt(&token, Fate::OnItsWay) };
    assert_eq!(record(&scene, &none).await, Recorded::Applied(None), "no number");
    scene.pass(30);
    let (_, next) = scene.send_message().await;
    assert_eq!(record(&scene, &receipt(&token, Fate::Delivered)).await, Recorded::Ignored, "an older message's");
    assert_eq!(record(&scene, &receipt(&next, Fate::Delivered)).await, Recorded::Applied(None));
    assert_eq!(scene.challenge().await.arrival(), Some(Arrival::Delivered));
}

#[tokio::test]
async fn what_is_known_of_a_message_is_forgotten_with_the_next_one() {
    let mut scene = Scene::new().await;
    let (_, token) = scene.send_message().await;
    record(&scene, &receipt(&token, Fate::Unreachable)).await;
    assert_eq!(last_send(&scene).await, Some("not-delivered"));
    scene.pass(30);
    scene.send_message().await;
    assert_eq!(last_send(&scene).await, Some("sending"));
    let item = scene.backend.item("challenge#").await;
    let left: Vec<_> = item.as_object().expect("an item").keys().filter(|name| name.starts_with("receipt")).collect();
    assert_eq!(left, ["receiptDigests"]);
}

#[tokio::test]
async fn a_call_keeps_what_is_known_of_the_message() {
    let mut scene = Scene::new().await;
    let (_, token) = scene.send_message().await;
    record(&scene, &receipt(&token, Fate::Delivered)).await;
    scene.place_call().await;
    assert_eq!(last_send(&scene).await, Some("delivered"));
}

#[tokio::test]
async fn a_receipt_does_not_bring_back_a_challenge_that_was_deleted() {
    let mut scene = Scene::new().await;
    let (_, token) = scene.send_message().await;
    delete(&scene, challenge_item(&scene)).await;
    assert_eq!(record(&scene, &receipt(&token, Fate::Delivered)).await, Recorded::Ignored);
    assert!(scene.backend.items("challenge#").await.is_empty());
}

#[tokio::test]
async fn a_receipt_of_a_message_that_the_version_before_sent_is_ignored() {
    let mut scene = Scene::new().await;
    let (_, token) = scene.send_message().await;
    let sort = scene.backend.stored().await.into_iter().find(|sort| sort.starts_with("challenge#")).expect("one");
    let partition = format!("subject#{}", platform::encoding::base64url(scene.key.subject.as_bytes()));
    scene.backend.remove(&partition, &sort, "receiptDigests").await;
    assert_eq!(scene.challenge().await.receipts, None);
    assert_eq!(record(&scene, &receipt(&token, Fate::Delivered)).await, Recorded::Ignored);
}

#[tokio::test]
async fn a_receipt_that_says_nothing_new_is_ignored() {
    for (known, rank) in [("delivered", 4), ("unreachable", 3), ("accepted", 2), ("on-its-way", 1)] {
        let mut scene = Scene::new().await;
        let (_, token) = scene.send_message().await;
        set(&scene, challenge_item(&scene), "receiptSays", text(known)).await;
        set(&scene, challenge_item(&scene), "receiptRank", count(rank)).await;
        for fate in Fate::ALL.into_iter().filter(|fate| u64::from(fate.rank()) <= rank) {
            assert_eq!(record(&scene, &receipt(&token, fate)).await, Recorded::Ignored, "{fate:?} after {known}");
        }
    }
}

#[tokio::test]
async fn the_other_channel_is_offered_at_once_after_a_message_that_was_not_delivered() {
    let mut scene = Scene::new().await;
    let (_, token) = scene.send_message().await;
    let offers = async |scene: &Scene| {
        let stored = scene.load().await;
        let view = status(&scene.rules, &Switches::NONE, &stored, &scene.login(), scene.now);
        (view.offer_alternative, view.sms.next_send_at, view.call_channel.unavailable)
    };
    let waits = Some(scene.now + scene.rules.policy.cooldown);
    assert_eq!(offers(&scene).await, (false, waits, None));
    record(&scene, &receipt(&token, Fate::Unreachable)).await;
    assert_eq!(offers(&scene).await, (true, waits, None), "a resend still waits: no receipt changes a limit");
    record(&scene, &receipt(&token, Fate::Delivered)).await;
    assert_eq!(offers(&scene).await, (false, waits, None), "it arrived after all");
}
