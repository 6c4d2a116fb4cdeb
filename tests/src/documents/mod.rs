//! The documents' commands: read, judged and run.
//!
//! - [`markdown`]: what a text shows as code.
//! - [`asked`]: which commands that asks for, as bash reads them.
//! - [`grammar`]: whether a program would take one.
//! - [`offered`]: what programs offer: flags, and the examples in their help.
//! - [`script`]: a document as a script, in sizes for a test. [`run`]: runs it.
//! - [`output`]: what a document shows of a command's output, beside the output.

pub mod asked;
pub mod grammar;
pub mod markdown;
pub mod offered;
pub mod output;
pub mod run;
pub mod script;

use anyhow::{Context, Result, anyhow};
use asked::Asked;
use markdown::{Fence, Shown};
use std::path::Path;

/// The repository.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A document with its commands.
#[derive(Debug)]
pub struct Document {
    /// From the root.
    pub name: String,
    pub shown: Shown,
    pub asked: Vec<Asked>,
}

impl Document {
    pub fn read(name: &str) -> Result<Self> {
        let text = std::fs::read_to_string(root().join(name)).with_context(|| name.to_owned())?;
        let shown = markdown::read(&text);
        let asked = asked::commands(&shown, text.lines().count(), root())
            .map_err(|error| anyhow!("{name}, {error:#}"))?;
        Ok(Self { name: name.to_owned(), shown, asked })
    }

    /// Blocks of commands without a mark, which are run.
    pub fn run_here(&self) -> Vec<&Fence> {
        self.shown.fences.iter().filter(|fence| fence.has_commands() && fence.mark.is_empty()).collect()
    }

    /// The commands of a block.
    pub fn asked_in<'a>(&'a self, fence: &Fence) -> impl Iterator<Item = &'a Asked> {
        let lines = fence.line..=fence.line + fence.lines.len();
        self.asked.iter().filter(move |asked| lines.contains(&asked.line))
    }
}

/// The names of all documents, from the root.
pub fn names() -> Result<Vec<String>> {
    let mut names = Vec::new();
    collect(root(), &mut names)?;
    names.sort();
    Ok(names)
}

fn collect(folder: &Path, names: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&path, names)?;
            }
        } else if name.ends_with(".md") {
            names.push(path.strip_prefix(root())?.display().to_string());
        }
    }
    Ok(())
}
