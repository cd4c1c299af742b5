//! What the login page hands over, or somebody in its place, and what Entra gets.

use serde_json::{Value, json};
use std::time::Duration;

use platform::kms::key_id;

use crate::world::{
    ANSWER_KEY, BASE_URL, Browser, CLIENT, FIRST_FACTOR, Form, LOGIN_KEY, NOW, RESULT, RESULT_KEY, SECOND_KEY, STATE,
    World, key, strangers_key,
};

#[tokio::test]
async fn an_approval_signs_the_user_in_at_entra() {
    let (world, mut browser) = (World::new().await, Browser::default());
    let login = world.login(&world.form(), &mut browser).await;
    let answer = world.hand_over(&login.with(&login.result(&json!({}))), &browser).await;
    let now = NOW.as_unix();
    let expected = json!({
        "iss": format!("{BASE_URL}/openid"), "aud": CLIENT, "sub": "pairwise-of-alice", "nonce": "nonce of the attempt",
        "iat": now - 7, "exp": now + 293, "acr": "possessionorinherence", "amr": ["sms"],
    });
    assert_eq!(world.id_token(&answer), expected);
}

#[tokio::test]
async fn the_method_is_the_one_that_was_used() {
    let (world, mut browser) = (World::new().await, Browser::default());
    let login = world.login(&world.form(), &mut browser).await;
    for (methods, expected) in
        [(json!(["tel", "mfa"]), "tel"), (json!(["otp", "tel", "mfa"]), "tel"), (json!(["otp", "sms", "mfa"]), "sms")]
    {
        let answer = world.hand_over(&login.with(&login.result(&json!({ "amr": methods }))), &browser).await;
        assert_eq!(world.id_token(&answer)["amr"], json!([expected]));
    }
    let only_sms = json!({ "id_token": { "acr": { "values": ["possession"] }, "amr": { "values": ["sms"] } } });
    let login = world.login(&world.form().with("claims", &only_sms.to_string()), &mut browser).await;
    let called = world.hand_over(&login.with(&login.result(&json!({ "amr": ["tel", "mfa"] }))), &browser).await;
    assert_eq!(world.error(&called), "access_denied", "a call, where only SMS was asked for");
    let sent = world.hand_over(&login.with(&login.result(&json!({}))), &browser).await;
    assert_eq!([&world.id_token(&sent)["acr"], &world.id_token(&sent)["amr"]], [&json!("possession"), &json!(["sms"])]);
}

#[tokio::test]
async fn the_answer_posted_twice_is_the_same_to_the_byte() {
    let (world, mut browser) = (World::new().await, Browser::default());
    let login = world.login(&world.form(), &mut browser).await;
    let form = login.with(&login.result(&json!({})));
    let first = world.hand_over(&form, &browser).await;
    let second = world.post("/authorize/answer", &form, &browser, NOW + Duration::from_secs(30)).await;
    assert_eq!((first.status, first.body), (200, second.body));
}

#[tokio::test]
async fn the_answer_of_one_login_posted_to_another() {
    let (world, mut browser) = (World::new().await, Browser::default());
    let first = world.login(&world.form(), &mut browser).await;
    let second = world.login(&world.form().with("nonce", "another"), &mut browser).await;
    let answer = world.hand_over(&second.with(&first.result(&json!({}))), &browser).await;
    assert_eq!(world.error(&answer), "access_denied");
    let hint = world.hint(&json!({ "oid": "11111111-2222-4333-8444-555566667777", "sub": "pairwise-of-mallory" }));
    let mallory = world.login(&world.form().with("id_token_hint", &hint), &mut browser).await;
    for (login, result) in [(&mallory, &first), (&first, &mallory)] {
        let answer = world.hand_over(&login.with(&result.result(&json!({}))), &browser).await;
        assert_eq!(world.error(&answer), "access_denied");
    }
}

#[tokio::test]
async fn a_state_of_another_login() {
    let (world, mut browser) = (World::new().await, Browser::default());
    let login = world.login(&world.form(), &mut browser).await;
    let right = login.with(&login.result(&json!({})));
    for state in ["another", "", &STATE[1..], &format!("{STATE} "), &"x".repeat(2049)] {
        world.hand_over(&right.with("state", state), &browser).await.assert_ended(400, state);
    }
    world.hand_over(&right.without("state"), &browser).await.assert_ended(400, "none");
}

#[tokio::test]
async fn a_result_that_is_not_of_this_login_or_not_ours() {
    let (world, mut browser) = (World::new().await, Browser::default());
    let login = world.login(&world.form(), &mut browser).await;
    let refused = async |result: &str, why: &str| {
        assert_eq!(world.error(&world.hand_over(&login.with(result), &browser).await), "access_denied", "{why}");
    };
    for changes in [
        json!({ "iss": "https://thief.example" }),
        json!({ "iss": format!("{BASE_URL}/openid") }),
        json!({ "iss": format!("{BASE_URL}/") }),
        json!({ "aud": FIRST_FACTOR }),
        json!({ "aud": CLIENT }),
        json!({ "aud": [RESULT] }),
        json!({ "sub": "entra:a:b" }),
        json!({ "txn": "another" }),
        json!({ "txn": null }),
        json!({ "exp": NOW.as_unix() }),
        json!({ "exp": null }),
        json!({ "acr": "possessionorinherence" }),
        json!({ "acr": null }),
        json!({ "amr": ["mfa"] }),
        json!({ "amr": null }),
    ] {
        refused(&login.result(&changes), &changes.to_string()).await;
    }
    let claims = login.result_claims(&json!({}));
    let kid = key_id(RESULT_KEY);
    refused(&strangers_key().jwt("mfa-result+jwt", &kid, &claims), "a stranger's key").await;
    refused(&key(RESULT_KEY).jwt("mfa-result+jwt", "another", &claims), "a key of another name").await;
    refused(&key(LOGIN_KEY).jwt("mfa-result+jwt", &key_id(LOGIN_KEY), &claims), "the key of first-factor tokens").await;
    refused(&key(ANSWER_KEY).jwt("mfa-result+jwt", &key_id(ANSWER_KEY), &claims), "the key of answers").await;
    for typ in ["JWT", "at+jwt", ""] {
        refused(&key(RESULT_KEY).jwt(typ, &kid, &claims), typ).await;
    }
    let unsigned = signing::unsigned(&json!({ "alg": "none", "typ": "mfa-result+jwt", "kid": kid }), &claims);
    refused(&format!("{unsigned}."), "unsigned").await;
}

#[tokio::test]
async fn the_previous_key_is_good_during_a_rotation() {
    let (world, mut browser) = (World::new().await, Browser::default());
    let login = world.login(&world.form(), &mut browser).await;
    let result = key(SECOND_KEY).jwt("mfa-result+jwt", &key_id(SECOND_KEY), &login.result_claims(&json!({})));
    assert_eq!(world.id_token(&world.hand_over(&login.with(&result), &browser).await)["aud"], CLIENT);
}

#[tokio::test]
async fn a_result_of_a_test_number() {
    let (world, mut browser) = (World::new().await, Browser::default());
    let login = world.login(&world.form(), &mut browser).await;
    let result = login.result(&json!({ "acr": "urn:alliance-mfa:acr:test-number", "amr": ["sms"] }));
    assert_eq!(world.error(&world.hand_over(&login.with(&result), &browser).await), "access_denied");
}

#[tokio::test]
async fn each_of_the_three_tokens_as_each_other() {
    let (world, mut browser) = (World::new().await, Browser::default());
    let login = world.login(&world.form(), &mut browser).await;
    let result = login.result(&json!({}));
    let answer = world.brought_back(&world.hand_over(&login.with(&result), &browser).await)[0].1.clone();
    let hint = world.hint(&json!({}));
    for (first_factor, handed_over) in
        [(&result, &result), (&answer, &result), (&result, &login.token), (&answer, &answer), (&hint, &result)]
    {
        let form = Form::of(&[("first_factor_token", first_factor), ("result_token", handed_over), ("state", STATE)]);
        world.hand_over(&form, &browser).await.assert_ended(400, "no first-factor token");
    }
    for no_result in [&login.token, &answer, &hint] {
        assert_eq!(world.error(&world.hand_over(&login.with(no_result), &browser).await), "access_denied");
    }
}

#[tokio::test]
async fn a_first_factor_token_that_we_did_not_mint_for_a_login_through_entra() {
    let (world, mut browser) = (World::new().await, Browser::default());
    let login = world.login(&world.form(), &mut browser).await;
    let kid = key_id(LOGIN_KEY);
    let of = |changes: &Value| crate::world::changed(login.claims.clone(), changes);
    let cognito = json!({ "iss": login.claims["iss"], "aud": FIRST_FACTOR, "sub": "cognito:pool:a", "jti": "x", "auth_time": 1, "exp": NOW.as_unix() + 300 });
    for (token, why) in [
        (strangers_key().jwt("JWT", &kid, &of(&json!({}))), "a stranger's key"),
        (key(RESULT_KEY).jwt("JWT", &kid, &of(&json!({}))), "the key of results"),
        (key(LOGIN_KEY).jwt("mfa-result+jwt", &kid, &of(&json!({}))), "another typ"),
        (key(LOGIN_KEY).jwt("JWT", &kid, &of(&json!({ "aud": RESULT }))), "another audience"),
        (key(LOGIN_KEY).jwt("JWT", &kid, &of(&json!({ "iss": BASE_URL }))), "another issuer"),
        (key(LOGIN_KEY).jwt("JWT", &kid, &of(&json!({ "client_id": "another" }))), "another registration"),
        (key(LOGIN_KEY).jwt("JWT", &kid, &of(&json!({ "redirect_uri": "https://thief.example" }))), "another address"),
        (key(LOGIN_KEY).jwt("JWT", &kid, &of(&json!({ "mfa_browser": null }))), "bound to no browser"),
        (key(LOGIN_KEY).jwt("JWT", &kid, &of(&json!({ "mfa_enrolment": "open" }))), "open enrolment"),
        (key(LOGIN_KEY).jwt("JWT", &kid, &cognito), "a login through Cognito"),
        (signing::unsigned(&json!({ "alg": "none", "typ": "JWT" }), &of(&json!({}))) + ".", "unsigned"),
    ] {
        let form = login.with(&login.result(&json!({}))).with("first_factor_token", &token);
        world.hand_over(&form, &browser).await.assert_ended(400, why);
    }
    let form = login.with(&login.result(&json!({})));
    world.hand_over(&form.without("first_factor_token"), &browser).await.assert_ended(400, "none");
}

#[tokio::test]
async fn a_token_that_has_expired() {
    let (world, mut browser) = (World::new().await, Browser::default());
    let login = world.login(&world.form(), &mut browser).await;
    let result = login.result(&json!({ "exp": NOW.as_unix() + 600 }));
    for (later, taken) in [(359, true), (360, false)] {
        let answer =
            world.post("/authorize/answer", &login.with(&result), &browser, NOW + Duration::from_secs(later)).await;
        assert_eq!(world.brought_back(&answer)[0].0 == "id_token", taken, "{later}");
    }
}

#[tokio::test]
async fn a_user_who_gives_up_goes_back_and_nothing_else_is_taken_for_it() {
    let (world, mut browser) = (World::new().await, Browser::default());
    let login = world.login(&world.form(), &mut browser).await;
    let form = login.with("").without("result_token");
    let error = async |form: &Form| world.error(&world.hand_over(form, &browser).await);
    assert_eq!(error(&form.with("error", "access_denied")).await, "access_denied");
    let late = world
        .post("/authorize/answer", &form.with("error", "access_denied"), &browser, NOW + Duration::from_hours(1))
        .await;
    assert_eq!(world.error(&late), "access_denied", "who comes back late is let go too");
    assert_eq!(error(&form.with("error", "<script>")).await, "invalid_request");
    assert_eq!(error(&form).await, "invalid_request", "neither");
    let both = login.with(&login.result(&json!({}))).with("error", "access_denied");
    assert_eq!(error(&both).await, "invalid_request", "both");
}

#[tokio::test]
async fn a_field_of_the_answer_that_is_given_twice() {
    let (world, mut browser) = (World::new().await, Browser::default());
    let login = world.login(&world.form(), &mut browser).await;
    let right = login.with(&login.result(&json!({})));
    for (name, value) in right.0.clone() {
        let mut twice = right.clone();
        twice.0.push((name.clone(), value));
        world.hand_over(&twice, &browser).await.assert_ended(400, &name);
    }
}

#[tokio::test]
async fn the_answer_page_lets_nothing_in_and_entra_redirect() {
    let (world, mut browser) = (World::new().await, Browser::default());
    let login = world.login(&world.form(), &mut browser).await;
    let answer = world.hand_over(&login.with(&login.result(&json!({}))), &browser).await;
    let policy = answer.headers["content-security-policy"].to_str().expect("text");
    assert!(!policy.contains("form-action") && !policy.contains("unsafe"), "{policy}");
    for part in
        ["default-src 'none'", "script-src 'sha256-", "style-src 'sha256-", "base-uri 'none'", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    for (name, value) in [
        ("referrer-policy", "strict-origin"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(answer.headers[name], value);
    }
    assert!(answer.body.contains("value=\"rQ+/=state &quot;&lt;&amp;&#39;%20é\""), "{}", answer.body);
    assert!(answer.body.contains("<button>Continue</button>"));
    assert!(answer.body.len() < 3000, "{} bytes", answer.body.len());
}
