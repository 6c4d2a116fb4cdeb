//! `payments completions` and `payments man`: made from the command line's own definition.

use anyhow::Context;
use clap_complete::Shell;
use std::io::Write;
use std::path::PathBuf;

const NAME: &str = "payments";

#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  payments completions bash > /etc/bash_completion.d/payments")]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  payments man | man -l -\n  payments man --out /usr/local/share/man/man1"
)]
pub struct ManArgs {
    /// Folder for the pages, one a subcommand; it is made if missing. Without it the main page is printed.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Writes a shell's completions.
pub fn completions(
    mut command: clap::Command,
    args: &CompletionsArgs,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    // The generator panics where it cannot write, and a closed pipe is no bug.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, NAME, &mut script);
    out.write_all(&script)?;
    Ok(out.flush()?)
}

/// Writes the main page, or all pages into a folder.
pub fn man(command: clap::Command, args: &ManArgs, out: &mut impl Write) -> anyhow::Result<()> {
    let Some(folder) = &args.out else {
        clap_mangen::Man::new(command).render(out)?;
        return Ok(out.flush()?);
    };
    let refused = || format!("--out {} cannot be written", folder.display());
    std::fs::create_dir_all(folder).with_context(refused)?;
    clap_mangen::generate_to(command, folder).with_context(refused)?;
    writeln!(out, "manual pages are in {}", folder.display())?;
    Ok(out.flush()?)
}
