//! The rows that a run must have become, recomputed on all cores.

use crate::audit::{Content, KeyHash};
use crate::output::Progress;
use generator::{Buffer, Generator};
use schemas::Payment;
use schemas::layout::{KeyParts, KeySuffix, PerTable, Table};
use std::collections::HashSet;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use tokio::task::JoinSet;

/// Payments recomputed at once.
const CHUNK: u64 = 1_000;

/// Some payments of a run, and the form of their row keys.
#[derive(Clone, Debug)]
pub struct Run {
    pub generator: Arc<Generator>,
    pub range: Range<u64>,
    pub suffix: KeySuffix,
    /// Indices of payments that were spoilt on purpose, and so must have no rows.
    pub spoilt: Arc<HashSet<u64>>,
}

/// One recomputed payment.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    pub index: u64,
    pub content: Content,
    pub keys: PerTable<KeyHash>,
}

impl Run {
    /// The payment's row key in a table.
    pub fn key(&self, payment: &Payment, table: Table) -> Vec<u8> {
        schemas::layout::row_key(payment, table, self.suffix)
    }

    /// Whether the payment of an index must have rows.
    pub fn has_rows(&self, index: u64) -> bool {
        !self.spoilt.contains(&index)
    }

    fn expected(&self, index: u64, buffer: &mut Buffer, key: &mut Vec<u8>) -> Expected {
        let payment = self.generator.fill(index, buffer);
        let parts = KeyParts::of(payment);
        let keys = PerTable::from_fn(|table| {
            key.clear();
            parts.push_key(table, self.suffix, key);
            KeyHash::of(key)
        });
        Expected { index, content: Content::of_payment(payment), keys }
    }

    /// Recomputes every payment of the range once; each thread has a state of its own.
    ///
    /// Stops early if the returned future is dropped.
    pub async fn recompute<S: Send + 'static>(
        &self,
        bar: &Progress,
        start: impl Fn() -> S,
        each: impl Fn(&mut S, Expected) + Clone + Send + 'static,
    ) -> Result<Vec<S>, gcp::bigtable::read::Error> {
        let next = Arc::new(AtomicU64::new(self.range.start));
        let _stop = StopOnDrop { next: next.clone(), end: self.range.end };
        let mut threads = JoinSet::new();
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            let (run, next, mut state, each, bar) =
                (self.clone(), next.clone(), start(), each.clone(), bar.clone());
            threads.spawn_blocking(move || {
                let (mut buffer, mut key) = (Buffer::default(), Vec::new());
                loop {
                    let from = next.fetch_add(CHUNK, Ordering::Relaxed).min(run.range.end);
                    let to = from.saturating_add(CHUNK).min(run.range.end);
                    if from == to {
                        return state;
                    }
                    for index in (from..to).filter(|index| run.has_rows(*index)) {
                        each(&mut state, run.expected(index, &mut buffer, &mut key));
                    }
                    bar.add(to - from);
                }
            });
        }
        let mut states = Vec::new();
        while let Some(state) = threads.join_next().await {
            states.push(state.map_err(|error| gcp::bigtable::read::Error::Bug(error.to_string()))?);
        }
        Ok(states)
    }
}

/// Threads cannot be cancelled; they end when no payments are left to hand out.
struct StopOnDrop {
    next: Arc<AtomicU64>,
    end: u64,
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.next.store(self.end, Ordering::Relaxed);
    }
}
