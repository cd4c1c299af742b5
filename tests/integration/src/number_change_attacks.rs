//! Attacks on number changes: without both proofs, the enrolled number stays.

use std::time::Duration;

use domain::policy::CallMode;
use serde_json::json;

use crate::api::Login;
use crate::number_change::{Change, NEW, OLD};

const OTHER: &str = "+14155559004";

#[tokio::test]
async fn a_new_number_without_proof_of_the_old_one_is_refused() {
    let change = Change::enrolled().await;
    for channel in ["sms", "call"] {
        let refused = change.start(channel, Some(NEW)).await;
        assert_eq!((refused.status, refused.problem()), (409, "proof-required"));
    }
    change.start("sms", None).await;
    assert_eq!(change.start("sms", Some(NEW)).await.problem(), "proof-required", "having sent a code proves nothing");
    assert_eq!(change.api.phone.last_number().expose(), OLD);
    assert_eq!(change.number().await, OLD);
}

/// Otherwise somebody with the password would start the change, and the number's owner would press the key
/// thinking that it is for signing in.
#[tokio::test]
async fn a_change_places_no_call_in_which_pound_approves() {
    let mut change = Change::enrolled().await;
    for (number, step) in [(None, "current-number"), (Some(NEW), "new-number")] {
        let view = change.status().await.json;
        let call = &view["channels"]["call"];
        assert_eq!(
            (&view["change"], &call["available"], &call["reason"]),
            (&json!(step), &json!(false), &json!("unreachable"))
        );
        let refused = change.start("call", number).await;
        assert_eq!((refused.status, refused.problem()), (409, "channel-unavailable"));
        assert_eq!(change.api.phone.calls(), 0);
        if number.is_none() {
            change.prove().await;
        }
    }
    let login = change.login.again("login-2");
    assert_eq!(change.api.status(&login).await.json["channels"]["call"]["available"], true, "to sign in");
}

#[tokio::test]
async fn pound_does_not_approve_a_change_whose_call_was_placed_in_another_mode() {
    let change = Change::matching_digits().await;
    change.start_call(None).await;
    let change = Change { api: change.api.with_calls(CallMode::PressPound), ..change };
    change.api.webhook("answer", &[("AnsweredBy", "human")]).await;
    change.api.webhook("digits", &[("Digits", "#")]).await;
    let view = change.status().await.json;
    assert_eq!((&view["state"], &view["change"]), (&json!("pending"), &json!("current-number")));
    let hears = change.api.webhook("digits", &[("Digits", "#")]).await;
    assert!(
        hears.text.contains("<Gather") && hears.text.contains("You cannot confirm that by pressing a key"),
        "{}",
        hears.text
    );
    let hears = change.api.webhook("digits", &[("Digits", "0")]).await;
    assert!(hears.text.contains("stopped the change of your phone number"), "{}", hears.text);
    assert_eq!(change.status().await.json["state"], "denied");
}

/// The proof has changed nothing yet: what a report stops is the change.
#[tokio::test]
async fn a_report_after_the_current_number_was_proven_stops_the_change() {
    let change = Change::matching_digits().await;
    change.start_call(None).await;
    change.api.webhook("answer", &[("AnsweredBy", "human")]).await;
    change.start("sms", None).await;
    let proven = change.guess(&change.api.phone.last_code()).await;
    assert_eq!(proven.json["change"], "new-number", "{}", proven.text);
    let hears = change.api.webhook("digits", &[("Digits", "0")]).await;
    assert!(hears.text.contains("We stopped the change of your phone number"), "{}", hears.text);
    let view = change.status().await.json;
    assert_eq!((&view["state"], &view["change"]), (&json!("denied"), &json!("current-number")), "{view}");
    assert_eq!(change.start("sms", Some(NEW)).await.problem(), "denied");
    assert_eq!(change.number().await, OLD);
}

#[tokio::test]
async fn digits_in_a_call_prove_nothing_until_they_are_settled() {
    let change = Change::matching_digits().await;
    let shown = change.start_call(None).await;
    change.press(&shown).await;
    assert_eq!(change.start("sms", Some(NEW)).await.status, 200, "approved but not settled");
    assert_eq!(change.api.phone.last_number().expose(), OLD);
    assert_eq!(change.status().await.json["change"], "new-number", "reading the status settles it");
    assert_eq!(change.start("sms", Some(NEW)).await.status, 201);
}

#[tokio::test]
async fn the_approval_of_a_login_is_not_a_proof_for_a_change() {
    let mut change = Change::enrolled().await;
    change.login = change.login.again("login-2");
    change.api.post(&change.login, json!({ "channel": "sms" })).await;
    assert_eq!(change.api.guess(&change.login, &change.api.phone.last_code()).await.json["state"], "approved");
    assert_eq!(change.start("sms", Some(NEW)).await.problem(), "proof-required");
}

#[tokio::test]
async fn a_proof_is_valid_for_ten_minutes() {
    for (seconds, problem) in [(569, ""), (570, "proof-required")] {
        let mut change = Change::proven().await; // thirty seconds ago
        change.api.pass(seconds);
        assert_eq!(change.start("sms", Some(NEW)).await.problem(), problem, "{seconds}");
        let step = if problem.is_empty() { "new-number" } else { "current-number" };
        assert_eq!(change.status().await.json["change"], step);
    }
    let mut change = Change::proven().await;
    change.api.pass(600);
    assert_eq!(change.start("sms", None).await.json["change"], "current-number", "it has to be proven again");
    assert_eq!(change.api.phone.last_number().expose(), OLD);
    assert_eq!(change.guess(&change.api.phone.last_code()).await.json["change"], "new-number");
}

#[tokio::test]
async fn sends_to_new_numbers_do_not_prolong_the_proof() {
    let mut change = Change::proven().await;
    change.start("sms", Some(NEW)).await;
    change.api.pass(540);
    assert_eq!(change.start("sms", Some(NEW)).await.status, 201);
    change.api.pass(60);
    assert_eq!(change.start("sms", Some(OTHER)).await.problem(), "proof-required");
    let resent = change.start("sms", None).await;
    assert_eq!((resent.status, &resent.json["change"]), (201, &json!("current-number")));
    assert_eq!(change.api.phone.last_number().expose(), OLD, "nothing goes to a new number without the proof");
}

#[tokio::test]
async fn a_proof_of_an_earlier_enrolment_does_not_count() {
    let change = Change::proven().await;
    let pk = change.api.backend.item("subject").await["pk"].as_str().expect("a key").to_owned();
    change.api.backend.put(&pk, "subject", "binding", "77").await; // enrolled again meanwhile
    assert_eq!(change.status().await.json["change"], "current-number");
    assert_eq!(change.start("sms", Some(NEW)).await.problem(), "proof-required");

    let change = Change::proven().await;
    change.start("sms", Some(NEW)).await;
    change.api.backend.put(&pk, "subject", "binding", "77").await;
    let refused = change.guess(&change.api.phone.last_code()).await;
    assert_eq!((refused.status, refused.problem()), (410, "challenge-closed"));
    assert_eq!(change.number().await, OLD);
}

#[tokio::test]
async fn one_sessions_proof_is_worth_nothing_in_another() {
    let mut change = Change::proven().await;
    let own = change.login.clone();
    for other in [own.again("login-2"), Login { claims: own.again("login-2").at(change.api.now).claims, ..own.clone() }]
    {
        change.login = other;
        assert_eq!(change.status().await.json["change"], "current-number");
        assert_eq!(change.start("sms", Some(NEW)).await.problem(), "proof-required");
    }
    change.login = own.clone();
    change.start("sms", Some(NEW)).await;
    let code = change.api.phone.last_code();
    change.login = own.again("login-2");
    assert_eq!(change.guess(&code).await.problem(), "challenge-closed", "its code does not work either");
    assert_eq!(change.number().await, OLD);
}

#[tokio::test]
async fn another_new_number_closes_the_generation_of_the_first() {
    let change = Change::proven().await;
    change.start("sms", Some(NEW)).await;
    let code = change.api.phone.last_code();
    assert_eq!(change.start("sms", Some(OTHER)).await.status, 201, "without a cooldown");
    assert_eq!(change.api.phone.last_number().expose(), OTHER);
    let refused = change.guess(&code).await;
    assert_eq!((refused.problem(), &refused.json["attemptsLeft"]), ("code-wrong", &json!(4)));
    assert_eq!(change.number().await, OLD);
    assert_eq!(change.guess(&change.api.phone.last_code()).await.json["change"], "changed");
    assert_eq!(change.number().await, OTHER);
}

#[tokio::test]
async fn guesses_carry_over_from_one_new_number_to_the_next() {
    let change = Change::proven().await;
    let mut left = 5;
    for number in [NEW, OTHER] {
        change.start("sms", Some(number)).await;
        for _ in 0..2 {
            left -= 1;
            let right = change.api.phone.last_code();
            let wrong = if right == "000000" { "000001" } else { "000000" };
            assert_eq!(change.guess(wrong).await.json["attemptsLeft"], left);
        }
    }
}

#[tokio::test]
async fn the_old_numbers_code_does_not_work_for_the_new_one() {
    let mut change = Change::enrolled().await;
    change.start("sms", None).await;
    let first = change.api.phone.last_code();
    change.api.pass(30);
    change.start("sms", None).await;
    let second = change.api.phone.last_code();
    change.guess(&second).await;
    for code in [&first, &second] {
        assert_eq!(change.guess(code).await.problem(), "challenge-closed", "before the new number is entered");
    }
    change.start("sms", Some(NEW)).await;
    for code in [&first, &second] {
        assert_eq!(change.guess(code).await.problem(), "code-wrong");
    }
    assert_eq!(change.number().await, OLD);
}

#[tokio::test]
async fn the_old_numbers_call_does_not_work_for_the_new_one() {
    let mut change = Change::matching_digits().await;
    let shown = change.start_call(None).await;
    change.api.webhook("answer", &[("AnsweredBy", "human")]).await;
    change.start("sms", None).await;
    change.guess(&change.api.phone.last_code()).await;
    change.api.pass(30);
    change.start("sms", Some(NEW)).await;
    change.api.webhook("digits", &[("Digits", &shown)]).await; // of the call to the old number
    assert_eq!(change.status().await.json["state"], "pending");
    assert_eq!(change.number().await, OLD);
}

#[tokio::test]
async fn an_expired_challenge_or_wrong_guesses_for_the_new_number_change_nothing() {
    let mut change = Change::proven().await;
    change.start("sms", Some(NEW)).await;
    let right = change.api.phone.last_code();
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        change.guess(wrong).await;
    }
    assert_eq!(change.guess(&right).await.problem(), "challenge-closed");
    assert_eq!(change.status().await.json["state"], "exhausted");
    change.api.pass(60);
    change.start("sms", Some(OTHER)).await;
    let late = change.api.phone.last_code();
    change.api.pass(300);
    assert_eq!(change.guess(&late).await.problem(), "challenge-closed");
    assert_eq!(change.number().await, OLD);
}

#[tokio::test]
async fn the_fraud_key_in_either_step_ends_the_change() {
    let change = Change::matching_digits().await;
    change.start_call(None).await;
    change.press("0").await;
    assert_eq!(change.status().await.json["state"], "denied");
    assert_eq!(change.start("sms", None).await.problem(), "denied");
    assert_eq!(
        change.api.backend.items("number").await.iter().filter(|item| item.get("blockedUntil").is_some()).count(),
        0
    );

    let mut change = Change::matching_digits().await;
    change.prove().await;
    change.start("sms", Some(NEW)).await;
    let code = change.api.phone.last_code();
    change.start_call(None).await;
    change.press("0").await;
    assert_eq!(change.status().await.json["state"], "denied");
    assert_eq!(change.guess(&code).await.problem(), "challenge-closed");
    assert_eq!(change.number().await, OLD);
    let other = crate::limits::stranger(1);
    let refused = change.api.post(&other, json!({ "channel": "sms", "phoneNumber": NEW })).await;
    assert_eq!(refused.problem(), "phone-number-unavailable", "the owner of the new number reported it");
}

#[tokio::test]
async fn fraud_reported_twice_in_a_login_ends_a_change_in_progress() {
    let mut change = Change::proven().await;
    change.start("sms", Some(NEW)).await;
    let code = change.api.phone.last_code();
    let login = change.login.again("login-2");
    change.api.post(&login, json!({ "channel": "call" })).await;
    change.press("0").await;
    change.api.webhook("block", &[("Digits", "0")]).await;
    assert_eq!(change.status().await.json["state"], "blocked");
    assert_eq!(change.guess(&code).await.problem(), "challenge-closed");
    change.api.pass(1);
    assert_eq!(change.start("sms", Some(OTHER)).await.problem(), "blocked");
    assert_eq!(change.number().await, OLD);
}

#[tokio::test]
async fn a_proof_does_not_count_after_a_second_fraud_report() {
    let api = crate::limits::api(|_| {}).await.with_fraud_block(Duration::from_mins(1));
    let mut change = Change::over(api).await;
    change.prove().await;
    let login = change.login.again("login-2");
    change.api.post(&login, json!({ "channel": "call" })).await;
    change.press("0").await;
    change.api.webhook("block", &[("Digits", "0")]).await;
    change.api.pass(60);
    assert_eq!(change.start("sms", Some(NEW)).await.problem(), "denied");
    assert_eq!(change.status().await.json["state"], "denied");
}
