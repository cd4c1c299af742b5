//! The triggers as Cognito calls them.

#![cfg(test)]

mod attacks;
mod fixture;

use platform::jws::PublicKey;
use platform::kms::key_id;
use serde_json::{Value, json};

use fixture::{
    BASE_URL, NOW, NUMBER, POOL, RESULT_KEY, SECOND_KEY, SUB, app, claims, create, created, define, event, key, result,
    token, verify,
};

fn answered(name: &str, right: bool) -> Value {
    json!({ "challengeName": name, "challengeResult": right, "challengeMetadata": null })
}

#[tokio::test]
async fn the_password_comes_first_then_the_phone_then_tokens() {
    let app = app().await;
    let mut session = json!([answered("SRP_A", true)]);
    for (challenge, tokens) in
        [(json!("PASSWORD_VERIFIER"), false), (json!("CUSTOM_CHALLENGE"), false), (Value::Null, true)]
    {
        let answer = app.handle(&define(&session).to_string(), NOW).await.expect("an answer");
        let response = &answer["response"];
        assert_eq!(response["challengeName"], challenge);
        assert_eq!((&response["issueTokens"], &response["failAuthentication"]), (&json!(tokens), &json!(false)));
        if let Some(challenge) = challenge.as_str() {
            session.as_array_mut().expect("a list").push(answered(challenge, true));
        }
    }
}

#[tokio::test]
async fn the_token_names_this_login_of_this_user_and_the_page_is_ours() {
    let app = app().await;
    let created = created(&app, &create()).await;
    assert_eq!(created.response["publicChallengeParameters"]["page"], format!("{BASE_URL}/"));
    assert_eq!(created.response["privateChallengeParameters"], json!({ "login": created.login.jti }));
    assert_eq!(created.login.sub, format!("cognito:{POOL}:{SUB}"));
    assert_eq!(created.login.jti.len(), 22, "128 bits");
    assert_eq!((created.login.auth_time, created.login.amr), (NOW.as_unix(), vec!["pwd".to_owned()]));
    assert_eq!(created.expires.since(NOW).as_secs(), 900, "the longest session of Cognito");
    assert!(
        !created.response["publicChallengeParameters"].to_string().contains(&created.login.jti),
        "only in the token"
    );
}

#[tokio::test]
async fn only_a_number_that_the_pool_has_verified_is_passed_on() {
    let app = app().await;
    let said = created(&app, &create()).await.login;
    assert_eq!((said.phone_number.as_deref(), said.phone_number_verified), (Some(NUMBER), Some(true)));
    for verified in [json!("false"), json!("True"), json!(""), Value::Null] {
        let mut event = create();
        event["request"]["userAttributes"]["phone_number_verified"] = verified;
        let said = created(&app, &event).await.login;
        assert_eq!((said.phone_number, said.phone_number_verified), (None, None));
    }
}

#[tokio::test]
async fn the_result_of_the_login_is_the_right_answer() {
    let app = app().await;
    let login = created(&app, &create()).await.login.jti;
    let enrolled = json!({ "acr": "urn:alliance-mfa:acr:phone-enrolled", "enrolled_now": true });
    for changes in [json!({}), enrolled] {
        let event = verify(&login, &json!(result(&login, &changes)));
        let answer = app.handle(&event.to_string(), NOW).await.expect("an answer");
        assert_eq!(answer["response"], json!({ "answerCorrect": true }));
    }
}

#[tokio::test]
async fn a_result_signed_before_a_rotation_of_the_keys_is_right_as_well() {
    let app = app().await;
    let token = key(SECOND_KEY).jwt("mfa-result+jwt", &key_id(SECOND_KEY), &claims("login", &json!({})));
    let answer = app.handle(&verify("login", &json!(token)).to_string(), NOW).await.expect("an answer");
    assert_eq!(answer["response"]["answerCorrect"], true);
}

#[tokio::test]
async fn an_event_comes_back_as_it_was_but_for_its_response() {
    let app = app().await;
    for event in [define(&json!([answered("SRP_A", true)])), create(), verify("login", &json!("no"))] {
        let mut answer = app.handle(&event.to_string(), NOW).await.expect("an answer");
        assert_ne!(answer["response"], event["response"]);
        answer["response"] = event["response"].clone();
        assert_eq!(answer, event);
    }
}

#[tokio::test]
async fn tokens_of_a_sign_in_and_of_a_refresh_stay_as_they_are() {
    let app = app().await;
    for source in ["Authentication", "RefreshTokens"] {
        let first = token(source);
        let mut second = first.clone();
        second["version"] = json!("2");
        second["request"]["scopes"] = json!(["aws.cognito.signin.user.admin"]);
        second["response"] = json!({ "claimsAndScopeOverrideDetails": null });
        for event in [first, second] {
            assert_eq!(app.handle(&event.to_string(), NOW).await.expect("an answer"), event, "{source}");
        }
    }
}

#[tokio::test]
async fn what_is_no_event_of_these_triggers_is_an_error() {
    let app = app().await;
    let unknown = event("PreSignUp_SignUp", &json!({}));
    let mut later = create();
    later["triggerSource"] = json!("CreateAuthChallenge_Later");
    let [mut untold, mut unnamed] = [define(&json!([])), create()];
    untold["request"]["session"] = Value::Null;
    unnamed["request"]["userAttributes"]["sub"] = Value::Null;
    let mut number = create();
    number["request"]["userAttributes"]["sub"] = json!(7);
    let half = json!([{ "challengeName": "SRP_A", "challengeResult": "true" }]);
    for event in [unknown, later, untold, unnamed, number, define(&half), json!({}), json!([]), Value::Null] {
        let refused = app.handle(&event.to_string(), NOW).await.expect_err("an error");
        assert!(refused.to_string().len() < 60, "it is shown to the app: {refused}");
    }
    app.handle("{", NOW).await.expect_err("an error");
}

#[tokio::test]
async fn without_its_key_it_answers_no_login() {
    let mut app = app().await;
    let elsewhere = fixture::aws("http://127.0.0.1:1").await;
    app.issuer.key = platform::kms::SigningKey::new(&elsewhere, fixture::LOGIN_KEY.to_owned());
    let refused = app.handle(&create().to_string(), NOW).await.expect_err("an error");
    assert_eq!(refused.to_string(), "no token now", "nothing about the key");
}

#[test]
fn the_keys_of_the_fixture_differ() {
    let keys =
        [fixture::LOGIN_KEY, RESULT_KEY, SECOND_KEY].map(|arn| PublicKey::from_spki(&key(arn).spki()).expect("a key"));
    assert!(keys[0].modulus != keys[1].modulus && keys[1].modulus != keys[2].modulus);
}
