//! What may be on its way to Bigtable at once: requests, rows and bytes.

use super::request::Request;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Most that may be sent and not yet answered, over all tables and connections.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub requests: usize,
    pub rows: usize,
    pub bytes: usize,
}

/// Lets requests out within the bounds.
#[derive(Debug)]
pub struct Outstanding {
    requests: Semaphore,
    rows: Share,
    /// In KiB, so that any bound fits a permit count.
    kibibytes: Share,
}

/// A request's share of the bounds, given back when it is dropped.
#[derive(Debug)]
pub struct Slot<'a> {
    _permits: [Option<SemaphorePermit<'a>>; 3],
}

impl Outstanding {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            requests: Semaphore::new(bounds.requests),
            rows: Share::new(bounds.rows),
            kibibytes: Share::new(bounds.bytes.div_ceil(1_024)),
        }
    }

    /// Waits until the request fits. Everybody asks in the same order, so nobody waits for one who waits for him.
    pub async fn acquire(&self, request: &Request) -> Slot<'_> {
        let slot = self.requests.acquire().await.ok();
        let rows = self.rows.take(request.len()).await;
        let kibibytes = self.kibibytes.take(request.encoded_len().div_ceil(1_024)).await;
        Slot { _permits: [slot, rows, kibibytes] }
    }
}

#[derive(Debug)]
struct Share {
    semaphore: Semaphore,
    capacity: u32,
}

impl Share {
    fn new(capacity: usize) -> Self {
        let capacity = u32::try_from(capacity).unwrap_or(u32::MAX).clamp(1, Semaphore::MAX_PERMITS as u32);
        Self { semaphore: Semaphore::new(capacity as usize), capacity }
    }

    /// What exceeds the whole bound passes alone rather than never.
    async fn take(&self, amount: usize) -> Option<SemaphorePermit<'_>> {
        let amount = u32::try_from(amount).unwrap_or(u32::MAX).min(self.capacity);
        self.semaphore.acquire_many(amount).await.ok()
    }
}
