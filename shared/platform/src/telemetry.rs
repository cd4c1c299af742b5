//! Logs and metrics: JSON on standard output, which Lambda sends to CloudWatch.

use std::io::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use domain::challenge::{Challenge, NumberSource, Outcome};
use domain::channel::Channel;
use domain::phone::Country;
use domain::receipt::Price;
use serde_json::{Value, json};
use tracing::{Level, Subscriber};

use crate::invocation;
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
    "message_receipts",
    "canary",
    "authorize",
    "cognito",
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
const CONVERTED: Metric = ("Converted", "Channel");
const APPROVAL_TIME: Metric = ("ApprovalTime", "Channel");
const WEBHOOKS: Metric = ("Webhooks", "Event");
const FRAUD_SIGNS: Metric = ("FraudSigns", "Type");
const RECEIPTS: Metric = ("Receipts", "Outcome");
const MESSAGE_DELIVERED: Metric = ("MessageDelivered", "Channel");
const MESSAGE_FAILED: Metric = ("MessageFailed", "Channel");
const DELIVERY_TIME: Metric = ("DeliveryTime", "Channel");
const MESSAGE_PRICE: Metric = ("MessagePrice", "Channel");
const CANARY_SUCCEEDED: Metric = ("CanarySucceeded", "Channel");
const CANARY_TIME: Metric = ("CanaryTime", "Channel");
const ENTRA_LOGINS: Metric = ("EntraLogins", "Step");
const ENTRA_REFUSED: Metric = ("EntraRefused", "Reason");

/// Every metric that a function writes. The template's dashboard shows all of them, its alarms watch some.
pub const METRICS: [Metric; 17] = [
    SEND_LATENCY,
    SMS_REFUSED,
    PROVIDER_FAILED,
    START_REFUSED,
    CONVERTED,
    APPROVAL_TIME,
    WEBHOOKS,
    FRAUD_SIGNS,
    RECEIPTS,
    MESSAGE_DELIVERED,
    MESSAGE_FAILED,
    DELIVERY_TIME,
    MESSAGE_PRICE,
    CANARY_SUCCEEDED,
    CANARY_TIME,
    ENTRA_LOGINS,
    ENTRA_REFUSED,
];

/// Records how long the provider took to accept a send.
pub fn send_latency(channel: Channel, country: Country, elapsed: Duration) {
    emit_by_country(SEND_LATENCY, "Milliseconds", milliseconds(elapsed), channel.as_str(), country.as_str());
}

/// Counts a message that the provider refused.
pub fn sms_refused(reason: &'static str, country: Country) {
    emit_by_country(SMS_REFUSED, "Count", 1.0, reason, country.as_str());
}

/// Counts a send that failed at the provider, or that it did not answer.
pub fn provider_failed(channel: Channel, country: Country) {
    emit_by_country(PROVIDER_FAILED, "Count", 1.0, channel.as_str(), country.as_str());
}

/// Counts a challenge that was approved by this channel, and measures the time since its latest send. One of a test
/// number is none, since nothing was sent to it.
pub fn converted(challenge: &Challenge) {
    let (Outcome::Approved { at, by, .. }, true) = (challenge.outcome, challenge.source != NumberSource::Test) else {
        return;
    };
    let channel = by.channel();
    emit_by_country(CONVERTED, "Count", 1.0, channel.as_str(), challenge.country.as_str());
    let sends = match channel {
        Channel::Sms => challenge.sms,
        Channel::Call => challenge.calls,
    };
    // Without the country, because each country would be one more metric to pay for.
    if let Some((sent_at, _)) = sends.last {
        emit(APPROVAL_TIME, "Milliseconds", milliseconds(at.since(sent_at)), channel.as_str());
    }
}

/// Counts a genuine webhook, by what it is for. A call that is placed has at least one.
pub fn webhook(event: &'static str) {
    emit(WEBHOOKS, "Count", 1.0, event);
}

/// Counts an audit event by which an attack shows.
pub fn fraud_sign(kind: &str, country: Option<Country>) {
    match country {
        Some(country) => emit_by_country(FRAUD_SIGNS, "Count", 1.0, kind, country.as_str()),
        None => emit(FRAUD_SIGNS, "Count", 1.0, kind),
    }
}

/// Counts a receipt by what was done with it.
pub fn receipt(outcome: &'static str) {
    emit(RECEIPTS, "Count", 1.0, outcome);
}

/// Counts a message that was delivered, and how long after it was asked for.
pub fn message_delivered(country: Option<Country>, after: Option<Duration>) {
    of_message(MESSAGE_DELIVERED, "Count", 1.0, country);
    if let Some(after) = after {
        of_message(DELIVERY_TIME, "Milliseconds", milliseconds(after), country);
    }
}

/// Counts a message that was not delivered.
pub fn message_failed(country: Option<Country>) {
    of_message(MESSAGE_FAILED, "Count", 1.0, country);
}

/// Records what a message costs, in US dollars.
pub fn message_price(country: Option<Country>, price: Price) {
    of_message(MESSAGE_PRICE, "None", f64::from(price.millionths()) / 1e6, country);
}

/// Records whether the canary's sign-in succeeded, and how long one that did took.
pub fn canary(succeeded: Option<Duration>) {
    let channel = Channel::Sms.as_str();
    emit(CANARY_SUCCEEDED, "Count", if succeeded.is_some() { 1.0 } else { 0.0 }, channel);
    if let Some(elapsed) = succeeded {
        emit(CANARY_TIME, "Milliseconds", milliseconds(elapsed), channel);
    }
}

/// Counts a login through Entra by how far it got.
pub fn entra_login(step: &'static str) {
    emit(ENTRA_LOGINS, "Count", 1.0, step);
}

/// Counts a login through Entra that was refused, or that could not be served.
pub fn entra_refused(reason: &'static str) {
    emit(ENTRA_REFUSED, "Count", 1.0, reason);
}

/// Counts a refused start, by the limit that was reached or else by the problem's name.
pub fn start_refused(reason: &'static str) {
    emit(START_REFUSED, "Count", 1.0, reason);
}

fn milliseconds(elapsed: Duration) -> f64 {
    elapsed.as_secs_f64() * 1000.0
}

/// Only messages have receipts.
fn of_message(metric: Metric, unit: &str, value: f64, country: Option<Country>) {
    let channel = Channel::Sms.as_str();
    match country {
        Some(country) => emit_by_country(metric, unit, value, channel, country.as_str()),
        None => emit(metric, unit, value, channel),
    }
}

fn emit((name, dimension): Metric, unit: &str, value: f64, dimension_value: &str) {
    let dimensions = json!([["FunctionName", dimension]]);
    write(&dimensions, name, unit, value, &[(dimension, dimension_value)]);
}

/// Also by country, in a second set of dimensions: one line for both.
fn emit_by_country((name, dimension): Metric, unit: &str, value: f64, dimension_value: &str, country: &str) {
    let dimensions = json!([["FunctionName", dimension], ["FunctionName", dimension, "Country"]]);
    write(&dimensions, name, unit, value, &[(dimension, dimension_value), ("Country", country)]);
}

/// Writes one metric in CloudWatch's embedded metric format. Tests write none.
fn write(dimensions: &Value, name: &str, unit: &str, value: f64, members: &[(&str, &str)]) {
    let Some(function) = FUNCTION.get() else { return };
    let mut line = json!({
        "_aws": {
            "Timestamp": crate::clock::now().as_unix() * 1000,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": dimensions,
                "Metrics": [{ "Name": name, "Unit": unit }],
            }],
        },
        "FunctionName": function,
        name: value,
    });
    for (member, value) in members {
        line[*member] = json!(value);
    }
    if let Some(id) = invocation::current(|invocation| invocation.request_id().to_owned()) {
        line["requestId"] = json!(id);
    }
    let written = writeln!(std::io::stdout().lock(), "{line}");
    if let Err(error) = written {
        tracing::warn!(%error, name, "a metric was lost");
    }
}
