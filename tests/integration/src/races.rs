//! The races that matter most, run a hundred times, because a schedule that breaks one is rare.
//!
//! Each repetition uses a new subject in the same table and makes ten times as many attempts as are allowed.
//! (The store contract makes forty times as many, once.)

use std::sync::Arc;

use domain::code::Code;
use domain::identity::SubjectId;

use crate::scene::{Scene, number};
use crate::store_contract::at_once;

const REPETITIONS: usize = 100;

/// The same scene with a new subject and number, to which a code has been sent.
async fn next(scene: &mut Scene, repetition: usize) -> Code {
    scene.key.subject = SubjectId::new("https://login", &format!("racer-{repetition}"));
    scene.claimed = Some(number(&format!("+1415555{repetition:04}")));
    scene.send_code().await
}

/// The outcomes of that many simultaneous guesses: `None` for those that were not judged.
async fn guess_at_once(scene: Scene, count: usize, code: Code) -> (Scene, Vec<Option<bool>>) {
    let (scene, code) = (Arc::new(scene), Arc::new(code));
    let outcomes = at_once(count, |_| {
        let (scene, code) = (Arc::clone(&scene), Arc::clone(&code));
        async move { scene.guess(&code).await.expect("an answer") }
    });
    let outcomes = outcomes.await;
    (Arc::into_inner(scene).expect("the only reference"), outcomes)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_wrong_guesses_at_once_exactly_five_are_judged_a_hundred_times_over() {
    let mut scene = Scene::new().await;
    scene.send_without_limits();
    for repetition in 0..REPETITIONS {
        next(&mut scene, repetition).await;
        let wrong = scene.wrong_code().await;
        let outcomes;
        (scene, outcomes) = guess_at_once(scene, 50, wrong).await;
        let count = |outcome| outcomes.iter().filter(|found| **found == outcome).count();
        assert_eq!((count(Some(false)), count(Some(true)), count(None)), (5, 0, 45), "repetition {repetition}");
        assert_eq!(scene.challenge().await.attempts, 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_right_codes_at_once_exactly_one_is_approved_a_hundred_times_over() {
    let mut scene = Scene::new().await;
    scene.send_without_limits();
    for repetition in 0..REPETITIONS {
        let right = next(&mut scene, repetition).await;
        let outcomes;
        (scene, outcomes) = guess_at_once(scene, 20, right.clone()).await;
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Some(true)).count(), 1, "repetition {repetition}");
        assert!(scene.challenge().await.is_settled());
        assert_eq!(scene.guess(&right).await.expect("an answer"), None, "it never works again");
    }
}
