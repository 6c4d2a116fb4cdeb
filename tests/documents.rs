//! The documents tell the truth: every command in them is one that its program takes, and those that need nothing but our
//! programs and the embedded servers are run, in order.
//!
//! A block of `sh` or `console` is run unless a mark behind its language says what it needs. A command in a block that is
//! run ends with exit code 0, or with the one that its comment begins with: `# exit code 1`. Under a command in a console
//! stands what it prints.

use anyhow::{Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use whole_path::documents::asked::{self, Asked};
use whole_path::documents::grammar::Workspace;
use whole_path::documents::markdown::{self, Fence};
use whole_path::documents::offered::{self, Names};
use whole_path::documents::{Document, names, output, root, run, script};

/// Marks of blocks that are not run, and why.
const MARKS: [(&str, &str); 4] = [
    ("cloud", "a project on Google Cloud, or the tools for it"),
    ("emulators", "Google's emulators; tests named google:: run on them"),
    ("repository", "builds, tests and checks of the repository, of which this is one"),
    ("beside", "a terminal, or programs at work on fixed ports; tests/watching.rs has those on free ones"),
];

/// Blocks with such marks, and how many.
const MARKED: [(&str, &str, usize); 12] = [
    ("CONTRIBUTING.md", "repository", 2),
    ("README.md", "cloud", 1),
    ("README.md", "repository", 1),
    ("deploy/README.md", "cloud", 8),
    ("deploy/terraform/README.md", "cloud", 2),
    ("deploy/terraform/README.md", "repository", 1),
    ("docs/BENCHMARKS.md", "repository", 1),
    ("docs/EXPORT.md", "cloud", 2),
    ("docs/LAYOUTS.md", "beside", 2),
    ("docs/OPERATING.md", "beside", 2),
    ("docs/OPERATING.md", "cloud", 2),
    ("docs/OPERATING.md", "emulators", 1),
];

/// What is left out of blocks that are run: how its line begins, and why.
const LEFT_OUT: [(&str, &str, &str); 6] = [
    ("README.md", "cargo test", "this is one of its tests"),
    ("docs/OPERATING.md", "cbt", "a tool of Google's SDK"),
    ("docs/OPERATING.md", "payments query transaction", "an id is of one run; tests/queries.rs has one"),
    ("docs/OPERATING.md", "payments replay", "takes a minute, and sinks; tests/replay.rs has shorter ones"),
    ("docs/OPERATING.md", "payments verify --trickle", "a sink's work before it; tests/trickle.rs has that"),
    ("docs/OPERATING.md", "payments why", "an id is of one run; tests/why.rs has some"),
];

/// Flags of others that running text names, and whose they are.
const ELSEWHERE: [(&str, &str, &str); 1] = [("docs/MIGRATION.md", "runner", "the earlier pipeline's")];

/// What is run besides our programs.
const TOOLS: [&str; 1] = ["sha256sum"];

macro_rules! run {
    ($($test:ident: $document:literal;)*) => {
        /// Documents with blocks that are run.
        const RUN: &[&str] = &[$($document),*];

        $(#[test]
        fn $test() -> Result<()> {
            run_all($document)
        })*
    };
}

run! {
    the_commands_of_the_readme_do_what_it_says: "README.md";
    the_commands_about_data_do_what_they_say: "docs/DATA.md";
    the_commands_about_exports_do_what_they_say: "docs/EXPORT.md";
    the_commands_about_operating_do_what_they_say: "docs/OPERATING.md";
}

fn documents() -> Result<Vec<Document>> {
    names()?.iter().map(|name| Document::read(name)).collect()
}

#[test]
fn every_command_in_a_document_is_one_that_its_program_takes() -> Result<()> {
    let (workspace, mut wrong, mut count) = (Workspace::read()?, Vec::new(), 0);
    for document in documents()? {
        for asked in &document.asked {
            count += 1;
            if let Some(problem) = workspace.problem(asked) {
                wrong.push(format!(
                    "{}:{}: `{}`: {problem}",
                    document.name,
                    asked.line,
                    asked.words.join(" ")
                ));
            }
        }
    }
    ensure!(wrong.is_empty(), "commands that are none:\n{}", wrong.join("\n"));
    ensure!(count > 150, "{count} commands in all documents: are they found?");
    Ok(())
}

#[test]
fn every_flag_that_running_text_names_is_one_of_a_program() -> Result<()> {
    let (names, mut wrong, mut elsewhere) = (Names::read(), Vec::new(), BTreeSet::new());
    for Document { name, shown, .. } in documents()? {
        for code in &shown.codes {
            let Some(flag) = names.unknown(&code.text) else { continue };
            match ELSEWHERE.into_iter().find(|(of, theirs, _)| *of == name && *theirs == flag) {
                Some(entry) => drop(elsewhere.insert(entry)),
                None => wrong.push(format!("{name}:{}: no program has --{flag}", code.line)),
            }
        }
    }
    ensure!(wrong.is_empty(), "flags that are none:\n{}", wrong.join("\n"));
    assert_eq!(elsewhere, BTreeSet::from(ELSEWHERE), "flags of others, found and in the list ELSEWHERE");
    Ok(())
}

#[test]
fn every_example_in_a_help_is_a_command_that_its_program_takes() -> Result<()> {
    let text = format!("```sh\n{}\n```\n", offered::examples().join("\n"));
    let asked = asked::commands(&markdown::read(&text), text.lines().count(), root())?;
    let workspace = Workspace::read()?;
    let wrong = asked.iter().filter_map(|asked| Some((asked.words.join(" "), workspace.problem(asked)?)));
    let wrong: Vec<_> = wrong.collect();
    ensure!(wrong.is_empty(), "examples that are none: {wrong:#?}");
    Ok(())
}

#[test]
fn what_is_not_run_is_listed_and_the_list_has_nothing_else() -> Result<()> {
    let (mut marked, mut run, mut left_out) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    for document in documents()? {
        let name = &document.name;
        for fence in document.shown.fences.iter().filter(|fence| fence.has_commands()) {
            let mark = &fence.mark;
            ensure!(
                mark.is_empty() || MARKS.iter().any(|(known, _)| known == mark),
                "{name}:{}: {mark:?} is no mark; there are {}",
                fence.line,
                marks()
            );
            if !mark.is_empty() {
                *marked.entry((name.clone(), mark.clone())).or_insert(0) += 1;
                continue;
            }
            run.insert(name.clone());
            for asked in document.asked_in(fence) {
                match left_out_as(name, asked) {
                    Some(entry) => drop(left_out.insert(entry)),
                    None => may_run(name, asked)?,
                }
            }
        }
    }
    let listed = MARKED.map(|(name, mark, count)| ((name.to_owned(), mark.to_owned()), count));
    assert_eq!(marked, BTreeMap::from(listed), "marked blocks, found and in the list MARKED");
    assert_eq!(left_out, BTreeSet::from(LEFT_OUT), "lines left out, found and in the list LEFT_OUT");
    assert_eq!(
        run,
        RUN.iter().map(|name| (*name).to_owned()).collect(),
        "documents with blocks that are run"
    );
    Ok(())
}

fn marks() -> String {
    MARKS.map(|(mark, _)| mark).join(", ")
}

fn left_out_as(document: &str, asked: &Asked) -> Option<(&'static str, &'static str, &'static str)> {
    let words = asked.words.join(" ");
    LEFT_OUT.into_iter().find(|(of, start, _)| *of == document && words.starts_with(start))
}

/// Refuses what nobody wants to be run by a test, or on Google Cloud.
fn may_run(document: &str, asked: &Asked) -> Result<()> {
    let words: Vec<_> = asked.words.iter().map(String::as_str).collect();
    let is_ours = matches!(words[..], ["payments" | "producer" | "sink", ..] | ["cargo", "run", ..]);
    let is_for_a_cloud = words.iter().any(|word| word.starts_with("--project"));
    ensure!(
        (is_ours || TOOLS.contains(&words[0])) && !is_for_a_cloud,
        "{document}:{}: `{}` cannot be run here: mark its block ({}), or list it in LEFT_OUT",
        asked.line,
        words.join(" "),
        marks()
    );
    Ok(())
}

fn run_all(name: &str) -> Result<()> {
    let document = Document::read(name)?;
    let fences = document.run_here();
    let mut left_out = BTreeSet::new();
    for asked in fences.iter().flat_map(|fence| document.asked_in(fence)) {
        match left_out_as(name, asked) {
            Some(_) => drop(left_out.insert(asked.line)),
            None => may_run(name, asked)?,
        }
    }
    let ran = run::run(name, &script::script(&fences, |line| left_out.contains(&line)))?;
    for console in fences.iter().filter(|fence| fence.language == "console") {
        compare(name, console, &ran)?;
    }
    Ok(())
}

/// What stands under the commands of a console, beside what they have printed.
fn compare(name: &str, console: &Fence, ran: &run::Ran) -> Result<()> {
    let commands: Vec<_> = console.commands().map(|(line, _)| line).collect();
    for (at, &line) in commands.iter().enumerate() {
        let end = commands.get(at + 1).copied().unwrap_or(usize::MAX);
        let under = console.numbered().filter(|(number, _)| (line + 1..end).contains(number));
        let shown: Vec<_> = under.map(|(_, text)| text).collect();
        if shown.is_empty() {
            continue;
        }
        let printed = ran.printed(line)?;
        if let Some((at, difference)) = output::difference(&shown, &printed) {
            anyhow::bail!("{name}:{}: {difference}\n\nprinted in all:\n{printed}", line + 1 + at);
        }
    }
    Ok(())
}
