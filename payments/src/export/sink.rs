//! A file in the making: under a name that nobody takes for a whole one, counted and summed as it is written.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A whole file, as the manifest tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub name: String,
    pub rows: u64,
    pub bytes: u64,
    pub sha256: String,
}

#[derive(Debug)]
pub struct Sink {
    file: File,
    bytes: u64,
    sum: Sha256,
}

/// The name until it is whole. What begins with a dot is not read by those who read whole folders.
pub fn partial(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!(".{name}.partial"))
}

impl Sink {
    /// A file that is not there yet.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(Self { file, bytes: 0, sum: Sha256::new() })
    }

    /// Ends the file, once the disk has it all. It gets its name when all others have come to their end, too.
    pub fn finish(self, name: &str, rows: u64) -> io::Result<Written> {
        self.file.sync_all()?;
        let mut sha256 = String::with_capacity(64);
        for byte in &self.sum.finalize() {
            let _ = write!(sha256, "{byte:02x}");
        }
        Ok(Written { name: name.to_owned(), rows, bytes: self.bytes, sha256 })
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
