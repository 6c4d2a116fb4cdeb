//! How far a producer has come, in a file that survives it.
//!
//! The file holds the settings of the run and the indices below which everything is confirmed. A payment is a function
//! of the settings and its index, so whatever was in flight when the process died is sent again, byte for byte the
//! same.

use crate::load::identity::Identity;
use crate::state_file::{StateFile, is_trickles};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::Error;
use std::io::Write;
use std::ops::Range;
use std::path::Path;

/// Changes when a field of the file changes its meaning.
pub const FORMAT: u32 = 1;
/// Some settings and two numbers.
pub const MOST_BYTES: u64 = 1 << 20;

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
pub struct Stored {
    pub checkpoint_format: u32,
    #[serde(flatten)]
    pub floors: Floors,
    pub settings: Value,
}

/// A checkpoint file that this process alone uses.
#[derive(Debug)]
pub struct Checkpoint {
    file: StateFile,
    run_id: String,
    identity: Identity,
    range: Range<u64>,
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
        let file = StateFile::open(path)?;
        let floors = match file.read(MOST_BYTES)? {
            Some(bytes) => read(&file, &bytes, identity, range, has_late)?,
            None => Floors::start(range, has_late),
        };
        let (run_id, identity) = (run_id.to_owned(), identity.clone());
        Ok((Self { file, run_id, identity, range: range.clone() }, floors))
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
        let written = self.file.replace(|out| {
            serde_json::to_writer_pretty(&mut *out, &content)?;
            out.write_all(b"\n")
        });
        written.map_err(|error| self.file.refuse(format!("cannot be written: {error}")))
    }
}

fn read(
    file: &StateFile,
    bytes: &[u8],
    identity: &Identity,
    range: &Range<u64>,
    has_late: bool,
) -> Result<Floors, Error> {
    if is_trickles(bytes) {
        let problem = "is a trickle's, whose updates to come would be lost: name another file";
        return Err(file.refuse(problem.to_owned()));
    }
    let damaged = |what: &str| {
        file.refuse(format!("is damaged: {what}; delete it to publish from the beginning, which is harmless"))
    };
    let stored: Stored = serde_json::from_slice(bytes).map_err(|error| damaged(&error.to_string()))?;
    if stored.checkpoint_format != FORMAT {
        let (found, ours) = (stored.checkpoint_format, FORMAT);
        return Err(file.refuse(format!("has checkpoint_format {found}, this version writes {ours}")));
    }
    file.require_own(identity, &stored.settings)?;
    if !stored.floors.fits(range, has_late) {
        return Err(damaged(&format!("its indices lie outside {}..{}", range.start, range.end)));
    }
    Ok(stored.floors)
}
