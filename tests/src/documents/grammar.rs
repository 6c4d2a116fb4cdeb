//! Whether a program would take what a document says: asked of its own command line, and of cargo's manifests.

use super::asked::Asked;
use super::offered::programs;
use super::root;
use anyhow::{Context, Result};
use clap::error::ErrorKind;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Table;

/// The packages of the workspace.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    packages: BTreeMap<String, (PathBuf, Table)>,
}

impl Workspace {
    pub fn read() -> Result<Self> {
        let root = root();
        let manifest = |folder: &Path| -> Result<Table> {
            let path = folder.join("Cargo.toml");
            Ok(std::fs::read_to_string(&path).with_context(|| path.display().to_string())?.parse()?)
        };
        let workspace = manifest(root)?;
        let members = workspace["workspace"]["members"].as_array().context("a list of members")?;
        let mut packages = BTreeMap::new();
        for member in members.iter().filter_map(|member| member.as_str()) {
            let folder = root.join(member);
            let manifest = manifest(&folder)?;
            let name = manifest["package"]["name"].as_str().context("a package has a name")?;
            packages.insert(name.to_owned(), (folder, manifest));
        }
        Ok(Self { root: root.to_owned(), packages })
    }

    /// What is wrong with a command, if anything; commands that are not ours to judge are right.
    pub fn problem(&self, asked: &Asked) -> Option<String> {
        let words: Vec<_> = asked.words.iter().map(String::as_str).collect();
        match words.split_first()? {
            (&"cargo", args) => self.cargo(args, asked.is_inline),
            // How texts call `cargo run --release -p bench -- ...` for short.
            (&"bench", args) => program("bench", args.strip_prefix(&["--"]).unwrap_or(args), asked.is_inline),
            (name, args) => program(name, args, asked.is_inline),
        }
    }

    fn cargo(&self, args: &[&str], is_inline: bool) -> Option<String> {
        let (own, given) = args.split_at(args.iter().position(|word| *word == "--").unwrap_or(args.len()));
        let (mut package, mut words) = ("payments", own.iter());
        while let Some(word) = words.next() {
            let problem = match *word {
                "-p" => {
                    package = words.next()?;
                    (!self.packages.contains_key(package)).then(|| format!("no package {package}"))
                }
                "--path" => words.next().and_then(|path| self.no_package_at(path)),
                "--test" => words.next().and_then(|test| self.no_test(package, test)),
                "--features" => words.next().and_then(|features| self.no_feature(features)),
                _ => None,
            };
            if problem.is_some() {
                return problem;
            }
        }
        match own.first() {
            Some(&"run") => program(package, given.get(1..).unwrap_or_default(), is_inline),
            Some(&"bench") if !self.packages[package].1.contains_key("bench") => {
                Some(format!("{package} has no benches"))
            }
            _ => None,
        }
    }

    fn no_package_at(&self, path: &str) -> Option<String> {
        (!self.root.join(path).join("Cargo.toml").is_file()).then(|| format!("no package in {path}"))
    }

    fn no_test(&self, package: &str, test: &str) -> Option<String> {
        let (folder, _) = &self.packages[package];
        let is_there = [format!("{test}.rs"), format!("tests/{test}.rs")];
        (!is_there.iter().any(|file| folder.join(file).is_file()))
            .then(|| format!("{package} has no test {test}"))
    }

    fn no_feature(&self, features: &str) -> Option<String> {
        let is_there = |feature: &&str| {
            let (package, name) = feature.split_once('/').unwrap_or(("payments", feature));
            let manifest = self.packages.get(package).map(|(_, manifest)| manifest);
            manifest.and_then(|manifest| manifest.get("features")?.get(name)).is_some()
        };
        features.split(',').find(|feature| !is_there(feature)).map(|feature| format!("no feature {feature}"))
    }
}

fn program(name: &str, args: &[&str], is_inline: bool) -> Option<String> {
    let command = programs().into_iter().find(|command| command.get_name() == name)?;
    let error = service::cli::check(command, args).err()?;
    let is_fine = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
        // Running text names commands without what they need; what it says of them must be right.
        ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            is_inline && !args.iter().any(|word| word.starts_with('-'))
        }
        _ => false,
    };
    let told = error.render().to_string();
    let told = told.lines().take_while(|line| !line.starts_with("Usage:")).flat_map(str::split_whitespace);
    (!is_fine).then(|| told.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(command: &str, is_inline: bool) -> String {
        let words = command.split(' ').map(str::to_owned).collect();
        let asked = Asked { line: 1, words, is_inline };
        Workspace::read().unwrap().problem(&asked).unwrap_or_default()
    }

    #[test]
    fn what_a_program_takes_is_right_and_anything_else_is_named() {
        for right in [
            "payments local --num-records 7",
            "payments why ID",
            "payments completions bash",
            "producer trickle --rate 50/s",
            "cargo run --release -p sink -- --lease 10s",
            "cargo run -- show --index 7",
            "bench -- scaling",
            "cargo bench -p generator",
            "cargo test -p whole-path --test pipeline",
            "gcloud whatever --it is",
        ] {
            assert_eq!(problem(right, false), "", "{right}");
        }
        for (wrong, named) in [
            ("payments local --number 7", "--number"),
            ("payments locally", "locally"),
            ("producer --num-records many", "many"),
            ("cargo run -p sink -- --rate 7", "--rate"),
            ("cargo run -- shows", "shows"),
            ("bench -- scale", "scale"),
            ("cargo test -p whole", "whole"),
            ("cargo test -p whole-path --test pipelines", "pipelines"),
            ("cargo bench -p sink", "benches"),
            ("cargo build --features payments/oltp", "oltp"),
            ("cargo install --path payment", "payment"),
        ] {
            assert!(problem(wrong, false).contains(named), "{wrong}: {}", problem(wrong, false));
        }
    }

    #[test]
    fn running_text_may_name_a_command_alone_but_not_half_of_it() {
        assert!(problem("payments replay", false).contains("required"));
        assert_eq!(problem("payments replay", true), "");
        assert!(problem("payments replay --yes", true).contains("required"));
        assert!(problem("payments replays", true).contains("replays"));
    }
}
