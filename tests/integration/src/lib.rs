//! Tests of the functions and the store together, in one process.
//!
//! The store calls a DynamoDB API over HTTP: an embedded one, or the one at `STORE_CONTRACT_ENDPOINT`.

#![cfg(test)]

mod accounts;
mod administration;
mod administration_store_contract;
mod api;
mod attacks;
mod backend;
mod budget;
mod call_mode_store;
mod call_modes;
mod complaints;
mod conditions;
mod conditions_of_change;
mod conditions_of_limits;
mod conditions_of_reports;
mod configuration;
mod contested;
mod counted_by_growth;
mod differential;
mod edge;
mod enrolment;
mod faults;
mod follow_up;
mod fraud;
mod fraud_late;
mod guards;
mod held;
mod journeys;
mod leaks;
mod limits;
mod lockout;
mod number_change;
mod number_change_attacks;
mod numbers;
mod polling;
mod races;
mod receipts;
mod receipts_store_contract;
mod refunds;
mod refused;
mod requests;
mod samples;
mod scene;
mod store_contract;
mod switches;
mod switches_store_contract;
mod test_numbers;
mod versions_store_contract;
mod wire;
mod written_by;
