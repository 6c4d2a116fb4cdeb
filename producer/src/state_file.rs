//! A file that outlives a run, so that the next one goes on where it stopped: the checkpoint of a load or a trickle.

use crate::files;
use crate::settings;
use serde::Serialize;
use serde_json::Value;
use service::Error;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind};
use std::path::{Path, PathBuf};

/// The beginning of a trickle's checkpoint, of whatever version; a load's is JSON.
pub const TRICKLE: &str = "payments-trickle-";

/// Whether a checkpoint's bytes are a trickle's.
pub fn is_trickles(bytes: &[u8]) -> bool {
    bytes.starts_with(TRICKLE.as_bytes())
}

/// The file, which is this process's alone as long as the value lives: by an advisory lock on `FILE.lock`.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    /// The file itself is replaced again and again and cannot carry the lock.
    _lock: File,
}

impl StateFile {
    /// # Errors
    /// When another process has it, or when it can be none.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let lock = files::lock(path).map_err(|problem| refusal(path, problem))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content, of at most so many bytes; `None` where no run has left any.
    pub fn read(&self, most_bytes: u64) -> Result<Option<Vec<u8>>, Error> {
        match service::files::read(&self.path, most_bytes) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.refuse(format!("cannot be read: {error}"))),
        }
    }

    /// Replaces the content, which is on the disk when this returns; after a crash it is the old or the new one, never
    /// a torn one.
    pub fn replace(&self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
        files::replace(&self.path, write)
    }

    /// Refuses a file that a run of other settings has left; they are named.
    pub fn require_own(&self, ours: &impl Serialize, stored: &Value) -> Result<(), Error> {
        settings::difference(ours, stored).map_or(Ok(()), |difference| {
            Err(self.refuse(format!("is of another run: {difference}; use the same flags, or another file")))
        })
    }

    /// The error that something is wrong with the file.
    pub fn refuse(&self, problem: String) -> Error {
        refusal(&self.path, problem)
    }
}

/// The content of a file that a run may be at work with: it is replaced as a whole, so that a reader needs no lock.
pub fn read_beside(path: &Path, most_bytes: u64) -> Result<Vec<u8>, Error> {
    service::files::read(path, most_bytes).map_err(|error| refusal(path, format!("cannot be read: {error}")))
}

/// The error that something is wrong with a file.
pub fn refusal(path: &Path, problem: String) -> Error {
    Error::Flag { flag: "--checkpoint", value: path.display().to_string(), problem }
}
