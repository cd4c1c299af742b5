//! What a million approved logins cost, at the prices in `prices.json`.

use serde_json::Value;

use crate::quotas::Cause;
use crate::report::{Operation, Report};

/// Memory of the functions that answer requests by default, in GB.
const MEMORY: f64 = 0.25;
/// Assumed: bytes that a request adds to the logs of its function and of the API.
const LOG_BYTES: f64 = 1_000.0;
/// Audit events of a login: started, sent, approved.
const EVENTS: f64 = 3.0;
/// Minutes charged for a call, which ends well within the first.
const MINUTES: f64 = 1.0;

#[derive(Clone, Copy, Debug)]
pub struct Item {
    pub what: &'static str,
    pub dollars: f64,
}

#[must_use]
pub fn date() -> String {
    prices()["date"].as_str().unwrap_or_default().to_owned()
}

/// The bill for a million approved logins. The last two items are for the phone network.
#[must_use]
pub fn per_million(report: &Report) -> Option<Vec<Item>> {
    let prices = prices();
    let price = |name: &str| prices[name]["price"].as_f64();
    let approved = f64::from(report.approved);
    let used = |cause: Cause| report.asked_of(cause) * report.seconds / approved;
    let requests: f64 = Operation::ALL.into_iter().map(|operation| f64::from(report.of(operation).asked)).sum();
    let requests = requests / approved;
    let gigabyte_seconds = report.busy / 1e3 * MEMORY / approved;
    let (messages, calls) = (f64::from(report.messages) / approved, f64::from(report.calls) / approved);
    let table = used(Cause::TableWrites) * price("dynamodb_write_unit_per_million")?
        + used(Cause::TableReads) * price("dynamodb_read_unit_per_million")?;
    let lambda = requests * price("lambda_request_per_million")? + gigabyte_seconds * 1e6 * price("lambda_gb_second")?;
    let call = MINUTES * price("voice_us_minute")? + price("voice_machine_detection_call")?;
    let items = [
        ("table", table),
        ("API Gateway", requests * price("gateway_request_per_million")?),
        ("Lambda", lambda),
        ("logs", requests * LOG_BYTES / 1e3 * price("cloudwatch_logs_gb")?),
        ("KMS", used(Cause::Signatures) * 100.0 * price("kms_rsa_2048_per_10_000")?),
        ("audit events", EVENTS * price("eventbridge_event_per_million")?),
        ("SMS", messages * 1e6 * price("sms_us_message")?),
        ("calls", calls * 1e6 * call),
    ];
    Some(items.map(|(what, dollars)| Item { what, dollars }).to_vec())
}

#[expect(clippy::expect_used, reason = "the file is part of the build")]
fn prices() -> Value {
    serde_json::from_str(include_str!("../prices.json")).expect("prices.json is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_price_is_positive_and_has_a_unit_a_source_and_a_date() {
        let prices = prices();
        let all = prices.as_object().expect("an object").iter().filter(|(_, entry)| entry.is_object());
        let mut count = 0;
        for (name, entry) in all {
            assert!(entry["price"].as_f64().is_some_and(|price| price > 0.0), "{name}");
            for said in ["unit", "source", "as_of"] {
                assert!(entry[said].as_str().is_some_and(|text| !text.is_empty()), "{name}: {said}");
            }
            count += 1;
        }
        assert!(count >= 14, "{count}");
    }

    #[test]
    fn the_memory_is_the_one_in_the_template() {
        let template = include_str!("../../../infra/template.yaml");
        let (_, parameter) = template.split_once("\n  MemorySize:\n").expect("the parameter");
        let (_, default) = parameter.split_once("    Default: ").expect("its default");
        assert!(default.starts_with(&format!("{}\n", MEMORY * 1_024.0)));
    }

    #[test]
    fn a_login_that_sends_twice_as_much_costs_twice_as_much() {
        let once = Report { approved: 10, messages: 10, calls: 1, seconds: 1.0, ..Report::default() };
        let twice = Report { messages: 20, calls: 2, ..once.clone() };
        let network = |report: &Report| {
            let bill = per_million(report).expect("prices");
            bill.iter().rev().take(2).map(|item| item.dollars).sum::<f64>()
        };
        assert!(network(&once) > 0.0 && (network(&twice) - 2.0 * network(&once)).abs() < 1e-6);
    }
}
