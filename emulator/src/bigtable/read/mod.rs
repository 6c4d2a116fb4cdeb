//! Reads of rows: which of them, which of their cells, and the answers.

pub mod chunks;
pub mod fields;
pub mod filter;
pub mod keys;
pub mod matcher;
pub mod pattern;
pub mod sample;
pub mod scan;
