//! A day on which a fraudster has codes sent to numbers that he is paid for, beside honest sign-ins.
//!
//! The scenario is fixed (one seed, one set of figures) and drives the domain's own decisions: what a
//! send may do, what it is charged, what a country's budget is. Only the store is simplified: it
//! applies charges on the same conditions, in memory. [`traffic`] says who does what, [`service`]
//! stands for the functions and their table, [`scenario`] runs the day.

pub mod scenario;
pub mod service;
pub mod traffic;
