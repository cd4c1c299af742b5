//! Each attack by its name. None of them may end with tokens.

use cognito::App;
use platform::kms::key_id;
use serde_json::{Value, json};
use signing::Key;

use crate::answered;
use crate::fixture::{
    BASE_URL, FIRST_FACTOR, ISSUER, LOGIN_KEY, NOW, POOL, RESULT, RESULT_KEY, SECOND_KEY, SUB, app, claims, create,
    created, define, key, result, token, verify,
};

async fn is_right(app: &App, event: &Value) -> bool {
    let answer = app.handle(&event.to_string(), NOW).await.expect("an answer");
    answer["response"]["answerCorrect"].as_bool().expect("true or false")
}

async fn refuses(login: &str, answer: &str) {
    assert!(!is_right(&app().await, &verify(login, &json!(answer))).await, "{answer}");
}

async fn fails(session: &Value) -> bool {
    let answer = app().await.handle(&define(session).to_string(), NOW).await.expect("an answer");
    let response = &answer["response"];
    let failed = response["failAuthentication"] == true;
    assert!(!failed || (response["issueTokens"] == false && response.get("challengeName").is_none()));
    failed
}

#[tokio::test]
async fn the_custom_answer_of_another_login_is_refused() {
    let app = app().await;
    let [first, second] = [created(&app, &create()).await.login.jti, created(&app, &create()).await.login.jti];
    let answer = json!(result(&first, &json!({})));
    assert!(is_right(&app, &verify(&first, &answer)).await);
    assert!(!is_right(&app, &verify(&second, &answer)).await);
}

#[tokio::test]
async fn the_custom_answer_of_another_user_is_refused() {
    for sub in [
        "bob".to_owned(),
        format!("cognito:{POOL}:another"),
        format!("cognito:eu-central-1_Example02:{SUB}"),
        format!("COGNITO:{POOL}:{SUB}"),
        SUB.to_owned(),
    ] {
        refuses("login", &result("login", &json!({ "sub": sub }))).await;
    }
}

#[tokio::test]
async fn a_trigger_called_twice_does_no_harm() {
    let app = app().await;
    let [first, second] = [created(&app, &create()).await, created(&app, &create()).await];
    assert_ne!(first.login.jti, second.login.jti, "no two logins share a challenge");
    // Cognito keeps the parameters of one answer: the token of the other leads to a result that is of no use.
    let answer = json!(result(&second.login.jti, &json!({})));
    for _ in 0..2 {
        assert!(is_right(&app, &verify(&second.login.jti, &answer)).await);
        assert!(!is_right(&app, &verify(&first.login.jti, &answer)).await);
    }
    let asked = define(&json!([answered("SRP_A", true)])).to_string();
    let [once, twice] = [app.handle(&asked, NOW).await, app.handle(&asked, NOW).await];
    assert_eq!(once.expect("an answer"), twice.expect("an answer"));
}

#[tokio::test]
async fn a_cognito_client_with_another_flow_gets_no_tokens_from_this_sequence() {
    let other =
        ["ADMIN_NO_SRP_AUTH", "SMS_MFA", "EMAIL_OTP", "WEB_AUTHN", "PASSWORD", "PASSWORD_SRP", "SELECT_CHALLENGE"];
    for name in other {
        assert!(fails(&json!([answered(name, true)])).await, "{name}");
        assert!(fails(&json!([answered(name, true), answered("CUSTOM_CHALLENGE", true)])).await, "{name}");
        assert!(
            fails(&json!([answered("SRP_A", true), answered("PASSWORD_VERIFIER", true), answered(name, true)])).await
        );
    }
    assert!(fails(&json!([])).await, "a start without a password");
}

#[tokio::test]
async fn the_phone_without_the_password_before_it_is_refused() {
    let (a, password, phone) =
        (answered("SRP_A", true), answered("PASSWORD_VERIFIER", true), answered("CUSTOM_CHALLENGE", true));
    for session in [
        json!([phone]),
        json!([a, phone]),
        json!([password, phone]),
        json!([a, phone, password]),
        json!([phone, a, password]),
        json!([password, a, phone]),
        json!([a, a, phone]),
        json!([a, password, phone, phone]),
        json!([a, password, phone, a]),
        json!([a, password, a, password, phone]),
        json!([a, password, password, phone]),
    ] {
        assert!(fails(&session).await, "{session}");
    }
}

#[tokio::test]
async fn a_challenge_that_was_not_passed_ends_the_sign_in() {
    let names = ["SRP_A", "PASSWORD_VERIFIER", "CUSTOM_CHALLENGE"];
    for length in 1..=names.len() {
        for wrong in 0..length {
            let session = json!(
                names[..length].iter().enumerate().map(|(at, name)| answered(name, at != wrong)).collect::<Vec<_>>()
            );
            assert!(fails(&session).await, "{session}");
        }
    }
}

async fn brings_no_tokens(source: &str) -> String {
    app().await.handle(&token(source).to_string(), NOW).await.expect_err(source).to_string()
}

/// Whoever has a temporary password gets here with the password alone: Cognito never asks Define about it.
#[tokio::test]
async fn a_new_password_alone_brings_no_tokens() {
    assert_eq!(brings_no_tokens("NewPasswordChallenge").await, "sign in again with the new password");
}

#[tokio::test]
async fn managed_login_brings_no_tokens() {
    brings_no_tokens("HostedAuth").await;
}

#[tokio::test]
async fn a_remembered_device_brings_no_tokens() {
    brings_no_tokens("AuthenticateDevice").await;
}

#[tokio::test]
async fn a_way_to_tokens_that_nobody_here_knows_brings_none() {
    for source in ["ClientCredentials", "Later", "authentication", "Authentication ", "RefreshTokens2", ""] {
        brings_no_tokens(source).await;
    }
}

#[tokio::test]
async fn a_failed_answer_cannot_be_mended_by_another_one() {
    let [a, password] = [answered("SRP_A", true), answered("PASSWORD_VERIFIER", true)];
    for phone in [[false, true], [true, false], [false, false]] {
        let [first, second] = phone.map(|right| answered("CUSTOM_CHALLENGE", right));
        assert!(fails(&json!([a, password, first, second])).await, "{phone:?}");
    }
}

#[tokio::test]
async fn a_first_factor_token_is_no_answer() {
    let app = app().await;
    let created = created(&app, &create()).await;
    assert!(!is_right(&app, &verify(&created.login.jti, &json!(created.token))).await);
    // Nor is one that says what a result says, under the name of either key.
    for kid in [LOGIN_KEY, RESULT_KEY] {
        for typ in ["JWT", "mfa-result+jwt"] {
            let token = key(LOGIN_KEY).jwt(typ, &key_id(kid), &claims("login", &json!({})));
            refuses("login", &token).await;
        }
    }
    refuses("login", &result("login", &json!({ "iss": ISSUER, "aud": FIRST_FACTOR }))).await;
}

#[tokio::test]
async fn an_answer_token_of_the_other_door_is_no_answer() {
    let openid = json!({ "iss": format!("{BASE_URL}/openid"), "aud": "client-at-entra", "nonce": "n" });
    refuses("login", &result("login", &openid)).await;
    let third = Key::of(3).jwt("JWT", "third", &claims("login", &openid));
    refuses("login", &third).await;
}

#[tokio::test]
async fn an_expired_result_is_refused() {
    let app = app().await;
    for (exp, right) in [(NOW.as_unix() + 1, true), (NOW.as_unix(), false), (NOW.as_unix() - 300, false)] {
        let event = verify("login", &json!(result("login", &json!({ "exp": exp }))));
        assert_eq!(is_right(&app, &event).await, right, "{exp}");
    }
    for exp in [Value::Null, json!("1900000000"), json!(-1), json!(1.9e9)] {
        refuses("login", &result("login", &json!({ "exp": exp }))).await;
    }
}

#[tokio::test]
async fn a_test_number_is_refused() {
    for acr in [json!("urn:alliance-mfa:acr:test-number"), json!("phone"), json!(""), Value::Null] {
        refuses("login", &result("login", &json!({ "acr": acr }))).await;
    }
}

#[tokio::test]
async fn a_result_for_somebody_else_is_refused() {
    for changes in [
        json!({ "aud": "another-backend" }),
        json!({ "aud": [RESULT, "another-backend"] }),
        json!({ "iss": "https://mfa.example.com.evil.example" }),
        json!({ "iss": "https://mfa.example.com/" }),
    ] {
        refuses("login", &result("login", &changes)).await;
    }
}

#[tokio::test]
async fn a_result_that_nobody_signed_or_a_stranger_is_refused() {
    let claims = claims("login", &json!({}));
    let header = json!({ "alg": "none", "typ": "mfa-result+jwt", "kid": key_id(RESULT_KEY) });
    refuses("login", &format!("{}.", signing::unsigned(&header, &claims))).await;
    refuses("login", &key(RESULT_KEY).token(&header, &claims)).await;
    refuses("login", &Key::of(3).jwt("mfa-result+jwt", &key_id(RESULT_KEY), &claims)).await;
    refuses("login", &key(RESULT_KEY).jwt("mfa-result+jwt", &key_id(SECOND_KEY), &claims)).await;
    refuses("login", &key(RESULT_KEY).jwt("mfa-result+jwt", RESULT_KEY, &claims)).await;
    let own_key = json!({ "alg": "RS256", "typ": "mfa-result+jwt", "kid": "k", "jwk": Key::of(3).jwk("k") });
    refuses("login", &Key::of(3).token(&own_key, &claims)).await;
    for answer in ["", "a", "a.b", "a.b.c", "...", "true", "__proto__"] {
        refuses("login", answer).await;
    }
}

#[tokio::test]
async fn an_answer_without_a_login_or_none_at_all_is_refused() {
    let app = app().await;
    let answer = json!(result("login", &json!({})));
    for private in [Value::Null, json!({}), json!({ "login": null })] {
        let mut event = verify("login", &answer);
        event["request"]["privateChallengeParameters"] = private;
        assert!(!is_right(&app, &event).await);
    }
    assert!(!is_right(&app, &verify("login", &Value::Null)).await);
    assert!(!is_right(&app, &verify("", &answer)).await);
}

/// With `PreventUserExistenceErrors`, Cognito asks about names that nobody has.
#[tokio::test]
async fn a_user_who_does_not_exist_gets_no_further() {
    let app = app().await;
    let session =
        json!([answered("SRP_A", true), answered("PASSWORD_VERIFIER", true), answered("CUSTOM_CHALLENGE", true)]);
    for length in 0..=3 {
        let mut event = define(&json!(session.as_array().expect("a list")[..length]));
        event["request"]["userNotFound"] = json!(true);
        let answer = app.handle(&event.to_string(), NOW).await.expect("an answer");
        assert_eq!(answer["response"]["failAuthentication"], true, "{length}");
    }
    let mut event = create();
    event["request"]["userNotFound"] = json!(true);
    app.handle(&event.to_string(), NOW).await.expect_err("no token");
    let mut event = verify("login", &json!(result("login", &json!({}))));
    event["request"]["userNotFound"] = json!(true);
    assert!(!is_right(&app, &event).await);
}

#[tokio::test]
async fn a_foreign_pool_is_refused_whatever_it_asks() {
    let app = app().await;
    let right = verify("login", &json!(result("login", &json!({}))));
    for event in [define(&json!([answered("SRP_A", true)])), create(), right, token("Authentication")] {
        for pool in ["eu-central-1_Example02", "EU-CENTRAL-1_EXAMPLE01", "eu-central-1_Example01 ", ""] {
            let mut event = event.clone();
            event["userPoolId"] = json!(pool);
            let refused = app.handle(&event.to_string(), NOW).await.expect_err("an error");
            assert_eq!(refused.to_string(), "the event is of another user pool");
        }
    }
}
