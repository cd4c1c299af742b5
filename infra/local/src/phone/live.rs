//! What the page shows, as server-sent events. Each event carries everything, so that a page that
//! reconnects, or a second one, needs no history.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use serde::Serialize;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};

use super::call::Call;
use super::faults::Faults;
use super::message::Message;
use super::{Phone, lock};

/// As many as a person scrolls through.
const SHOWN: usize = 30;

#[derive(Serialize)]
struct Shown {
    messages: Vec<Message>,
    calls: Vec<Call>,
    faults: Faults,
    voicemail: bool,
    /// Why requests wait or fail now, if the functions are not ready.
    compiler: Option<String>,
    /// The timeline's version: the page fetches what is new to it.
    timeline: u64,
}

/// `GET /live`.
pub(crate) async fn live(State(phone): State<Arc<Phone>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = WatchStream::new(phone.changed.subscribe())
        .merge(WatchStream::from_changes(phone.timeline.changes()))
        .merge(WatchStream::from_changes(phone.compiler.changes()).map(|_| ()));
    let events = changes.map(move |()| {
        // Plain data, so it always serializes.
        Ok(Event::default().json_data(phone.shown()).unwrap_or_default())
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

impl Phone {
    /// What the phone shows, oldest first.
    pub(super) fn shown_messages(&self) -> Vec<Message> {
        lock(&self.messages).iter().filter(|message| message.is_shown).cloned().collect()
    }

    fn shown(&self) -> Shown {
        let calls = last(&lock(&self.calls)).iter().map(|call| Call { webhooks: Vec::new(), ..call.clone() }).collect();
        Shown {
            messages: last(&self.shown_messages()).to_vec(),
            calls,
            faults: self.faults(),
            voicemail: self.voicemail(),
            compiler: self.compiler.word(),
            timeline: self.timeline.version(),
        }
    }
}

fn last<T>(items: &[T]) -> &[T] {
    &items[items.len().saturating_sub(SHOWN)..]
}
