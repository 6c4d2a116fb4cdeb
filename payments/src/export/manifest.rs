//! `manifest.json`: what the folder holds. It is written last: where there is none, an export was cut off.

use super::format::Format;
use super::series::Series;
use super::sink::Written;
use serde_json::{Value, json};
use service::files::read_text;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

pub const NAME: &str = "manifest.json";
pub const SCHEMA: &str = "schema.json";
pub const LABELS_SCHEMA: &str = "labels.schema.json";
/// Files with rows begin like this.
pub const STEMS: [&str; 2] = ["payments", "labels"];

/// Larger than the manifest of a hundred thousand files.
const MOST_BYTES: u64 = 64 << 20;

/// Where the payments came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Generator {
        run_id: String,
        flags: String,
    },
    Tables {
        /// Rows by run.
        runs: BTreeMap<String, u64>,
        /// Rows that are no payments.
        left_out: u64,
    },
}

/// Nothing in it depends on when or where it was made.
pub fn json(format: Format, origin: &Origin, payments: &Series, labels: &Series) -> Value {
    let mut manifest = json!({
        "format": format.name(),
        "payments": kind(payments, SCHEMA),
        "labels": kind(labels, LABELS_SCHEMA),
    });
    match origin {
        Origin::Generator { run_id, flags } => {
            manifest["from"] = "generator".into();
            manifest["generator_version"] = generator::GENERATOR_VERSION.into();
            manifest["run_id"] = run_id.clone().into();
            manifest["flags"] = flags.clone().into();
        }
        Origin::Tables { runs, left_out } => {
            manifest["from"] = "tables".into();
            manifest["runs"] = json!(runs);
            manifest["rows_left_out"] = json!(left_out);
        }
    }
    manifest
}

fn kind(series: &Series, schema: &str) -> Value {
    let file = |Written { name, rows, bytes, sha256 }: &Written| json!({ "name": name, "rows": rows, "bytes": bytes, "sha256": sha256 });
    let files: Vec<_> = series.done.iter().map(file).collect();
    json!({ "schema": schema, "rows": series.rows(), "files": files })
}

/// The files that a manifest names; `None` if it is none.
pub fn files(manifest: &Value) -> Option<Vec<String>> {
    let mut names = vec![NAME.to_owned()];
    for stem in STEMS {
        names.push(manifest[stem]["schema"].as_str()?.to_owned());
        for file in manifest[stem]["files"].as_array()? {
            names.push(file["name"].as_str()?.to_owned());
        }
    }
    Some(names)
}

/// The files of the export that the manifest at this path tells of; none if there is no manifest.
///
/// # Errors
/// The problem in words that follow what the manifest is called.
pub fn read(path: &Path) -> Result<Option<Vec<String>>, String> {
    let text = match read_text(path, MOST_BYTES) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    let parsed: Option<Value> = serde_json::from_str(&text).ok();
    let listed = parsed.as_ref().and_then(files);
    // Whoever wrote it may have named anything.
    match listed.filter(|listed| listed.iter().all(|name| is_of_export(name))) {
        Some(listed) => Ok(Some(listed)),
        None => Err("is not an export's".to_owned()),
    }
}

/// Whether an export may write a file of this name.
pub fn is_of_export(name: &str) -> bool {
    let is_numbered = |stem: &str| {
        let rest = name.strip_prefix(stem).and_then(|rest| rest.strip_prefix('-'));
        rest.and_then(|rest| rest.split_once('.')).is_some_and(|(number, ending)| {
            number.len() >= 5
                && number.bytes().all(|byte| byte.is_ascii_digit())
                && ["csv", "ndjson", "parquet"].contains(&ending)
        })
    };
    [NAME, SCHEMA, LABELS_SCHEMA].contains(&name) || STEMS.into_iter().any(is_numbered)
}

/// Whether it is the name of such a file in the making, or of one that is being replaced.
pub fn is_passing(name: &str) -> bool {
    let rest = name.strip_prefix('.').unwrap_or_default();
    rest.strip_suffix(".partial").or_else(|| rest.strip_suffix(".replaced")).is_some_and(is_of_export)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_an_export_gives_are_its_files() {
        for ours in ["payments-00000.csv", "labels-123456.parquet", "schema.json", "manifest.json"] {
            assert!(is_of_export(ours) && !is_passing(ours), "{ours}");
            for passing in [format!(".{ours}.partial"), format!(".{ours}.replaced")] {
                assert!(is_passing(&passing) && !is_of_export(&passing), "{passing}");
            }
        }
        for others in
            ["payments.csv", "payments-1.csv", "../payments-00000.csv", "payments-00000.csv.bak", "notes.txt"]
        {
            assert!(!is_of_export(others) && !is_passing(others), "{others}");
            assert!(!is_passing(&format!(".{others}.partial")), "{others}");
        }
    }

    #[test]
    fn a_manifest_that_is_none_names_nothing() {
        for wrong in
            [json!(null), json!([]), json!({ "payments": { "files": [] } }), json!({ "payments": 3 })]
        {
            assert_eq!(files(&wrong), None, "{wrong}");
        }
    }
}
