//! How a payment lies in Bigtable: three tables with different row keys and the same six column families.
//!
//! A row's cells are the same in all three tables; only the key differs. Values are text, one cell for each field, and
//! a text field that is empty in the payment has no cell, or an empty one in a state after the first.
//!
//! - [`keys`]: row keys, and what can be told from one.
//! - `fields`: each field of a payment with its kind and its [`Column`], declared once.
//! - [`settings`]: what holds for all three, recorded beside them.
//! - [`states`]: the times of cells, which order a payment's states.
//! - [`cells()`]: from a payment to its cells; [`payment_of`]: and back.
//! - [`flat`]: the same fields as one row of a flat table, typed, for what is not Bigtable.

mod cells;
mod fields;
pub mod flat;
pub mod keys;
mod names;
mod parse;
pub mod settings;
pub mod states;
mod table;

pub use cells::cells;
pub use fields::Column;
pub use keys::{KeyParts, KeySuffix, row_key};
pub use names::{status_name, type_name};
pub use parse::{Unreadable, payment_of};
pub use table::{Family, PerTable, Table};
