//! Where encoded payments are written to.

use crate::error::Error;
use crate::files;
use crate::load::options::{Format, Output};
use service::terminal::{stdout, stdout_bytes};
use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Permissions of every new file, less those that the process's umask takes away.
const MODE: u32 = 0o666;

/// Where chunks are written to.
pub enum Target {
    Nowhere,
    Stdout(Box<dyn Write + Send>),
    /// A temporary file in the folder of the path, which gets its name when it is whole.
    File {
        file: NamedTempFile,
        path: PathBuf,
    },
}

impl Target {
    /// # Errors
    /// When the file exists: nothing is overwritten.
    pub fn open(output: &Output) -> Result<Self, Error> {
        match &output.output {
            _ if output.dry_run => Ok(Self::Nowhere),
            None => Ok(Self::Nowhere),
            Some(path) if path == Path::new("-") => Ok(Self::Stdout(match output.output_format {
                Format::Protobuf => Box::new(stdout_bytes()),
                Format::Json => Box::new(stdout()),
            })),
            Some(path) if path.symlink_metadata().is_ok() => Err(exists(path)),
            Some(path) => {
                let mut builder = tempfile::Builder::new();
                let permissions = Permissions::from_mode(MODE);
                let builder = builder.prefix(".payments-").suffix(".part").permissions(permissions);
                let file = builder
                    .tempfile_in(files::folder(path))
                    .map_err(|error| refuse(path, format!("cannot be written: {error}")))?;
                Ok(Self::File { file, path: path.clone() })
            }
        }
    }

    pub fn write(&mut self, chunk: &[u8]) -> Result<(), Error> {
        match self {
            Self::Nowhere => Ok(()),
            Self::Stdout(out) => out.write_all(chunk).map_err(|source| failed(Path::new("-"), source)),
            Self::File { file, path } => file.write_all(chunk).map_err(|source| failed(path, source)),
        }
    }

    /// Call when everything is written.
    pub fn complete(self) -> Result<(), Error> {
        match self {
            Self::Nowhere => Ok(()),
            Self::Stdout(mut out) => out.flush().map_err(|source| failed(Path::new("-"), source)),
            Self::File { file, path } => {
                file.as_file().sync_all().map_err(|source| failed(&path, source))?;
                match file.persist_noclobber(&path) {
                    Ok(_) => files::sync_folder(&path).map_err(|source| failed(&path, source)),
                    Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(&path)),
                    Err(error) => Err(failed(&path, error.error)),
                }
            }
        }
    }
}

fn exists(path: &Path) -> Error {
    refuse(path, "exists already: name another file, or remove it".to_owned())
}

fn refuse(path: &Path, problem: String) -> Error {
    Error::Setup(service::Error::Flag { flag: "--output", value: path.display().to_string(), problem })
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Output { path: path.display().to_string(), source }
}
