//! `completions` and `man`, for every binary alike: made from the command line's own definition.

use crate::Error;
use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;
use std::io::Write;
use std::path::{Path, PathBuf};

const COMPLETIONS: &str = "completions";
const MAN: &str = "man";

/// The command line with both subcommands.
pub fn add_to(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let shell = Arg::new("shell").value_name("SHELL").help("The shell").required(true);
    let completions = Command::new(COMPLETIONS)
        .about("Print the completions of a shell")
        .after_help(format!("Example:\n  {name} completions bash > /etc/bash_completion.d/{name}"))
        .arg(shell.value_parser(value_parser!(Shell)));
    let out = Arg::new("out").long("out").value_name("DIR").help(
        "Folder for the pages, one a subcommand; it is made if missing. Without it the main page is printed",
    );
    let man = Command::new(MAN)
        .about("Write the manual pages")
        .after_help(format!(
            "Examples:\n  {name} man | man -l -\n  {name} man --out /usr/local/share/man/man1"
        ))
        .arg(out.value_parser(value_parser!(PathBuf)));
    command.subcommands([completions, man])
}

/// Does what was asked for, if it was one of the two.
pub fn run(command: Command, matches: &ArgMatches, out: &mut impl Write) -> Option<anyhow::Result<()>> {
    match matches.subcommand()? {
        (COMPLETIONS, given) => {
            given.get_one::<Shell>("shell").map(|shell| completions(command, *shell, out))
        }
        (MAN, given) => Some(man(command, given.get_one::<PathBuf>("out"), out)),
        _ => None,
    }
}

fn completions(mut command: Command, shell: Shell, out: &mut impl Write) -> anyhow::Result<()> {
    let name = command.get_name().to_owned();
    // The generator panics where it cannot write, and a closed pipe is no bug.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    out.write_all(&script)?;
    Ok(out.flush()?)
}

fn man(command: Command, folder: Option<&PathBuf>, out: &mut impl Write) -> anyhow::Result<()> {
    let Some(folder) = folder else {
        clap_mangen::Man::new(command).render(out)?;
        return Ok(out.flush()?);
    };
    write_pages(command, folder).map_err(|error| Error::Flag {
        flag: "--out",
        value: folder.display().to_string(),
        problem: format!("cannot be written: {error}"),
    })?;
    writeln!(out, "manual pages are in {}", folder.display())?;
    Ok(out.flush()?)
}

fn write_pages(command: Command, folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command, folder)
}
