//! The folder that an export goes into: empty, or with an earlier export that may be replaced.

use super::manifest;
use serde_json::Value;
use service::{Error, files};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

/// Larger than the manifest of a hundred thousand files.
const MANIFEST_BYTES: u64 = 64 << 20;

/// Makes the folder ready, or says why nothing is to be written there. Nothing is removed unless all can be.
pub fn prepare(folder: &Path, overwrite: bool) -> Result<(), Error> {
    let refuse =
        |problem: String| Error::Flag { flag: "--out", value: folder.display().to_string(), problem };
    let cannot = |done: &str, error: io::Error| refuse(format!("cannot be {done}: {error}"));
    fs::create_dir_all(folder).map_err(|error| cannot("created", error))?;
    let names = names(folder).map_err(|error| cannot("read", error))?;
    if !overwrite {
        return match names.first() {
            None => Ok(()),
            Some(name) => Err(refuse(format!(
                "is not empty: it holds {name:?}; name another folder, or pass --overwrite to replace the files of an \
                 earlier export there"
            ))),
        };
    }
    let old = earlier(folder, &names).map_err(refuse)?;
    // The manifest first: without it nobody takes the rest for a whole export.
    for name in &old {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(refuse(format!("has a file {name:?} that cannot be removed: {error}")));
            }
            _ => {}
        }
    }
    Ok(())
}

fn names(folder: &Path) -> io::Result<BTreeSet<String>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// The files of the export that the folder's manifest names, the manifest first; or what stands in their way.
fn earlier(folder: &Path, names: &BTreeSet<String>) -> Result<Vec<String>, String> {
    let path = folder.join(manifest::NAME);
    let listed = if names.contains(manifest::NAME) {
        let text = files::read_text(&path, MANIFEST_BYTES);
        let text = text.map_err(|error| format!("has a manifest.json that cannot be read: {error}"))?;
        let parsed: Option<Value> = serde_json::from_str(&text).ok();
        let listed = parsed.as_ref().and_then(manifest::files);
        listed.filter(|listed| listed.iter().all(|name| manifest::is_of_export(name))).ok_or(
            "has a manifest.json that is not an export's, so that nothing there can be replaced: name another folder",
        )?
    } else {
        Vec::new()
    };
    let stray = |name: &&String| manifest::is_of_export(name) && !listed.contains(name);
    match names.iter().find(stray) {
        Some(name) => Err(format!(
            "holds {name:?}, which no manifest.json there names, as after an export that was cut off: remove such files \
             first, or name another folder"
        )),
        None => Ok(listed),
    }
}
