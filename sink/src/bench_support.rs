//! The write path without its source, so that `bench` can compare it with other clients. Not a public interface.

use crate::fanout::FanOut;
use crate::options::Options;
use crate::owners::Owners;
use crate::row::Encoder;
use crate::writer::Writer;
use gcp::bigtable::Bigtable;
use parking_lot::Mutex;
use schemas::Payment;
use schemas::layout::{KeySuffix, PerTable};
use service::blocking::busy;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// fan out -> write
#[derive(Debug)]
pub struct WritePath {
    key_suffix: KeySuffix,
    owners: Mutex<Owners>,
    writer: Writer,
}

impl WritePath {
    pub fn new(options: &Options, bigtable: &Bigtable) -> Self {
        let tables = PerTable::from_fn(|table| bigtable.table_name(table.id()));
        let (connections, give_up) = (bigtable.transports(), CancellationToken::new());
        Self {
            key_suffix: options.row_key_suffix.map(KeySuffix::from).unwrap_or_default(),
            owners: Mutex::default(),
            writer: Writer::new(options.writer(), tables, connections, give_up, Arc::default()),
        }
    }

    /// Writes the payments to all three tables; returns how many rows were not confirmed.
    pub async fn write(&self, payments: &[Payment], publish_micros: i64) -> usize {
        let batches = busy(|| {
            let mut encoder = Encoder::default();
            let rows = payments.iter().map(|payment| encoder.row(payment, publish_micros)).collect();
            FanOut::of(rows, self.key_suffix, &mut self.owners.lock()).batches
        });
        self.writer.write(&batches).await.values().map(Vec::len).sum()
    }
}
