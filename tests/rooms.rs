//! The house rules: who may import whom, as in `docs/ARCHITECTURE.md`, and that its guides tell of what there is.

use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml::Table;

/// What whole paths and figures are made of.
const NEARLY_ALL: [&str; 11] = [
    "schemas",
    "service",
    "monitor",
    "generator",
    "gcp",
    "emulator",
    "fakes",
    "producer",
    "sink",
    "payments",
    // Its command line, of which documents tell.
    "bench",
];

/// Each crate of the workspace with those that it may depend on, and those that its tests may use besides.
const ALLOWED: [(&str, &[&str], &[&str]); 14] = [
    ("wire", &[], &[]),
    ("schemas", &[], &[]),
    ("service", &[], &[]),
    ("monitor", &["service"], &[]),
    ("top", &["monitor", "service"], &[]),
    ("generator", &["schemas"], &[]),
    ("gcp", &["wire", "service"], &["fakes"]),
    ("emulator", &["wire"], &["fakes", "service"]),
    ("fakes", &["wire", "emulator"], &[]),
    ("producer", &["wire", "schemas", "service", "monitor", "generator", "gcp"], &["fakes"]),
    ("sink", &["wire", "schemas", "service", "monitor", "gcp"], &["generator", "fakes", "emulator"]),
    (
        "payments",
        &["schemas", "service", "monitor", "top", "generator", "gcp", "emulator", "producer", "sink"],
        &["fakes"],
    ),
    ("bench", &NEARLY_ALL, &[]),
    ("tests", &NEARLY_ALL, &[]),
];

/// Packages whose library has another name.
const RENAMED: [(&str, &str); 1] = [("iban_validate", "iban")];

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

/// The Rust files below a folder, with their texts; nothing where there is no such folder.
fn sources(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(files) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push((path.clone(), std::fs::read_to_string(&path)?));
        }
    }
    Ok(files)
}

/// Whether a text uses a crate: as the begin of a path, as a whole, or as an attribute.
fn uses(text: &str, name: &str) -> bool {
    let is_word = |text: char| text.is_alphanumeric() || text == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, behind) = (&text[..at], &text[at + name.len()..]);
        !before.ends_with(is_word) && (behind.starts_with("::") || behind.starts_with([';', ' ', ']']))
    })
}

#[test]
fn every_dependency_is_used() -> Result<()> {
    for (folder, ..) in ALLOWED {
        let manifest = manifest(folder)?;
        let at = root().join(folder);
        let (all, build) = (sources(&at)?, std::fs::read_to_string(at.join("build.rs")).unwrap_or_default());
        let normal: Vec<_> =
            all.iter().filter(|(path, _)| folder == "tests" || path.starts_with(at.join("src"))).collect();
        for (section, texts) in [("dependencies", normal), ("dev-dependencies", all.iter().collect())] {
            for dependency in names(&manifest, section) {
                let renamed = RENAMED.iter().find(|(package, _)| *package == dependency);
                let name =
                    renamed.map_or_else(|| dependency.replace('-', "_"), |(_, name)| (*name).to_owned());
                let used = texts.iter().any(|(_, text)| uses(text, &name));
                assert!(used, "{folder}/Cargo.toml: nothing uses {dependency} of [{section}]");
            }
        }
        for dependency in names(&manifest, "build-dependencies") {
            assert!(
                uses(&build, &dependency.replace('-', "_")),
                "{folder}/build.rs does not use {dependency}"
            );
        }
    }
    Ok(())
}

#[test]
fn every_dependency_has_its_line_in_the_guide() -> Result<()> {
    let guide = std::fs::read_to_string(root().join("docs/DEPENDENCIES.md"))?;
    let lines: BTreeSet<_> = guide.split('`').skip(1).step_by(2).collect();
    for (folder, ..) in ALLOWED {
        let manifest = manifest(folder)?;
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for dependency in names(&manifest, section) {
                // These are named by what they have in common.
                let is_stub = dependency.starts_with("googleapis-tonic-google-");
                let is_ours = ALLOWED.iter().any(|(ours, ..)| *ours == dependency);
                assert!(
                    is_stub || is_ours || lines.contains(&*dependency),
                    "docs/DEPENDENCIES.md has no line for {dependency} of {folder}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn the_generator_is_pure() -> Result<()> {
    let manifest = manifest("generator")?;
    for (path, text) in sources(&root().join("generator/src"))? {
        for name in IMPURE {
            assert!(!text.contains(&format!("{name}::")), "{} uses {name}", path.display());
        }
    }
    let impure = names(&manifest, "dependencies").into_iter().filter(|name| IMPURE.contains(&&**name));
    assert_eq!(impure.collect::<Vec<_>>(), [""; 0], "dependencies of the generator");
    Ok(())
}

#[test]
fn paths_in_the_guides_exist() -> Result<()> {
    for guide in ["docs/ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root().join(guide))?;
        // What stands between backquotes, and looks like a file or a folder.
        for path in
            text.split('`').skip(1).step_by(2).filter(|code| code.contains('/') && !code.contains([' ', ':']))
        {
            assert!(root().join(path).exists(), "{guide} names {path}");
        }
    }
    Ok(())
}

#[test]
fn each_promise_has_tests_that_are_there() -> Result<()> {
    let guide = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md"))?;
    let rows = guide.split("## Promises").nth(1).context("the guide has a table of promises")?;
    let rows: Vec<_> = rows.split("\n## ").next().unwrap_or_default().lines().collect();
    let rows =
        rows.into_iter().filter_map(|line| line.strip_prefix("| ")?.split_once(": ")?.1.split_once(" | "));
    let mut count = 0;
    for (promise, tests) in rows {
        for part in tests.trim_end_matches(" |").split("; ") {
            let (path, tests_there) =
                part.trim_start_matches('`').split_once('`').context("a file in backquotes")?;
            let source = std::fs::read_to_string(root().join(path)).with_context(|| path.to_owned())?;
            for name in tests_there.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                assert!(source.contains(&format!("fn {name}(")), "{promise}: {path} has no test {name}");
                count += 1;
            }
        }
    }
    assert!(count >= 20, "{count} tests");
    for file in ["README.md", "docs/PROMISES.md"] {
        let text = std::fs::read_to_string(root().join(file))?;
        let promises = text.split("# Promises").nth(1).with_context(|| format!("{file} has promises"))?;
        for number in 1..=10 {
            assert!(promises.contains(&format!("\n{number}. ")), "{file}: promise {number}");
            assert!(guide.contains(&format!("\n| {number}: ")), "no test of promise {number}");
        }
    }
    Ok(())
}

/// A heading as the end of a link to it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches(['#', ' ']).to_lowercase().replace(' ', "-");
    kept.chars().filter(|char| char.is_alphanumeric() || "-_".contains(*char)).collect()
}

#[test]
fn links_in_the_guides_lead_somewhere() -> Result<()> {
    let mut guides: Vec<_> =
        ["README.md", "CONTRIBUTING.md", "deploy/README.md", "deploy/terraform/README.md"]
            .map(|guide| root().join(guide))
            .into();
    for entry in std::fs::read_dir(root().join("docs"))? {
        guides.push(entry?.path());
    }
    guides.retain(|guide| guide.extension().is_some_and(|extension| extension == "md"));
    let mut count = 0;
    for guide in guides {
        let text = std::fs::read_to_string(&guide)?;
        let folder = guide.parent().context("a guide is in a folder")?;
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if path.is_empty() { guide.clone() } else { folder.join(path) };
            assert!(file.exists(), "{} links to {target}", guide.display());
            if !heading.is_empty() {
                let headings = std::fs::read_to_string(file)?;
                let is_there = headings.lines().any(|line| line.starts_with('#') && anchor(line) == heading);
                assert!(is_there, "{} links to {target}, which has no such heading", guide.display());
            }
            count += 1;
        }
    }
    assert!(count >= 50, "{count} links");
    Ok(())
}
