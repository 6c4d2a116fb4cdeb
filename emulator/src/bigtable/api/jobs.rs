//! Storage work off the asynchronous threads, a bounded number at a time.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::bigtable::store::catalog::Catalog;

/// Permits for storage work. Writes have their own, so that reads go on while the store makes writers wait.
pub struct Jobs {
    catalog: Arc<Catalog>,
    reads: Arc<Semaphore>,
    writes: Arc<Semaphore>,
    permits: u32,
    stop: CancellationToken,
}

impl Jobs {
    /// No work begins after `stop`.
    pub fn new(catalog: Arc<Catalog>, stop: CancellationToken) -> Jobs {
        let permits = 2 * available_parallelism().map_or(1, usize::from);
        let semaphore = || Arc::new(Semaphore::new(permits));
        Jobs { catalog, reads: semaphore(), writes: semaphore(), permits: permits as u32, stop }
    }

    pub async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        self.run(&self.reads, job).await
    }

    /// Changes something, and settles it. A job that found nothing to change may have found what another one has not
    /// settled yet, so it waits like all others.
    pub async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Catalog) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let catalog = self.catalog.clone();
        let settled = move || {
            let answer = job(&catalog)?;
            catalog.settle()?;
            Ok(answer)
        };
        self.run(&self.writes, settled).await
    }

    /// Waits until no work is under way. Call it after `stop`.
    pub async fn drain(&self) {
        for permits in [&self.reads, &self.writes] {
            // Fails only if the semaphore is closed, which it never is.
            let _ = permits.acquire_many(self.permits).await;
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        permits: &Arc<Semaphore>,
        job: impl FnOnce() -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let permit = permits.clone().acquire_owned().await.map_err(|_| stopping())?;
        if self.stop.is_cancelled() {
            return Err(stopping());
        }
        let work = tokio::task::spawn_blocking(move || {
            let result = job();
            drop(permit);
            result
        });
        work.await.map_err(|error| Status::internal(format!("storage work failed: {error}")))?
    }
}

fn stopping() -> Status {
    Status::unavailable("the server is shutting down")
}
