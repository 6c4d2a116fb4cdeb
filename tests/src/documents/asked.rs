//! Which commands a document asks for: bash itself reads them, and runs none.
//!
//! Bash knows quotes, comments, loops, functions and variables better than a reader of ours would. It is given the
//! document's commands on the lines where they stand, so that its line numbers are the document's, and no folder to look
//! for programs in: each is noted instead.

use super::markdown::Shown;
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

/// A command as a program would get it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asked {
    pub line: usize,
    pub words: Vec<String>,
    /// In running text, which may name a command without what it needs.
    pub is_inline: bool,
}

/// What code in running text begins with if it is a command.
const PROGRAMS: [&str; 5] = ["payments", "producer", "sink", "bench", "cargo"];

const NOTE: &str = r#"
command_not_found_handle() { printf '%s\0' "${BASH_LINENO[0]}" "$#" "$@" >>"$NOTES"; }
PATH=/nonexistent
"#;

/// The commands of a document whose lines are `count`, or what is wrong with one of them, with its line.
pub fn commands(shown: &Shown, count: usize, root: &Path) -> Result<Vec<Asked>> {
    let (script, inline) = script(shown, count);
    refuse_to_write_elsewhere(&script)?;
    let folder = tempfile::tempdir()?;
    let (script_file, notes) = (folder.path().join("script"), folder.path().join("notes"));
    std::fs::write(&script_file, &script)?;
    std::fs::write(&notes, "")?;
    let work = folder.path().join("work");
    mirror(root, &work)?;
    let bash = |args: &[&str]| -> Result<Output> {
        let mut bash = Command::new("bash");
        bash.args(args)
            .arg(&script_file)
            .current_dir(&work)
            .env_clear()
            .env("NOTES", &notes)
            .env("LC_ALL", "C");
        bash.output().context("bash must be installed: it reads the documents' commands")
    };
    let read = bash(&["-n"])?;
    ensure!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let ended = bash(&["-c", &format!("{NOTE}. \"$0\"")])?;
    complain(&String::from_utf8_lossy(&ended.stderr), &script_file, root)?;
    parse(&std::fs::read_to_string(&notes)?, &inline)
}

/// The document with nothing but its commands, each on its line; and the lines of those in running text.
fn script(shown: &Shown, count: usize) -> (String, BTreeSet<usize>) {
    let mut lines = vec![String::new(); count + 1];
    for fence in shown.fences.iter().filter(|fence| fence.has_commands()) {
        for (number, command) in fence.commands() {
            lines[number - 1].push_str(command);
        }
    }
    let mut inline = BTreeSet::new();
    for code in &shown.codes {
        let mut words = code.text.split_whitespace();
        if words.next().is_some_and(|word| PROGRAMS.contains(&word)) && words.next().is_some() {
            lines[code.line - 1].extend([&code.text, "; "]);
            inline.insert(code.line);
        }
    }
    (lines.join("\n"), inline)
}

/// Bash starts nothing here, but it opens the files that output goes to.
fn refuse_to_write_elsewhere(script: &str) -> Result<()> {
    for (at, line) in script.lines().enumerate() {
        let targets = line.split('>').skip(1).map(str::trim_start);
        let outside =
            targets.filter(|target| target.starts_with(['/', '~']) && !target.starts_with("/dev/null"));
        ensure!(outside.count() == 0, "line {}: writes a file outside of the folder", at + 1);
    }
    Ok(())
}

/// Empty folders of the same names, for commands that write into them.
fn mirror(root: &Path, copy: &Path) -> Result<()> {
    std::fs::create_dir(copy)?;
    for entry in std::fs::read_dir(root.join("deploy"))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            std::fs::create_dir_all(copy.join("deploy").join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// What bash says: of a path that it was to start only that it is not there, which is fine where the repository has it.
fn complain(said: &str, script: &Path, root: &Path) -> Result<()> {
    let start = format!("{}: line ", script.display());
    for line in said.lines() {
        let told = line.strip_prefix(&start).unwrap_or(line);
        let (number, problem) = told.split_once(": ").unwrap_or(("?", told));
        let path = problem.strip_suffix(": No such file or directory");
        if !path.is_some_and(|path| path.contains('/') && root.join(path).is_file()) {
            bail!("line {number}: {problem}");
        }
    }
    Ok(())
}

fn parse(notes: &str, inline: &BTreeSet<usize>) -> Result<Vec<Asked>> {
    let mut fields = notes.split_terminator('\0');
    let mut asked = Vec::new();
    while let Some(line) = fields.next() {
        let (line, count) = (line.parse()?, fields.next().context("a count follows the line")?.parse()?);
        let words = fields.by_ref().take(count).map(str::to_owned).collect();
        asked.push(Asked { line, words, is_inline: inline.contains(&line) });
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{markdown, root};

    fn asked(text: &str) -> Result<Vec<(usize, String)>> {
        let commands = commands(&markdown::read(text), text.lines().count(), root())?;
        Ok(commands.into_iter().map(|asked| (asked.line, asked.words.join("|"))).collect())
    }

    #[test]
    fn commands_are_found_in_loops_pipes_and_functions_with_their_lines() {
        let text = "```sh\nload=\"--a 1\"\npayments plan $load 'x y' | jq .   # a comment\nfor p in a b; do cargo install $p; done\n\
                    f() {\n  sink \"$@\"\n}\nf 1\nX=1 producer \\\n  --b && payments z\n```\nand `payments show 7`.";
        let mut found = asked(text).unwrap();
        found.sort();
        let expected = [
            (3, "jq|."),
            (3, "payments|plan|--a|1|x y"),
            (4, "cargo|install|a"),
            (4, "cargo|install|b"),
            (6, "sink|1"),
            (9, "producer|--b"),
            (10, "payments|z"),
            (12, "payments|show|7"),
        ];
        assert_eq!(found, expected.map(|(line, words)| (line, words.to_owned())));
    }

    #[test]
    fn what_bash_cannot_read_or_find_is_told_with_its_line() {
        let wrong = |text: &str| asked(text).unwrap_err().to_string();
        assert!(wrong("\n```sh\nfor x in; done\n```").contains("line 3"));
        assert_eq!(
            wrong("```sh\ndeploy/no-such --x\n```"),
            "line 2: deploy/no-such: No such file or directory"
        );
        assert_eq!(
            wrong("```sh\npayments man >/etc/man\n```"),
            "line 2: writes a file outside of the folder"
        );
        assert_eq!(asked("```sh\n.ci/run 2>/dev/null\n```").unwrap(), []);
    }
}
