//! A new export in the place of an earlier one: the earlier one's files step aside, the new ones take their names, and only
//! then the earlier ones go.
//!
//! Without `manifest.json` nothing there is taken for whole: the earlier one is the first to step aside, the new one the
//! last to get its name. What was killed in between can be undone, because the two manifests, `.manifest.json.replaced`
//! and `.manifest.json.partial`, still say whose the files are.

use super::manifest;
use super::sink::partial;
use anyhow::{Context, anyhow, ensure};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The name of an earlier export's file until the new one is whole.
pub fn replaced(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!(".{name}.replaced"))
}

/// Gives the new files their names, the manifest last. The earlier ones, whose manifest comes first, are beside them then.
pub fn replace(folder: &Path, earlier: &[String], new: &[&str]) -> anyhow::Result<()> {
    // Whatever has its name has its content, too.
    sync(folder)?;
    for name in earlier {
        rename(&folder.join(name), &replaced(folder, name))?;
    }
    sync(folder)?;
    for name in new {
        take_name(folder, name)?;
    }
    sync(folder)?;
    take_name(folder, manifest::NAME)
}

fn take_name(folder: &Path, name: &str) -> anyhow::Result<()> {
    let path = folder.join(name);
    ensure!(path.symlink_metadata().is_err(), "{}: somebody else has written it meanwhile", path.display());
    fs::rename(partial(folder, name), &path).with_context(|| format!("{} cannot be written", path.display()))
}

/// Removes the files that the new export has replaced.
pub fn clear(folder: &Path, earlier: &[String]) -> anyhow::Result<()> {
    for name in earlier {
        let path = replaced(folder, name);
        unless_missing(fs::remove_file(&path)).with_context(|| {
            format!(
                "the new export is whole, but {}, a file of the earlier one, cannot be removed: do that",
                path.display()
            )
        })?;
    }
    Ok(())
}

/// Undoes what [`replace`] has done before it failed or was killed: no new file keeps its name, and the earlier export is
/// whole again. May itself be cut off, and be done again.
pub fn undo(folder: &Path) -> anyhow::Result<()> {
    let aside = replaced(folder, manifest::NAME);
    let earlier = manifest::read(&aside).map_err(|problem| anyhow!("{} {problem}", aside.display()))?;
    let earlier = earlier.unwrap_or_default();
    for name in earlier.iter().filter(|name| *name != manifest::NAME) {
        rename(&replaced(folder, name), &folder.join(name))?;
    }
    for name in named(folder).iter().filter(|name| !earlier.contains(name)) {
        let path = folder.join(name);
        unless_missing(fs::remove_file(&path))
            .with_context(|| format!("{} cannot be removed", path.display()))?;
    }
    sync(folder)?;
    rename(&aside, &folder.join(manifest::NAME))?;
    sync(folder)
}

/// Files that an export without a manifest yet has given their names: those that are no longer in the making.
pub fn named(folder: &Path) -> Vec<String> {
    let new = manifest::read(&partial(folder, manifest::NAME)).ok().flatten().unwrap_or_default();
    new.into_iter().filter(|name| partial(folder, name).symlink_metadata().is_err()).collect()
}

/// Syncs the names in the folder.
pub fn sync(folder: &Path) -> anyhow::Result<()> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.with_context(|| format!("{} cannot be synced", folder.display()))
}

/// One that is not there needs no other name.
fn rename(from: &Path, to: &Path) -> anyhow::Result<()> {
    unless_missing(fs::rename(from, to)).with_context(|| format!("{} cannot be renamed", from.display()))
}

pub fn unless_missing(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
