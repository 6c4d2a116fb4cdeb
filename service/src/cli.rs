//! Command lines: parsed, with the variables of a file `.env` in the working directory, or refused in one line.

use crate::{exit, manual, terminal};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

/// For what still runs once all work is done.
const LEAVING: Duration = Duration::from_secs(2);

/// Parses the command line and does the work it asks for, on a runtime that starts only then.
pub fn run<T: clap::Parser, F: Future<Output = ExitCode>>(
    command: impl FnOnce() -> clap::Command,
    work: impl FnOnce(T) -> F,
) -> ExitCode {
    let started = parse(command).and_then(|cli| {
        let runtime = tokio::runtime::Runtime::new();
        Ok((cli, runtime.map_err(|error| exit::report(&anyhow::Error::new(error)))?))
    });
    match started {
        Ok((cli, runtime)) => {
            let exit = runtime.block_on(work(cli));
            // Looking up a name has no end of its own, and dropping the runtime would wait for it.
            runtime.shutdown_timeout(LEAVING);
            exit
        }
        Err(exit) => exit,
    }
}

/// Parses the command line; on `--help`, `--version`, `completions` and `man`, or when it is wrong, prints and returns
/// how to exit. `command` may differ from `T`'s own in defaults.
pub fn parse<T: clap::Parser>(command: impl FnOnce() -> clap::Command) -> Result<T, ExitCode> {
    crate::dotenv::apply().map_err(|error| exit::report(&error.into()))?;
    // Only now: a flag takes its variable when it is declared.
    let command = with_underscores(without_empty_variables(manual::add_to(command())));
    let matches = command.clone().try_get_matches().map_err(|error| refuse(&error))?;
    if let Some(done) = manual::run(command, &matches, &mut terminal::stdout()) {
        return Err(done.map_or_else(|error| exit::report(&error), |()| ExitCode::SUCCESS));
    }
    T::from_arg_matches(&matches).map_err(|error| refuse(&error))
}

/// A variable that is there and empty says nothing: it is how a job's file of variables leaves one out.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    command
        .mut_args(|arg| if arg.get_env().is_some_and(is_empty) { arg.env(None::<&str>) } else { arg })
        .mut_subcommands(without_empty_variables)
}

/// `--num_records` means `--num-records`: so Python's and Beam's options are spelt, and scripts made for them go on.
fn with_underscores(command: clap::Command) -> clap::Command {
    command
        .mut_args(|arg| match arg.get_long().filter(|long| long.contains('-')) {
            Some(long) => {
                let spelt = long.replace('-', "_");
                arg.alias(spelt)
            }
            None => arg,
        })
        .mut_subcommands(with_underscores)
}

/// Whether a program would take these words, whatever the environment says: for checks of what documents show.
pub fn check(
    command: clap::Command,
    words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> Result<(), clap::Error> {
    let command = with_underscores(without_variables(manual::add_to(command))).no_binary_name(true);
    command.try_get_matches_from(words).map(drop)
}

fn without_variables(command: clap::Command) -> clap::Command {
    command.mut_args(|arg| arg.env(None::<&str>)).mut_subcommands(without_variables)
}

/// What flags say where no program is started, whatever the environment says: for tests and measurements, which set a
/// few of many. Of a flag given twice the last counts.
pub fn flags<T: clap::Args>(
    given: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> Result<T, clap::Error> {
    let command = clap::Command::new("flags").no_binary_name(true).args_override_self(true);
    let command = T::augment_args(command).mut_args(|arg| arg.env(None::<&str>));
    T::from_arg_matches(&command.try_get_matches_from(given)?)
}

/// An option struct's own defaults, as an empty command line gives them.
///
/// # Panics
/// When one of the flags is required.
pub fn defaults<T: clap::Args>() -> T {
    flags([""; 0]).expect("no flag is required")
}

fn refuse(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let shown = error.print().map_err(terminal::unwritten).and_then(|()| terminal::stdout().flush());
            match shown {
                _ if error.use_stderr() => ExitCode::from(exit::CONFIGURATION),
                Ok(()) => ExitCode::from(exit::OK),
                Err(error) => exit::report(&error.into()),
            }
        }
        _ => {
            terminal::say(misspelt(error).unwrap_or_else(|| one_line(&error.render().to_string())));
            ExitCode::from(exit::CONFIGURATION)
        }
    }
}

/// For a flag or command that there is not: what was meant.
fn misspelt(error: &clap::Error) -> Option<String> {
    let (what, wrong, right) = match error.kind() {
        ErrorKind::UnknownArgument => ("flag", ContextKind::InvalidArg, ContextKind::SuggestedArg),
        ErrorKind::InvalidSubcommand => {
            ("command", ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand)
        }
        _ => return None,
    };
    let text = |kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.as_str()),
        // The likeliest comes last.
        ContextValue::Strings(texts) => texts.last().map(String::as_str),
        _ => None,
    };
    let wrong = text(wrong)?;
    let is_flag = wrong.starts_with('-') && error.get(ContextKind::Suggested).is_none();
    if what == "flag" && !is_flag {
        return None;
    }
    let meant =
        text(right).map_or(String::new(), |right| format!("; did you mean {}?", right.replace('_', "-")));
    Some(format!("error: there is no {what} {wrong}{meant} (see --help)"))
}

/// clap spreads an error over paragraphs; the usage, which may have several lines, and the pointer to the help end it
/// and go, tips stay.
fn one_line(rendered: &str) -> String {
    let ends = ["Usage:", "For more information"];
    let kept = rendered.lines().take_while(|line| !ends.iter().any(|end| line.trim_start().starts_with(end)));
    let text = kept.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
    format!("{text}; see --help")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[arg(long)]
        count: Option<u64>,
    }

    #[derive(Debug, Parser)]
    struct Named {
        #[arg(long, env = "CARGO_PKG_NAME", default_value = "usual")]
        name: String,
    }

    #[test]
    fn defaults_do_not_depend_on_the_environment() {
        assert_eq!(Named::try_parse_from(["x"]).unwrap().name, "service");
        assert_eq!(defaults::<Named>().name, "usual");
    }

    fn refusal(args: &[&str]) -> String {
        one_line(&Cli::try_parse_from(args).unwrap_err().render().to_string())
    }

    #[test]
    fn a_wrong_value_is_told_in_one_line_with_its_flag() {
        let line = refusal(&["x", "--count", "many"]);
        assert!(line.starts_with("error: invalid value 'many' for '--count <COUNT>'"), "{line}");
        assert!(line.ends_with("see --help") && !line.contains('\n'), "{line}");
    }

    #[test]
    fn a_misspelt_flag_or_command_gets_a_line_with_what_was_meant() {
        let line = |args: &[&str]| misspelt(&Cli::try_parse_from(args).unwrap_err()).unwrap();
        assert_eq!(
            line(&["x", "--coutn", "1"]),
            "error: there is no flag --coutn; did you mean --count? (see --help)"
        );
        let error = Cli::try_parse_from(["x", "now"]).unwrap_err();
        assert!(misspelt(&error).is_none(), "a word is no flag");
        assert_eq!(line(&["x", "--zzz"]), "error: there is no flag --zzz (see --help)");
        let command = clap::Command::new("x").subcommands(["query", "verify"].map(clap::Command::new));
        let error = command.try_get_matches_from(["x", "verfy"]).unwrap_err();
        assert_eq!(
            misspelt(&error).unwrap(),
            "error: there is no command verfy; did you mean verify? (see --help)"
        );
    }

    #[test]
    fn flags_may_be_spelt_with_underscores() {
        #[derive(Debug, Parser)]
        struct Cli {
            #[arg(long)]
            num_records: u64,
        }
        let command = || with_underscores(<Cli as clap::CommandFactory>::command());
        for spelt in ["--num-records", "--num_records"] {
            let matches = command().try_get_matches_from(["x", spelt, "7"]).unwrap();
            assert_eq!(matches.get_one("num_records"), Some(&7_u64));
        }
        assert!(!command().render_long_help().to_string().contains("num_records"));
    }

    #[test]
    fn a_usage_of_several_lines_goes_whole() {
        let rendered = "error: unexpected argument '-1' found\n\nUsage: x [OPTIONS]\n       x <COMMAND>\n";
        assert_eq!(one_line(rendered), "error: unexpected argument '-1' found; see --help");
    }
}
