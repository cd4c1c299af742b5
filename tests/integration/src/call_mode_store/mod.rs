//! The call modes in the store: each write's condition, term by term, and what the write changes.

mod entries;
mod spoken;

use domain::call::{AnsweredBy, CallEvent, CallToken};
use domain::challenge::Challenge;
use domain::code::{Code, SpokenCodeMacs};
use domain::identity::ChallengeId;
use domain::policy::CallMode;

use crate::conditions::{all, send};
use crate::scene::Scene;

/// A call in that mode, answered by a human or not yet.
async fn in_call(mode: CallMode, answered: bool) -> (Scene, CallToken, ChallengeId) {
    let mut scene = Scene::new().await;
    scene.rules.policy.call_mode = mode;
    let token = scene.place_call().await;
    if answered {
        scene.answer(&token, AnsweredBy::Human).await;
    }
    let id = scene.challenge().await.id;
    (scene, token, id)
}

fn drawn(scene: &Scene, id: &ChallengeId) -> (Code, SpokenCodeMacs) {
    scene.keys.speak(id, scene.now, &mut platform::clock::random())
}

#[tokio::test]
async fn neither_the_code_nor_the_digits_of_a_call_are_stored() {
    let (scene, token, id) = in_call(CallMode::SpeakCode, false).await;
    let (code, macs) = drawn(&scene, &id);
    send(&scene, &id, &token, CallEvent::Speaks(AnsweredBy::Human, macs)).await;
    let stored = scene.backend.client.scan().table_name(&scene.backend.table).send().await.expect("items");
    assert!(!format!("{:?}", stored.items()).contains(code.expose()));

    let (scene, _, _) = in_call(CallMode::MatchDigits, true).await;
    let (pressing, _, _) = in_call(CallMode::PressPound, true).await;
    let kept = |stored: domain::snapshot::Snapshot| {
        let strip = |challenge: &Challenge| {
            let call = challenge.call.clone().map(|call| domain::call::Call { token: [0; 32], ..call });
            all(&Challenge { call, ..challenge.clone() }, &stored.subject)
        };
        stored.challenges.iter().map(strip).collect::<String>()
    };
    assert_eq!(kept(scene.load().await), kept(pressing.load().await), "digits are derived and never stored");
}
