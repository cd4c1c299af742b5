//! Rendering responses.

use domain::call::{CallState, FraudReport};
use domain::change::Step;
use domain::status::{ChannelStatus, LastSend, Status, Unavailable};
use domain::time::Timestamp;
use http::{HeaderValue, Response, StatusCode, header};
use lambda_http::Body;
use serde::{Serialize, Serializer};

use crate::clock::rfc3339;

/// A response that must not be cached.
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
    let body = View {
        state: view.state.as_str(),
        phone_number: view.phone.as_ref().map(ToString::to_string),
        can_change_number: view.can_change_number,
        expires_at: view.expires_at.map(Time),
        attempts_left: view.attempts_left,
        retry_at: view.retry_at.map(Time),
        channels: Channels { sms: channel(&view.sms), call: channel(&view.call_channel) },
        call: view.call.map(CallState::as_str),
        fraud_report: view.report.map(FraudReport::as_str),
        match_digits: view.match_digits.map(domain::code::MatchDigits::expose),
        contested: view.contested,
        enrolment_paused_until: view.enrolment_paused_until.map(Time),
        offer_alternative: view.offer_alternative,
        poll_after_ms: view.poll_after.map(|after| after.as_millis()),
        change: view.change.map(Step::as_str),
        result_token,
        support_url,
    };
    // Only strings, numbers and booleans, so this cannot fail.
    let body = serde_json::to_string(&body).unwrap_or_default();
    let mut response = document(status, "application/json", body);
    if let Some(after) = view.poll_after {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'a> {
    state: &'static str,
    phone_number: Option<String>,
    can_change_number: bool,
    expires_at: Option<Time>,
    attempts_left: Option<u32>,
    retry_at: Option<Time>,
    channels: Channels,
    call: Option<&'static str>,
    fraud_report: Option<&'static str>,
    match_digits: Option<String>,
    contested: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolment_paused_until: Option<Time>,
    offer_alternative: bool,
    poll_after_ms: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    support_url: Option<&'a str>,
}

#[derive(Serialize)]
struct Channels {
    sms: ChannelView,
    call: ChannelView,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelView {
    available: bool,
    reason: Option<&'static str>,
    next_send_at: Option<Time>,
    sends_left: usize,
    last_send: Option<&'static str>,
}

fn channel(channel: &ChannelStatus) -> ChannelView {
    ChannelView {
        available: channel.unavailable.is_none(),
        reason: channel.unavailable.map(Unavailable::as_str),
        next_send_at: channel.next_send_at.map(Time),
        sends_left: channel.sends_left,
        last_send: channel.last_send.map(LastSend::as_str),
    }
}

/// A time as the API writes it.
struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0))
    }
}
