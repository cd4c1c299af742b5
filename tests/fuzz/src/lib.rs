//! Shared by the fuzz targets: the real functions over ports that store and send nothing, and events in the
//! form in which API Gateway creates them.

#![allow(clippy::expect_used, reason = "a target stops where its world cannot be built")]

pub mod event;
pub mod functions;
