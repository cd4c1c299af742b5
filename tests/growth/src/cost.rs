//! What a million verified logins cost, by `prices.json`.

use serde_json::Value;

use crate::model::{Operation, Report};
use crate::quotas::{AROUND, CALL, Cause, PUBLISH, READ, SIGN, TRANSACTION, UPDATE};

/// The date of the prices.
#[must_use]
pub fn date() -> String {
    prices()["date"].as_str().unwrap_or_default().to_owned()
}

/// Dollars for a million approved logins: all but the phone network, and one million SMS to the US.
#[must_use]
pub fn per_million(report: &Report) -> Option<(f64, f64)> {
    let prices = prices();
    let price = |name: &str| prices[name]["price"].as_f64().or_else(|| prices[name].as_f64());
    let of = |operation| report.operations.get(&operation).map_or(0.0, |tally| f64::from(tally.asked));
    let approved = report.operations.get(&Operation::Verify).map(|tally| f64::from(tally.done))?;
    let unit = |cause| report.asked.get(&cause).map_or(0.0, |asked| asked * report.seconds) / approved;
    let requests = (of(Operation::Start) + of(Operation::Verify) + of(Operation::Status)) / approved;
    let send = 0.85_f64.mul_add(PUBLISH.0, 0.15 * CALL.0);
    let milliseconds = of(Operation::Start) * (READ.0 + TRANSACTION.0 + send)
        + of(Operation::Verify) * (UPDATE.0 + TRANSACTION.0 + SIGN.0)
        + of(Operation::Status) * READ.0;
    // 128 MB, and the function's share of what is around it.
    let gigabyte_seconds = (milliseconds / approved + requests * AROUND.0 / 4.0) / 1e3 / 8.0;
    let own = unit(Cause::TableWrites) * price("dynamodb_write_unit_per_million")?
        + unit(Cause::TableReads) * price("dynamodb_read_unit_per_million")?
        + requests * (price("gateway_request_per_million")? + price("lambda_request_per_million")?)
        + gigabyte_seconds * 1e6 * price("lambda_gb_second")?
        + price("kms_rsa_2048_sign_per_million")?
        + 3.0 * price("audit_event_per_million")?; // started, sent, approved
    Some((own, price("sms_us_each")? * 1e6))
}

#[expect(clippy::expect_used, reason = "the file is part of the build")]
fn prices() -> Value {
    serde_json::from_str(include_str!("../prices.json")).expect("prices.json is JSON")
}
