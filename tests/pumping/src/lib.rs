//! One day of SMS pumping, among honest sign-ins: a fraudster has codes sent to numbers that earn him money.
//!
//! The scenario is fixed (one seed, one set of figures) and runs the domain's own decisions: whether a send is
//! allowed, what it is charged, how large a country's budget is. Only the store is simplified: it applies
//! charges on the same conditions, in memory. [`traffic`] says who does what, [`service`] replaces the
//! functions and their table, and [`scenario`] runs the day.

pub mod scenario;
pub mod service;
pub mod traffic;
