//! Who may import whom: the crates' dependencies against the table in `docs/ARCHITECTURE.md`.

use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use toml::Table;

/// Each crate of the workspace with those that it may depend on, and those that its tests may use besides.
const ALLOWED: [(&str, &[&str], &[&str]); 12] = [
    ("wire", &[], &[]),
    ("schemas", &[], &[]),
    ("service", &[], &[]),
    ("generator", &["schemas"], &[]),
    ("gcp", &["wire", "service"], &["fakes"]),
    ("emulator", &["wire"], &["fakes", "service"]),
    ("fakes", &["wire", "emulator"], &[]),
    ("producer", &["wire", "schemas", "service", "generator", "gcp"], &["fakes"]),
    ("sink", &["wire", "schemas", "service", "gcp"], &["generator", "fakes", "emulator"]),
    ("payments", &["schemas", "service", "generator", "gcp", "emulator", "producer", "sink"], &[]),
    (
        "bench",
        &["schemas", "service", "generator", "gcp", "emulator", "fakes", "producer", "sink", "payments"],
        &[],
    ),
    (
        "tests",
        &["schemas", "service", "generator", "gcp", "emulator", "fakes", "producer", "sink", "payments"],
        &[],
    ),
];

/// What the generator must not know, because its payments are a pure function.
const IMPURE: [&str; 5] = ["clap", "tokio", "tonic", "std::fs", "std::env"];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn manifest(folder: &str) -> Result<Table> {
    let path = root().join(folder).join("Cargo.toml");
    Ok(std::fs::read_to_string(&path).with_context(|| path.display().to_string())?.parse()?)
}

/// The names of a section of a manifest.
fn names(manifest: &Table, section: &str) -> BTreeSet<String> {
    let table = manifest.get(section).and_then(|section| section.as_table());
    table.into_iter().flat_map(Table::keys).cloned().collect()
}

#[test]
fn crates_depend_only_on_what_the_table_allows() -> Result<()> {
    let workspace = manifest("")?;
    let members = workspace["workspace"]["members"].as_array().context("a list of members")?;
    let members: BTreeSet<_> = members.iter().filter_map(|member| member.as_str()).collect();
    let allowed: BTreeMap<_, _> = ALLOWED.map(|(name, normal, dev)| (name, (normal, dev))).into();
    assert_eq!(members, allowed.keys().copied().collect(), "the table has a line for each member");
    for (name, (normal, dev)) in allowed {
        let manifest = manifest(name)?;
        let ours = |section| names(&manifest, section).into_iter().filter(|name| members.contains(&**name));
        for found in ours("dependencies") {
            assert!(normal.contains(&&*found), "{name} must not depend on {found}");
        }
        for found in ours("dev-dependencies") {
            assert!([normal, dev].concat().contains(&&*found), "the tests of {name} must not use {found}");
        }
    }
    Ok(())
}

#[test]
fn the_generator_is_pure() -> Result<()> {
    let manifest = manifest("generator")?;
    let mut folders = vec![root().join("generator/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path)?;
                for name in IMPURE {
                    assert!(!text.contains(&format!("{name}::")), "{} uses {name}", path.display());
                    assert!(
                        !names(&manifest, "dependencies").contains(name),
                        "the generator depends on {name}"
                    );
                }
            }
        }
    }
    Ok(())
}
