//! Forms that Entra would not have sent.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use lambda_http::RequestExt as _;
use serde_json::json;

use crate::world::{Answer, Browser, CLIENT, Form, NONCE, NOW, STATE, World, request};

#[tokio::test]
async fn a_redirect_address_changed_by_case_port_path_or_encoding() {
    let world = World::new().await;
    let right = world.redirect_uri();
    let port = world.entra.url.rsplit(':').next().expect("a port").to_owned();
    for wrong in [
        right.to_uppercase(),
        right.replace("http://", "HTTP://"),
        right.replace("http://", "https://"),
        right.replace("external", "External"),
        right.replace(&port, "443"),
        right.replace(&format!(":{port}"), ""),
        right.replace(&port, &format!("0{port}")),
        format!("{right}/"),
        format!("{right}?"),
        format!("{right}?x=1"),
        format!("{right}#"),
        format!("{right}/.."),
        format!(" {right}"),
        format!("{right} "),
        right.replace("/common/", "/common//"),
        right.replace("/common/", "/x/../common/"),
        right.replace("/common/", "/organizations/"),
        right.replace("external", "%65xternal"),
        right.replace("127.0.0.1", "127.0.0.1.thief.example"),
        right.replace("127.0.0.1", "thief.example@127.0.0.1"),
        right.replace("127.0.0.1", "localhost"),
        right.replace("127.0.0.1", "127.1"),
        right.replace("/common", "\\common"),
        format!("{right}\0"),
        format!("{right}\n"),
        "https://thief.example/".to_owned(),
        "javascript:alert(1)".to_owned(),
        "//thief.example".to_owned(),
        String::new(),
        "https://login.microsoftonline.com/common/federation/externalauthprovider".to_owned(),
    ] {
        assert_ne!(wrong, right);
        world.ask(&world.form().with("redirect_uri", &wrong)).await.assert_ended(400, &wrong);
    }
    world.ask(&world.form().without("redirect_uri")).await.assert_ended(400, "none");
}

#[tokio::test]
async fn another_client() {
    let world = World::new().await;
    for wrong in
        ["", "another", &CLIENT.to_uppercase(), &format!("{CLIENT} "), &format!(" {CLIENT}"), &format!("{CLIENT}\0")]
    {
        world.ask(&world.form().with("client_id", wrong)).await.assert_ended(400, wrong);
    }
    world.ask(&world.form().without("client_id")).await.assert_ended(400, "none");
}

#[tokio::test]
async fn a_state_of_64_kb() {
    let world = World::new().await;
    world.ask(&world.form().with("state", &"x".repeat(65_536))).await.assert_ended(413, "64 KiB");
    world.ask(&world.form().with("state", &"x".repeat(2049))).await.assert_ended(400, "more than 2 KiB");
    let longest = world.ask(&world.form().with("state", &"é".repeat(1024))).await;
    assert_eq!(longest.status, 303);
    let location = longest.headers["location"].len();
    assert!(location < 9000, "{location} bytes, of the ten thousand that the gateway lets pass");
}

#[tokio::test]
async fn a_state_that_would_not_come_back_as_it_was() {
    let world = World::new().await;
    for state in ["", "a\nb", "a\rb", "a\0b", "a\u{7f}b", "a\u{85}b", "a\u{fffd}b"] {
        world.ask(&world.form().with("state", state)).await.assert_ended(400, state);
    }
    world.ask(&world.form().without("state")).await.assert_ended(400, "none");
    let not_utf8 = world.form().without("state").body() + "&state=%ff";
    world.send(request("/authorize", not_utf8, &Browser::default()), NOW).await.assert_ended(400, "not UTF-8");
}

#[tokio::test]
async fn a_nonce_that_is_missing_or_is_none() {
    let world = World::new().await;
    assert_eq!(world.error(&world.ask(&world.form().without("nonce")).await), "invalid_request");
    for nonce in ["", "a\nb", &"x".repeat(513)] {
        assert_eq!(world.error(&world.ask(&world.form().with("nonce", nonce)).await), "invalid_request", "{nonce:?}");
    }
    assert_eq!(world.ask(&world.form().with("nonce", &"x".repeat(512))).await.status, 303);
}

#[tokio::test]
async fn another_flow() {
    let world = World::new().await;
    for (field, value, error) in [
        ("response_type", "code", "unsupported_response_type"),
        ("response_type", "id_token token", "unsupported_response_type"),
        ("response_type", "", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("response_mode", "query", "invalid_request"),
        ("response_mode", "", "invalid_request"),
        ("scope", "profile", "invalid_request"),
        ("scope", "", "invalid_request"),
        ("scope", "OPENID", "invalid_request"),
        ("id_token_hint", "", "access_denied"),
    ] {
        assert_eq!(world.error(&world.ask(&world.form().with(field, value)).await), error, "{field}={value}");
    }
    assert_eq!(world.ask(&world.form().with("scope", "openid profile")).await.status, 303);
    assert_eq!(
        world.ask(&world.form().with("prompt", "none").with("request", "x")).await.status,
        303,
        "others are ignored"
    );
}

#[tokio::test]
async fn a_field_that_is_given_twice() {
    let world = World::new().await;
    for (name, value) in world.form().0 {
        let twice = |second: &str| {
            let mut form = world.form();
            form.0.push((name.clone(), second.to_owned()));
            form
        };
        for second in [value.as_str(), "another", ""] {
            let answer = world.ask(&twice(second)).await;
            if name == "client-request-id" {
                assert_eq!(answer.status, 303, "it is ignored");
            } else {
                answer.assert_ended(400, &name);
            }
        }
    }
    let encoded = world.form().body() + "&%63lient_id=another";
    world.send(request("/authorize", encoded, &Browser::default()), NOW).await.assert_ended(400, "encoded");
}

#[tokio::test]
async fn a_form_of_a_wrong_content_type() {
    let world = World::new().await;
    let send = async |content_type: Option<&str>, coding: Option<&str>| -> Answer {
        let mut request = request("/authorize", world.form().body(), &Browser::default());
        request.headers_mut().remove(CONTENT_TYPE);
        for (name, value) in [(CONTENT_TYPE, content_type), (CONTENT_ENCODING, coding)] {
            if let Some(value) = value {
                request.headers_mut().insert(name, value.parse().expect("a header"));
            }
        }
        world.send(request, NOW).await
    };
    for wrong in [
        "",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/json",
        "application/x-www-form-urlencoded2",
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/x-www-form-urlencoded; charset=iso-8859-1",
        "application/x-www-form-urlencoded; a=b",
    ] {
        send(Some(wrong), None).await.assert_ended(400, wrong);
    }
    send(None, None).await.assert_ended(400, "none");
    send(Some("application/x-www-form-urlencoded"), Some("gzip")).await.assert_ended(400, "compressed");
    for right in ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=UTF-8"] {
        assert_eq!(send(Some(right), None).await.status, 303, "{right}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_form() {
    let world = World::new().await;
    for body in [
        Vec::new(),
        b"&&&===".to_vec(),
        vec![0; 1000],
        vec![0xff; 16_384],
        b"{}".to_vec(),
        "%".repeat(16_384).into_bytes(),
    ] {
        world.send(request("/authorize", body.clone(), &Browser::default()), NOW).await.assert_ended(400, "no form");
        world.send(request("/authorize/answer", body, &Browser::default()), NOW).await.assert_ended(400, "no form");
    }
    let many = "a=1&".repeat(5000);
    world.send(request("/authorize", many, &Browser::default()), NOW).await.assert_ended(413, "many fields");
    world
        .send(request("/authorize/answer", vec![b'a'; 16_385], &Browser::default()), NOW)
        .await
        .assert_ended(413, "large");
}

#[tokio::test]
async fn claims_of_10_kb_of_nested_json_or_that_are_no_json() {
    let world = World::new().await;
    let deep = [
        format!("{{\"id_token\":{}{}}}", "[".repeat(1600), "]".repeat(1600)),
        format!("{}1{}", "{\"id_token\":".repeat(400), "}".repeat(400)),
        format!(
            "{{\"x\":{}{},\"id_token\":{{\"acr\":{{\"values\":[\"possession\"]}}}}}}",
            "[".repeat(1600),
            "]".repeat(1600)
        ),
        "[".repeat(3300),
    ];
    let shallow = [
        "",
        "null",
        "[]",
        "{}",
        "{",
        "possession",
        r#"{"id_token":null}"#,
        r#"{"id_token":{"acr":{"values":"possession"}}}"#,
        r#"{"id_token":{"acr":{"values":[1]}}}"#,
        r#"{"id_token":{"acr":{"values":["possession"]}},"id_token":{}}"#,
        r#"{"id_token":{"acr":{"values":["possession"],"values":["inherence"]}}}"#,
        r#"{"id_token":{"acr":{"values":["possession"]}}} x"#,
    ];
    for claims in deep {
        let answer = world.ask(&world.form().with("claims", &claims)).await;
        assert!([200, 303].contains(&answer.status), "it crashes nothing: {}", &claims[..80]);
    }
    for claims in shallow {
        let answer = world.ask(&world.form().with("claims", claims)).await;
        assert_eq!(world.error(&answer), "invalid_request", "{claims}");
    }
    assert_eq!(world.error(&world.ask(&world.form().without("claims")).await), "invalid_request");
}

#[tokio::test]
async fn an_acr_that_a_phone_cannot_give() {
    let world = World::new().await;
    for claims in [
        json!({ "id_token": {} }),
        json!({ "id_token": { "acr": null } }),
        json!({ "id_token": { "acr": { "values": [] } } }),
        json!({ "id_token": { "acr": { "values": ["inherence"] } } }),
        json!({ "id_token": { "acr": { "values": ["knowledge", "urn:alliance-mfa:acr:phone"] } } }),
        json!({ "id_token": { "acr": { "values": ["possession"] }, "amr": { "values": ["fido", "face"] } } }),
    ] {
        let answer = world.ask(&world.form().with("claims", &claims.to_string())).await;
        assert_eq!(world.error(&answer), "access_denied", "{claims}");
    }
}

#[tokio::test]
async fn the_form_posted_twice_is_one_login() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let first = world.post("/authorize", &world.form(), &browser, NOW).await;
    browser.keep(&first);
    let again = world.login(&world.form(), &mut browser).await;
    let later = world.post("/authorize", &world.form(), &browser, NOW + std::time::Duration::from_secs(100)).await;
    let (first, later) = (&first.headers["location"], &later.headers["location"]);
    assert!(!later.is_empty() && later.to_str().expect("text").contains(&again.token));
    // The first one drew the cookie; what it says is the same.
    assert_eq!(first, later);
    for (field, value) in [("nonce", "another"), ("id_token_hint", &*world.hint(&json!({ "x": 1 })))] {
        let other = world.login(&world.form().with(field, value), &mut browser).await;
        assert_ne!(other.id(), again.id(), "{field}");
    }
    let other = world.post("/authorize", &world.form().with("state", "another"), &browser, NOW).await;
    assert_ne!(&other.headers["location"], first);
}

#[tokio::test]
async fn a_cookie_is_set_once_and_kept_and_a_bad_one_is_replaced() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let first = world.ask(&world.form()).await;
    let cookie = first.headers["set-cookie"].to_str().expect("text");
    let (pair, attributes) = cookie.split_once("; ").expect("attributes");
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=None");
    assert!(pair.starts_with("__Host-mfa-browser=") && pair.len() == "__Host-mfa-browser=".len() + 22);
    browser.keep(&first);
    let again = world.post("/authorize", &world.form(), &browser, NOW).await;
    assert!(!again.headers.contains_key("set-cookie"));
    let pair = browser.0.expect("a cookie");
    for bad in
        [format!("{pair}; {pair}"), format!("{pair}x"), "__Host-mfa-browser=".to_owned(), pair.replace("__Host-", "")]
    {
        let answer = world.post("/authorize", &world.form(), &Browser(Some(bad.clone())), NOW).await;
        assert!(answer.headers.contains_key("set-cookie"), "{bad}");
    }
}

#[tokio::test]
async fn other_routes_and_methods_are_nothing_here() {
    let world = World::new().await;
    for (method, path) in [
        ("GET", "/authorize"),
        ("HEAD", "/authorize"),
        ("PUT", "/authorize"),
        ("OPTIONS", "/authorize"),
        ("GET", "/authorize/answer"),
        ("POST", "/authorize/"),
        ("POST", "/authorize/answer/"),
        ("POST", "/Authorize"),
        ("POST", "/"),
        ("POST", "//authorize"),
        ("POST", "/authorize%2fanswer"),
    ] {
        let mut request = request(path, world.form().body(), &Browser::default()).with_raw_http_path(path);
        *request.method_mut() = method.parse().expect("a method");
        let answer = world.send(request, NOW).await;
        assert_eq!((answer.status, answer.body.contains("not-found")), (404, true), "{method} {path}");
    }
}

/// Every prefix of the form, and the form with each byte changed: no answer is a login but that of the form itself.
#[tokio::test]
async fn a_form_that_is_cut_or_changed_anywhere_begins_no_login_of_the_same_name() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let whole = world.login(&world.form(), &mut browser).await;
    let body = world.form().body();
    let counted = body.find("&claims").expect("the end of what makes the login's name");
    for at in (0..counted).step_by(7) {
        let mut changed = body.clone().into_bytes();
        changed[at] ^= 1;
        for bytes in [body.as_bytes()[..at].to_vec(), changed] {
            let answer = world.send(request("/authorize", bytes, &browser), NOW).await;
            assert!([200, 303, 400].contains(&answer.status), "{at}: {}", answer.status);
            assert!(
                answer.status != 303 || !answer.headers["location"].to_str().expect("text").contains(&whole.token),
                "{at}"
            );
        }
    }
}

#[tokio::test]
async fn nothing_of_the_request_is_in_the_page_of_ours() {
    let world = World::new().await;
    let script = "\"><script>alert(1)</script>";
    let form = Form(world.form().0.into_iter().map(|(name, _)| (name, script.to_owned())).collect());
    let answer = world.ask(&form).await;
    answer.assert_ended(400, "a script");
    assert!(!answer.body.contains("alert") && answer.body.contains("Example &lt;b&gt;"));
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(
        [
            &answer.headers["cache-control"],
            &answer.headers["referrer-policy"],
            &answer.headers["x-content-type-options"]
        ],
        ["no-store", "no-referrer", "nosniff"]
    );
    let policy = answer.headers["content-security-policy"].to_str().expect("text");
    assert!(
        policy.starts_with("default-src 'none'")
            && policy.contains("frame-ancestors 'none'")
            && policy.contains("form-action 'none'")
            && !policy.contains("unsafe")
    );
    assert!(!answer.body.contains(STATE) && !answer.body.contains(NONCE));
}

#[tokio::test]
async fn both_pages_speak_the_language_of_the_browser() {
    let world = World::new().await;
    for (accepted, tag, words) in [
        ("de-CH, de;q=0.9, en;q=0.8", "de", "beginnen Sie von vorn"),
        ("ar", "ar", "من جديد"),
        ("zh-TW", "zh-Hant", "重新開始"),
        ("tlh, fr;q=0.5", "fr", "recommencez"),
        ("\u{80}", "en", "start again"),
        ("", "en", "start again"),
    ] {
        let mut request = request("/authorize", "", &Browser::default());
        request
            .headers_mut()
            .insert("accept-language", http::HeaderValue::from_bytes(accepted.as_bytes()).expect("a header"));
        let answer = world.send(request, NOW).await;
        assert!(
            answer.body.contains(&format!("<html lang=\"{tag}\"")) && answer.body.contains(words),
            "{accepted}: {}",
            answer.body
        );
        assert_eq!(answer.body.contains("dir=\"rtl\""), tag == "ar");
    }
}
