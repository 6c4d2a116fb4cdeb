//! Keys that divide a table into parts of about the same size.

use fjall::AbstractTree;
use tonic::Status;

use crate::bigtable::store::storage::{Storage, failed};
use crate::bigtable::store::table::State;
use crate::proto::bigtable::SampleRowKeysResponse;

/// A table older than the server's start is sampled by reading its keys, up to this many rows; a larger one by the
/// bounds of the store's tables, each of which holds tens of thousands.
const COUNTED_ROWS: usize = 1_000_000;

/// A table is divided into about this many parts, if it has the rows.
const PARTS: usize = 32;
const LEAST_ROWS: usize = 1_000;

/// Sample keys in order, each with the bytes before it. The last one is empty: the end of the table.
pub fn sample(state: &State) -> Result<Vec<SampleRowKeysResponse>, Status> {
    let tree = &state.storage.rows.tree;
    let bytes = tree.disk_space() + tree.active_memtable().size();
    let rows = tree.approximate_len();
    let sample = state.storage.present().sample();
    let mut points = match sample {
        Some(keys) => thin(keys, rows),
        None if rows <= COUNTED_ROWS => count(&state.storage, rows)?,
        None => bounds(&state.storage),
    };
    points.extend(state.schema.record.splits.iter().map(|split| (split.clone(), 0)));
    points.sort();
    let share = bytes as f64 / (rows.max(1)) as f64;
    let mut before = 0;
    let mut samples: Vec<SampleRowKeysResponse> = Vec::with_capacity(points.len() + 1);
    for (row_key, rows) in points {
        before += rows;
        let offset_bytes = ((before as f64 * share) as i64).min(bytes as i64);
        match samples.last_mut() {
            Some(last) if last.row_key == row_key => last.offset_bytes = offset_bytes,
            _ => samples.push(SampleRowKeysResponse { row_key, offset_bytes }),
        }
    }
    samples.push(SampleRowKeysResponse { row_key: Vec::new(), offset_bytes: bytes as i64 });
    Ok(samples)
}

/// One key a part, and the rows in each.
fn thin(keys: Vec<Vec<u8>>, rows: usize) -> Vec<(Vec<u8>, usize)> {
    let parts = PARTS.min(rows / LEAST_ROWS).min(keys.len());
    let step = keys.len().checked_div(parts).unwrap_or(usize::MAX);
    keys.into_iter().skip(step - 1).step_by(step).take(parts).map(|key| (key, rows / parts)).collect()
}

/// Every n-th key, and the rows since the previous one.
fn count(storage: &Storage, rows: usize) -> Result<Vec<(Vec<u8>, usize)>, Status> {
    let step = (rows / PARTS).max(LEAST_ROWS);
    let mut points = Vec::new();
    for (at, row) in storage.rows.iter().enumerate().skip(step - 1) {
        let key = row.key().map_err(|error| failed(&error))?;
        if (at + 1) % step == 0 {
            points.push((key.to_vec(), step));
        }
    }
    Ok(points)
}

/// Last keys of the store's tables below the first level, whose tables overlap, and the rows in each.
fn bounds(storage: &Storage) -> Vec<(Vec<u8>, usize)> {
    let version = storage.rows.tree.current_version();
    let tables = version.iter_levels().skip(1).flat_map(|level| level.iter()).flat_map(|run| run.iter());
    tables
        .map(|table| (table.metadata.key_range.max().to_vec(), table.metadata.item_count as usize))
        .collect()
}
