//! Hints that Entra has not signed for us, for this person, just now.

use serde_json::{Value, json};
use signing::{encoded, unsigned};

use authorize::hint::verify;
use authorize::reason::Reason;

use crate::world::{APP, Browser, CLIENT, KID, NOW, OTHER_TENANT, TENANT, World, entras_key, strangers_key};
use domain::time::Timestamp;
use std::time::Duration;

async fn denied(world: &World, hint: &str, why: &str) {
    let answer = world.ask(&world.form().with("id_token_hint", hint)).await;
    assert_eq!(world.error(&answer), "access_denied", "{why}");
}

#[tokio::test]
async fn a_hint_that_entra_signed_just_now_begins_a_login_of_this_person() {
    let world = World::new().await;
    let claims = world.login(&world.form(), &mut Browser::default()).await.claims;
    assert_eq!(claims["sub"], "entra:7a1f0c9e-5d0e-4a4b-9a53-2f6b8d3c1e70:3d9c1f5e-0a7b-4c2d-8e6f-112233445566");
    assert_eq!([&claims["iss"], &claims["aud"]], ["https://first-factor.example.com", "urn:alliance-mfa:first-factor"]);
    let now = NOW.as_unix();
    assert_eq!([&claims["auth_time"], &claims["exp"]], [&json!(now), &json!(now + 300)]);
    assert_eq!([&claims["mfa_enrolment"], &claims["hint_sub"]], ["closed", "pairwise-of-alice"]);
    assert_eq!([claims.get("amr"), claims.get("phone_number")], [None, None], "Entra has told neither");
    assert!(!claims.to_string().contains("rQ+"), "the state is not in the token: {claims}");
}

#[tokio::test]
async fn a_hint_of_another_tenant() {
    let world = World::new().await;
    let issuer = |tenant: &str| format!("{}/{tenant}/v2.0", world.entra.url);
    for changes in [
        json!({ "tid": OTHER_TENANT, "iss": issuer(OTHER_TENANT) }),
        json!({ "tid": OTHER_TENANT }),
        json!({ "tid": null }),
        json!({ "tid": [TENANT] }),
        json!({ "tid": "" }),
    ] {
        denied(&world, &world.hint(&changes), &changes.to_string()).await;
    }
    assert_eq!(world.entra.asked(), [""; 0], "nobody can make us ask for keys with such a hint");
    for changes in [
        json!({ "iss": issuer(OTHER_TENANT) }),
        json!({ "iss": issuer("common") }),
        json!({ "iss": issuer(&TENANT.to_uppercase()) }),
        json!({ "iss": format!("{}/", issuer(TENANT)) }),
        json!({ "iss": format!("https://sts.windows.net/{TENANT}/") }),
        json!({ "iss": null }),
    ] {
        denied(&world, &world.hint(&changes), &changes.to_string()).await;
    }
}

#[tokio::test]
async fn a_hint_of_another_audience() {
    let world = World::new().await;
    for audience in [
        json!(CLIENT),
        json!([APP]),
        json!([APP, CLIENT]),
        json!("00000003-0000-0000-c000-000000000000"),
        json!(""),
        json!(null),
        json!(APP.to_uppercase()),
        json!(format!("api://{APP}")),
    ] {
        denied(&world, &world.hint(&json!({ "aud": audience })), &audience.to_string()).await;
    }
}

#[tokio::test]
async fn an_unsigned_hint() {
    let world = World::new().await;
    let claims = world.claims(&json!({}));
    for alg in ["none", "None", "NONE", ""] {
        let unsigned = unsigned(&json!({ "alg": alg, "typ": "JWT", "kid": KID }), &claims);
        denied(&world, &format!("{unsigned}."), alg).await;
        denied(&world, &unsigned, alg).await;
    }
    let cut = world.hint(&json!({}));
    let (signed, signature) = cut.rsplit_once('.').expect("three parts");
    for broken in [
        signed.to_owned(),
        format!("{signed}."),
        format!("{signed}.{}", &signature[4..]),
        format!("{signed}.{}", encoded([0; 256])),
        format!("{cut}.{signature}"),
        format!("{cut} "),
        "a.b.c".to_owned(),
        "..".to_owned(),
    ] {
        denied(&world, &broken, &broken).await;
    }
}

#[tokio::test]
async fn a_hint_signed_with_hs256_and_the_public_key() {
    let world = World::new().await;
    let unsigned = unsigned(&json!({ "alg": "HS256", "typ": "JWT", "kid": KID }), &world.claims(&json!({})));
    for secret in [entras_key().spki(), entras_key().jwk(KID)["n"].to_string().into_bytes()] {
        let mac = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret), unsigned.as_bytes());
        denied(&world, &format!("{unsigned}.{}", encoded(mac)), "HS256").await;
    }
    for alg in ["RS384", "RS512", "PS256", "ES256", "EdDSA"] {
        let hint = entras_key().token(&json!({ "alg": alg, "typ": "JWT", "kid": KID }), &world.claims(&json!({})));
        denied(&world, &hint, alg).await;
    }
}

#[tokio::test]
async fn a_hint_of_a_key_that_is_not_entras() {
    let world = World::new().await;
    denied(&world, &strangers_key().jwt("JWT", KID, &world.claims(&json!({}))), "another key of this name").await;
    denied(&world, &strangers_key().jwt("JWT", "another", &world.claims(&json!({}))), "a key of another name").await;
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": KID, "jwk": strangers_key().jwk(KID) });
    denied(&world, &strangers_key().token(&header, &world.claims(&json!({}))), "a key in the header").await;
}

#[tokio::test]
async fn a_hint_by_a_key_of_another_cloud_or_of_one_tenant_alone() {
    for issuer in [
        "https://login.microsoftonline.us/{tenantid}/v2.0".to_owned(),
        "{url}/{other}/v2.0".to_owned(),
        "{url}/{tenantid}".to_owned(),
        String::new(),
    ] {
        let world = World::new().await;
        let issuer = issuer.replace("{url}", &world.entra.url).replace("{other}", OTHER_TENANT);
        let mut jwk = entras_key().jwk(KID);
        jwk["issuer"] = json!(issuer);
        world.entra.replies(crate::entra::KEYS, crate::entra::Reply::Json(json!({ "keys": [jwk] })));
        denied(&world, &world.hint(&json!({})), &issuer).await;
    }
    for issuer in ["{url}/{tenantid}/v2.0", "{url}/7a1f0c9e-5d0e-4a4b-9a53-2f6b8d3c1e70/v2.0"] {
        let world = World::new().await;
        let mut jwk = entras_key().jwk(KID);
        jwk["issuer"] = json!(issuer.replace("{url}", &world.entra.url));
        world.entra.replies(crate::entra::KEYS, crate::entra::Reply::Json(json!({ "keys": [jwk] })));
        assert_eq!(world.ask(&world.form()).await.status, 303, "{issuer}");
    }
}

#[tokio::test]
async fn a_hint_whose_kid_points_elsewhere() {
    let world = World::new().await;
    for kid in ["https://thief.example/keys", "../../keys", "/dev/null", "", "entra-1\0", "' OR 1=1"] {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": kid, "jku": format!("{}/thief", world.entra.url), "x5u": format!("{}/thief", world.entra.url) });
        denied(&world, &strangers_key().token(&header, &world.claims(&json!({}))), kid).await;
    }
    let header = json!({ "alg": "RS256", "typ": "JWT" });
    denied(&world, &entras_key().token(&header, &world.claims(&json!({}))), "no kid").await;
    let asked = world.entra.asked();
    assert!(asked.iter().all(|path| !path.contains("thief")) && asked.len() == 2, "{asked:?}");
}

#[tokio::test]
async fn a_hint_that_is_replayed_later() {
    let world = World::new().await;
    let form = world.form();
    for (later, status) in [(0, 303), (299, 303), (300, 200), (3600, 200), (86_400 * 365, 200)] {
        let answer = world.post("/authorize", &form, &Browser::default(), NOW + Duration::from_secs(later)).await;
        assert_eq!(answer.status, status, "{later}");
        if status == 200 {
            assert_eq!(world.error(&answer), "access_denied");
        }
    }
    let before = world.post("/authorize", &form, &Browser::default(), Timestamp::from_unix(NOW.as_unix() - 61)).await;
    assert_eq!(world.error(&before), "access_denied", "from the future");
    assert_eq!(
        world.post("/authorize", &form, &Browser::default(), Timestamp::from_unix(NOW.as_unix() - 60)).await.status,
        303
    );
}

#[tokio::test]
async fn a_hint_whose_times_say_two_things_or_nothing() {
    let (world, now) = (World::new().await, NOW.as_unix());
    for changes in [
        json!({ "iat": now - 300 }),
        json!({ "nbf": now - 300 }),
        json!({ "nbf": now + 61 }),
        json!({ "iat": now + 61 }),
        json!({ "iat": null }),
        json!({ "iat": now.to_string() }),
        json!({ "nbf": now.to_string() }),
        json!({ "iat": -1 }),
        json!({ "iat": 1e300 }),
        json!({ "iat": u64::MAX }),
        json!({ "iat": u64::MAX, "nbf": u64::MAX }),
    ] {
        denied(&world, &world.hint(&changes), &changes.to_string()).await;
    }
    let never = world.hint(&json!({ "exp": null }));
    assert_eq!(world.ask(&world.form().with("id_token_hint", &never)).await.status, 303, "its end does not count");
}

#[tokio::test]
async fn a_hint_without_nbf_is_taken() {
    let world = World::new().await;
    let form = world.form().with("id_token_hint", &world.hint(&json!({ "nbf": null })));
    assert_eq!(world.ask(&form).await.status, 303);
}

#[tokio::test]
async fn a_hint_dated_back_five_minutes_is_taken_where_the_deployment_allows_it_and_leaves_five_minutes() {
    let dated_back = json!({ "iat": NOW.as_unix() - 300, "nbf": NOW.as_unix() - 300 });
    let usual = World::new().await;
    denied(&usual, &usual.hint(&dated_back), "by default").await;
    let world = World::of(&[("ENTRA_HINT_AGE_SECONDS", "600")]).await;
    let form = world.form().with("id_token_hint", &world.hint(&dated_back));
    let mut browser = Browser::default();
    let login = world.login(&form, &mut browser).await;
    assert_eq!(login.claims["auth_time"], json!(NOW.as_unix() - 300));
    assert_eq!(login.claims["exp"], json!(NOW.as_unix() + 300));
    for (later, status) in [(299, 303), (300, 200)] {
        let again = world.post("/authorize", &form, &browser, NOW + Duration::from_secs(later)).await;
        assert_eq!(again.status, status, "{later}");
        if status == 303 {
            assert!(again.headers["location"].to_str().expect("text").contains(&login.token), "the same to the byte");
        }
    }
}

/// Why a hint is refused, and whether Entra has signed it.
async fn refusal(world: &World, hint: &str) -> (Reason, bool) {
    let verified = verify(hint, &world.app.config.registration, &world.app.keys, NOW).await;
    let refused = verified.err().expect("a refusal");
    (refused.reason, refused.is_signed)
}

#[tokio::test]
async fn of_the_refused_those_count_as_stuck_whose_hints_entra_has_signed() {
    let (world, now) = (World::new().await, NOW.as_unix());
    for (changes, reason) in [
        (json!({ "aud": CLIENT }), Reason::HintAudience),
        (json!({ "iss": "https://sts.windows.net/" }), Reason::HintIssuer),
        (json!({ "oid": "alice" }), Reason::HintPerson),
        (json!({ "oid": null }), Reason::HintFormat),
        (json!({ "iat": now - 300 }), Reason::HintAge),
        (json!({ "iat": now - 3599 }), Reason::HintAge),
        (json!({ "iat": now + 61 }), Reason::HintAge),
    ] {
        let claims = world.claims(&changes);
        assert_eq!(refusal(&world, &entras_key().jwt("JWT", KID, &claims)).await, (reason, true), "{changes}");
        for kid in [KID, "another"] {
            let forged = strangers_key().jwt("JWT", kid, &claims);
            assert_eq!(refusal(&world, &forged).await, (reason, false), "forged: {changes}");
        }
    }
    let forged = strangers_key().jwt("JWT", KID, &world.claims(&json!({})));
    assert_eq!(refusal(&world, &forged).await, (Reason::HintSignature, false));
}

#[tokio::test]
async fn an_old_hint_or_one_of_another_tenant_is_refused_without_asking_for_keys() {
    let (world, now) = (World::new().await, NOW.as_unix());
    for changes in [
        json!({ "tid": OTHER_TENANT }),
        json!({ "iat": now - 3600 }),
        json!({ "iat": now - 3600, "aud": CLIENT }),
        json!({ "iat": now + 3601 }),
    ] {
        assert!(!refusal(&world, &world.hint(&changes)).await.1, "{changes}");
    }
    assert_eq!(world.entra.asked(), [""; 0]);
}

#[tokio::test]
async fn a_hint_of_nobody_or_of_somebody_who_is_more_than_one() {
    let world = World::new().await;
    let long = "x".repeat(256);
    for changes in [
        json!({ "oid": null }),
        json!({ "oid": "" }),
        json!({ "oid": "alice" }),
        json!({ "oid": format!("{TENANT}:{TENANT}") }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": long }),
        json!({ "sub": { "a": 1 } }),
    ] {
        denied(&world, &world.hint(&changes), &changes.to_string()).await;
    }
}

#[tokio::test]
async fn a_hint_that_is_replayed_in_another_browser() {
    let world = World::new().await;
    let (mut victims, mut thiefs) = (Browser::default(), Browser::default());
    let victim = world.login(&world.form(), &mut victims).await;
    let thief = world.login(&world.form(), &mut thiefs).await;
    assert_ne!(victim.id(), thief.id(), "another login, with a challenge of its own");
    assert_ne!(victim.claims["mfa_browser"], thief.claims["mfa_browser"]);
    // The victim's approval is of no use there.
    let answer = world.hand_over(&thief.with(&victim.result(&json!({}))), &thiefs).await;
    assert_eq!(world.error(&answer), "access_denied");
}

#[tokio::test]
async fn a_token_of_ours_as_the_hint() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let login = world.login(&world.form(), &mut browser).await;
    let result = login.result(&json!({}));
    let answer = world.hand_over(&login.with(&result), &browser).await;
    let fields = world.brought_back(&answer);
    for token in [&login.token, &result, &fields[0].1] {
        denied(&world, token, token).await;
    }
    let claims: Value = json!({});
    denied(&world, &entras_key().jwt("JWT", KID, &claims), "no claims").await;
}
