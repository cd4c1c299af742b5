//! A subject and the switches, as administrators see them.

use domain::administration::{Live, Report};
use domain::call::CallState;
use domain::channel::Channel;
use domain::identity::SubjectId;
use domain::switches::{Setting, Switch, Switches};
use domain::time::Timestamp;
use http::{Response, StatusCode};
use lambda_http::Body;
use platform::clock::rfc3339;
use platform::reply;
use serde_json::{Map, Value, json};

#[must_use]
pub fn subject(subject: &SubjectId, report: &Report) -> Response<Body> {
    let body = json!({
        "logName": format!("{subject:?}"),
        "phoneNumber": report.binding.as_ref().map(|binding| binding.number.to_string()),
        "country": report.binding.as_ref().map(|binding| binding.country.as_str()),
        "line": report.binding.as_ref().map(|binding| binding.line.as_str()),
        "failures": report.failures,
        "locked": report.locked,
        "delayedUntil": report.delayed_until.map(rfc3339),
        "reportedAt": report.reported_at.map(rfc3339),
        "blockedUntil": report.blocked_until.map(rfc3339),
        "enrolmentOpenUntil": report.enrolment_open_until.map(rfc3339),
        "sends": report.sends.iter().map(sends).collect::<Map<_, _>>(),
        "challenges": report.challenges.iter().map(challenge).collect::<Vec<_>>(),
    });
    reply::document(StatusCode::OK, "application/json", body.to_string())
}

/// Those that are in force.
#[must_use]
pub fn switches(switches: &Switches, now: Timestamp) -> Response<Body> {
    let switches: Vec<_> = switches.in_force(now).map(switch).collect();
    reply::document(StatusCode::OK, "application/json", json!({ "switches": switches }).to_string())
}

fn switch((switch, setting): (Switch, &Setting)) -> Value {
    let mut shown = json!({
        "switch": switch.to_string(),
        "reason": setting.reason.as_str(),
        "until": rfc3339(setting.until),
        "by": setting.by.as_str(),
        "at": rfc3339(setting.at),
    });
    if let Some(mode) = setting.mode {
        shown["mode"] = json!(mode.as_str());
    }
    shown
}

fn sends((channel, short, long): &(Channel, usize, usize)) -> (String, Value) {
    (channel.as_str().to_owned(), json!({ "last10Minutes": short, "last24Hours": long }))
}

fn challenge(live: &Live) -> Value {
    json!({
        "state": live.state.as_str(),
        "phoneNumber": live.phone.to_string(),
        "createdAt": rfc3339(live.created_at),
        "expiresAt": rfc3339(live.expires_at),
        "attemptsLeft": live.attempts_left,
        "call": live.call.map(CallState::as_str),
        "contested": live.contested,
    })
}
