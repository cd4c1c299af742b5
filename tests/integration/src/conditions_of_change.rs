//! Each term of the conditions on number changes, denials and test numbers, tested on its own.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::challenge::Method;
use domain::channel::Channel;
use domain::code::Code;
use domain::ports::{ChallengeStore as _, Settlement, StoreError};
use domain::purpose::Purpose;
use domain::rules::TestNumber;
use domain::start::Decision;
use domain::start_transaction::{Replaces, StartTransaction};
use platform::encoding::base64url;

use crate::conditions_of_limits::{number_key, right_code};
use crate::scene::{ALICE, Scene, number};

const OTHER: &str = "+14155559003";

/// A subject with an enrolled number, and a start that is to prove a new one in its place.
async fn replacing() -> (Scene, Code) {
    let mut scene = Scene::new().await;
    let code = scene.send_code().await;
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
    scene.session("change");
    scene.pass(30);
    scene.purpose = Purpose::Change;
    let proof = scene.send_code().await;
    assert_eq!(scene.guess(&proof).await.expect("judged"), Some(true));
    scene.pass(30);
    let code = right_code(&scene, new_number(&scene).await).await;
    (scene, code)
}

async fn new_number(scene: &Scene) -> StartTransaction {
    match scene.decide(&scene.load().await, Channel::Sms, Some(OTHER)).expect("a decision") {
        Decision::Send(transaction) => *transaction,
        Decision::Running => panic!("the old number is proven"),
    }
}

fn subject_key(scene: &Scene) -> String {
    format!("subject#{}", base64url(scene.key.subject.as_bytes()))
}

#[tokio::test]
async fn a_new_number_replaces_only_the_enrolment_that_was_proven() {
    let (scene, code) = replacing().await;
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
    assert_eq!(scene.load().await.subject.binding.map(|binding| binding.number), Some(number(OTHER)));
    for (name, value) in [("phone", "+14155550001"), ("binding", "99"), ("blockedUntil", "9999999999")] {
        let (scene, code) = replacing().await;
        if name == "phone" {
            scene.backend.put_text(&subject_key(&scene), "subject", name, value).await;
        } else {
            scene.backend.put(&subject_key(&scene), "subject", name, value).await;
        }
        assert_eq!(scene.guess(&code).await.expect("judged"), Some(false), "{name}");
    }
}

#[tokio::test]
async fn a_test_number_is_settled_only_for_a_subject_without_a_number_a_block_or_a_denial() {
    for (name, value, settled) in [
        ("", "", true),
        ("blockedUntil", "1800000000", true),
        ("blockedUntil", "1800000001", false),
        ("deniedVersion", "0", true),
        ("deniedVersion", "1", false),
        ("phone", ALICE, false),
        ("deleted", "", false),
    ] {
        let mut scene = Scene::new().await;
        scene.claimed = None;
        scene.rules.test_numbers = vec![TestNumber {
            number: number(ALICE),
            code: Code::parse("424242").expect("six digits"),
            subjects: BTreeSet::from(["alice".to_owned()]),
            until: scene.now + Duration::from_hours(1),
        }];
        let Ok(Decision::Send(transaction)) = scene.decide(&scene.load().await, Channel::Sms, Some(ALICE)) else {
            panic!("a test number")
        };
        let code = right_code(&scene, *transaction).await;
        let challenge = scene.store.count_guess(&scene.key, scene.now).await.expect("an answer").expect("open");
        assert!(scene.keys.verify(&challenge.id, &challenge.phone, &challenge.codes, &code));
        match name {
            "" => {}
            "deleted" => scene.backend.delete(&subject_key(&scene), "subject").await,
            "phone" => scene.backend.put_text(&subject_key(&scene), "subject", name, value).await,
            _ => scene.backend.put(&subject_key(&scene), "subject", name, value).await,
        }
        let proven = challenge.proven(Method::SmsCode, scene.now);
        let settlement = scene.store.settle(&proven, &scene.rules.policy, scene.now).await.expect("an answer");
        assert_eq!(matches!(settlement, Settlement::Settled(_)), settled, "{name} {value}");
    }
}

#[tokio::test]
async fn a_denial_covers_every_challenge_that_had_started_whatever_would_settle_it() {
    for (source, later, settled) in [
        ("replacing", 0, false),
        ("replacing", 1, true),
        ("claimed", 0, false),
        ("claimed", 1, true),
        ("enrolled", 0, false),
        ("enrolled", 1, true),
    ] {
        let (scene, code) = match source {
            "replacing" => replacing().await,
            "claimed" => {
                let mut scene = Scene::new().await;
                let code = scene.send_code().await;
                (scene, code)
            }
            _ => {
                let mut scene = Scene::new().await;
                let code = scene.send_code().await;
                scene.guess(&code).await.expect("judged");
                scene.session("2");
                scene.pass(30);
                let code = scene.send_code().await;
                (scene, code)
            }
        };
        let began = scene.challenge().await.subject_version;
        scene.backend.put(&subject_key(&scene), "subject", "deniedVersion", &(began - later).to_string()).await;
        assert_eq!(scene.guess(&code).await.expect("judged"), Some(settled), "{source} {later}");
    }
}

#[tokio::test]
async fn the_proof_of_the_old_number_is_replaced_only_if_it_has_not_changed_since_it_was_read() {
    let moved: [(&str, &str); 4] = [("generation", "2"), ("outcome", "denied"), ("answers", "1"), ("settled", "")];
    for (name, value) in moved {
        let mut scene = Scene::new().await;
        let code = scene.send_code().await;
        scene.guess(&code).await.expect("judged");
        scene.session("change");
        scene.pass(30);
        scene.purpose = Purpose::Change;
        let proof = scene.send_code().await;
        scene.guess(&proof).await.expect("judged");
        let transaction = new_number(&scene).await;
        assert!(matches!(transaction.replaces, Replaces::Proof { generation: 1, .. }));
        let sort = format!("challenge#{}", base64url(scene.key.session.as_bytes()));
        match name {
            "generation" | "answers" => scene.backend.put(&subject_key(&scene), &sort, name, value).await,
            "outcome" => scene.backend.put_text(&subject_key(&scene), &sort, name, value).await,
            _ => scene.backend.remove(&subject_key(&scene), &sort, name).await,
        }
        assert!(matches!(scene.store.start(&transaction).await, Err(StoreError::Conflict)), "{name}");
    }
}

#[tokio::test]
async fn a_settled_change_moves_the_account_from_the_old_number_to_the_new_one() {
    let (scene, code) = replacing().await;
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
    let numbers = scene.backend.items("number").await;
    let has_account = |e164: &str| {
        let key = number_key(e164);
        numbers.iter().any(|item| item["pk"] == key && item["sk"] == "number" && item.get("accounts").is_some())
    };
    assert!(has_account(OTHER) && !has_account(ALICE), "{numbers:#?}");
    let settled = scene.challenge().await;
    assert!(matches!(scene.store.settle(&settled, &scene.rules.policy, scene.now).await, Ok(Settlement::Settled(_))));
}
