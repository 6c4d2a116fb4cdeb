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

/// A kind of files with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// How the files begin, and where the manifest tells of them.
    pub stem: &'static str,
    /// The file that tells their columns.
    pub schema: &'static str,
    /// The part of a payment that is its rail's; empty for files that are not of one rail.
    pub part: &'static str,
}

pub const PAYMENTS: Kind = Kind { stem: "payments", schema: "schema.json", part: "" };
pub const LABELS: Kind = Kind { stem: "labels", schema: "labels.schema.json", part: "" };
/// In the place of [`PAYMENTS`] where each rail has files of its own.
pub const RAILS: [Kind; 7] = [
    Kind { stem: "payments-ach", schema: "payments-ach.schema.json", part: "ach" },
    Kind { stem: "payments-wire", schema: "payments-wire.schema.json", part: "wire" },
    Kind { stem: "payments-card", schema: "payments-card.schema.json", part: "card" },
    Kind { stem: "payments-rtp", schema: "payments-rtp.schema.json", part: "rtp" },
    Kind { stem: "payments-sepa", schema: "payments-sepa.schema.json", part: "sepa" },
    Kind { stem: "payments-check", schema: "payments-check.schema.json", part: "check" },
    Kind { stem: "payments-p2p", schema: "payments-p2p.schema.json", part: "p2p" },
];

fn kinds() -> impl Iterator<Item = Kind> {
    [PAYMENTS, LABELS].into_iter().chain(RAILS)
}

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
pub fn json<'a>(format: Format, origin: &Origin, series: impl Iterator<Item = &'a Series>) -> Value {
    let mut manifest = json!({ "format": format.name() });
    for series in series {
        manifest[series.kind.stem] = told(series);
    }
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

fn told(series: &Series) -> Value {
    let file = |Written { name, rows, bytes, sha256 }: &Written| json!({ "name": name, "rows": rows, "bytes": bytes, "sha256": sha256 });
    let files: Vec<_> = series.done.iter().map(file).collect();
    json!({ "schema": series.kind.schema, "rows": series.rows(), "files": files })
}

/// The files that a manifest names; `None` if it is none.
pub fn files(manifest: &Value) -> Option<Vec<String>> {
    let mut names = vec![NAME.to_owned()];
    for kind in kinds() {
        let told = &manifest[kind.stem];
        if told.is_null() && kind != LABELS {
            continue;
        }
        names.push(told["schema"].as_str()?.to_owned());
        for file in told["files"].as_array()? {
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
    name == NAME || kinds().any(|kind| kind.schema == name || is_numbered(kind.stem))
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
        for ours in [
            "payments-00000.csv",
            "labels-123456.parquet",
            "schema.json",
            "manifest.json",
            "payments-p2p-00007.csv",
            "payments-p2p.schema.json",
        ] {
            assert!(is_of_export(ours) && !is_passing(ours), "{ours}");
            for passing in [format!(".{ours}.partial"), format!(".{ours}.replaced")] {
                assert!(is_passing(&passing) && !is_of_export(&passing), "{passing}");
            }
        }
        for others in [
            "payments.csv",
            "payments-1.csv",
            "payments-ach.csv",
            "payments-own-00000.csv",
            "../payments-00000.csv",
            "payments-00000.csv.bak",
            "notes.txt",
        ] {
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
