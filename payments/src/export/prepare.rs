//! The folder that an export goes into: empty, or with an earlier export that may be replaced.

use super::manifest;
use super::sink::partial;
use super::swap;
use service::Error;
use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

/// A folder that is ready.
#[derive(Debug)]
pub struct Ready {
    /// The earlier export's files, the manifest first: to be replaced once the new one is whole.
    pub earlier: Vec<String>,
    /// What became of the remains of an export that was killed there.
    pub mended: Vec<String>,
    /// While it is open, no other export writes there.
    _held: File,
}

/// Makes the folder ready, or says why nothing is to be written there. An earlier export stays as it is.
pub fn prepare(folder: &Path, overwrite: bool) -> Result<Ready, Error> {
    let refuse =
        |problem: String| Error::Flag { flag: "--out", value: folder.display().to_string(), problem };
    let cannot = |done: &str, error: io::Error| refuse(format!("cannot be {done}: {error}"));
    fs::create_dir_all(folder).map_err(|error| cannot("created", error))?;
    let held = hold(folder).map_err(refuse)?;
    if overwrite {
        let mut mended = Vec::new();
        let earlier = earlier(folder, &mut mended).map_err(refuse)?;
        return Ok(Ready { earlier, mended, _held: held });
    }
    match names(folder).map_err(|error| cannot("read", error))?.first() {
        None => Ok(Ready { earlier: Vec::new(), mended: Vec::new(), _held: held }),
        Some(name) => Err(refuse(format!(
            "is not empty: it holds {name:?}; name another folder, or pass --overwrite to replace the files of an \
             earlier export there"
        ))),
    }
}

/// Locks the folder itself: a file for that would have to stay there, and would be taken for one of the export.
fn hold(folder: &Path) -> Result<File, String> {
    let held = File::open(folder).map_err(|error| format!("cannot be read: {error}"))?;
    match held.try_lock() {
        Ok(()) => Ok(held),
        Err(TryLockError::WouldBlock) => {
            Err("is in use by another export: wait for its end, or name another folder".into())
        }
        Err(TryLockError::Error(error)) => {
            Err(format!("cannot be locked: {error}; name a folder on a file system that has locks"))
        }
    }
}

fn names(folder: &Path) -> io::Result<BTreeSet<String>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// The files of the export that the folder's manifest names, the manifest first; or what stands in their way. Remains of
/// an export that was killed are gone then: the folder is locked, so nobody is at work on them.
fn earlier(folder: &Path, mended: &mut Vec<String>) -> Result<Vec<String>, String> {
    let path = folder.join(manifest::NAME);
    if path.symlink_metadata().is_err() && swap::replaced(folder, manifest::NAME).exists() {
        swap::undo(folder).map_err(|error| {
            format!(
                "holds an export whose replacement was cut off, and which cannot be brought back: {error:#}"
            )
        })?;
        mended.push("an export is whole again whose replacement was killed".to_owned());
    }
    let names = names(folder).map_err(|error| format!("cannot be read: {error}"))?;
    let listed = manifest::read(&path).map_err(|problem| {
        format!(
            "has a manifest.json that {problem}, so that nothing there can be replaced: name another folder"
        )
    })?;
    let remains = remains(folder, &names, listed.is_some());
    let listed = listed.unwrap_or_default();
    let is_stray =
        |name: &&String| manifest::is_of_export(name) && !listed.contains(name) && !remains.contains(name);
    if let Some(name) = names.iter().find(is_stray) {
        return Err(format!(
            "holds {name:?}, which no manifest.json there names, as after an export that was cut off: remove such files \
             first, or name another folder"
        ));
    }
    if let Some(name) = listed.iter().find(|name| folder.join(name).is_dir()) {
        return Err(format!("holds {name:?}, a folder where its manifest.json has a file: name another one"));
    }
    for name in &remains {
        swap::unless_missing(fs::remove_file(folder.join(name)))
            .map_err(|error| format!("has a file {name:?} that cannot be removed: {error}"))?;
    }
    if !remains.is_empty() {
        mended.push(format!("{} file(s) of an export that was killed are removed", remains.len()));
    }
    Ok(listed)
}

/// Files of an export that was killed. The manifest in the making comes last: it says of others that they are such.
fn remains(folder: &Path, there: &BTreeSet<String>, is_whole: bool) -> Vec<String> {
    let named = if is_whole { Vec::new() } else { swap::named(folder) };
    let passing = there.iter().filter(|name| manifest::is_passing(name)).cloned();
    let mut remains: Vec<_> = named.into_iter().filter(|name| there.contains(name)).chain(passing).collect();
    let last = partial(folder, manifest::NAME);
    remains.sort_by_key(|name| folder.join(name) == last);
    remains
}
