//! A subject as its administrator sees it.

use domain::administration::{Live, Report};
use domain::channel::Channel;
use domain::identity::SubjectId;
use http::{Response, StatusCode};
use lambda_http::Body;
use platform::reply::{self, rfc3339};
use serde_json::{Map, Value, json};

pub(crate) fn subject(subject: &SubjectId, report: &Report) -> Response<Body> {
    let body = json!({
        "logName": format!("{subject:?}"),
        "phoneNumber": report.phone.as_ref().map(ToString::to_string),
        "failures": report.failures,
        "locked": report.locked,
        "delayedUntil": report.delayed_until.map(rfc3339),
        "blockedUntil": report.blocked_until.map(rfc3339),
        "sends": report.sends.iter().map(sends).collect::<Map<_, _>>(),
        "challenges": report.challenges.iter().map(challenge).collect::<Vec<_>>(),
    });
    reply::document(StatusCode::OK, "application/json", body.to_string())
}

fn sends((channel, short, long): &(Channel, usize, usize)) -> (String, Value) {
    (channel.as_str().to_owned(), json!({ "last10Minutes": short, "last24Hours": long }))
}

fn challenge(live: &Live) -> Value {
    json!({
        "state": reply::state(live.state),
        "phoneNumber": live.phone.to_string(),
        "createdAt": rfc3339(live.created_at),
        "expiresAt": rfc3339(live.expires_at),
        "attemptsLeft": live.attempts_left,
        "call": live.call.map(reply::call),
        "contested": live.contested,
    })
}
