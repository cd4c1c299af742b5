//! The latest requests that reached the API, and the webhooks among them: what was sent, what came back, and how long
//! it took. It exists in this program's memory only, and whoever reads it can send a request again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

/// As many as a person scrolls through.
const KEPT: usize = 150;

/// A request and its answer.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Exchange {
    pub(crate) route: &'static str,
    pub(crate) method: String,
    pub(crate) url: String,
    /// Those that it takes to send the request again.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) status: u16,
    pub(crate) answer: String,
    /// The first time, if it is repeated.
    pub(crate) at_millis: u64,
    pub(crate) elapsed_millis: u64,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    id: u64,
    /// Grows with every change of any entry.
    version: u64,
    /// How often the request was sent one after another with the same result, as a page does that waits.
    times: u64,
    #[serde(flatten)]
    last: Exchange,
}

#[derive(Default)]
struct Entries {
    version: u64,
    list: VecDeque<Entry>,
}

#[derive(Clone, Default)]
pub(crate) struct Timeline {
    entries: Arc<Mutex<Entries>>,
    changed: watch::Sender<()>,
}

impl Timeline {
    pub(crate) fn record(&self, exchange: Exchange) {
        {
            let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            entries.add(exchange);
        }
        self.changed.send_replace(());
    }

    /// What has changed since `version`, oldest first.
    pub(crate) fn after(&self, version: u64) -> Vec<Entry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.list.iter().filter(|entry| entry.version > version).cloned().collect()
    }

    pub(crate) fn version(&self) -> u64 {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).version
    }

    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

impl Entries {
    fn add(&mut self, exchange: Exchange) {
        self.version += 1;
        let version = self.version;
        // The latest of the same caller: polls of two logins alternate.
        let before = self.list.iter_mut().rev().find(|entry| entry.last.headers == exchange.headers);
        match before.filter(|before| before.last.is_repeated_by(&exchange)) {
            Some(before) => {
                let last = Exchange { at_millis: before.last.at_millis, ..exchange };
                *before = Entry { id: before.id, version, times: before.times + 1, last };
            }
            None => self.list.push_back(Entry { id: version, version, times: 1, last: exchange }),
        }
        if self.list.len() > KEPT {
            self.list.pop_front();
        }
    }
}

impl Exchange {
    /// Whether `next` asked and learned the same again.
    fn is_repeated_by(&self, next: &Self) -> bool {
        let same = |of: for<'a> fn(&'a Self) -> &'a str| of(self) == of(next);
        self.method == "GET"
            && self.status == next.status
            && same(|one| &one.method)
            && same(|one| &one.url)
            && same(|one| &one.answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(method: &str, caller: &str, answer: &str) -> Exchange {
        Exchange {
            route: "GET /v1/challenge",
            method: method.to_owned(),
            url: "http://127.0.0.1:1/v1/challenge".to_owned(),
            headers: vec![("authorization".to_owned(), caller.to_owned())],
            body: String::new(),
            status: 200,
            answer: answer.to_owned(),
            at_millis: 1,
            elapsed_millis: 2,
        }
    }

    fn counts(timeline: &Timeline, after: u64) -> Vec<(String, u64)> {
        timeline.after(after).into_iter().map(|entry| (entry.last.answer, entry.times)).collect()
    }

    #[test]
    fn polls_with_the_same_answer_are_one_entry_even_if_two_logins_alternate() {
        let timeline = Timeline::default();
        for caller in ["alice", "bob", "alice", "bob", "alice"] {
            timeline.record(exchange("GET", caller, caller));
        }
        timeline.record(exchange("GET", "alice", "approved"));
        assert_eq!(counts(&timeline, 0), [("alice".into(), 3), ("bob".into(), 2), ("approved".into(), 1)]);
    }

    #[test]
    fn what_changes_something_is_listed_each_time() {
        let timeline = Timeline::default();
        timeline.record(exchange("POST", "alice", "pending"));
        timeline.record(exchange("POST", "alice", "pending"));
        assert_eq!(counts(&timeline, 0).len(), 2);
    }

    #[test]
    fn a_page_gets_only_what_is_new_to_it_and_old_entries_go() {
        let timeline = Timeline::default();
        timeline.record(exchange("GET", "alice", "none"));
        timeline.record(exchange("POST", "alice", "pending"));
        let seen = timeline.version();
        assert!(timeline.after(seen).is_empty());
        for number in 0..2 * KEPT {
            timeline.record(exchange("GET", "alice", &number.to_string()));
        }
        assert_eq!(timeline.after(seen).len(), KEPT);
    }
}
