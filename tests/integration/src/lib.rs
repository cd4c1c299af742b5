//! Tests of the functions and the store together, in one process.
//!
//! The store speaks to a real DynamoDB API over HTTP: an embedded one, or the one that
//! `STORE_CONTRACT_ENDPOINT` names.

#![cfg(test)]

mod administration;
mod administration_store_contract;
mod api;
mod attacks;
mod backend;
mod call_mode_store;
mod call_modes;
mod complaints;
mod conditions;
mod configuration;
mod faults;
mod fixed;
mod guards;
mod journeys;
mod leaks;
mod problems;
mod samples;
mod scene;
mod store_contract;
