//! Room for a store to write in.
//!
//! A store that meets the end of its disk in the middle of a write cannot be written any more, not even once there is
//! room again. So it is not let get there: what clients write is refused while a reserve is left, and taken again as
//! soon as there is room.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use tonic::Status;

/// The disk that a store lies on, and what of it is kept free for what the store writes by itself.
#[derive(Debug)]
pub struct Disk {
    path: PathBuf,
    reserve_bytes: u64,
    is_full: AtomicBool,
}

impl Disk {
    pub fn new(path: impl Into<PathBuf>, reserve_bytes: u64) -> Self {
        Self { path: path.into(), reserve_bytes, is_full: AtomicBool::new(false) }
    }

    /// Refuses a write with `RESOURCE_EXHAUSTED` while no more than the reserve is left.
    pub fn check(&self) -> Result<(), Status> {
        // A disk that does not say how full it is lets the write find out.
        let free = rustix::fs::statvfs(&self.path)
            .map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        let is_full = free < self.reserve_bytes;
        let was_full = self.is_full.swap(is_full, Ordering::Relaxed);
        if is_full == was_full && !is_full {
            return Ok(());
        }
        let path = self.path.display();
        if !is_full {
            tracing::info!(%path, "there is room on the disk again; writes are taken");
            return Ok(());
        }
        let (free, reserve) = (free >> 20, self.reserve_bytes >> 20);
        let problem = format!(
            "the disk of {path} is full: {free} MiB are left, {reserve} MiB are kept in reserve; make room, and writes \
             are taken again"
        );
        if !was_full {
            tracing::error!("{problem}");
        }
        Err(Status::resource_exhausted(problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_refused_while_only_the_reserve_is_left() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Disk::new(folder.path(), 1).check().is_ok());
        let refused = Disk::new(folder.path(), u64::MAX).check().unwrap_err();
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        assert!(refused.message().contains(&*folder.path().to_string_lossy()), "{refused}");
        assert!(Disk::new(folder.path().join("gone"), u64::MAX).check().is_ok(), "nobody knows");
    }
}
