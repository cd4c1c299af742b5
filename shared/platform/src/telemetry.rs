//! Logs and metrics, both JSON on standard output, where CloudWatch finds them.
//!
//! Only the product's own log lines pass at the configured level. Every dependency is held at
//! warnings, whatever the level: some log whole events at `trace`, and an event holds the code.

use std::io::Write as _;
use std::time::Duration;

use serde_json::json;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::Environment;

const OURS: [&str; 7] =
    ["domain", "platform", "start_challenge", "get_challenge", "verify_code", "call_callback", "jwks"];

/// Reads the level at which the product logs.
pub fn level(env: &mut Environment) -> Option<Level> {
    env.optional("LOG_LEVEL", |value| value.parse().map_err(|_| "must be error, warn, info, debug or trace".to_owned()))
        .map(|level| level.unwrap_or(Level::INFO))
}

/// Starts logging to standard output.
pub fn init(level: Level) {
    subscriber(level, std::io::stdout).init();
}

/// What logs to `out`, one JSON object a line.
pub fn subscriber<W>(level: Level, out: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("lambda_runtime::layers::trace", LevelFilter::INFO) // the span with the request's id
        .with_targets(OURS.map(|target| (target, LevelFilter::from_level(level))));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(out).with_filter(filter);
    tracing_subscriber::registry().with(lines)
}

/// The namespace of the metrics.
const NAMESPACE: &str = "AllianceMfa";

/// Notes how long a send took until the provider accepted it.
pub fn send_latency(channel: &'static str, elapsed: Duration) {
    emit("SendLatency", "Milliseconds", elapsed.as_secs_f64() * 1000.0, ("Channel", channel));
}

/// Counts a message that SNS refused.
pub fn sms_refused(reason: &'static str) {
    emit("SmsRefused", "Count", 1.0, ("Reason", reason));
}

/// Counts a send in which the provider failed or did not answer.
pub fn provider_failed(channel: &'static str) {
    emit("ProviderFailed", "Count", 1.0, ("Channel", channel));
}

/// Writes one metric in CloudWatch's embedded metric format.
fn emit(name: &str, unit: &str, value: f64, (dimension, dimension_value): (&str, &str)) {
    let line = json!({
        "_aws": {
            "Timestamp": crate::clock::now().as_unix() * 1000,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [[dimension]],
                "Metrics": [{ "Name": name, "Unit": unit }],
            }],
        },
        dimension: dimension_value,
        name: value,
    });
    let written = writeln!(std::io::stdout().lock(), "{line}");
    if let Err(error) = written {
        tracing::warn!(%error, name, "a metric was lost");
    }
}
