//! Files that are either as they were or wholly new, whenever the process or the machine stops.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Replaces a file at once: written beside it as `FILE.tmp`, synced, renamed.
pub fn replace(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let temporary = beside(path, "tmp");
    let mut out = BufWriter::new(File::create(&temporary)?);
    write(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    std::fs::rename(&temporary, path)?;
    sync_folder(path)
}

/// Keeps other processes from a file that is replaced again and again, until the answer is dropped or the process ends.
///
/// The lock is an advisory one on `FILE.lock`, because the file itself cannot carry it.
///
/// # Errors
/// The problem in words that follow the name of the file.
pub fn lock(path: &Path) -> Result<File, String> {
    let lock_path = beside(path, "lock");
    // A device may be read without an end, and a rename would take its place; opening a pipe waits for its other end.
    let is_none = |path: &Path| std::fs::metadata(path).is_ok_and(|found| !found.is_file());
    if is_none(path) || is_none(&lock_path) {
        return Err("is a folder, a device or a pipe, or its .lock is: name a file".into());
    }
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&lock_path)
        .map_err(|error| format!("cannot be written: {}: {error}", lock_path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err("is in use by another producer: wait for its end, or give each shard a file of its own"
                .into())
        }
        Err(TryLockError::Error(error)) => Err(format!("cannot be locked: {error}")),
    }
}

/// Writes one JSON object and a line feed.
pub fn write_json(out: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// The path with an extension more: `run.json` and `run.json.lock`.
pub fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

/// The folder that a path lies in.
pub fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A rename is only safe from a power cut once its folder is on disk.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}
