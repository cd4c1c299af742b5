//! Logs and metrics: JSON on standard output, which Lambda sends to CloudWatch.

use std::io::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::json;
use tracing::{Level, Subscriber};

use crate::log::Lines;
use crate::settings::Environment;
use crate::settings::table::{AWS_LAMBDA_FUNCTION_NAME, LOG_LEVEL};

const OURS: &[&str] = &[
    "domain",
    "platform",
    "start_challenge",
    "get_challenge",
    "verify_code",
    "call_callback",
    "jwks",
    "login_page",
    "admin",
    "audit_events",
    "follow_up",
];

/// How a function logs.
#[derive(Clone, Debug)]
pub struct Telemetry {
    level: Level,
    function: Option<String>,
}

impl Telemetry {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let level = env.get(&LOG_LEVEL);
        let function = env.get(&AWS_LAMBDA_FUNCTION_NAME);
        Some(Self { level: level?, function: function? })
    }

    pub fn init(self) {
        if let Some(function) = self.function {
            FUNCTION.get_or_init(|| function);
        }
        // It fails where a subscriber is already set, which does just as well.
        let _ = tracing::subscriber::set_global_default(subscriber(self.level, std::io::stdout));
    }
}

/// The function's name: a dimension of every metric, so that two stacks in one account never mix. Unset in tests.
static FUNCTION: OnceLock<String> = OnceLock::new();

/// Logs to the writers that `out` returns, one JSON object per line.
pub fn subscriber<O, W>(level: Level, out: O) -> impl Subscriber + Send + Sync
where
    O: Fn() -> W + Send + Sync + 'static,
    W: std::io::Write,
{
    Lines { ours: OURS, level, out }
}

/// Where the metrics are found.
pub const NAMESPACE: &str = "AllianceMfa";

/// A metric and the dimension it has beside the function's name.
type Metric = (&'static str, &'static str);

const SEND_LATENCY: Metric = ("SendLatency", "Channel");
const SMS_REFUSED: Metric = ("SmsRefused", "Reason");
const PROVIDER_FAILED: Metric = ("ProviderFailed", "Channel");
const START_REFUSED: Metric = ("StartRefused", "Reason");

/// Every metric that a function writes. The template's alarms watch them.
pub const METRICS: [Metric; 4] = [SEND_LATENCY, SMS_REFUSED, PROVIDER_FAILED, START_REFUSED];

/// Records how long the provider took to accept a send.
pub fn send_latency(channel: &'static str, elapsed: Duration) {
    emit(SEND_LATENCY, "Milliseconds", elapsed.as_secs_f64() * 1000.0, channel);
}

/// Counts a message that the provider refused.
pub fn sms_refused(reason: &'static str) {
    emit(SMS_REFUSED, "Count", 1.0, reason);
}

/// Counts a send that failed at the provider, or that it did not answer.
pub fn provider_failed(channel: &'static str) {
    emit(PROVIDER_FAILED, "Count", 1.0, channel);
}

/// Counts a refused start, by the limit that was reached or else by the problem's name.
pub fn start_refused(reason: &'static str) {
    emit(START_REFUSED, "Count", 1.0, reason);
}

/// Writes one metric in CloudWatch's embedded metric format. Tests write none.
fn emit((name, dimension): Metric, unit: &str, value: f64, dimension_value: &str) {
    let Some(function) = FUNCTION.get() else { return };
    let line = json!({
        "_aws": {
            "Timestamp": crate::clock::now().as_unix() * 1000,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["FunctionName", dimension]],
                "Metrics": [{ "Name": name, "Unit": unit }],
            }],
        },
        "FunctionName": function,
        dimension: dimension_value,
        name: value,
    });
    let written = writeln!(std::io::stdout().lock(), "{line}");
    if let Err(error) = written {
        tracing::warn!(%error, name, "a metric was lost");
    }
}
