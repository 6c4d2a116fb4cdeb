//! Changes of rows: a request's mutations, checked, applied and stored.

pub mod apply;
pub mod bulk;
pub mod check;
pub mod conditional;
pub mod mutation;
pub mod sweep;
pub mod writer;
