//! What users of other phone factors complain about, shown not to happen here.
//!
//! In [`crate::journeys`]: a reload or a double click that sends another message; a resend that invalidates
//! a code still on its way; a failed send after which the page asks for a code; a block that gives neither
//! reason nor time. In [`crate::attacks`]: a stranger who uses up the limit of somebody's number. The others
//! are here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::channel::Channel;
use domain::phone::{Country, Reach};
use platform::settings::{self, Environment};
use serde_json::{Value, json};

use crate::api::{Api, Login, request};

fn from(login: &Login, address: &str, path: &str, body: &Value) -> lambda_http::Request {
    let mut event = crate::api::event("POST", path, Some(&body.to_string()), "application/json");
    event["requestContext"]["http"]["sourceIp"] = json!(address);
    event["requestContext"]["authorizer"]["jwt"] = json!({ "claims": login.claims, "scopes": null });
    request(&event)
}

#[tokio::test]
async fn a_challenge_survives_a_change_of_network() {
    let (api, login) = (Api::new().await, Login::known());
    let started = api.send(from(&login, "203.0.113.7", "/v1/challenge", &json!({ "channel": "sms" }))).await;
    assert_eq!(started.status, 201);
    let code = json!({ "code": api.phone.last_code() });
    let approved = api.send(from(&login, "2001:db8::7", "/v1/challenge/code", &code)).await;
    assert_eq!((approved.status, &approved.json["state"]), (200, &json!("approved")));
}

#[tokio::test]
async fn the_page_offers_exactly_the_channels_configured_for_a_country() {
    let mut api = Api::new().await;
    let only = |channel| BTreeSet::from([channel]);
    let table = [("US", only(Channel::Call)), ("GB", only(Channel::Sms))];
    let table: BTreeMap<_, _> =
        table.into_iter().map(|(code, by)| (Country::parse(code).expect("a country"), by)).collect();
    api.start.settings.rules.reach = Reach::new(table.clone());
    api.get.settings.rules.reach = Reach::new(table);
    let login = Login::newcomer();
    for (number, channel, status) in [
        ("+14155552671", "sms", 409),
        ("+14155552671", "call", 201),
        ("+447400123456", "call", 409),
        ("+4915123456789", "sms", 422),
    ] {
        let answer = api.post(&login, json!({ "channel": channel, "phoneNumber": number })).await;
        assert_eq!(answer.status, status, "{number} by {channel}: {}", answer.text);
    }
    let channels = &api.status(&login).await.json["channels"];
    assert_eq!((&channels["sms"]["available"], &channels["sms"]["reason"]), (&json!(false), &json!("unreachable")));
}

#[tokio::test]
async fn a_number_has_a_daily_limit_whoever_asks() {
    let (mut api, mut sent) = (Api::new().await, 0);
    for hour in 0..20_u64 {
        let mut login = Login::known().again(&format!("login-{hour}"));
        let now = api.now.as_unix();
        login.claims["sub"] = json!(format!("one-of-five-{}", hour % 5));
        (login.claims["auth_time"], login.claims["exp"]) = (json!(now.to_string()), json!((now + 900).to_string()));
        let answer = api.post(&login, json!({ "channel": "sms" })).await;
        sent += usize::from(answer.status == 201);
        assert!(answer.status == 201 || answer.json["limit"] == "number-long", "{}", answer.text);
        api.pass(1800);
    }
    assert_eq!(sent, 10);
}

#[test]
fn a_durations_name_has_its_unit_and_a_value_in_the_wrong_unit_is_refused() {
    let policy = |seconds: &str| Environment::from_iter([("CODE_LIFE_SECONDS", seconds)]).read(settings::policy);
    assert_eq!(policy("300").expect("five minutes").code_life, Duration::from_mins(5));
    let refused = policy("300000").expect_err("milliseconds").to_string();
    assert_eq!(refused, "configuration: CODE_LIFE_SECONDS must be a whole number from 1 to 600");
}
