//! Attacks on a deployment with a trusted edge: going around it, and posing as it.

use http::HeaderName;
use platform::edge::{SECRET_HEADER, VIEWER_HEADER};
use serde_json::{Value, json};

use super::{ADDRESS, Attack, Tally};
use crate::api::{Api, EdgeSecrets, Login, request};

const SECRET: &str = "the-edge-and-nobody-else-knows-this";
const PREVIOUS: &str = "what-the-edge-sent-until-an-hour-ago";

async fn behind_edge() -> Api {
    let secrets = EdgeSecrets::default();
    secrets.put(Some(json!({ "current": SECRET, "previous": PREVIOUS })));
    Api::new().await.behind_edge(&secrets)
}

/// The requests of a login, with these headers.
fn requests(login: &Login, code: &str, headers: &[(&str, &str)]) -> [lambda_http::Request; 3] {
    let code = json!({ "code": code }).to_string();
    [
        ("POST", "/v1/challenge", Some(r#"{"channel":"sms"}"#)),
        ("GET", "/v1/challenge", None),
        ("POST", "/v1/challenge/code", Some(&*code)),
    ]
    .map(|(method, path, body)| {
        let mut request = login.request(method, path, body);
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            request.headers_mut().append(name, value.parse().expect("a value"));
        }
        request
    })
}

/// Straight to the API, with whatever one may guess of the edge. Not even the right code is looked at.
pub(super) async fn going_around_the_edge() -> Tally {
    let (mut attack, login) = (Attack::on(behind_edge().await), Login::known());
    let [start, ..] = requests(&login, "", &[(SECRET_HEADER, SECRET), (VIEWER_HEADER, "198.51.100.7:46532")]);
    assert_eq!(attack.api.send(start).await.status, 201);
    attack.begins();
    let (code, before) = (attack.api.phone.last_code(), attack.api.backend.items("").await);
    let both = format!("{SECRET},{SECRET}");
    let upper = SECRET.to_uppercase();
    for headers in [
        &[][..],
        &[(VIEWER_HEADER, "198.51.100.7:46532")],
        &[(SECRET_HEADER, "")],
        &[(SECRET_HEADER, "null")],
        &[(SECRET_HEADER, &SECRET[1..])],
        &[(SECRET_HEADER, &upper)],
        &[(SECRET_HEADER, &both)],
        &[(SECRET_HEADER, SECRET), (SECRET_HEADER, SECRET)],
        &[(SECRET_HEADER, "guess"), ("X-ORIGIN-VERIFY", SECRET)],
        &[("x-origin-verify-", SECRET)],
        &[("x-origin_verify", SECRET)],
        &[("authorization", SECRET)],
        &[(SECRET_HEADER, "guess"), (VIEWER_HEADER, "198.51.100.7:46532")],
    ] {
        for attempt in requests(&login, &code, headers) {
            let answer = attack.tries(attempt).await;
            assert_eq!((answer.status, answer.problem()), (403, "edge-required"), "{headers:?}");
            assert!(!answer.text.contains("x-origin") && !answer.text.contains(SECRET), "{}", answer.text);
        }
    }
    assert_eq!(attack.api.backend.items("").await, before, "nothing is counted");
    attack.ends()
}

/// Sends to a new number each time, from the addresses that `place` puts into the request.
async fn to_many_numbers(mut attack: Attack, place: impl Fn(&mut Value, u32)) -> Tally {
    attack.api.start.settings.rules.policy.unverified.enforced = false;
    for index in 0..25_u32 {
        let mut login = Login::newcomer();
        login.claims["sub"] = json!(format!("spoofer-{index}"));
        let body = json!({ "channel": "sms", "phoneNumber": format!("+1415{}1234", 200 + index) });
        let mut event = login.event("POST", "/v1/challenge", Some(&body.to_string()));
        place(&mut event, index);
        let expected = if index < 20 { 201 } else { 429 }; // what one network gets
        assert_eq!(attack.tries(request(&event)).await.status, expected, "{index}");
    }
    attack.ends()
}

/// Where no edge is trusted, its headers mean nothing.
pub(super) async fn posing_as_the_edge_where_there_is_none() -> Tally {
    let pose = |event: &mut Value, index| {
        event["headers"][VIEWER_HEADER] = json!(format!("198.51.100.{index}:46532"));
        event["headers"][SECRET_HEADER] = json!(SECRET);
    };
    to_many_numbers(Attack::new().await, pose).await
}

/// Through the edge, which overwrites its own two headers. It has many addresses, and a client can send any other header.
pub(super) async fn spoofing_an_address_through_the_edge() -> Tally {
    let through_the_edge = |event: &mut Value, index| {
        for header in ["x-forwarded-for", "x-real-ip", "true-client-ip", "forwarded", "x-viewer-address"] {
            event["headers"][header] = json!(format!("198.51.100.{index}"));
        }
        event["headers"][SECRET_HEADER] = json!(SECRET);
        event["headers"][VIEWER_HEADER] = json!(format!("{ADDRESS}:{}", 40_000 + index));
        event["requestContext"]["http"]["sourceIp"] = json!(format!("130.176.0.{index}"));
    };
    to_many_numbers(Attack::on(behind_edge().await), through_the_edge).await
}

/// An edge that appends to the client's header instead of overwriting it, or sends none: nobody gets a network of
/// their choice, and the edge's own address never counts as everybody's.
pub(super) async fn viewer_address_that_the_edge_did_not_write() -> Tally {
    let (mut attack, login) = (Attack::on(behind_edge().await), Login::known());
    for addresses in [
        &[][..],
        &[""],
        &["unknown"],
        &["198.51.100.7"],
        &["198.51.100.7:46532,203.0.113.7:46532"],
        &["198.51.100.7:46532", "203.0.113.7:46532"],
    ] {
        let mut headers = vec![(SECRET_HEADER, SECRET)];
        headers.extend(addresses.iter().map(|address| (VIEWER_HEADER, *address)));
        let [start, ..] = requests(&login, "", &headers);
        let answer = attack.tries(start).await;
        assert_eq!((answer.status, answer.problem()), (503, "temporarily-unavailable"), "{addresses:?}");
    }
    assert_eq!(attack.api.backend.stored().await.len(), 0);
    attack.ends()
}

/// A value of the edge's secret that was replaced, an hour after it was.
pub(super) async fn an_old_secret_of_the_edge() -> Tally {
    let secrets = EdgeSecrets::default();
    secrets.put(Some(json!({ "current": PREVIOUS })));
    let (mut attack, login) = (Attack::on(Api::new().await.behind_edge(&secrets)), Login::known());
    let viewer = (VIEWER_HEADER, "203.0.113.7:46532");
    let [_, status, _] = requests(&login, "", &[(SECRET_HEADER, PREVIOUS), viewer]);
    assert_eq!(attack.api.send(status).await.status, 200);
    secrets.put(Some(json!({ "current": SECRET })));
    attack.api.pass(3600);
    let login = login.at(attack.api.now);
    for attempt in requests(&login, "123456", &[(SECRET_HEADER, PREVIOUS), viewer]) {
        assert_eq!(attack.tries(attempt).await.problem(), "edge-required");
    }
    attack.ends()
}

/// Without the secret, which cannot be read, nobody is let in.
pub(super) async fn waiting_until_the_secret_cannot_be_read() -> Tally {
    let (mut attack, login) = (Attack::on(Api::new().await.behind_edge(&EdgeSecrets::default())), Login::known());
    for headers in [&[][..], &[(SECRET_HEADER, "")], &[(SECRET_HEADER, SECRET)]] {
        for attempt in requests(&login, "123456", headers) {
            assert_eq!(attack.tries(attempt).await.status, 503, "{headers:?}");
        }
    }
    attack.ends()
}
