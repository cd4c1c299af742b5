//! Items of every kind, as the store leaves them after many operations. The same each time.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::administration::{Occasion, opening, phone_reset, unblocked, unlocked};
use domain::call::{AnsweredBy, Key};
use domain::channel::Channel;
use domain::follow_up::Tally;
use domain::identity::Administrator;
use domain::phone::Country;
use domain::ports::{Administration as _, ChallengeStore as _, ReceiptStore as _, Statistics as _, SwitchStore as _};
use domain::receipt::{Fate, MessageId, Price, Receipt};
use domain::refusal::{Refusal, Refused};
use domain::switches::{Setting, Switch, Switches};
use platform::invocation::Invocation;
use serde_json::Value;
use simulation::model::ModelStore;

use super::image::to_image;
use crate::differential::differ;
use crate::scene::{ALICE, NOW, Scene, number};

/// Enough for every attribute to be written.
const SEQUENCES: u64 = 120;

pub(super) async fn items() -> Vec<Value> {
    let request = Invocation::new("0e3f6a52-1c7d-4b58-9a4e-2f8d7c6b5a49".to_owned(), None);
    request.run(Box::pin(written())).await
}

async fn written() -> Vec<Value> {
    let mut scene = Scene::new().await;
    let (store, model) = (scene.store.clone(), ModelStore::default());
    let same = differ(&mut scene, SEQUENCES, || (store.clone(), model.clone()), &mut BTreeMap::default()).await;
    assert_eq!(same, Ok(()));
    let mut items = stored(&scene).await;
    items.extend(stored(&administered().await).await);
    items.sort_by_key(|item| (item["pk"]["S"].to_string(), item["sk"]["S"].to_string()));
    items
}

/// A login of each channel, a receipt, a refusal, what follows it, and each action of an administrator.
async fn administered() -> Scene {
    let mut scene = Scene::new().await;
    scene.key.subject = domain::identity::SubjectId::new("https://login", "administered");
    let (code, token) = scene.send_message().await;
    let receipt = Receipt {
        digest: token.digest(Some(&number(ALICE))),
        message: MessageId::parse("9539975a-e71f-45f3").expect("an id"),
        fate: Fate::Delivered,
        at: NOW,
        price: Price::of_dollars(0.00581),
    };
    scene.store.record_receipt(&scene.key, &receipt, scene.now).await.expect("recorded");
    scene.guess(&code).await.expect("approved");
    scene.session("2");
    let call = scene.place_call().await;
    scene.answer(&call, AnsweredBy::Human).await;
    scene.press(&call, Key::Fraud).await;
    scene.press(&call, Key::Block).await;
    let mut tally = Tally::default();
    tally.add(Country::parse("US").expect("a country"), 100, "a change");
    scene.store.count_verified(&tally).await.expect("counted");
    let subject = scene.key.subject;
    let refused = Refused { subject: &subject, channel: Channel::Sms, refusal: Refusal::Locked, consequence: None };
    scene.store.note_refusal(&refused, scene.now).await.expect("noted");
    act(&mut scene).await;
    stop(&scene).await;
    scene
}

/// Everything that an operator can switch in one way or another.
async fn stop(scene: &Scene) {
    let by = Administrator::parse("arn:aws:iam::123456789012:user/jane").expect("an ARN");
    let (now, until) = (scene.now, scene.now + Duration::from_hours(1));
    let mut switches = Switches::NONE;
    for (name, mode) in
        [("sms", None), ("call-GB", None), ("enrolment", None), ("unverified-budget", Some("record-only"))]
    {
        let switch = Switch::parse(name).expect("a switch");
        let setting = Setting::parse(switch, "a test", until, mode, by.clone(), now).expect("a setting");
        switches = switches.set(switch, setting, now).expect("room").expect("a change");
    }
    scene.store.switch(&switches, &by, scene.now).await.expect("set");
}

async fn act(scene: &mut Scene) {
    let first = scene.key.subject;
    for word in ["unlock", "unblock", "reset-phone"] {
        scene.key.subject =
            if word == "unlock" { first } else { domain::identity::SubjectId::new("https://login", word) };
        if word != "unlock" {
            let code = scene.send_code().await;
            scene.guess(&code).await.expect("approved");
        }
        let stored = scene.load().await;
        let by = Administrator::parse("arn:aws:iam::123456789012:user/jane").expect("an ARN");
        let occasion = Occasion { subject: scene.key.subject, version: stored.subject.version, by, at: scene.now };
        let released = stored.subject.binding.as_ref().map(|binding| &binding.number);
        let acted = match word {
            "unlock" => scene.store.unlock(&occasion, &unlocked(&stored, scene.now).subject.reserved).await,
            "unblock" => scene.store.unblock(&occasion, unblocked(&stored).1.as_ref()).await,
            _ => {
                assert!(phone_reset(&stored).subject.binding.is_none());
                scene.store.reset_phone(&occasion, released).await
            }
        };
        acted.expect("done");
        if word == "reset-phone" {
            let occasion = Occasion { version: scene.load().await.subject.version, ..occasion };
            let until = opening(&scene.load().await, scene.now).expect("no number is enrolled");
            scene.store.open_enrolment(&occasion, until).await.expect("opened");
        }
        scene.pass(600);
    }
}

async fn stored(scene: &Scene) -> Vec<Value> {
    let (mut items, mut next) = (Vec::new(), None);
    loop {
        let scan = scene.backend.client.scan().table_name(&scene.backend.table).set_exclusive_start_key(next);
        let page = scan.send().await.expect("items");
        items.extend(page.items().iter().map(to_image));
        next = page.last_evaluated_key;
        if next.is_none() {
            return items;
        }
    }
}
