//! Numbers as people and directories write them, from the request to the number that a message goes to.

use std::time::Duration;

use domain::identity::{SessionId, SubjectId};
use domain::phone::{Country, PhoneNumber, Reach};
use domain::ports::ChallengeStore as _;
use serde_json::{Value, json};

use crate::api::{Api, ISSUER, LOGIN, Login};
use crate::scene::{Scene, number};

const IN_OLD_FORM: &str = "+22997123456";
const IN_NEW_FORM: &str = "+2290197123456";

fn sends_to(mut api: Api, countries: &[&str]) -> Api {
    let reach = || Reach::by_every_channel(countries.iter().filter_map(|code| Country::parse(code).ok()));
    for rules in [&mut api.start.settings.rules, &mut api.get.settings.rules, &mut api.verify.settings.rules] {
        rules.reach = reach();
    }
    api
}

fn typed(channel: &str, number: &str, region: &str) -> Value {
    json!({ "channel": channel, "phoneNumber": number, "region": region })
}

/// A deployment in which Alice has long enrolled `e164`.
async fn with_enrolled(e164: &str, countries: &[&str]) -> (Api, Login) {
    let mut scene = Scene::new().await;
    scene.now = LOGIN;
    scene.key.subject = SubjectId::new(ISSUER, "alice");
    scene.key.session = SessionId::new("long ago", None);
    scene.claimed = Some(number(e164));
    let code = scene.send_code().await;
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
    let mut api = sends_to(Api::over(scene.backend), countries);
    api.now = LOGIN + Duration::from_mins(2);
    (api, Login::of(json!({ "sub": "alice", "jti": "login-1" })))
}

/// Where the last message or call to `sub` went.
async fn contacted(api: &Api, sub: &str) -> PhoneNumber {
    let stored = api.backend.store().load(&SubjectId::new(ISSUER, sub)).await.expect("a snapshot");
    stored.challenges.last().expect("a challenge").phone.clone()
}

#[tokio::test]
async fn digits_that_are_two_numbers_are_left_to_the_user() {
    for (reading, e164) in [("national", "+13234567890"), ("international", "+3234567890")] {
        let (api, login) = (sends_to(Api::new().await, &["US", "BE"]), Login::newcomer());
        let mut body = typed("call", "(323) 456-7890", "US");
        let refused = api.post(&login, body.clone()).await;
        assert_eq!((refused.status, refused.problem()), (422, "phone-number-ambiguous"));
        let readings = json!([
            { "reading": "national", "country": "US" },
            { "reading": "international", "country": "BE" },
        ]);
        assert_eq!(refused.json["readings"], readings);
        assert!(!refused.text.contains("456"), "no number in the answer");
        assert_eq!(api.phone.calls(), 0);
        body["reading"] = json!(reading);
        assert_eq!(api.post(&login, body).await.status, 201, "{reading}");
        assert_eq!(contacted(&api, "newcomer").await, number(e164));
    }
    let (api, login) = (sends_to(Api::new().await, &["US"]), Login::newcomer());
    assert_eq!(api.post(&login, typed("call", "(323) 456-7890", "US")).await.status, 201, "Belgium is out of reach");
    let wrong = json!({ "channel": "sms", "reading": "domestic" });
    assert_eq!(api.post(&login, wrong).await.json["field"], "reading");
}

#[tokio::test]
async fn the_country_code_without_plus_calls_no_stranger() {
    let (api, login) = (sends_to(Api::new().await, &["DE", "US"]), Login::newcomer());
    assert_eq!(api.post(&login, typed("call", "4915112345678", "DE")).await.status, 201);
    assert_eq!(contacted(&api, "newcomer").await, number("+4915112345678"));
}

#[tokio::test]
async fn a_mobile_written_like_a_landline_or_in_an_old_form_gets_its_message() {
    for (written, region, e164) in [
        ("11 6907-0000", "AR", "+5491169070000"),
        ("011 15 6907-0000", "AR", "+5491169070000"),
        ("+54 11 6907-0000", "AR", "+5491169070000"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("+52 1 55 1234 5678", "MX", "+525512345678"),
        ("11 8765-4321", "BR", "+5511987654321"),
        ("97 12 34 56", "BJ", IN_NEW_FORM),
        ("75.12.34", "NC", "+687751234"),
    ] {
        let (api, login) = (sends_to(Api::new().await, &[region]), Login::newcomer());
        assert_eq!(api.post(&login, typed("sms", written, region)).await.status, 201, "{written}");
        assert_eq!(api.phone.last_number(), number(e164), "{written}");
    }
}

#[tokio::test]
async fn a_call_that_may_have_gone_to_a_mobile_leaves_its_message_on_offer() {
    let (mut api, login) = (sends_to(Api::new().await, &["AR"]), Login::newcomer());
    let called = api.post(&login, typed("call", "11 6907-0000", "AR")).await;
    assert_eq!((called.status, contacted(&api, "newcomer").await), (201, number("+541169070000")));
    assert_eq!(called.json["channels"]["sms"]["available"], true);
    api.pass(31);
    assert_eq!(api.status(&login).await.json["channels"]["sms"]["available"], true);
    assert_eq!(api.post(&login, json!({ "channel": "sms" })).await.status, 201);
    assert_eq!(api.phone.last_number(), number("+5491169070000"));
}

#[tokio::test]
async fn a_claim_in_another_spelling_of_the_enrolled_number_is_no_mismatch() {
    for (claim, is_mismatch) in [("+44 (0)7400 123457", false), ("+44 7400 123457", false), ("+44 7400 123458", true)] {
        let claims = |session: &str, claim: &str| json!({ "sub": "alice", "jti": session, "phone_number": claim, "phone_number_verified": "true" });
        let (mut api, login) = (Api::new().await, Login::of(claims("login-1", "+44 (0)7400 123457")));
        assert_eq!(api.post(&login, json!({ "channel": "sms" })).await.status, 201);
        assert_eq!(api.phone.last_number(), number("+447400123457"));
        assert_eq!(api.guess(&login, &api.phone.last_code()).await.status, 200);
        api.pass(31);
        let later = Login::of(claims("login-2", claim));
        assert_eq!(api.post(&later, json!({ "channel": "sms" })).await.status, 201);
        let stored = api.backend.store().load(&SubjectId::new(ISSUER, "alice")).await.expect("a snapshot");
        let mismatch =
            stored.challenges.iter().find(|challenge| challenge.id.key.session == SessionId::new("login-2", None));
        assert_eq!(mismatch.map(|challenge| challenge.claim_mismatch), Some(is_mismatch), "{claim}");
    }
}

#[tokio::test]
async fn a_refused_country_is_named() {
    for (written, region, country) in
        [("787 555 1234", "US", "PR"), ("07797 712345", "GB", "JE"), ("+77012345678", "US", "KZ")]
    {
        let (api, login) = (Api::new().await, Login::newcomer());
        let refused = api.post(&login, typed("sms", written, region)).await;
        assert_eq!((refused.problem(), &refused.json["country"]), ("country-refused", &json!(country)), "{written}");
        let api = sends_to(api, &["US", "GB", country]);
        assert_eq!(api.post(&login, typed("sms", written, region)).await.status, 201, "{written}");
    }
}

#[tokio::test]
async fn an_enrolled_number_in_an_old_form_is_proven_and_kept_in_the_new_one() {
    let (mut api, login) = with_enrolled(IN_OLD_FORM, &["US", "BJ"]).await;
    let other = typed("sms", "+14155552671", "US");
    assert_eq!(api.post(&login, other.clone()).await.problem(), "phone-number-known");
    assert_eq!(api.post(&login, typed("sms", IN_NEW_FORM, "BJ")).await.problem(), "phone-number-known");

    assert_eq!(api.post(&login, json!({ "channel": "sms" })).await.status, 201);
    assert_eq!(api.phone.last_number(), number(IN_NEW_FORM));
    assert_eq!(api.post(&login, other).await.problem(), "phone-number-known");
    let approved = api.guess(&login, &api.phone.last_code()).await;
    let claims = approved.claims();
    assert_eq!((&claims["acr"], claims.get("enrolled_now")), (&json!("urn:alliance-mfa:acr:phone"), None));
    assert_eq!(approved.json["phoneNumber"], number(IN_NEW_FORM).to_string());

    api.pass(31);
    let later = login.again("login-2");
    assert_eq!(api.status(&later).await.json["phoneNumber"], number(IN_NEW_FORM).to_string());
    assert_eq!(api.post(&later, json!({ "channel": "sms" })).await.status, 201);
    assert_eq!(api.phone.last_number(), number(IN_NEW_FORM));
    assert_eq!(api.guess(&later, &api.phone.last_code()).await.status, 200);
}

/// Nobody typed it: blocking it would only keep its owner out.
#[tokio::test]
async fn a_report_leaves_the_new_form_of_an_enrolled_number_open() {
    let (mut api, login) = with_enrolled(IN_OLD_FORM, &["US", "BJ"]).await;
    assert_eq!(api.post(&login, json!({ "channel": "call" })).await.status, 201);
    api.webhook("answer", &[("AnsweredBy", "human")]).await;
    api.webhook("digits", &[("Digits", "0")]).await;
    assert_eq!(api.status(&login).await.json["state"], "denied");
    api.pass(31);
    let later = login.again("login-2");
    let started = api.post(&later, json!({ "channel": "sms" })).await;
    assert_eq!(started.status, 201, "{}", started.text);
    assert_eq!(api.guess(&later, &api.phone.last_code()).await.json["state"], "approved");
}

/// Otherwise a stranger could lock its owner out.
#[tokio::test]
async fn a_report_of_somebody_else_leaves_the_new_form_of_an_enrolled_number_open() {
    let (mut api, login) = with_enrolled(IN_OLD_FORM, &["US", "BJ"]).await;
    let stranger = crate::limits::stranger(1);
    assert_eq!(api.post(&stranger, typed("call", IN_NEW_FORM, "BJ")).await.status, 201);
    api.webhook("answer", &[("AnsweredBy", "human")]).await;
    api.webhook("digits", &[("Digits", "0")]).await;
    assert_eq!(api.status(&stranger).await.json["state"], "denied");
    api.pass(31);
    let started = api.post(&login, json!({ "channel": "sms" })).await;
    assert_eq!(started.status, 201, "{}", started.text);
    assert_eq!(api.guess(&login, &api.phone.last_code()).await.json["state"], "approved");
}

#[tokio::test]
async fn an_enrolled_number_that_is_valid_in_no_form_needs_an_administrator() {
    let (api, login) = with_enrolled("+84899999999999", &["US", "VN"]).await;
    for channel in ["sms", "call"] {
        let refused = api.post(&login, json!({ "channel": channel })).await;
        assert_eq!((refused.status, refused.problem()), (409, "phone-number-outdated"));
    }
    assert_eq!(api.post(&login, typed("sms", "+14155552671", "US")).await.problem(), "phone-number-known");
    let change = json!({ "channel": "sms", "purpose": "change" });
    assert_eq!(api.post(&login, change).await.problem(), "phone-number-outdated");
    assert_eq!(api.phone.codes().len() + api.phone.calls(), 0);

    assert_eq!(api.administer("alice", Some("reset-phone")).await.status, 200);
    let later = login.again("login-2");
    assert_eq!(api.post(&later, typed("sms", "+14155552671", "US")).await.status, 201);
}
