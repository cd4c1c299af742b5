//! When a send's charge is given back: on enrolment, and if the provider did not send.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::call::{AnsweredBy, Key};
use domain::challenge::Method;
use domain::channel::Channel;
use domain::delivery::{Delivery, SendFailure};
use domain::identity::ChallengeId;
use domain::ports::{ChallengeStore as _, Settlement, Started, StoreError};
use serde_json::json;

use crate::api::Api;
use crate::budget::{budget, used};
use crate::conditions_of_limits::{charged, counter_key};
use crate::limits::{api, far_apart, stranger, typing, unlimited};
use crate::scene::Scene;

/// The charges to the country, the range, the number and the network.
async fn charges(api: &Api) -> [i64; 4] {
    [
        used(api, "country-sms").await + used(api, "country-call").await,
        used(api, "range-unverified").await,
        used(api, "number-unverified").await,
        used(api, "network").await,
    ]
}

#[tokio::test]
async fn only_enrolment_gives_back_what_its_sends_were_charged() {
    let mut api = api(budget(100)).await;
    let (honest, idle) = (stranger(1), stranger(2));
    for login in [&honest, &idle] {
        for _ in 0..2 {
            assert_eq!(api.post(login, typing("+14155552671")).await.status, 201);
            api.pass(30);
        }
    }
    let call = json!({ "channel": "call", "phoneNumber": "+14155552671" });
    assert_eq!(api.post(&honest, call).await.status, 201);
    let charged = async || {
        let (sms, call) = (used(&api, "country-sms").await, used(&api, "country-call").await);
        (sms, call, used(&api, "range-unverified").await, used(&api, "number-unverified").await)
    };
    assert_eq!(charged().await, (4, 1, 5, 5));
    assert_eq!(api.guess(&honest, &api.phone.codes()[0]).await.json["state"], "approved");
    assert_eq!(charged().await, (2, 0, 2, 2));
    api.status(&honest).await;
    assert_eq!(charged().await, (2, 0, 2, 2), "once");
    api.pass(300);
    api.status(&idle).await;
    assert_eq!(used(&api, "country-sms").await, 2, "an expired challenge gives nothing back");
}

#[tokio::test]
async fn a_providers_outage_does_not_use_up_the_budget_for_newcomers() {
    for channel in ["sms", "call"] {
        let mut api = api(budget(2)).await;
        let typing = |index| json!({ "channel": channel, "phoneNumber": far_apart(index) });
        for failure in
            [SendFailure::ProviderFault, SendFailure::Throttled, SendFailure::SpendLimit, SendFailure::Unauthorized]
        {
            api.phone.fail(Some(failure));
            api.backend.round_trips();
            let failed = api.post(&stranger(0).at(api.now), typing(0)).await;
            assert_eq!((failed.status, failed.problem()), (503, "delivery-failed"), "{failure:?}");
            assert!(api.backend.round_trips() <= 4, "one more than for a send, and one to read the country");
            api.pass(30);
        }
        assert_eq!(
            charges(&api).await,
            [0, 0, 4, 4],
            "{channel}: the budgets get it back, the number and the network do not"
        );

        api.phone.fail(None);
        for index in 1..3 {
            assert_eq!(api.post(&stranger(index), typing(index)).await.status, 201, "{channel} {index}");
        }
    }
}

#[tokio::test]
async fn a_send_that_may_have_arrived_and_one_to_an_unusable_number_stay_charged() {
    for (failure, status) in
        [(SendFailure::Unknown, 201), (SendFailure::NumberRefused, 422), (SendFailure::OptedOut, 409)]
    {
        let api = api(budget(10)).await;
        api.phone.fail(Some(failure));
        assert_eq!(api.post(&stranger(0), typing(&far_apart(0))).await.status, status);
        assert_eq!(charges(&api).await, [1, 1, 1, 1], "{failure:?}");
    }
}

#[tokio::test]
async fn enrolment_does_not_give_back_again_what_a_failed_send_already_did() {
    let mut api = api(budget(10)).await;
    let (login, number) = (stranger(0), "+14155552671");
    assert_eq!(api.post(&stranger(1), typing(number)).await.status, 201, "this one stays charged");
    for failure in [None, Some(SendFailure::ProviderFault), None] {
        api.phone.fail(failure);
        api.post(&login.at(api.now), typing(number)).await;
        api.pass(30);
    }
    assert_eq!(charges(&api).await, [3, 3, 4, 4]);
    let code = api.phone.last_code();
    assert_eq!(api.guess(&login.at(api.now), &code).await.json["state"], "approved");
    assert_eq!(charges(&api).await[..2], [1, 1]);
}

#[tokio::test]
async fn after_an_enrolment_the_next_account_can_still_use_the_number() {
    let mut api = api(|rules| {
        unlimited(rules);
        rules.policy.max_sends_number_unverified = 3;
    })
    .await;
    for index in 0..4 {
        let login = stranger(index).at(api.now);
        assert_eq!(api.post(&login, typing("+14155552671")).await.status, 201, "account {index}");
        assert_eq!(api.guess(&login, &api.phone.last_code()).await.json["state"], "approved");
        api.pass(30);
    }
    assert_eq!(used(&api, "number-unverified").await, 0);
}

// --- the store

#[tokio::test]
async fn a_failed_send_gives_back_once_and_only_in_its_own_generation() {
    let mut scene = Scene::new().await;
    let mut transaction = charged(&mut scene, Channel::Sms, false).await;
    transaction.add_code(&scene.keys, &mut platform::clock::random());
    scene.store.start(&transaction).await.expect("started");
    let (id, given_back) = (transaction.challenge.id, transaction.given_back(SendFailure::ProviderFault));
    let other = ChallengeId { generation: 2, ..id };
    let used = async |policy| scene.backend.item(&counter_key(&transaction, policy).1).await["used"].clone();
    for (id, left) in [(other, "1"), (id, "0"), (id, "0")] {
        scene.store.record_send(&id, Channel::Sms, scene.now, Delivery::Failed, &given_back).await.expect("recorded");
        assert_eq!((used("range-unverified").await, used("country-sms").await), (left.into(), left.into()));
    }
    assert_eq!(used("number-unverified").await, "1");
}

#[tokio::test]
async fn a_start_decided_before_another_send_failed_does_not_restore_that_ones_charge() {
    for channel in Channel::ALL {
        let mut scene = Scene::new().await;
        scene.rules.policy.cooldown = Duration::ZERO;
        let mut first = charged(&mut scene, Channel::Sms, false).await;
        first.add_code(&scene.keys, &mut platform::clock::random());
        scene.store.start(&first).await.expect("started");
        let mut second = charged(&mut scene, channel, false).await;
        if channel == Channel::Sms {
            second.add_code(&scene.keys, &mut platform::clock::random());
        }
        let given_back = first.given_back(SendFailure::ProviderFault);
        let id = first.challenge.id;
        scene.store.record_send(&id, Channel::Sms, first.at, Delivery::Failed, &given_back).await.expect("recorded");
        let answer = scene.store.start(&second).await;
        let charged = scene.challenge().await.charged;
        let charged: BTreeMap<_, _> = charged.iter().map(|(counter, sends)| (counter.limit.as_str(), *sends)).collect();
        if channel == Channel::Sms {
            assert!(matches!(answer, Err(StoreError::Conflict)), "it has to be decided again: {answer:?}");
            assert_eq!(
                charged,
                BTreeMap::from([("country-sms", 0), ("number-unverified", 1), ("range-unverified", 0)])
            );
        } else {
            assert_eq!(answer.expect("an answer"), Started::Applied);
            let expected = [("country-sms", 0), ("country-call", 1), ("number-unverified", 2), ("range-unverified", 1)];
            assert_eq!(
                charged,
                BTreeMap::from(expected),
                "the number's windows count both sends, the budgets only the second"
            );
        }
    }
}

#[tokio::test]
async fn a_sends_outcome_is_not_recorded_once_the_number_is_enrolled() {
    for (channel, delivery) in Channel::ALL.into_iter().flat_map(|channel| UNSENT.map(|delivery| (channel, delivery))) {
        let mut scene = Scene::new().await;
        scene.rules.policy.cooldown = Duration::ZERO;
        let mut transaction = charged(&mut scene, Channel::Sms, false).await;
        let (code, _) = transaction.add_code(&scene.keys, &mut platform::clock::random());
        if channel == Channel::Call {
            scene.store.start(&transaction).await.expect("started");
            transaction = charged(&mut scene, channel, false).await;
            transaction.add_call(&mut platform::clock::random());
        }
        assert_eq!(scene.store.start(&transaction).await.expect("an answer"), Started::Applied);
        assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
        let (id, given_back) = (transaction.challenge.id, transaction.given_back(SendFailure::ProviderFault));
        let stored = async || {
            let range = scene.backend.item(&counter_key(&transaction, "range-unverified").1).await;
            (format!("{:?}", scene.challenge().await.sends(channel)), range["used"].clone())
        };
        let before = stored().await;
        scene.store.record_send(&id, channel, transaction.at, delivery, &given_back).await.expect("an answer");
        assert_eq!(stored().await, before, "{channel:?} {delivery:?}");
    }
}

const UNSENT: [Delivery; 2] = [Delivery::Failed, Delivery::Unknown];

#[tokio::test]
async fn a_proof_from_before_a_send_failed_does_not_give_that_send_back_again() {
    for channel in Channel::ALL {
        let mut scene = Scene::new().await;
        scene.rules.policy.cooldown = Duration::ZERO;
        let mut transaction = charged(&mut scene, Channel::Sms, false).await;
        transaction.add_code(&scene.keys, &mut platform::clock::random());
        scene.store.start(&transaction).await.expect("started");
        let proven = match channel {
            Channel::Sms => {
                let judged = scene.store.count_guess(&scene.key, scene.now).await.expect("counted").expect("open");
                judged.proven(Method::SmsCode, scene.now)
            }
            Channel::Call => {
                let mut call = charged(&mut scene, channel, false).await;
                let token = call.add_call(&mut platform::clock::random());
                scene.store.start(&call).await.expect("started");
                scene.answer(&token, AnsweredBy::Human).await;
                scene.press(&token, Key::Approve).await.expect("a challenge")
            }
        };
        let given_back = transaction.given_back(SendFailure::ProviderFault);
        let id = transaction.challenge.id;
        scene
            .store
            .record_send(&id, Channel::Sms, transaction.at, Delivery::Failed, &given_back)
            .await
            .expect("recorded");
        let settlement = scene.store.settle(&proven, &scene.rules.policy, scene.now).await.expect("an answer");
        assert!(matches!(settlement, Settlement::Settled(_)), "the proof is still valid: {settlement:?}");
        for policy in ["number-unverified", "range-unverified", "country-sms"] {
            let counter = scene.backend.item(&counter_key(&transaction, policy).1).await;
            assert_eq!(counter["used"], "0", "{channel:?} {policy}");
        }
    }
}
