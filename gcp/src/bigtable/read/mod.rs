//! Reading Bigtable tables: rows handed on one by one, whole or not at all, each once, whatever happens to the
//! connection.
//!
//! - [`Reader`]: scans that go on after a broken stream, and the keys that divide a table into parts.
//! - [`Scan`], [`Span`], [`filter()`]: what to read: of which table, which keys, which cells.
//! - `cursor`: how far a scan is, and what its next call asks for.
//! - `chunk`: the messages of ReadRows, read from their bytes without copies.
//! - `merger`: the state machine that makes rows of chunks; `names`: their columns, each kept once.
//! - `call`: one call on the wire.

mod call;
mod chunk;
mod cursor;
mod error;
mod filter;
mod merger;
mod names;
mod reader;
mod row;
mod scan;
mod span;

pub use error::Error;
pub use filter::{chain, column, filter, newest};
pub use names::column_hash;
pub use reader::Reader;
pub use row::{Cell, Row};
pub(crate) use scan::delays;
pub use scan::{Patience, Scan, Scanned};
pub use span::Span;
