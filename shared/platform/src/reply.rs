//! Rendering responses.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use domain::call::CallState;
use domain::challenge::Delivery;
use domain::change::Step;
use domain::status::{ChannelStatus, State, Status, Unavailable};
use domain::time::Timestamp;
use http::{HeaderValue, Response, StatusCode, header};
use lambda_http::Body;
use serde_json::{Value, json};

/// How often a page should ask for news, in seconds.
const POLL_SECONDS: u16 = 2;

/// A time as RFC 3339 in UTC.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    let at = DateTime::from_secs(i64::try_from(at.as_unix()).unwrap_or(i64::MAX));
    at.fmt(Format::DateTime).unwrap_or_default()
}

/// A response that nobody may keep.
#[must_use]
pub fn document(status: StatusCode, media_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The challenge as the page sees it.
#[must_use]
pub fn challenge(
    status: StatusCode,
    view: &Status,
    result_token: Option<String>,
    support_url: Option<&str>,
) -> Response<Body> {
    let mut body = json!({
        "state": state(view.state),
        "phoneNumber": view.phone.as_ref().map(ToString::to_string),
        "canChangeNumber": view.can_change_number,
        "expiresAt": view.expires_at.map(rfc3339),
        "attemptsLeft": view.attempts_left,
        "retryAt": view.retry_at.map(rfc3339),
        "channels": { "sms": channel(&view.sms), "call": channel(&view.call_channel) },
        "call": view.call.map(call),
        "matchDigits": view.match_digits.map(|digits| digits.expose().to_string()),
        "contested": view.contested,
        "offerAlternative": view.offer_alternative,
    });
    if let Some(at) = view.change {
        body["change"] = Value::String(step(at).to_owned());
    }
    if let Some(token) = result_token {
        body["resultToken"] = Value::String(token);
    }
    if let Some(url) = support_url {
        body["supportUrl"] = Value::String(url.to_owned());
    }
    let mut response = document(status, "application/json", body.to_string());
    if view.state == State::Pending {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(POLL_SECONDS));
    }
    response
}

fn channel(channel: &ChannelStatus) -> Value {
    json!({
        "available": channel.unavailable.is_none(),
        "reason": channel.unavailable.map(reason),
        "nextSendAt": channel.next_send_at.map(rfc3339),
        "sendsLeft": channel.sends_left,
        "lastSend": channel.last_send.map(delivery),
    })
}

/// A state's word.
#[must_use]
pub const fn state(state: State) -> &'static str {
    match state {
        State::None => "none",
        State::Pending => "pending",
        State::Approved => "approved",
        State::Denied => "denied",
        State::Expired => "expired",
        State::Exhausted => "exhausted",
        State::Locked => "locked",
        State::Blocked => "blocked",
    }
}

const fn step(step: Step) -> &'static str {
    match step {
        Step::CurrentNumber => "current-number",
        Step::NewNumber => "new-number",
        Step::Changed => "changed",
    }
}

const fn reason(reason: Unavailable) -> &'static str {
    match reason {
        Unavailable::Cooldown => "cooldown",
        Unavailable::SendLimit => "send-limit",
        Unavailable::Closed => "closed",
        Unavailable::Locked => "locked",
        Unavailable::Blocked => "blocked",
        Unavailable::Disabled => "disabled",
        Unavailable::Unreachable => "unreachable",
    }
}

const fn delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Accepted => "accepted",
        Delivery::Failed => "failed",
        Delivery::Unknown => "unknown",
    }
}

/// A call's word.
#[must_use]
pub const fn call(call: CallState) -> &'static str {
    match call {
        CallState::Calling => "calling",
        CallState::Ringing => "ringing",
        CallState::Answered => "answered",
        CallState::Voicemail => "voicemail",
        CallState::NoAnswer => "no-answer",
        CallState::Busy => "busy",
        CallState::Failed => "failed",
        CallState::Ended => "ended",
    }
}
