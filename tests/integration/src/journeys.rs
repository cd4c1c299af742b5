//! Complete journeys through the handlers, and the answers to bad input.

use domain::delivery::SendFailure;
use domain::rules::Enrolment;
use serde_json::{Value, json};

use crate::api::{Api, Login, event, request, webhook};

const HUMAN: [(&str, &str); 2] = [("CallStatus", "in-progress"), ("AnsweredBy", "human")];
const POUND: [(&str, &str); 1] = [("Digits", "#")];

fn sms() -> Value {
    json!({ "channel": "sms" })
}

fn call() -> Value {
    json!({ "channel": "call" })
}

#[tokio::test]
async fn send_code_works_from_the_first_factor_to_the_result() {
    let (mut api, login) = (Api::new().await, Login::known());
    assert_eq!(api.status(&login).await.json["state"], "none");
    let started = api.post(&login, sms()).await;
    assert_eq!((started.status, &started.json["state"]), (201, &json!("pending")));
    assert_eq!(started.json["phoneNumber"], "+•••••••••71");
    assert_eq!(started.json["channels"]["sms"]["lastSend"], "accepted");
    assert_eq!((&started.json["pollAfterMs"], started.header("retry-after")), (&json!(5_000), Some("5")));
    assert_eq!(started.header("cache-control"), Some("no-store"));

    let right = api.phone.last_code();
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let refused = api.guess(&login, wrong).await;
    assert_eq!((refused.status, refused.problem(), &refused.json["attemptsLeft"]), (422, "code-wrong", &json!(4)));

    api.pass(20);
    let approved = api.guess(&login, &right).await;
    assert_eq!((approved.status, &approved.json["state"]), (200, &json!("approved")));
    let token = approved.claims();
    assert_eq!(token["amr"], json!(["pwd", "otp", "sms", "mfa"]));
    assert_eq!((&token["sub"], &token["txn"], &token["aud"]), (&json!("alice"), &json!("login-1"), &json!("login")));
    assert_eq!(token["exp"].as_u64().zip(token["iat"].as_u64()).map(|(exp, iat)| exp - iat), Some(300));
    assert_eq!(token.get("enrolled_now"), None);

    assert_eq!(api.guess(&login, &right).await.problem(), "challenge-closed", "a code works only once");
    api.pass(299);
    assert_eq!(api.status(&login).await.json["resultToken"], approved.json["resultToken"], "the same bytes");
    api.pass(1);
    assert_eq!(api.status(&login).await.json["resultToken"], Value::Null, "no token after it has expired");
}

#[tokio::test]
async fn call_me_works_from_ringing_to_approved_with_only_the_key_press() {
    let (api, login) = (Api::new().await, Login::known());
    assert_eq!(api.post(&login, call()).await.json["call"], "calling");
    assert_eq!(api.webhook("status", &[("CallStatus", "ringing")]).await.status, 204);
    assert_eq!(api.status(&login).await.json["call"], "ringing");
    let prompt = api.webhook("answer", &HUMAN).await;
    assert!(prompt.text.contains(r#"finishOnKey="" numDigits="1""#), "{}", prompt.text);
    assert_eq!(prompt.header("content-type"), Some("text/xml"));
    assert_eq!(api.status(&login).await.json["call"], "answered");
    let again = api.webhook("digits", &[("Digits", "5")]).await;
    assert!(again.text.contains("<Gather"), "a wrong key repeats the question: {}", again.text);
    let thanks = api.webhook("digits", &POUND).await;
    assert!(thanks.text.contains("Look at your screen") && !thanks.text.contains("<Gather"), "{}", thanks.text);

    let approved = api.status(&login).await;
    assert_eq!(approved.json["state"], "approved");
    assert_eq!(approved.claims()["amr"], json!(["pwd", "tel", "mfa"]));
    assert_eq!(api.status(&login).await.json["resultToken"], approved.json["resultToken"]);
}

#[tokio::test]
async fn a_typed_number_is_enrolled_with_less_assurance_and_known_from_then_on() {
    let (api, login) = (Api::new().await, Login::newcomer());
    assert_eq!(api.post(&login, sms()).await.problem(), "phone-number-required");
    let body = json!({ "channel": "sms", "phoneNumber": "(415) 555-2671", "region": "us", "locale": "es-MX" });
    let started = api.post(&login, body.clone()).await;
    assert_eq!((started.status, &started.json["canChangeNumber"]), (201, &json!(true)));
    assert_eq!(api.phone.last_number().expose(), "+14155552671");
    let token = api.guess(&login, &api.phone.last_code()).await.claims();
    assert_eq!((&token["enrolled_now"], &token["acr"]), (&json!(true), &json!("urn:alliance-mfa:acr:phone-enrolled")));

    let later = login.again("login-2");
    assert_eq!(api.post(&later, body).await.problem(), "phone-number-known");
    assert_eq!(api.post(&later, sms()).await.status, 201);
    let token = api.guess(&later, &api.phone.last_code()).await.claims();
    assert_eq!((token.get("enrolled_now"), &token["acr"]), (None, &json!("urn:alliance-mfa:acr:phone")));
}

#[tokio::test]
async fn with_enrolment_by_claims_only_no_typed_number_is_accepted() {
    let mut api = Api::new().await;
    api.start.settings.rules.enrolment = Enrolment::ClaimsOnly;
    let body = json!({ "channel": "sms", "phoneNumber": "+14155552671" });
    assert_eq!(api.post(&Login::newcomer(), body).await.problem(), "enrolment-closed");
    assert_eq!(api.post(&Login::known(), sms()).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_and_a_reload_send_nothing_twice() {
    let (api, login) = (std::sync::Arc::new(Api::new().await), Login::known());
    let clicks: Vec<_> = (0..10)
        .map(|_| {
            let (api, login) = (std::sync::Arc::clone(&api), login.clone());
            tokio::spawn(async move { api.post(&login, sms()).await.status })
        })
        .collect();
    for click in clicks {
        let status = click.await.expect("no panic");
        assert!([200, 201, 503].contains(&status), "{status}");
    }
    assert_eq!(api.phone.codes().len(), 1);
    let again = api.post(&login, sms()).await;
    assert_eq!((again.status, &again.json["channels"]["sms"]["reason"]), (200, &json!("cooldown")));
    assert_eq!(api.phone.codes().len(), 1);
}

#[tokio::test]
async fn a_message_that_arrives_late_still_works() {
    let (mut api, login) = (Api::new().await, Login::known());
    api.post(&login, sms()).await;
    let first = api.phone.last_code();
    api.pass(30);
    let view = api.status(&login).await;
    assert_eq!(
        (&view.json["offerAlternative"], &view.json["channels"]["sms"]["available"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(api.post(&login, sms()).await.status, 201);
    assert_ne!(api.phone.last_code(), first);
    assert_eq!(api.guess(&login, &first).await.status, 200);
}

#[tokio::test]
async fn another_session_sees_nothing_and_cannot_use_the_code() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, sms()).await;
    let mut stranger = Login::known();
    stranger.claims["sub"] = json!("mallory");
    for other in [login.again("a different login"), stranger] {
        assert_eq!(api.status(&other).await.json["state"], "none");
        let refused = api.guess(&other, &api.phone.last_code()).await;
        assert_eq!((refused.status, refused.problem()), (410, "challenge-closed"));
    }
}

#[tokio::test]
async fn closed_challenges_look_the_same_whatever_closed_them() {
    let mut bodies = Vec::new();
    let (api, login) = (Api::new().await, Login::known());
    bodies.push(api.guess(&login, "123456").await);

    let (mut api, login) = (Api::new().await, Login::known());
    api.post(&login, sms()).await;
    api.pass(300);
    bodies.push(api.guess(&login, &api.phone.last_code()).await);

    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, sms()).await;
    let right = api.phone.last_code();
    api.guess(&login, &right).await;
    bodies.push(api.guess(&login, &right).await);

    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, sms()).await;
    let right = api.phone.last_code();
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_eq!(api.guess(&login, wrong).await.problem(), "code-wrong");
    }
    bodies.push(api.guess(&login, &right).await);
    assert_eq!(api.status(&login).await.json["state"], "exhausted");

    for closed in &bodies {
        assert_eq!((closed.status, &closed.text, &closed.headers), (410, &bodies[0].text, &bodies[0].headers));
    }
}

#[tokio::test]
async fn a_provider_outage_is_reported_and_the_other_channel_offered() {
    for (body, channel, other) in [(sms(), "sms", "call"), (call(), "call", "sms")] {
        let (api, login) = (Api::new().await, Login::known());
        api.phone.fail(Some(SendFailure::ProviderFault));
        let failed = api.post(&login, body).await;
        assert_eq!((failed.status, failed.problem()), (503, "delivery-failed"));
        assert_eq!(failed.header("retry-after"), Some("1"), "it may be tried again at once");
        let view = api.status(&login).await;
        assert_eq!(view.json["channels"][channel]["lastSend"], "failed");
        assert_eq!(view.json["channels"][other]["available"], true);
        assert_eq!(view.json["offerAlternative"], true);
        api.phone.fail(None);
        assert_eq!(api.post(&login, json!({ "channel": other })).await.status, 201);
    }
}

#[tokio::test]
async fn after_a_failed_send_the_same_channel_sends_at_once() {
    for (body, channel) in [(sms(), "sms"), (call(), "call")] {
        let (api, login) = (Api::new().await, Login::known());
        api.phone.fail(Some(SendFailure::ProviderFault));
        assert_eq!(api.post(&login, body.clone()).await.problem(), "delivery-failed");
        assert_eq!(api.status(&login).await.json["channels"][channel]["available"], true);
        api.phone.fail(None);
        let again = api.post(&login, body).await;
        assert_eq!((again.status, &again.json["channels"][channel]["lastSend"]), (201, &json!("accepted")));
        assert_eq!(api.status(&login).await.json["channels"][channel]["lastSend"], "sending", "as it is stored");
    }
}

#[tokio::test]
async fn a_send_whose_outcome_is_unknown_counts_as_sent() {
    let (api, login) = (Api::new().await, Login::known());
    api.phone.fail(Some(SendFailure::Unknown));
    let started = api.post(&login, sms()).await;
    assert_eq!(started.status, 201);
    let channel = &started.json["channels"]["sms"];
    assert_eq!((&channel["lastSend"], &channel["sendsLeft"]), (&json!("unknown"), &json!(2)));
    assert_eq!(api.status(&login).await.json["channels"]["sms"], *channel);
}

#[tokio::test]
async fn nothing_is_sent_after_the_time_for_sending() {
    let (mut api, login) = (Api::new().await, Login::known());
    api.start.send_timeout = std::time::Duration::ZERO;
    assert_eq!(api.post(&login, sms()).await.problem(), "delivery-failed");
    assert_eq!(api.phone.codes().len(), 0);
    assert_eq!(api.status(&login).await.json["channels"]["sms"]["lastSend"], "failed");
}

#[tokio::test]
async fn each_refusal_by_a_provider_gets_a_helpful_answer() {
    for (failure, status, problem) in [
        (SendFailure::NumberRefused, 422, "phone-number-invalid"),
        (SendFailure::OptedOut, 409, "number-opted-out"),
        (SendFailure::Throttled, 503, "delivery-failed"),
        (SendFailure::Unauthorized, 503, "delivery-failed"),
        (SendFailure::NotPermitted, 503, "delivery-failed"),
        (SendFailure::SpendLimit, 503, "delivery-failed"),
    ] {
        let (api, login) = (Api::new().await, Login::known());
        api.phone.fail(Some(failure));
        let answer = api.post(&login, sms()).await;
        assert_eq!((answer.status, answer.problem()), (status, problem), "{failure:?}");
    }
}

#[tokio::test]
async fn a_number_that_opted_out_of_messages_is_offered_a_call_and_may_try_messages_again() {
    let (api, login) = (Api::new().await, Login::known());
    for _ in 0..2 {
        api.phone.fail(Some(SendFailure::OptedOut));
        assert_eq!(api.post(&login, sms()).await.problem(), "number-opted-out");
        let view = api.status(&login).await.json;
        let sms = &view["channels"]["sms"];
        assert_eq!(
            (&sms["lastSend"], &sms["available"], &sms["sendsLeft"]),
            (&json!("failed"), &json!(true), &json!(3))
        );
        assert_eq!((&view["channels"]["call"]["available"], &view["offerAlternative"]), (&json!(true), &json!(true)));
    }
    api.phone.fail(None);
    assert_eq!(api.post(&login, call()).await.status, 201);
    api.webhook("answer", &HUMAN).await;
    api.webhook("digits", &POUND).await;
    assert_eq!(api.status(&login).await.json["state"], "approved");
}

#[tokio::test]
async fn messages_to_a_number_that_opted_out_are_not_tried_for_ever() {
    let (api, login) = (Api::new().await, Login::known());
    api.phone.fail(Some(SendFailure::OptedOut));
    let mut asked = 0;
    while api.status(&login).await.json["channels"]["sms"]["available"] == true && asked < 20 {
        assert_eq!(api.post(&login, sms()).await.problem(), "number-opted-out");
        asked += 1;
    }
    assert_eq!(api.post(&login, sms()).await.problem(), "send-limit");
    assert_eq!(asked, 5, "the account's limit in ten minutes");
}

#[tokio::test]
async fn an_unanswered_call_is_reported_and_a_code_offered() {
    for (form, state) in [
        ([("CallStatus", "no-answer")], "no-answer"),
        ([("CallStatus", "busy")], "busy"),
        ([("CallStatus", "failed")], "failed"),
        ([("CallStatus", "canceled")], "failed"),
        ([("CallStatus", "completed")], "ended"),
    ] {
        let (api, login) = (Api::new().await, Login::known());
        api.post(&login, call()).await;
        api.webhook("status", &form).await;
        let view = api.status(&login).await;
        assert_eq!((&view.json["call"], &view.json["offerAlternative"]), (&json!(state), &json!(true)));
    }
}

#[tokio::test]
async fn a_start_after_an_approval_by_call_is_not_denied() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, call()).await;
    api.webhook("answer", &HUMAN).await;
    api.webhook("digits", &POUND).await;
    assert_eq!(api.post(&login, sms()).await.json["state"], "pending");
    assert_eq!(api.status(&login).await.json["state"], "approved");
}

#[tokio::test]
async fn an_approval_that_cannot_be_settled_yields_no_token() {
    let (mut api, login) = (Api::new().await, Login::known());
    api.post(&login, call()).await;
    api.webhook("answer", &HUMAN).await;
    api.webhook("digits", &POUND).await;
    api.pass(300);
    let view = api.status(&login).await;
    assert_eq!((&view.json["state"], &view.json["resultToken"]), (&json!("refused"), &Value::Null));
}

#[tokio::test]
async fn a_claimed_number_is_stored_in_its_canonical_form() {
    for spelling in ["+4407400123456", "+44 (7400) 123456"] {
        let (api, mut login) = (Api::new().await, Login::known());
        login.claims["phone_number"] = json!(spelling);
        assert_eq!(api.post(&login, sms()).await.status, 201, "{spelling}");
        assert_eq!(api.phone.last_number().expose(), "+447400123456", "{spelling}");
    }
}

#[tokio::test]
async fn voicemail_that_plays_tones_never_approves() {
    for by in [Some("machine_start"), Some("fax"), Some("unknown"), Some("HUMAN"), Some(""), None] {
        let (api, login) = (Api::new().await, Login::known());
        api.post(&login, call()).await;
        let form: Vec<_> = by.map(|by| ("AnsweredBy", by)).into_iter().collect();
        let said = api.webhook("answer", &form).await;
        assert!(said.text.contains("enter the digits on your screen"), "{by:?}: {}", said.text);
        api.webhook("digits", &POUND).await;
        api.webhook("status", &[("CallStatus", "completed")]).await;
        let view = api.status(&login).await;
        assert_eq!((&view.json["state"], &view.json["call"]), (&json!("pending"), &json!("voicemail")), "{by:?}");
    }
}

#[tokio::test]
async fn zero_reports_fraud_and_a_second_zero_blocks() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, call()).await;
    api.webhook("answer", &HUMAN).await;
    let said = api.webhook("digits", &[("Digits", "0")]).await;
    assert!(said.text.contains("stopped this sign-in"), "{}", said.text);
    assert_eq!(api.status(&login).await.json["state"], "denied");
    assert_eq!(api.post(&login, sms()).await.problem(), "denied");
    api.webhook("block", &[("Digits", "0")]).await;
    let blocked = api.post(&login.again("login-2"), sms()).await;
    assert_eq!((blocked.status, blocked.problem()), (403, "blocked"));
    assert_eq!(blocked.header("retry-after"), Some("86400"));
}

#[tokio::test]
async fn forged_webhooks_are_refused_and_change_nothing() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, call()).await;
    let (challenge, token) = api.phone.last_call();
    let forgeries: [fn(&mut Value, String); 6] = [
        |_, _| {},
        |event, _| event["headers"]["x-twilio-signature"] = json!(""),
        |event, signature| event["headers"]["x-twilio-signature"] = json!(format!("{signature}, {signature}")),
        |event, _| event["headers"]["x-twilio-signature"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        |event, signature| {
            event["headers"]["x-twilio-signature"] = json!(signature);
            event["body"] = json!("CallStatus=in-progress&AnsweredBy=human&more=1");
        },
        |event, signature| {
            event["headers"]["x-twilio-signature"] = json!(signature);
            event["rawQueryString"] = json!("a=1");
        },
    ];
    api.backend.round_trips();
    for (case, forge) in forgeries.into_iter().enumerate() {
        let refused = api.send(webhook(&challenge, &token, "answer", &HUMAN, forge)).await;
        assert_eq!((refused.status, refused.problem()), (403, "signature-invalid"), "case {case}");
    }
    let mut repeated = webhook(&challenge, &token, "answer", &HUMAN, |event, signature| {
        event["headers"]["x-twilio-signature"] = json!(signature);
    });
    let signature = repeated.headers()["x-twilio-signature"].clone();
    repeated.headers_mut().append("x-twilio-signature", signature);
    assert_eq!(api.send(repeated).await.problem(), "signature-invalid");
    assert_eq!(api.backend.round_trips(), 0, "no request to the store");
    assert_eq!(api.status(&login).await.json["call"], "calling");
}

#[tokio::test]
async fn bad_input_gets_a_clear_problem_and_changes_nothing() {
    let (api, login) = (Api::new().await, Login::newcomer());
    let large = format!("{{\"channel\":\"sms\",\"phoneNumber\":\"{}\"}}", "1".repeat(4096));
    let bodies = [
        ("", 400, "malformed-json", Value::Null),
        ("{", 400, "malformed-json", Value::Null),
        ("[]", 400, "malformed-json", Value::Null),
        ("{}", 400, "invalid-field", json!("channel")),
        (r#"{"channel":5}"#, 400, "invalid-field", json!("channel")),
        (r#"{"channel":"fax"}"#, 400, "invalid-field", json!("channel")),
        (r#"{"channel":"sms","phone":"+14155552671"}"#, 400, "invalid-field", json!("phone")),
        (r#"{"channel":"sms","phoneNumber":14155552671}"#, 400, "invalid-field", json!("phoneNumber")),
        (r#"{"channel":"sms","region":"USA"}"#, 400, "invalid-field", json!("region")),
        (r#"{"channel":"sms","purpose":"transfer"}"#, 400, "invalid-field", json!("purpose")),
        (large.as_str(), 413, "body-too-large", Value::Null),
        (r#"{"channel":"sms"}"#, 422, "phone-number-required", Value::Null),
        (r#"{"channel":"sms","phoneNumber":"415 555 2671"}"#, 422, "phone-number-invalid", Value::Null),
        (r#"{"channel":"sms","phoneNumber":"+1 415 555 2671 x5"}"#, 422, "phone-number-invalid", Value::Null),
        (r#"{"channel":"sms","phoneNumber":"+19002345678"}"#, 422, "phone-number-type-refused", Value::Null),
        (r#"{"channel":"sms","phoneNumber":"+4915123456789"}"#, 422, "country-refused", Value::Null),
        (r#"{"channel":"sms","phoneNumber":"+442071838750"}"#, 409, "channel-unavailable", Value::Null),
    ];
    for (body, status, problem, field) in bodies {
        let answer = api.send(login.request("POST", "/v1/challenge", Some(body))).await;
        assert_eq!((answer.status, answer.problem(), &answer.json["field"]), (status, problem, &field), "{body:.60}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    let mut event = event("POST", "/v1/challenge", Some(r#"{"channel":"sms"}"#), "text/plain");
    event["requestContext"]["authorizer"]["jwt"] = json!({ "claims": login.claims });
    assert_eq!(api.send(request(&event)).await.problem(), "unsupported-media-type");
    assert_eq!(api.phone.codes().len() + api.phone.calls(), 0);
    assert_eq!(api.backend.stored().await, ["refusal"], "only the record of the refusal");
}

#[tokio::test]
async fn a_number_and_a_code_are_right_in_the_digits_of_any_script() {
    let in_script = |zero: u32, text: &str| -> String {
        let digit = |c: char| c.to_digit(10).and_then(|digit| char::from_u32(zero + digit)).unwrap_or(c);
        text.chars().map(digit).collect()
    };
    for (script, zero) in [("Arabic", 0x660), ("Burmese", 0x1040), ("Devanagari", 0x966), ("full width", 0xff10)] {
        let (api, login) = (Api::new().await, Login::newcomer());
        let typed = in_script(zero, "(415)\u{a0}555-2671");
        let started = api.post(&login, json!({ "channel": "sms", "phoneNumber": typed, "region": "US" })).await;
        assert_eq!((started.status, api.phone.last_number().expose()), (201, "+14155552671"), "{script}");
        let sent = api.phone.last_code();
        let (first, second) = sent.split_at(3);
        let code = in_script(zero, &format!("{first}\u{202f}{second}"));
        assert_eq!(api.guess(&login, &code).await.status, 200, "{script}");
    }
}

#[tokio::test]
async fn malformed_codes_use_up_no_guess() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, sms()).await;
    for code in ["", "12345", "1234567", "12345\0", "12a456"] {
        let refused = api.guess(&login, code).await;
        assert_eq!((refused.status, refused.problem()), (422, "code-malformed"), "{code:?}");
    }
    assert_eq!(api.status(&login).await.json["attemptsLeft"], 5);
}

#[tokio::test]
async fn without_a_first_factor_nothing_changes() {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, sms()).await;
    api.backend.round_trips();
    let right = json!({ "code": api.phone.last_code() }).to_string();
    for (method, path, body) in [
        ("GET", "/v1/challenge", ""),
        ("POST", "/v1/challenge", r#"{"channel":"call"}"#),
        ("POST", "/v1/challenge/code", &right),
    ] {
        let mut event = event(method, path, Some(body), "application/json");
        event["headers"]["authorization"] = json!("Bearer forged.by.hand");
        let refused = api.send(request(&event)).await;
        assert_eq!((refused.status, refused.problem()), (401, "unauthenticated"), "{method} {path}");
    }
    assert_eq!(api.backend.round_trips(), 0);
}

#[tokio::test]
async fn an_old_first_factor_is_refused() {
    let (mut api, login) = (Api::new().await, Login::known());
    api.pass(900);
    for answer in [api.status(&login).await, api.post(&login, sms()).await, api.guess(&login, "123456").await] {
        assert_eq!((answer.status, answer.problem()), (403, "authentication-too-old"));
    }
}

#[tokio::test]
async fn a_first_factor_of_unknown_age_is_a_fault_of_the_token_and_not_too_old() {
    let api = Api::new().await;
    for auth_time in [None, Some("just now")] {
        let mut login = Login::known();
        match auth_time {
            None => drop(login.claims.as_object_mut().expect("claims").remove("auth_time")),
            Some(unreadable) => login.claims["auth_time"] = json!(unreadable),
        }
        for answer in [api.status(&login).await, api.post(&login, sms()).await, api.guess(&login, "123456").await] {
            let told = (answer.status, answer.problem(), &answer.json["claim"]);
            assert_eq!(told, (401, "unauthenticated", &json!("auth_time")));
        }
    }
}

#[tokio::test]
async fn a_limits_refusal_gives_its_time_but_not_its_key() {
    let (mut api, login) = (Api::new().await, Login::known());
    for _ in 0..3 {
        assert_eq!(api.post(&login, sms()).await.status, 201);
        api.pass(30);
    }
    let refused = api.post(&login, sms()).await;
    assert_eq!((refused.status, refused.problem(), &refused.json["limit"]), (429, "send-limit", &json!("challenge")));
    assert!(refused.header("retry-after").is_some() && refused.json["retryAt"].is_string());
    assert_eq!(refused.header("ratelimit-policy"), Some(r#""challenge";q=3;w=300"#));
    assert!(refused.header("ratelimit").is_some_and(|field| field.starts_with(r#""challenge";r=0;t="#)));
    assert!(!refused.text.contains("4155552671"));
}

#[tokio::test]
async fn round_trips_per_request_are_as_designed() {
    let (mut api, login) = (Api::new().await, Login::known());
    let mut trips = Vec::new();
    let mut note = |what: &'static str, api: &Api| trips.push((what, api.backend.round_trips()));
    api.status(&login).await;
    note("status", &api);
    api.post(&login, sms()).await;
    note("start", &api);
    api.post(&login, sms()).await;
    note("start within the cooldown", &api);
    let right = api.phone.last_code();
    let wrong = if right == "000000" { "000001" } else { "000000" };
    api.guess(&login, wrong).await;
    note("wrong guess", &api);
    api.guess(&login, "12").await;
    note("malformed guess", &api);
    api.guess(&login, &right).await;
    note("right guess", &api);
    api.status(&login).await;
    note("status once approved", &api);

    api.pass(600); // that sign-in no longer contests the next
    let login = login.again("login-2");
    api.phone.fail(Some(SendFailure::ProviderFault));
    api.post(&login, call()).await;
    note("start that fails to send", &api);
    api.phone.fail(None);
    api.pass(30);
    api.post(&login, call()).await;
    note("call", &api);
    api.webhook("status", &[("CallStatus", "initiated")]).await;
    note("webhook that means nothing", &api);
    api.webhook("status", &[("CallStatus", "ringing")]).await;
    note("webhook ringing", &api);
    api.webhook("answer", &HUMAN).await;
    note("webhook answered", &api);
    api.webhook("digits", &POUND).await;
    note("webhook pound", &api);
    api.status(&login).await;
    note("status that settles", &api);

    let login = login.again("login-3");
    api.post(&login, call()).await;
    note("start that is refused", &api);

    let other = Login::newcomer();
    api.post(&other, json!({ "channel": "call", "phoneNumber": "+14155552672" })).await;
    api.webhook("answer", &HUMAN).await;
    api.backend.round_trips();
    api.webhook("digits", &[("Digits", "0")]).await;
    note("webhook fraud key", &api);
    assert_eq!(
        trips,
        [
            ("status", 1),
            ("start", 2),
            ("start within the cooldown", 1),
            ("wrong guess", 1),
            ("malformed guess", 0),
            ("right guess", 2),
            ("status once approved", 1),
            ("start that fails to send", 3),
            ("call", 2),
            ("webhook that means nothing", 0),
            ("webhook ringing", 1),
            ("webhook answered", 1),
            ("webhook pound", 1),
            ("status that settles", 2),
            ("start that is refused", 2),
            ("webhook fraud key", 2),
        ]
    );
}
