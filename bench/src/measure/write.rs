//! The write path alone: decoded payments in, confirmed rows out.

use super::clock::{Clock, Measurement};
use crate::options::{Payload, Writer};
use crate::payloads;
use crate::writers::{AnyWriter, PANE_ROWS};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinSet;

/// Panes written at once.
const WORKERS: usize = 2;

pub async fn measure(
    writer: Writer,
    payload: Payload,
    records: u64,
    bigtable: SocketAddr,
) -> anyhow::Result<Measurement> {
    let payments = Arc::new(payloads::payments(payload, payloads::distinct(records))?);
    let writer = Arc::new(AnyWriter::connect(writer, bigtable).await?);
    let clock = Clock::start();
    let next = Arc::new(AtomicU64::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        let (payments, writer, next) = (payments.clone(), writer.clone(), next.clone());
        workers.spawn(async move {
            loop {
                let start = next.fetch_add(PANE_ROWS as u64, Ordering::Relaxed);
                let Some(left) = records.checked_sub(start).filter(|left| *left > 0) else { return Ok(()) };
                let at = start as usize % payments.len();
                let end = payments.len().min(at + PANE_ROWS.min(left as usize));
                writer.write(&payments[at..end]).await?;
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        let ended: anyhow::Result<()> = ended?;
        ended?;
    }
    Ok(clock.stop())
}
