//! Folders that servers keep their data in, what may be wrong with them, and those that killed runs have left.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use tempfile::TempDir;

/// What is wrong with a data directory.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("data directory {0} is not a directory; name another one, or move the file away")]
    NotADirectory(PathBuf),
    #[error("data directory {path} cannot be created: {source}; choose a path that can be written")]
    NotCreated { path: PathBuf, source: io::Error },
    #[error("data directory {path} is read-only: {source}; let this user write there, or choose another one")]
    ReadOnly { path: PathBuf, source: io::Error },
    #[error("data directory {path} cannot be used: {source}; mend that, or choose another one")]
    Unusable { path: PathBuf, source: io::Error },
    #[error("data directory {path} is not ours: it holds {found:?}; choose an empty directory or a new one")]
    NotOurs { path: PathBuf, found: String },
    #[error(
        "data directory {path} is of another version: {found}, where this program reads {VERSION}; open it with the \
         program that wrote it, or choose another one"
    )]
    OtherVersion { path: PathBuf, found: String },
    #[error("data directory {path} is locked by {holder}; stop that one, or choose another directory")]
    Locked { path: PathBuf, holder: String },
}

/// The version of everything in a data directory.
pub const VERSION: u32 = 1;

/// Our own files in a data directory start with this.
const OURS: &str = "payments-emulators.";
const STAMP: &str = "payments-emulators.version";
/// Locked while a process has the directory, and holds its id.
const LOCK: &str = "payments-emulators.lock";
/// Where the servers' stores are.
pub const STORES: [&str; 2] = ["pubsub", "bigtable"];
/// What a file system of its own has from the start.
const LOST_AND_FOUND: &str = "lost+found";
/// Starts the names of temporary folders.
const TEMPORARY: &str = "payments-emulators-";

/// A data directory that is this process's alone until the value is dropped.
#[derive(Debug)]
pub struct Folder {
    pub path: PathBuf,
    /// Removed while the lock is still held.
    _temporary: Option<TempDir>,
    _lock: File,
}

impl Folder {
    /// Opens a data directory, or makes one.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        create(path)?;
        let unusable = |source| Fault::Unusable { path: path.to_owned(), source };
        if !is_ours(path).map_err(unusable)? {
            check_empty(path)?;
        }
        let version = stamped(path)?;
        access(path, Access::WRITE_OK)
            .map_err(|error| Fault::ReadOnly { path: path.to_owned(), source: error.into() })?;
        let lock = lock(path)?;
        if version.is_none() {
            stamp(path).map_err(unusable)?;
        }
        Ok(Self { path: path.to_owned(), _temporary: None, _lock: lock })
    }

    /// Makes a temporary one, which goes with the value, and removes those whose processes were killed.
    pub fn temporary() -> io::Result<Self> {
        Self::temporary_in(&std::env::temp_dir())
    }

    fn temporary_in(parent: &Path) -> io::Result<Self> {
        loop {
            let folder = tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(parent)?;
            // Between its creation and its lock another process may have taken it for a dead one's.
            let Some(lock) = claim(folder.path())? else { continue };
            sweep(folder.path());
            return Ok(Self { path: folder.path().to_owned(), _temporary: Some(folder), _lock: lock });
        }
    }
}

/// Whether servers of ours have written here; those of earlier versions left no stamp.
fn is_ours(path: &Path) -> io::Result<bool> {
    let is_store = |name: &str| {
        let mut start = [0; 3];
        let marker = File::open(path.join(name).join("version"));
        marker.is_ok_and(|mut marker| marker.read_exact(&mut start).is_ok() && start == *b"FJL")
    };
    Ok(path.join(STAMP).try_exists()? || STORES.iter().any(|name| is_store(name)))
}

/// Refuses a folder with anything in it that is not of a first start cut short.
fn check_empty(path: &Path) -> Result<(), Fault> {
    let unusable = |source| Fault::Unusable { path: path.to_owned(), source };
    for entry in fs::read_dir(path).map_err(unusable)? {
        let name = entry.map_err(unusable)?.file_name();
        let known = |name: &str| name.starts_with(OURS) || name == LOST_AND_FOUND || STORES.contains(&name);
        if !name.to_str().is_some_and(known) {
            return Err(Fault::NotOurs { path: path.to_owned(), found: name.to_string_lossy().into_owned() });
        }
    }
    Ok(())
}

/// The version in the stamp, which is this program's, or `None` without a stamp.
fn stamped(path: &Path) -> Result<Option<u32>, Fault> {
    let stamp = match fs::read_to_string(path.join(STAMP)) {
        Ok(stamp) => stamp,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Fault::Unusable { path: path.to_owned(), source }),
    };
    match stamp.trim().parse() {
        Ok(VERSION) => Ok(Some(VERSION)),
        _ => Err(Fault::OtherVersion { path: path.to_owned(), found: format!("{:?}", stamp.trim()) }),
    }
}

/// Writes the stamp, whole or not at all.
fn stamp(path: &Path) -> io::Result<()> {
    let new = path.join(format!("{STAMP}.new"));
    let mut file = File::create(&new)?;
    writeln!(file, "{VERSION}")?;
    file.sync_all()?;
    fs::rename(new, path.join(STAMP))?;
    sync_folder(path)
}

fn lock(path: &Path) -> Result<File, Fault> {
    let unusable = |source| Fault::Unusable { path: path.to_owned(), source };
    let mut file = open_lock(path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut id = String::new();
            let is_read = file.read_to_string(&mut id).is_ok_and(|_| !id.trim().is_empty());
            let holder =
                if is_read { format!("process {}", id.trim()) } else { "another process".to_owned() };
            return Err(Fault::Locked { path: path.to_owned(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(unusable(source)),
    }
    let sign = |file: &mut File| {
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())
    };
    sign(&mut file).map_err(unusable)?;
    Ok(file)
}

fn open_lock(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).open(path.join(LOCK))
}

/// Locks a new temporary folder; `None` if another process has it, or has removed it.
fn claim(path: &Path) -> io::Result<Option<File>> {
    let file = match open_lock(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let locked = file.metadata()?.ino();
    Ok(fs::metadata(path.join(LOCK)).is_ok_and(|there| there.ino() == locked).then_some(file))
}

/// Removes the temporary folders beside this one that are the same user's and that nobody holds.
fn sweep(own: &Path) {
    let (Some(parent), Ok(of_own)) = (own.parent(), own.metadata()) else { return };
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.filter_map(Result::ok) {
        let is_named = entry.file_name().to_string_lossy().starts_with(TEMPORARY);
        // Of a link this is the link itself.
        let is_of_user = |entry: &fs::DirEntry| {
            entry.metadata().is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == of_own.uid())
        };
        let path = entry.path();
        if !is_named || path == own || !is_of_user(&entry) {
            continue;
        }
        // Held until the folder is gone, so that nobody begins to use it meanwhile.
        let Some(_locks) = locks_of_dead(&path) else { continue };
        match fs::remove_dir_all(&path) {
            Ok(()) => tracing::info!(path = %path.display(), "removed the data that a killed run had left"),
            Err(error) => tracing::warn!(path = %path.display(), %error, "the data of a killed run stays"),
        }
    }
}

/// All locks of a temporary folder, if it has any and no process holds one of them. The stores' own count too: earlier
/// versions had no others.
fn locks_of_dead(path: &Path) -> Option<Vec<File>> {
    let stores = STORES.map(|store| path.join(store).join("lock"));
    let mut locks = Vec::new();
    for lock in [path.join(LOCK)].iter().chain(&stores) {
        match File::options().read(true).write(true).open(lock) {
            Ok(file) => {
                file.try_lock().ok()?;
                locks.push(file);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(_) => return None,
        }
    }
    (!locks.is_empty()).then_some(locks)
}

/// Creates a folder with its parents, if they are missing, so that a loss of power leaves none of them out.
pub fn create(path: &Path) -> Result<(), Fault> {
    create_synced(path).map_err(|source| match source.kind() {
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => Fault::NotADirectory(path.to_owned()),
        _ => Fault::NotCreated { path: path.to_owned(), source },
    })
}

fn create_synced(path: &Path) -> io::Result<()> {
    if path.is_dir() || path.as_os_str().is_empty() {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(Path::new(""));
    create_synced(parent)?;
    match fs::create_dir(path) {
        // Someone else was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_folder(parent),
    }
}

/// What an error of the store says about the folder; any other error comes back.
pub fn fault(path: &Path, error: fjall::Error) -> Result<Fault, fjall::Error> {
    let path = path.to_owned();
    match error {
        fjall::Error::Locked => Ok(Fault::Locked { path, holder: "another server".to_owned() }),
        fjall::Error::InvalidVersion(found) => {
            let found =
                found.map_or("a store's that is unknown".to_owned(), |found| format!("a store's {found:?}"));
            Ok(Fault::OtherVersion { path, found })
        }
        fjall::Error::Io(source) if is_denied(&source) => Ok(Fault::ReadOnly { path, source }),
        error => Err(error),
    }
}

fn is_denied(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

/// Syncs the names in a folder.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests;
