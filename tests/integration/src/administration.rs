//! The administrators' routes, through their handler: who may call them, what they show and what they do.

use std::time::Duration;

use domain::ports::ChallengeStore as _;
use serde_json::{Value, json};

use crate::api::{Api, JANE, Login, administration};
use crate::conditions_of_limits::number_key;

const NUMBER: &str = "+14155552671";

async fn fail(api: &Api, login: &Login, times: usize) {
    let wrong = if api.phone.last_code() == "000000" { "000001" } else { "000000" };
    for _ in 0..times {
        api.guess(login, wrong).await;
    }
}

#[tokio::test]
async fn a_subject_is_shown_masked_and_with_everything_that_explains_a_refusal() {
    let (mut api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "sms" })).await;
    api.guess(&login, &api.phone.last_code()).await;
    let again = login.again("login-2");
    api.post(&again, json!({ "channel": "call" })).await;
    api.post(&again, json!({ "channel": "sms" })).await;
    fail(&api, &again, 2).await;
    api.pass(1);

    let shown = api.administer("alice", None).await;
    assert_eq!((shown.status, shown.header("cache-control")), (200, Some("no-store")));
    let mut body = shown.json;
    let name = body["logName"].take();
    assert!(name.as_str().is_some_and(|name| name.starts_with("SubjectId(") && name.len() < 24), "{name}");
    let challenge = |state: &str, attempts_left: u32, call: Value, contested: bool| {
        json!({
            "state": state, "phoneNumber": "+•••••••••71", "createdAt": "2026-11-25T09:46:50Z",
            "expiresAt": "2026-11-25T09:51:50Z", "attemptsLeft": attempts_left, "call": call, "contested": contested,
        })
    };
    let mut challenges = body["challenges"].take();
    challenges.as_array_mut().expect("challenges").sort_by_key(|challenge| challenge["state"].to_string());
    assert_eq!(
        challenges,
        json!([challenge("approved", 4, json!(null), false), challenge("pending", 3, json!("calling"), true)])
    );
    assert_eq!(
        body,
        json!({
            "logName": null, "phoneNumber": "+•••••••••71", "country": "US", "line": "mobile", "failures": 2, "locked": false,
            "delayedUntil": null, "reportedAt": null, "blockedUntil": null,
            "enrolmentOpenUntil": null, "challenges": null,
            "sends": {
                "sms": { "last10Minutes": 2, "last24Hours": 2 }, "call": { "last10Minutes": 1, "last24Hours": 1 },
            },
        })
    );
    assert!(!shown.text.contains("5552671"));
    for code in api.phone.codes() {
        assert!(!shown.text.contains(&code));
    }
}

#[tokio::test]
async fn without_an_iam_caller_nothing_is_read_or_changed() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "sms" })).await;
    fail(&api, &login, 1).await;
    let claims = json!({ "jwt": { "claims": login.claims, "scopes": null } });
    let forgeries: [(&str, Value); 7] = [
        ("no authorizer", json!(null)),
        ("a user's own first factor", claims),
        ("no ARN", json!({ "iam": { "accessKey": "AKIA", "accountId": "123456789012" } })),
        ("an empty ARN", json!({ "iam": { "userArn": "" } })),
        ("no ARN at all", json!({ "iam": { "userArn": "jane" } })),
        ("two lines", json!({ "iam": { "userArn": format!("{JANE}\nroot") } })),
        ("a lambda authorizer", json!({ "lambda": { "userArn": JANE } })),
    ];
    api.backend.round_trips();
    for action in [None, Some("unlock"), Some("unblock"), Some("reset-phone"), Some("open-enrolment")] {
        for (what, authorizer) in &forgeries {
            let request = administration("alice", action, |event| {
                event["requestContext"]["authorizer"] = authorizer.clone();
                event["headers"]["x-amzn-iam-user-arn"] = json!(JANE);
            });
            let refused = api.send(request).await;
            assert_eq!((refused.status, refused.problem()), (403, "caller-unknown"), "{what} {action:?}");
        }
    }
    assert_eq!(api.backend.round_trips(), 0);
}

#[tokio::test]
async fn a_request_from_a_page_is_refused_even_with_an_administrators_credentials() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "sms" })).await;
    let request = administration("alice", None, |event| {
        event["requestContext"]["authorizer"] = json!({ "iam": { "userArn": JANE } });
        event["headers"]["origin"] = json!("https://login.example.com");
    });
    assert_eq!(api.send(request).await.problem(), "caller-unknown");
}

#[tokio::test]
async fn an_unknown_subject_is_not_found_and_not_created() {
    let api = Api::new().await;
    for action in [None, Some("unlock"), Some("unblock"), Some("reset-phone")] {
        let answer = api.administer("nobody", action).await;
        assert_eq!((answer.status, answer.problem()), (404, "subject-unknown"), "{action:?}");
    }
    assert_eq!(api.backend.stored().await, [""; 0]);
}

#[tokio::test]
async fn a_path_without_a_valid_subject_or_action_is_not_found() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "sms" })).await;
    for subject in ["", "YWxpY2U=", "a", "_w", "alice!"] {
        let request = administration("alice", None, |event| {
            event["requestContext"]["authorizer"] = json!({ "iam": { "userArn": JANE } });
            event["pathParameters"]["subject"] = json!(subject);
        });
        let answer = api.send(request).await;
        assert_eq!((answer.status, answer.problem()), (404, "subject-unknown"), "{subject:?}");
    }
    let answer = api.administer("alice", Some("delete")).await;
    assert_eq!((answer.status, answer.problem()), (404, "not-found"));
}

#[tokio::test]
async fn a_locked_user_can_sign_in_as_soon_as_an_administrator_unlocks_them() {
    let (mut api, login) = (Api::new().await, Login::known());
    for session in ["a", "b"] {
        let login = login.again(session);
        api.post(&login, json!({ "channel": "sms" })).await;
        fail(&api, &login, 5).await;
        api.pass(1);
    }
    let waiting = login.again("c");
    assert_eq!(api.post(&waiting, json!({ "channel": "sms" })).await.problem(), "too-many-failures");
    let shown = api.administer("alice", None).await;
    assert_eq!((&shown.json["failures"], &shown.json["locked"]), (&json!(10), &json!(false)));
    assert!(shown.json["delayedUntil"].is_string());

    let unlocked = api.administer("alice", Some("unlock")).await;
    assert_eq!((unlocked.status, &unlocked.json["failures"]), (200, &json!(0)));
    assert_eq!(unlocked.json["delayedUntil"], json!(null));
    assert_eq!(api.administer("alice", None).await.json, unlocked.json);
    assert_eq!(api.post(&waiting, json!({ "channel": "sms" })).await.status, 201);
}

#[tokio::test]
async fn an_unblocked_user_can_sign_in_again_and_the_reported_login_stays_denied() {
    let (mut api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "call" })).await;
    api.webhook("answer", &[("AnsweredBy", "human")]).await;
    api.webhook("digits", &[("Digits", "0")]).await;
    api.webhook("block", &[("Digits", "0")]).await;
    let next = login.again("login-2");
    assert_eq!(api.post(&next, json!({ "channel": "sms" })).await.problem(), "blocked");
    assert!(api.administer("alice", None).await.json["blockedUntil"].is_string());

    let unblocked = api.administer("alice", Some("unblock")).await;
    assert_eq!((unblocked.status, &unblocked.json["blockedUntil"]), (200, &json!(null)));
    assert_eq!(api.administer("alice", None).await.json, unblocked.json);
    assert_eq!(api.post(&login, json!({ "channel": "sms" })).await.problem(), "denied");
    api.pass(1);
    assert_eq!(api.post(&next, json!({ "channel": "sms" })).await.status, 201);
    assert_eq!(api.guess(&next, &api.phone.last_code()).await.json["state"], "approved");
}

/// A newcomer types the number, takes the call and reports it as fraud.
async fn report(api: &Api, login: &Login) {
    api.post(login, json!({ "channel": "call", "phoneNumber": NUMBER })).await;
    api.webhook("answer", &[("AnsweredBy", "human")]).await;
    api.webhook("digits", &[("Digits", "0")]).await;
}

#[tokio::test]
async fn a_user_who_pressed_zero_by_mistake_can_enrol_the_number_once_unblocked() {
    let (mut api, newcomer) = (Api::new().await, Login::newcomer());
    report(&api, &newcomer).await;
    api.backend.round_trips();
    assert_eq!(api.administer("newcomer", Some("unblock")).await.json["blockedUntil"], json!(null));
    assert_eq!(api.backend.round_trips(), 2);
    api.pass(1);
    let next = newcomer.again("login-2");
    let started = api.post(&next, json!({ "channel": "sms", "phoneNumber": NUMBER })).await;
    assert_eq!(started.status, 201, "{}", started.text);
    assert_eq!(api.guess(&next, &api.phone.last_code()).await.json["state"], "approved");
}

#[tokio::test]
async fn an_unblock_lifts_that_users_report_and_no_later_one() {
    let (mut api, newcomer) = (Api::new().await, Login::newcomer());
    report(&api, &newcomer).await;
    let until = api.now + Duration::from_secs(86_401); // by another user, a second later
    api.backend.put(&number_key(NUMBER), "number", "blockedUntil", &until.as_unix().to_string()).await;
    assert_eq!(api.administer("newcomer", Some("unblock")).await.json["blockedUntil"], json!(null));
    api.pass(1);
    let next = newcomer.again("login-2");
    let refused = api.post(&next, json!({ "channel": "sms", "phoneNumber": NUMBER })).await;
    assert_eq!((refused.status, refused.problem()), (422, "phone-number-unavailable"));
    assert_eq!(api.post(&next, json!({ "channel": "sms", "phoneNumber": "+14155552672" })).await.status, 201);
}

#[tokio::test]
async fn a_user_with_a_new_phone_can_enrol_it_after_a_reset() {
    let (mut api, newcomer) = (Api::new().await, Login::newcomer());
    api.post(&newcomer, json!({ "channel": "sms", "phoneNumber": "+14155552671" })).await;
    api.guess(&newcomer, &api.phone.last_code()).await;
    let running = newcomer.again("login-2");
    api.post(&running, json!({ "channel": "sms" })).await;
    let old = api.phone.last_code();

    let reset = api.administer("newcomer", Some("reset-phone")).await;
    assert_eq!((reset.status, &reset.json["phoneNumber"]), (200, &json!(null)));
    assert_eq!(api.administer("newcomer", None).await.json, reset.json);
    assert_eq!(api.guess(&running, &old).await.problem(), "challenge-closed");
    assert_eq!(api.status(&running).await.json["state"], "denied");
    api.pass(1);
    let next = newcomer.again("login-3");
    assert_eq!(api.post(&next, json!({ "channel": "sms" })).await.problem(), "phone-number-required");
    let body = json!({ "channel": "sms", "phoneNumber": "+14155552672" });
    assert_eq!(api.post(&next, body).await.status, 201);
    let approved = api.guess(&next, &api.phone.last_code()).await;
    assert_eq!(approved.json["state"], "approved");
    assert_eq!(api.administer("newcomer", None).await.json["phoneNumber"], "+•••••••••72");
}

#[tokio::test]
async fn showing_a_subject_takes_one_round_trip_and_an_action_two() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "sms" })).await;
    api.backend.round_trips();
    for (action, trips) in [(None, 1), (Some("unlock"), 2), (Some("unblock"), 2), (Some("reset-phone"), 2)] {
        assert_eq!(api.administer("alice", action).await.status, 200, "{action:?}");
        assert_eq!(api.backend.round_trips(), trips, "{action:?}");
    }
}

#[tokio::test]
async fn an_action_is_not_decided_on_a_half_read_start() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, json!({ "channel": "sms" })).await;
    let subject = domain::identity::SubjectId::new(crate::api::ISSUER, "alice");
    let items = api.backend.client.scan().table_name(&api.backend.table).send().await.expect("items");
    let challenge = items.items().iter().find(|item| item.contains_key("generation")).expect("a challenge");
    let key = challenge.iter().filter(|(name, _)| ["pk", "sk"].contains(&name.as_str()));
    let key = key.map(|(name, value)| (name.clone(), value.clone())).collect();
    let delete = api.backend.client.delete_item().table_name(&api.backend.table).set_key(Some(key));
    delete.send().await.expect("deleted");
    assert!(api.backend.store().load(&subject).await.expect("a snapshot").is_torn(api.now));
    let answer = api.administer("alice", Some("unlock")).await;
    assert_eq!((answer.status, answer.problem()), (503, "temporarily-unavailable"));
    assert_eq!(answer.header("retry-after"), Some("1"));
}
