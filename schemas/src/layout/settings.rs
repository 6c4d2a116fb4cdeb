//! A small table beside the three, for what holds for all of them: a row for each setting. It is there once a setting is
//! recorded.

pub const TABLE: &str = "payments_settings";
/// Its only family and column.
pub const FAMILY: &str = "setting";
pub const QUALIFIER: &str = "value";
/// The row that says a [`KeySuffix`](super::KeySuffix) by name.
pub const ROW_KEY_SUFFIX: &str = "row_key_suffix";
