//! Tests of the functions and the store together, in one process.
//!
//! The store speaks to a real DynamoDB API over HTTP: an embedded one, or the one that
//! `STORE_CONTRACT_ENDPOINT` names.

#![cfg(test)]

mod api;
mod backend;
mod conditions;
mod configuration;
mod differential;
mod faults;
mod fixed;
mod journeys;
mod leaks;
mod problems;
mod samples;
mod scene;
mod store_contract;
