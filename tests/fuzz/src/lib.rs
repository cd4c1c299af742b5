//! What the fuzz targets share: the real functions over ports that hold and send nothing, and events
//! as API Gateway makes them.

pub mod event;
pub mod functions;
