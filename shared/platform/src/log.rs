//! Log lines: one JSON object per event, like Lambda's own JSON format, with the request's id.
//!
//! Own code, since `tracing-subscriber` with JSON took a tenth of a request's instructions (measured 2026-11-25): it
//! writes the request's span as text, then parses and writes it again for each line. A function handles one request
//! at a time, so the request's id is all that a line needs from a span.

use std::error::Error;
use std::fmt::{Arguments, Debug};
use std::io::Write;

use serde::ser::{SerializeMap as _, Serializer as _};
use serde_json::Serializer;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::clock;
use crate::invocation::{self, Invocation};

/// Writes each event as a whole line: from our own crates at the configured level, from all others only warnings and
/// errors. Some of those log whole requests at `trace`, and a request holds the code.
pub(crate) struct Lines<O> {
    pub(crate) ours: &'static [&'static str],
    pub(crate) level: Level,
    pub(crate) out: O,
}

/// Most lines are shorter than this.
const USUAL: usize = 384;

impl<O, W> Subscriber for Lines<O>
where
    O: Fn() -> W + Send + Sync + 'static,
    W: Write,
{
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let name = metadata.target().split("::").next().unwrap_or_default();
        let level = if self.ours.contains(&name) { self.level } else { Level::WARN };
        metadata.is_event() && *metadata.level() <= level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::from_level(self.level.max(Level::WARN)))
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Vec::with_capacity(USUAL);
        if write(&mut line, event).is_ok() {
            line.push(b'\n');
            // Where standard output is gone, there is nowhere to report it.
            let _ = (self.out)().write_all(&line);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn write(line: &mut Vec<u8>, event: &Event<'_>) -> serde_json::Result<()> {
    let mut serializer = Serializer::new(line);
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("timestamp", &clock::rfc3339_millis())?;
    map.serialize_entry("level", event.metadata().level().as_str())?;
    invocation::current(|invocation| identify(&mut map, invocation)).transpose()?;
    let mut fields = Fields { map, outcome: Ok(()) };
    event.record(&mut fields);
    fields.outcome?;
    fields.map.serialize_entry("target", event.metadata().target())?;
    fields.map.end()
}

fn identify<M>(map: &mut M, invocation: &Invocation) -> serde_json::Result<()>
where
    M: serde::ser::SerializeMap<Error = serde_json::Error>,
{
    map.serialize_entry("requestId", invocation.request_id())?;
    invocation.trace_id().map_or(Ok(()), |trace| map.serialize_entry("traceId", trace))
}

struct Fields<M> {
    map: M,
    outcome: serde_json::Result<()>,
}

impl<M: serde::ser::SerializeMap<Error = serde_json::Error>> Fields<M> {
    fn entry<V: serde::Serialize + ?Sized>(&mut self, field: &Field, value: &V) {
        if self.outcome.is_ok() {
            self.outcome = self.map.serialize_entry(field.name(), value);
        }
    }
}

impl<M: serde::ser::SerializeMap<Error = serde_json::Error>> Visit for Fields<M> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.entry(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.entry(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.entry(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.entry(field, &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.entry(field, &value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.entry(field, &Text(format_args!("{value}")));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.entry(field, &Text(format_args!("{value:?}")));
    }
}

/// Serialized without an intermediate string.
struct Text<'a>(Arguments<'a>);

impl serde::Serialize for Text<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: Level, work: impl FnOnce()) -> Vec<Value> {
        let log = Log::default();
        let out = log.clone();
        let lines = Lines { ours: &["platform"], level, out: move || out.clone() };
        tracing::subscriber::with_default(lines, work);
        let bytes = log.0.lock().expect("not poisoned").clone();
        let text = String::from_utf8(bytes).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect()
    }

    #[test]
    fn a_line_has_each_field_in_its_own_type_and_what_needs_escaping_escaped() {
        let lines = logged(Level::INFO, || {
            let missing: Option<&str> = None;
            let subject = Some("a\"b");
            tracing::warn!(attempts = 3_u64, left = -1, ratio = 0.5, right = true, ?subject, missing, "two\nlines");
        });
        let [line] = &lines[..] else { panic!("one line: {lines:?}") };
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "two\nlines");
        assert_eq!(line["target"], "platform::log::tests");
        assert_eq!([&line["attempts"], &line["left"], &line["ratio"]], [&json!(3), &json!(-1), &json!(0.5)]);
        assert_eq!([&line["right"], &line["subject"]], [&json!(true), &json!("Some(\"a\\\"b\")")]);
        assert_eq!([line.get("missing"), line.get("requestId")], [None, None]);
        assert!(line["timestamp"].as_str().is_some_and(|at| at.ends_with('Z') && at.len() > 20), "{line}");
    }

    #[tokio::test]
    async fn a_line_within_a_request_has_its_ids_also_after_waiting() {
        let log = Log::default();
        let out = log.clone();
        let lines = Lines { ours: &["platform"], level: Level::INFO, out: move || out.clone() };
        let guard = tracing::subscriber::set_default(lines);
        let within = async {
            tokio::task::yield_now().await;
            tracing::info!("within");
        };
        Invocation::new("r-1".to_owned(), Some("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")).run(within).await;
        tracing::info!("after");
        drop(guard);
        let text = String::from_utf8(log.0.lock().expect("not poisoned").clone()).expect("text");
        let ids: Vec<_> = text
            .lines()
            .map(|line| line.contains(r#""requestId":"r-1","traceId":"1-5759e988-bd862e3fe1be46a994272793","#))
            .collect();
        assert_eq!(ids, [true, false], "{text}");
    }

    #[test]
    fn others_are_heard_from_warnings_on_and_we_from_the_level_on() {
        let said = |level| {
            let lines = logged(level, || {
                tracing::debug!("ours");
                tracing::info!(target: "platform::deeper", "ours");
                tracing::info!(target: "platforms", "not ours");
                tracing::trace!(target: "hyper::proto", "not ours");
                tracing::warn!(target: "hyper::proto", "not ours");
            });
            lines.iter().map(|line| format!("{} {}", line["target"], line["level"])).collect::<Vec<_>>().join(", ")
        };
        let others = r#""hyper::proto" "WARN""#;
        assert_eq!(said(Level::ERROR), others);
        assert_eq!(said(Level::INFO), format!(r#""platform::deeper" "INFO", {others}"#));
        assert!(said(Level::TRACE).starts_with(r#""platform::log::tests" "DEBUG", "platform::deeper""#));
        assert_eq!(said(Level::TRACE).matches("hyper").count(), 1);
    }

    #[test]
    fn an_error_is_logged_by_what_it_says() {
        let lines = logged(Level::INFO, || {
            let error = io::Error::other("why");
            tracing::error!(error = &error as &(dyn Error + 'static), %error, "failed");
        });
        assert_eq!(lines[0]["error"], "why");
    }
}
