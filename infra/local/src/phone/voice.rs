//! The voice provider's REST API: `POST /2010-04-01/Accounts/{sid}/Calls.json` orders a call, which then
//! runs on its own. Parameters, response and errors are Twilio's.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::call::Call;
use super::faults::{VoiceFault, silence};
use super::line::{Line, Order};
use super::signature::Form;
use super::{Phone, lock};
use crate::clock;
use crate::development::{VOICE_ACCOUNT, VOICE_API_KEY, VOICE_API_SECRET, VOICE_AUTH_TOKEN};

/// More key presses than a user can queue; if the queue is full, the call has ended.
const ACTIONS: usize = 64;

/// `POST /2010-04-01/Accounts/{account}/Calls.json`.
pub(crate) async fn create_call(
    State(phone): State<Arc<Phone>>,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    if account != VOICE_ACCOUNT || !is_authenticated(&headers) {
        return refuse(StatusCode::UNAUTHORIZED, 20003, "Authenticate");
    }
    let fault = phone.faults().voice;
    match fault {
        VoiceFault::Internal => {
            return refuse(StatusCode::INTERNAL_SERVER_ERROR, 20500, "Internal Server Error");
        }
        VoiceFault::Throttle => {
            return refuse(StatusCode::TOO_MANY_REQUESTS, 20429, "Too Many Requests");
        }
        VoiceFault::None | VoiceFault::Busy | VoiceFault::Failed | VoiceFault::Timeout => {}
    }
    let order = match order(&body) {
        Ok(order) => order,
        Err((code, message)) => return refuse(StatusCode::BAD_REQUEST, code, &message),
    };
    let answer = json!({
        "sid": order.sid,
        "account_sid": VOICE_ACCOUNT,
        "api_version": "2010-04-01",
        "date_created": clock::rfc2822(),
        "direction": "outbound-api",
        "from": order.from,
        "to": order.to,
        "status": "queued",
        "uri": format!("/2010-04-01/Accounts/{VOICE_ACCOUNT}/Calls/{}.json", order.sid),
    });
    place(phone, order, fault);
    if fault == VoiceFault::Timeout {
        silence().await;
    }
    (StatusCode::CREATED, Json(answer)).into_response()
}

fn place(phone: Arc<Phone>, order: Order, fault: VoiceFault) {
    let (sender, actions) = mpsc::channel(ACTIONS);
    let call = Call::queued(order.sid.clone(), order.to.clone(), order.from.clone(), sender);
    lock(&phone.calls).push(call);
    phone.notify();
    tokio::spawn(Line::new(phone, order, actions).live(fault));
}

/// Basic authentication by API key, or by the account itself.
fn is_authenticated(headers: &HeaderMap) -> bool {
    let accepted = [(VOICE_API_KEY, VOICE_API_SECRET), (VOICE_ACCOUNT, VOICE_AUTH_TOKEN)];
    headers.get(AUTHORIZATION).is_some_and(|given| {
        accepted
            .iter()
            .any(|(user, password)| *given == format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
    })
}

fn order(body: &str) -> Result<Order, (u32, String)> {
    let form: Form = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let find = |name: &str| form.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
    let need = |name: &str, code| find(name).map(str::to_owned).ok_or((code, format!("No '{name}' is specified")));
    let seconds = |name: &str, default| match find(name) {
        Some(value) => value.parse().map(Duration::from_secs).map_err(|_| (21220, format!("Invalid {name}"))),
        None => Ok(Duration::from_secs(default)),
    };
    let url = need("Url", 21205)?;
    reqwest::Url::parse(&url).map_err(|_| (21205, format!("Url is not a valid URL: {url}")))?;
    Ok(Order {
        sid: format!("CA{}", Uuid::new_v4().simple()),
        to: need("To", 21201)?,
        from: need("From", 21213)?,
        url,
        status_callback: find("StatusCallback").map(str::to_owned),
        events: events(&form),
        timeout: seconds("Timeout", 60)?,
        time_limit: seconds("TimeLimit", 14400)?,
        detects_machines: matches!(find("MachineDetection"), Some("Enable" | "DetectMessageEnd")),
    })
}

/// The subscribed events; by default only the last one, as at the provider.
fn events(form: &Form) -> Vec<String> {
    let named: Vec<String> =
        form.iter().filter(|(name, _)| name == "StatusCallbackEvent").map(|(_, value)| value.clone()).collect();
    if named.is_empty() { vec!["completed".to_owned()] } else { named }
}

fn refuse(status: StatusCode, code: u32, message: &str) -> Response {
    let body = json!({
        "code": code,
        "message": message,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status.as_u16(),
    });
    (status, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_needs_a_callee_a_caller_and_a_script() {
        let whole = "To=%2B14155552671&From=%2B14155552600&Url=http%3A%2F%2F127.0.0.1%2Fanswer&Timeout=20\
                     &StatusCallbackEvent=ringing&StatusCallbackEvent=completed&MachineDetection=Enable";
        let placed = order(whole).unwrap();
        assert_eq!(placed.timeout, Duration::from_secs(20));
        assert_eq!(placed.events, ["ringing", "completed"]);
        assert!(placed.detects_machines);

        for (missing, code) in [("To", 21201), ("From", 21213), ("Url", 21205)] {
            let body = whole.replace(&format!("{missing}="), "Other=");
            assert_eq!(order(&body).err().unwrap().0, code, "{missing}");
        }
    }
}
