//! How far a producer has come, in a file that survives it.
//!
//! The file holds the settings of the run and the indices below which everything is confirmed. A payment is a function of
//! the settings and its index, so whatever was in flight when the process died is sent again, byte for byte the same.

use crate::files;
use crate::load::identity::{self, Identity};
use crate::trickle;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::Error;
use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Changes when a field of the file changes its meaning.
const FORMAT: u32 = 1;

/// Everything below is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Floors {
    pub confirmed_below: u64,
    /// The same for the payments held back by `--late-rate`, which follow after all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_confirmed_below: Option<u64>,
}

impl Floors {
    /// Nothing is confirmed yet.
    pub fn start(range: &Range<u64>, has_late: bool) -> Self {
        Self { confirmed_below: range.start, late_confirmed_below: has_late.then_some(range.start) }
    }

    pub fn is_complete(self, range: &Range<u64>) -> bool {
        self.confirmed_below == range.end && self.late_confirmed_below.is_none_or(|late| late == range.end)
    }

    fn fits(self, range: &Range<u64>, has_late: bool) -> bool {
        let inside = |floor: u64| (range.start..=range.end).contains(&floor);
        inside(self.confirmed_below)
            && self.late_confirmed_below.is_none_or(inside)
            && self.late_confirmed_below.is_some() == has_late
    }
}

#[derive(Serialize)]
struct Content<'a> {
    checkpoint_format: u32,
    run_id: &'a str,
    #[serde(flatten)]
    floors: Floors,
    complete: bool,
    settings: &'a Identity,
}

#[derive(Deserialize)]
struct Stored {
    checkpoint_format: u32,
    #[serde(flatten)]
    floors: Floors,
    settings: Value,
}

/// A checkpoint file that this process alone uses, by an advisory lock on `FILE.lock`.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    run_id: String,
    identity: Identity,
    range: Range<u64>,
    /// The file itself is replaced again and again and cannot carry the lock.
    _lock: File,
}

impl Checkpoint {
    /// Opens or begins a checkpoint, and says where it stands.
    ///
    /// # Errors
    /// When another process uses it, when it is damaged, or when it is of other settings: those are named.
    pub fn open(
        path: &Path,
        run_id: &str,
        identity: &Identity,
        range: &Range<u64>,
        has_late: bool,
    ) -> Result<(Self, Floors), Error> {
        let lock = files::lock(path).map_err(|problem| refuse(path, problem))?;
        let floors = match std::fs::read(path) {
            Ok(bytes) => read(path, &bytes, identity, range, has_late)?,
            Err(error) if error.kind() == ErrorKind::NotFound => Floors::start(range, has_late),
            Err(error) => return Err(refuse(path, format!("cannot be read: {error}"))),
        };
        let checkpoint = Self {
            path: path.to_owned(),
            run_id: run_id.to_owned(),
            identity: identity.clone(),
            range: range.clone(),
            _lock: lock,
        };
        Ok((checkpoint, floors))
    }

    /// Replaces the file; after a crash it is the old one or the new one, never a torn one.
    pub fn save(&self, floors: Floors) -> Result<(), Error> {
        let content = Content {
            checkpoint_format: FORMAT,
            run_id: &self.run_id,
            floors,
            complete: floors.is_complete(&self.range),
            settings: &self.identity,
        };
        let write = |out: &mut std::io::BufWriter<File>| {
            serde_json::to_writer_pretty(&mut *out, &content)?;
            std::io::Write::write_all(out, b"\n")
        };
        files::replace(&self.path, write)
            .map_err(|error| refuse(&self.path, format!("cannot be written: {error}")))
    }
}

fn read(
    path: &Path,
    bytes: &[u8],
    identity: &Identity,
    range: &Range<u64>,
    has_late: bool,
) -> Result<Floors, Error> {
    if trickle::is_checkpoint(bytes) {
        let problem = "is a trickle's, whose updates to come would be lost: name another file".to_owned();
        return Err(refuse(path, problem));
    }
    let damaged = |what: &str| {
        refuse(
            path,
            format!("is damaged: {what}; delete it to publish from the beginning, which is harmless"),
        )
    };
    let stored: Stored = serde_json::from_slice(bytes).map_err(|error| damaged(&error.to_string()))?;
    if stored.checkpoint_format != FORMAT {
        let (found, ours) = (stored.checkpoint_format, FORMAT);
        return Err(refuse(path, format!("has checkpoint_format {found}, this version writes {ours}")));
    }
    if let Some(difference) = identity::difference(identity, &stored.settings) {
        return Err(refuse(
            path,
            format!("is of another run: {difference}; use the same flags, or another file"),
        ));
    }
    if !stored.floors.fits(range, has_late) {
        return Err(damaged(&format!("its indices lie outside {}..{}", range.start, range.end)));
    }
    Ok(stored.floors)
}

fn refuse(path: &Path, problem: String) -> Error {
    Error::Flag { flag: "--checkpoint", value: path.display().to_string(), problem }
}
