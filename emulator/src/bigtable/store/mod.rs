//! The tables, and how they lie on disk.

pub mod catalog;
pub mod columns;
pub mod families;
pub mod limits;
pub mod present;
pub mod row;
pub mod rule;
pub mod schema;
pub mod storage;
pub mod table;
