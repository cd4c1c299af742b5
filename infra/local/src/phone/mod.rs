//! The phone, together with SNS, End User Messaging and the voice provider in front of it. To the product it is those
//! three services, with their wire formats. To you, or a test, it is a phone that lists messages and calls,
//! answers, presses keys and hangs up. It has every number. Its page shows it beside a hosted login.

mod backend;
mod call;
mod charge;
mod cognito;
mod control;
mod doors;
mod end_user_messaging;
mod faults;
mod guard;
mod line;
mod live;
mod message;
mod page;
mod receipts;
mod signature;
mod sms;
mod twiml;
mod voice;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, middleware};
use tokio::sync::watch;

pub(crate) use signature::sign;

use crate::compiler::Compiler;
use crate::net;
use crate::timeline::Timeline;
use backend::Backend;
use call::Call;
use faults::Faults;
use message::Message;

pub(crate) struct Phone {
    messages: Mutex<Vec<Message>>,
    calls: Mutex<Vec<Call>>,
    faults: Mutex<Faults>,
    /// Whether voicemail answers the calls that nobody else does.
    voicemail: Mutex<bool>,
    /// Notified after each change of the above.
    changed: watch::Sender<()>,
    backend: Backend,
    /// The logins through Cognito that wait for their result, by their state.
    sessions: Mutex<HashMap<String, cognito::Session>>,
    entra: String,
    dynamodb: String,
    compiler: Compiler,
    timeline: Timeline,
    /// Where functions are invoked.
    functions: String,
    port: u16,
    http: reqwest::Client,
}

/// What the phone's page needs of the rest of the stack: where each part is, and what it shows of them.
#[derive(Default)]
pub(crate) struct Surroundings {
    pub(crate) issuer: String,
    pub(crate) gateway: String,
    pub(crate) entra: String,
    pub(crate) dynamodb: String,
    pub(crate) functions: String,
    pub(crate) compiler: Compiler,
    pub(crate) timeline: Timeline,
}

/// Serves the phone and returns its base URL, which is also that of SNS, End User Messaging, the voice API, the phone's
/// own API and its page.
pub(crate) async fn start(http: reqwest::Client, port: u16, surroundings: Surroundings) -> Result<String> {
    let Surroundings { issuer, gateway, entra, dynamodb, functions, compiler, timeline } = surroundings;
    let (listener, address) = net::listen(port).await?;
    let phone = Phone {
        messages: Mutex::default(),
        calls: Mutex::default(),
        faults: Mutex::default(),
        voicemail: Mutex::default(),
        changed: watch::Sender::default(),
        backend: Backend::new(http.clone(), issuer, gateway),
        sessions: Mutex::default(),
        entra,
        dynamodb,
        compiler,
        timeline,
        functions,
        port: address.port(),
        http,
    };
    Ok(net::serve_on(listener, address, router(Arc::new(phone))))
}

fn router(phone: Arc<Phone>) -> Router {
    Router::new()
        .route("/", post(aws).get(page::index))
        .route("/signed-in", get(page::signed_in))
        .route("/page/{file}", get(page::file))
        .route("/live", get(live::live))
        .route("/desk", get(backend::desk))
        .route("/desk/sign-in", post(backend::sign_in))
        .route("/desk/result", post(backend::result))
        .route("/desk/entra", post(doors::entra))
        .route("/desk/cognito", post(doors::cognito))
        .route("/desk/cognito/result", post(doors::cognito_result))
        .route("/desk/expire", post(control::expire))
        .route("/timeline", get(control::timeline))
        .route("/2010-04-01/Accounts/{account}/Calls.json", post(voice::create_call))
        .route("/messages", get(control::messages))
        .route("/calls", get(control::calls))
        .route("/messages/{id}/receipt", post(control::send_receipt))
        .route("/clear", post(control::clear))
        .route("/calls/{sid}/answer", post(control::answer))
        .route("/calls/{sid}/press", post(control::press))
        .route("/calls/{sid}/hangup", post(control::hang_up))
        .route("/calls/{sid}/ignore", post(control::ignore))
        .route("/faults", get(control::faults).post(control::set_faults))
        .route("/voicemail", post(control::set_voicemail))
        .layer(middleware::from_fn_with_state(Arc::clone(&phone), guard::admit))
        .with_state(phone)
}

/// `POST /`: of the two, only End User Messaging names its operation in a header.
async fn aws(State(phone): State<Arc<Phone>>, headers: HeaderMap, body: String) -> Response {
    if headers.contains_key(end_user_messaging::TARGET) {
        end_user_messaging::answer(phone, &headers, &body).await
    } else {
        sms::publish(phone, &body).await
    }
}

impl Phone {
    fn faults(&self) -> Faults {
        *lock(&self.faults)
    }

    fn voicemail(&self) -> bool {
        *lock(&self.voicemail)
    }

    /// Changes the call `sid`, if there is one.
    fn update<T>(&self, sid: &str, change: impl FnOnce(&mut Call) -> T) -> Option<T> {
        let changed = lock(&self.calls).iter_mut().find(|call| call.sid == sid).map(change);
        self.notify();
        changed
    }

    /// Updates every open page.
    fn notify(&self) {
        self.changed.send_replace(());
    }
}

/// A poisoned lock only means that another task panicked: the data is still usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
