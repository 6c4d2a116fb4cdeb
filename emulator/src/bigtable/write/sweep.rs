//! Frees the space of garbage in rows that are not written again.

use std::ops::Bound;

use tonic::Status;

use crate::bigtable::store::storage::failed;
use crate::bigtable::store::table::Table;

use super::writer::Writer;

/// Rewrites up to `limit` rows after `after` without their garbage. Returns the last key if there may be more.
pub fn sweep(table: &Table, after: Option<&[u8]>, limit: usize) -> Result<Option<Vec<u8>>, Status> {
    let held = table.hold()?;
    let mut writer = Writer::new(&held.state, held.now_micros);
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut last = None;
    let mut rows = 0;
    for row in held.state.storage.rows.range::<&[u8], _>((start, Bound::Unbounded)).take(limit) {
        let (key, stored) = row.into_inner().map_err(|error| failed(&error))?;
        writer.change(&key, Some(&stored), &[])?;
        last = Some(key.to_vec());
        rows += 1;
    }
    writer.commit()?;
    Ok(last.filter(|_| rows == limit))
}
