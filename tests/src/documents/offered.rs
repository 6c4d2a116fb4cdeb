//! What our programs offer: their flags, and the examples in their help.

use clap::{Command, CommandFactory};
use std::collections::BTreeSet;

/// The command lines of our programs.
pub fn programs() -> [Command; 4] {
    [
        payments::cli::command_line(),
        producer::cli::Cli::command(),
        sink::cli::Cli::command(),
        bench::options::Cli::command(),
    ]
}

/// All commands of all programs, those of commands too.
fn all() -> Vec<Command> {
    let mut found = Vec::from(programs());
    let mut at = 0;
    while let Some(command) = found.get(at) {
        let below: Vec<_> = command.get_subcommands().cloned().collect();
        found.extend(below);
        at += 1;
    }
    found
}

/// Names of flags, without hyphens before them, and of commands: some are the only word that a text needs.
#[derive(Debug)]
pub struct Names {
    flags: BTreeSet<String>,
    commands: BTreeSet<String>,
}

impl Names {
    pub fn read() -> Self {
        // clap adds these itself.
        let mut flags = BTreeSet::from(["help", "version"].map(str::to_owned));
        let all = all();
        for arg in all.iter().flat_map(Command::get_arguments) {
            flags.extend(arg.get_long().map(str::to_owned));
            flags.extend(arg.get_all_aliases().unwrap_or_default().into_iter().map(str::to_owned));
        }
        Self { flags, commands: all.iter().map(|command| command.get_name().to_owned()).collect() }
    }

    /// A flag that no program has, in code that begins with a flag or a command: `--lease 10s`, `verify --repair`. Names
    /// with underscores are those that our scripts take.
    pub fn unknown<'a>(&self, code: &'a str) -> Option<&'a str> {
        let words: Vec<_> = code.split_whitespace().collect();
        let first = words.first()?;
        if !first.starts_with("--") && !self.commands.contains(*first) {
            return None;
        }
        let flags = words.into_iter().filter_map(|word| word.strip_prefix("--"));
        let names = flags.map(|flag| flag.split(['=', '|']).next().unwrap_or(flag));
        names.filter(|name| !name.is_empty() && !name.contains('_')).find(|name| !self.flags.contains(*name))
    }
}

/// The commands that helps show as examples, as they stand there but for files that they write.
pub fn examples() -> Vec<String> {
    let (programs, all) = (programs(), all());
    let helps = all.iter().filter_map(Command::get_after_help).map(ToString::to_string);
    let lines: Vec<_> = helps.flat_map(|help| help.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let is_ours = |line: &&str| {
        let word = line.split(' ').next().unwrap_or_default();
        programs.iter().any(|program| program.get_name() == word)
    };
    let examples = lines.iter().filter_map(|line| line.strip_prefix("  ")).filter(is_ours);
    examples.map(|line| line.split(" > ").next().unwrap_or(line).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_known_by_each_of_its_names_and_only_ours_are_looked_for() {
        let names = Names::read();
        for right in ["--lease", "--ledger FILE|-", "--http=:0", "verify --repair --yes", "--metrics-addr"] {
            assert_eq!(names.unknown(right), None, "{right}");
        }
        for others in ["--num_records", "gcloud x --tasks=N", "payments_sink_load"] {
            assert_eq!(names.unknown(others), None, "{others}");
        }
        assert_eq!(names.unknown("--leash 10s"), Some("leash"));
        assert_eq!(names.unknown("verify --repair --yeah"), Some("yeah"));
    }

    #[test]
    fn examples_are_found_in_the_help_of_commands_of_commands() {
        let examples = examples();
        assert!(examples.len() > 20, "{examples:?}");
        assert!(examples.iter().any(|example| example.starts_with("payments dead-letter")), "{examples:?}");
    }
}
