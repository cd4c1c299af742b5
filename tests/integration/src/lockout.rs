//! Too many wrong guesses: growing delays, then a lock that only an administrator can lift.

use domain::rules::Rules;
use serde_json::{Value, json};

use crate::api::{Answer, Api, Login};
use crate::limits::{api, sms, unlimited};

/// Rules with a lock after seven failures, and delays from the fifth on.
fn lock_after_seven(rules: &mut Rules) {
    unlimited(rules);
    (rules.policy.delay_from_failures, rules.policy.lock_at_failures) = (5, 7);
}

fn wrong(right: &str) -> &'static str {
    if right == "000000" { "000001" } else { "000000" }
}

/// Starts a login's challenge and enters wrong codes until it is closed.
async fn spend(api: &Api, login: &Login) {
    let started = api.post(login, sms()).await;
    assert_eq!(started.status, 201, "{}", started.text);
    let right = api.phone.last_code();
    while api.guess(login, wrong(&right)).await.status == 422 {}
}

/// A login whose subject has seven failures, at the time when it could start again.
async fn failed() -> (Api, Login) {
    let (mut api, login) = (api(lock_after_seven).await, Login::known());
    spend(&api, &login).await;
    api.pass(30);
    spend(&api, &login.again("login-2")).await;
    api.pass(3600);
    let login = login.again("login-3").at(api.now);
    (api, login)
}

fn is_locked(refused: &Answer) {
    assert_eq!((refused.status, refused.problem()), (403, "locked"), "{}", refused.text);
    assert_eq!((refused.header("retry-after"), refused.json.get("retryAt")), (None, None), "waiting does not lift it");
}

#[tokio::test]
async fn a_delay_gives_its_time_and_passes() {
    let (mut api, login) = (api(lock_after_seven).await, Login::known());
    spend(&api, &login).await;
    let next = login.again("login-2");
    for (passed, left) in [(0, "30"), (10, "20"), (19, "1")] {
        api.pass(passed);
        let refused = api.post(&next, sms()).await;
        assert_eq!((refused.status, refused.problem()), (429, "too-many-failures"));
        assert_eq!(refused.header("retry-after"), Some(left));
        let page = api.status(&next).await;
        assert_eq!((&page.json["state"], &page.json["retryAt"]), (&json!("locked"), &refused.json["retryAt"]));
        assert_eq!(page.json["channels"]["sms"]["nextSendAt"], refused.json["retryAt"]);
    }
    assert_eq!(api.backend.item("refusal").await["reason"], "too-many-failures");
    api.pass(1);
    assert_eq!(api.status(&next).await.json["state"], "none");
    let started = api.post(&next, sms()).await;
    assert_eq!(
        (started.status, &started.json["attemptsLeft"]),
        (201, &json!(2)),
        "only the guesses left until the lock"
    );
}

#[tokio::test]
async fn the_first_start_beyond_the_limit_writes_the_lock_and_later_ones_are_recorded() {
    let (mut api, login) = failed().await;
    assert_eq!(api.status(&login).await.json["state"], "locked");
    assert_eq!(api.backend.item("subject").await.get("lockedAt"), None, "not before a start is refused");
    api.backend.round_trips();
    is_locked(&api.post(&login, sms()).await);
    assert_eq!(api.backend.round_trips(), 2);
    let locked = api.backend.item("subject").await;
    assert_eq!((&locked["lockedAt"], &locked["failures"]), (&json!(api.now.as_unix().to_string()), &json!("7")));
    assert_eq!(api.backend.items("refusal").await, Vec::<Value>::new());
    for refusals in 1..3 {
        api.pass(10);
        api.backend.round_trips();
        is_locked(&api.post(&login, json!({ "channel": "call" })).await);
        assert_eq!(api.backend.round_trips(), 2);
        let trace = api.backend.item("refusal").await;
        assert_eq!((&trace["reason"], &trace["channel"]), (&json!("locked"), &json!("call")));
        assert_eq!(trace["refusals"], refusals.to_string());
    }
    assert_eq!(api.backend.item("subject").await, locked, "written only once");
}

#[tokio::test]
async fn a_lock_never_expires_and_holds_in_every_login() {
    let (mut api, login) = failed().await;
    for session in ["login-4", "login-5"] {
        api.pass(86_400 * 30);
        let login = login.again(session).at(api.now);
        is_locked(&api.post(&login, sms()).await);
        let page = api.status(&login).await;
        assert_eq!((&page.json["state"], &page.json["retryAt"]), (&json!("locked"), &Value::Null));
        for channel in ["sms", "call"] {
            let channel = &page.json["channels"][channel];
            assert_eq!((&channel["available"], &channel["reason"]), (&json!(false), &json!("locked")));
        }
        assert_eq!(api.guess(&login, "123456").await.problem(), "challenge-closed");
    }
}

#[tokio::test]
async fn a_lock_holds_until_it_is_lifted_even_without_failures() {
    let (api, login) = failed().await;
    is_locked(&api.post(&login, sms()).await);
    let pk = api.backend.item("subject").await["pk"].as_str().expect("a key").to_owned();
    api.backend.put(&pk, "subject", "failures", "0").await;
    is_locked(&api.post(&login, sms()).await);
    assert_eq!(api.status(&login).await.json["state"], "locked");
}

#[tokio::test]
async fn a_hundred_failures_lock_a_subject_and_a_success_resets_the_count() {
    assert_eq!(domain::policy::Policy::default().lock_at_failures, 100);
    let (mut api, login) = (api(lock_after_seven).await, Login::known());
    spend(&api, &login).await;
    api.pass(30);
    let next = login.again("login-2");
    api.post(&next, sms()).await;
    assert_eq!(api.guess(&next, &api.phone.last_code()).await.json["state"], "approved");
    assert_eq!(api.backend.item("subject").await["failures"], "0");
    api.pass(30);
    assert_eq!(api.post(&login.again("login-3"), sms()).await.json["attemptsLeft"], 5);
}

#[tokio::test]
async fn knowing_somebodys_number_is_not_enough_to_lock_them_out() {
    let (mut api, victim) = (api(lock_after_seven).await, Login::known());
    for index in 0..3 {
        let mallory = crate::limits::owner(index, "+14155552671");
        spend(&api, &mallory).await;
        api.pass(30);
        spend(&api, &mallory.again("login-2")).await;
    }
    assert_eq!(api.status(&victim).await.json["state"], "none");
    assert_eq!(api.post(&victim, sms()).await.status, 201);
    assert_eq!(api.guess(&victim, &api.phone.last_code()).await.json["state"], "approved");
}

#[tokio::test]
async fn a_lock_increments_the_subjects_version_so_that_no_older_start_is_applied() {
    let (api, login) = failed().await;
    let version = async || api.backend.item("subject").await["version"].as_str().and_then(|n| n.parse::<u64>().ok());
    let before = version().await;
    is_locked(&api.post(&login, sms()).await);
    assert_eq!(version().await, before.map(|version| version + 1));
}
