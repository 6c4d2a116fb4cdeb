//! The messages that the service has not confirmed yet.

use super::feed::Item;
use super::updates::Update;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use tonic::Status;

/// How a message ended.
#[derive(Debug)]
pub struct Settled {
    pub index: u64,
    pub changes: u32,
    /// When the payment changes next.
    pub next_micros: Option<i64>,
    pub latency: Duration,
    pub result: Result<String, Status>,
}

struct Sent {
    index: u64,
    changes: u32,
    next_micros: Option<i64>,
    at: Instant,
    confirmation: BoxFuture<'static, Result<String, Status>>,
}

impl Future for Sent {
    type Output = Settled;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Settled> {
        self.confirmation.poll_unpin(context).map(|result| Settled {
            index: self.index,
            changes: self.changes,
            next_micros: self.next_micros,
            latency: self.at.elapsed(),
            result,
        })
    }
}

/// Messages on their way, and which of them are updates.
#[derive(Default)]
pub struct InFlight {
    sent: FuturesUnordered<Sent>,
    /// A checkpoint counts these as still to come.
    updates: HashMap<u64, Update>,
}

impl InFlight {
    /// Takes in what became of an item whose message is `confirmation`'s.
    pub fn push(
        &mut self,
        item: &Item,
        confirmation: impl Future<Output = Result<String, Status>> + Send + 'static,
    ) {
        let confirmation = confirmation.boxed();
        let Item { index, changes, next_micros, .. } = *item;
        if changes > 0 {
            self.updates.insert(index, Update { due_micros: 0, index, changes });
        }
        self.sent.push(Sent { index, changes, next_micros, at: Instant::now(), confirmation });
    }

    /// The next message that ends; `None` where none is on its way.
    pub async fn next(&mut self) -> Option<Settled> {
        let settled = self.sent.next().await?;
        self.updates.remove(&settled.index);
        Some(settled)
    }

    /// A message that has ended, if there is one.
    pub fn ready(&mut self) -> Option<Settled> {
        self.next().now_or_never().flatten()
    }

    pub fn len(&self) -> usize {
        self.sent.len()
    }

    pub fn updates(&self) -> impl ExactSizeIterator<Item = Update> {
        self.updates.values().copied()
    }
}
