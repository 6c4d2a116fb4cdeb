//! A bound on what may be on its way at once, whatever it is counted in.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So much of something at most; cheap to clone.
#[derive(Clone, Debug)]
pub struct Share {
    semaphore: Arc<Semaphore>,
    capacity: u32,
}

/// A part of a share, given back when it is dropped.
#[derive(Debug)]
pub struct Permit {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// A capacity of nothing counts as one.
    pub fn new(capacity: usize) -> Self {
        let capacity = u32::try_from(capacity).unwrap_or(u32::MAX).clamp(1, Semaphore::MAX_PERMITS as u32);
        Self { semaphore: Arc::new(Semaphore::new(capacity as usize)), capacity }
    }

    /// Bytes are counted in KiB, so that any bound fits.
    pub fn of_bytes(bytes: usize) -> Self {
        Self::new(bytes.div_ceil(1_024))
    }

    /// Waits for room. What exceeds the whole bound passes alone rather than never.
    pub async fn take(&self, amount: usize) -> Permit {
        let amount = u32::try_from(amount).unwrap_or(u32::MAX).min(self.capacity);
        Permit { _permit: self.semaphore.clone().acquire_many_owned(amount).await.ok() }
    }

    /// As [`Share::take_bytes`], if there is room now.
    pub fn try_take_bytes(&self, bytes: usize) -> Option<Permit> {
        let amount = u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX).min(self.capacity);
        let permit = self.semaphore.clone().try_acquire_many_owned(amount).ok()?;
        Some(Permit { _permit: Some(permit) })
    }

    /// As [`Share::take`], for a share of bytes.
    pub async fn take_bytes(&self, bytes: usize) -> Permit {
        self.take(bytes.div_ceil(1_024)).await
    }

    /// How much of a share of bytes is taken, in bytes.
    pub fn taken_bytes(&self) -> usize {
        1_024 * (self.capacity as usize).saturating_sub(self.semaphore.available_permits())
    }
}
