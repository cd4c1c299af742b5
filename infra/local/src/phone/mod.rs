//! The phone: what SNS and the voice provider would reach, seen from both ends. Towards the product
//! it speaks their wire formats; towards you (or a test) it lists messages and calls, and it answers,
//! presses keys, hangs up. One phone takes every number.

mod call;
mod control;
mod faults;
mod line;
mod signature;
mod sms;
mod twiml;
mod voice;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::routing::{get, post};

pub(crate) use signature::sign;

use crate::net;
use call::Call;
use faults::Faults;
use sms::Message;

/// Everything that the phone remembers, since the program started.
pub(crate) struct Phone {
    messages: Mutex<Vec<Message>>,
    calls: Mutex<Vec<Call>>,
    faults: Mutex<Faults>,
    http: reqwest::Client,
}

/// Serves the phone and returns its base URL: SNS endpoint, voice API and control API alike.
pub(crate) async fn start(http: reqwest::Client, port: u16) -> Result<String> {
    let phone = Arc::new(Phone { messages: Mutex::default(), calls: Mutex::default(), faults: Mutex::default(), http });
    net::serve(router(phone), port).await
}

fn router(phone: Arc<Phone>) -> Router {
    Router::new()
        .route("/", post(sms::publish).get(control::page))
        .route("/2010-04-01/Accounts/{account}/Calls.json", post(voice::create_call))
        .route("/messages", get(control::messages))
        .route("/calls", get(control::calls))
        .route("/calls/{sid}/answer", post(control::answer))
        .route("/calls/{sid}/press", post(control::press))
        .route("/calls/{sid}/hangup", post(control::hang_up))
        .route("/calls/{sid}/ignore", post(control::ignore))
        .route("/faults", get(control::faults).post(control::set_faults))
        .with_state(phone)
}

impl Phone {
    fn faults(&self) -> Faults {
        *lock(&self.faults)
    }

    /// Changes what is known of the call `sid`, if there is one.
    fn update<T>(&self, sid: &str, change: impl FnOnce(&mut Call) -> T) -> Option<T> {
        lock(&self.calls).iter_mut().find(|call| call.sid == sid).map(change)
    }
}

/// A poisoned lock only says that another task died: lists of messages and calls stay readable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
