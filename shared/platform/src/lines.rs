//! Log lines: one JSON object per event, in the shape of Lambda's own JSON format, with the request's id.
//!
//! `tracing-subscriber` has a JSON format of its own. It writes the request's span as text when the request
//! begins, and parses and writes it again, twice, for each line: a tenth of all that a request cost.

use std::error::Error;
use std::fmt::{Arguments, Debug};
use std::io::Write;

use serde::ser::{SerializeMap as _, Serializer as _};
use serde_json::Serializer;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::clock;

/// Writes each event to what `out` gives, whole and at once.
pub(crate) struct Lines<O>(pub(crate) O);

/// What Lambda calls the request, remembered by the span that its runtime opens for it.
struct RequestId(String);

const REQUEST_ID: &str = "requestId";
/// Most lines are shorter.
const USUAL: usize = 384;

impl<S, O, W> Layer<S> for Lines<O>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    O: Fn() -> W + 'static,
    W: Write,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut found = Found(None);
        attributes.record(&mut found);
        if let (Some(request), Some(span)) = (found.0, context.span(id)) {
            span.extensions_mut().insert(RequestId(request));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Vec::with_capacity(USUAL);
        if write(&mut line, event, &context).is_ok() {
            line.push(b'\n');
            // Nobody is left to tell when standard output is gone.
            let _ = (self.0)().write_all(&line);
        }
    }
}

fn write<S>(line: &mut Vec<u8>, event: &Event<'_>, context: &Context<'_, S>) -> serde_json::Result<()>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut serializer = Serializer::new(line);
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("timestamp", &clock::rfc3339_millis())?;
    map.serialize_entry("level", event.metadata().level().as_str())?;
    for span in context.event_scope(event).into_iter().flatten() {
        if let Some(RequestId(request)) = span.extensions().get() {
            map.serialize_entry(REQUEST_ID, request)?;
        }
    }
    let mut fields = Fields { map, outcome: Ok(()) };
    event.record(&mut fields);
    fields.outcome?;
    fields.map.serialize_entry("target", event.metadata().target())?;
    fields.map.end()
}

struct Found(Option<String>);

impl Visit for Found {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == REQUEST_ID {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == REQUEST_ID {
            self.0 = Some(format!("{value:?}"));
        }
    }
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

/// Written straight into the line.
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
    use tracing_subscriber::layer::SubscriberExt as _;

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

    fn logged(work: impl FnOnce()) -> Vec<Value> {
        let log = Log::default();
        let out = log.clone();
        let subscriber = tracing_subscriber::registry().with(Lines(move || out.clone()));
        tracing::subscriber::with_default(subscriber, work);
        let bytes = log.0.lock().expect("not poisoned").clone();
        let text = String::from_utf8(bytes).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect()
    }

    #[test]
    fn a_line_has_each_field_in_its_own_type_and_what_needs_escaping_escaped() {
        let lines = logged(|| {
            let missing: Option<&str> = None;
            let subject = Some("a\"b");
            tracing::warn!(attempts = 3_u64, left = -1, ratio = 0.5, right = true, ?subject, missing, "two\nlines");
        });
        let [line] = &lines[..] else { panic!("one line: {lines:?}") };
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "two\nlines");
        assert_eq!(line["target"], "platform::lines::tests");
        assert_eq!([&line["attempts"], &line["left"], &line["ratio"]], [&json!(3), &json!(-1), &json!(0.5)]);
        assert_eq!([&line["right"], &line["subject"]], [&json!(true), &json!("Some(\"a\\\"b\")")]);
        assert_eq!([line.get("missing"), line.get(REQUEST_ID)], [None, None]);
        assert!(line["timestamp"].as_str().is_some_and(|at| at.ends_with('Z') && at.len() > 20), "{line}");
    }

    #[test]
    fn a_line_within_a_request_has_its_id_once_however_deep_it_is() {
        let lines = logged(|| {
            let request = tracing::info_span!("invoke", requestId = "r-1", xrayTraceId = "x");
            request.in_scope(|| tracing::info_span!("deeper").in_scope(|| tracing::info!("within")));
            tracing::info!("after");
        });
        assert_eq!(lines.iter().map(|line| line.get(REQUEST_ID)).collect::<Vec<_>>(), [Some(&json!("r-1")), None]);
    }

    #[test]
    fn an_error_is_logged_by_what_it_says() {
        let lines = logged(|| {
            let error = io::Error::other("why");
            tracing::error!(error = &error as &(dyn Error + 'static), %error, "failed");
        });
        assert_eq!(lines[0]["error"], "why");
    }
}
