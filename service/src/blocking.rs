//! Work that keeps a CPU busy inside an async task.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// Runs it here, after handing the other tasks of this thread to another one where the runtime has more.
pub fn busy<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
        _ => work(),
    }
}

#[cfg(test)]
mod tests {
    use super::busy;

    #[tokio::test]
    async fn a_runtime_of_one_thread_does_the_work_too() {
        assert_eq!(busy(|| 1), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn so_does_a_runtime_of_many() {
        assert_eq!(busy(|| 1), 1);
    }
}
