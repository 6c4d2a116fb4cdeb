//! Metrics pushed to a collector by names that others have agreed on.
//!
//! - [`Mapping`]: which of our metrics goes by which of their names. Each program's own table is in its crate.
//! - `request`: a page of our metrics as an OTLP request. What is pushed is what `/metrics` shows at that moment; nothing
//!   is counted for it.
//! - `settings`: what the environment says: OpenTelemetry's own variables.
//! - `exporter`: pushes it every minute and once more at the end.
//!
//! The types are those of `opentelemetry-proto`. The SDK around them does not fit: it takes single measurements, into
//! histograms of its own, and has no way in for those that we have already.

mod exporter;
mod mapping;
mod request;
mod settings;

pub use exporter::Exporter;
pub use mapping::{Kind, Mapping, id};
