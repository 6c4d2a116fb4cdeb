//! Folders that a server keeps its data in, and what may be wrong with them.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

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
