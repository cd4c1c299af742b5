//! The phone's JSON API for the person holding it: read messages and calls, answer, press keys, hang up,
//! let it ring, have voicemail answer, make the providers fail, and start anew. Also what only the desk offers: the
//! API's timeline, and an end to waiting for a challenge to expire.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::call::{Action, Answerer, Call};
use super::faults::{Change, Faults};
use super::message::{Message, Provider};
use super::receipts::EventType;
use super::{Phone, lock, receipts};
use crate::timeline::Entry;
use crate::{clock, dynamodb};

/// `GET /messages`, oldest first.
pub(crate) async fn messages(State(phone): State<Arc<Phone>>) -> Json<Vec<Message>> {
    Json(phone.shown_messages())
}

/// `GET /calls`, oldest first.
pub(crate) async fn calls(State(phone): State<Arc<Phone>>) -> Json<Vec<Call>> {
    Json(lock(&phone.calls).clone())
}

/// `POST /clear`: the phone forgets all messages, and the calls that are over. The providers don't.
pub(crate) async fn clear(State(phone): State<Arc<Phone>>) -> StatusCode {
    lock(&phone.messages).iter_mut().for_each(|message| message.is_shown = false);
    lock(&phone.calls).retain(|call| !call.status.is_final());
    phone.notify();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Receipt {
    #[serde(rename = "type")]
    kind: EventType,
}

/// `POST /messages/{id}/receipt`: an event of this type arrives now, besides those of the switch.
pub(crate) async fn send_receipt(
    State(phone): State<Arc<Phone>>,
    Path(id): Path<Uuid>,
    Json(receipt): Json<Receipt>,
) -> Response {
    let sent = lock(&phone.messages).iter().find(|message| message.id == id).cloned();
    match sent {
        Some(message) if message.provider == Provider::EndUserMessaging => {
            phone.report(&receipts::event(&message, receipt.kind, clock::epoch_millis())).await;
            StatusCode::NO_CONTENT.into_response()
        }
        Some(_) => problem(StatusCode::CONFLICT, "SNS sends no receipts"),
        None => problem(StatusCode::NOT_FOUND, "no such message"),
    }
}

/// `POST /desk/expire`: running challenges expire now.
pub(crate) async fn expire(State(phone): State<Arc<Phone>>) -> Response {
    match dynamodb::expire_challenges(&phone.http, &phone.dynamodb).await {
        Ok(expired) => Json(json!({ "expired": expired })).into_response(),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error:#}")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
    #[serde(default)]
    after: u64,
}

/// `GET /timeline`: what has changed since the version `after`.
pub(crate) async fn timeline(
    State(phone): State<Arc<Phone>>,
    Query(After { after }): Query<After>,
) -> Json<Vec<Entry>> {
    Json(phone.timeline.after(after))
}

/// `GET /faults`.
pub(crate) async fn faults(State(phone): State<Arc<Phone>>) -> Json<Faults> {
    Json(phone.faults())
}

/// `POST /faults`.
pub(crate) async fn set_faults(State(phone): State<Arc<Phone>>, Json(change): Json<Change>) -> Json<Faults> {
    let faults = {
        let mut faults = lock(&phone.faults);
        *faults = faults.with(&change);
        *faults
    };
    phone.notify();
    Json(faults)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Voicemail {
    answers: bool,
}

/// `POST /voicemail`.
pub(crate) async fn set_voicemail(State(phone): State<Arc<Phone>>, Json(voicemail): Json<Voicemail>) -> StatusCode {
    *lock(&phone.voicemail) = voicemail.answers;
    phone.notify();
    StatusCode::NO_CONTENT
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    #[serde(default, rename = "as")]
    answerer: Answerer,
}

/// `POST /calls/{sid}/answer`, as a human unless told otherwise.
pub(crate) async fn answer(
    State(phone): State<Arc<Phone>>,
    Path(sid): Path<String>,
    answer: Option<Json<Answer>>,
) -> Response {
    let Json(answer) = answer.unwrap_or_default();
    act(&phone, &sid, Action::Answer(answer.answerer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Press {
    key: char,
}

/// `POST /calls/{sid}/press`.
pub(crate) async fn press(
    State(phone): State<Arc<Phone>>,
    Path(sid): Path<String>,
    Json(press): Json<Press>,
) -> Response {
    if !"0123456789*#".contains(press.key) {
        return problem(StatusCode::UNPROCESSABLE_ENTITY, "the keys are 0 to 9, * and #");
    }
    act(&phone, &sid, Action::Press(press.key))
}

/// `POST /calls/{sid}/hangup`.
pub(crate) async fn hang_up(State(phone): State<Arc<Phone>>, Path(sid): Path<String>) -> Response {
    act(&phone, &sid, Action::HangUp)
}

/// `POST /calls/{sid}/ignore`.
pub(crate) async fn ignore(State(phone): State<Arc<Phone>>, Path(sid): Path<String>) -> Response {
    act(&phone, &sid, Action::Ignore)
}

/// Queues the action for the call, hence the 202; `GET /calls` shows the effect.
fn act(phone: &Phone, sid: &str, action: Action) -> Response {
    let handed = phone.update(sid, |call| !call.status.is_final() && call.actions.try_send(action).is_ok());
    match handed {
        Some(true) => StatusCode::ACCEPTED.into_response(),
        Some(false) => problem(StatusCode::CONFLICT, "the call has ended"),
        None => problem(StatusCode::NOT_FOUND, "no such call"),
    }
}

pub(crate) fn problem(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}
