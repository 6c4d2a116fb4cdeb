//! Rows as JSON objects, one a line. Pure.
//!
//! What a row has not is left out. Amounts are texts: as JSON's numbers most readers would round them.

use super::batch::Batch;
use crate::formats::plain_json::push_object;

pub fn rows(batch: &Batch) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(4 * batch.text_bytes + 256 * batch.rows);
    let mut failed = None;
    batch.each(|row| {
        let named = row.map(|(column, value)| (&*column.name, value));
        if let Err(error) = push_object(&mut out, named) {
            failed.get_or_insert(error);
        }
    });
    failed.map_or(Ok(out), Err)
}
