//! A binary's first words, and its exit codes: the same test for each package that has a binary of its own name.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::process::{Command, Output};

const NAME: &str = env!("CARGO_PKG_NAME");

fn run(args: &[&str]) -> Output {
    Command::new(env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")))).args(args).output().unwrap()
}

#[test]
fn the_version_is_told_and_a_flag_that_is_none_is_refused_in_one_line() {
    let told = run(&["--version"]);
    assert!(told.status.success());
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(String::from_utf8(told.stdout).unwrap(), format!("{NAME} {version}\n"));
    let refused = run(&["--no-such-flag"]);
    assert_eq!(refused.status.code(), Some(2));
    let line = String::from_utf8(refused.stderr).unwrap();
    assert!(
        line.starts_with("error: ") && line.contains("--no-such-flag") && line.lines().count() == 1,
        "{line}"
    );
}
