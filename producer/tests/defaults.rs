//! Options made in code are those of a command line without flags.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use clap::builder::Resettable;
use clap::{Args, Command};
use producer::trickle::{self, Lives};
use producer::{Batch, Generation, Output, Publishing, Rates};

#[derive(Debug, Args)]
struct OfFile {
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    _batch: Batch,
}

/// The options of a command line without flags, in an environment without variables.
fn parsed<T: Args>() -> T {
    let command = T::augment_args(Command::new("producer")).mut_args(|arg| arg.env(Resettable::Reset));
    T::from_arg_matches(&command.try_get_matches_from(["producer"]).unwrap()).unwrap()
}

#[test]
fn defaults_are_those_of_the_command_line() {
    assert_eq!(Generation::default(), parsed());
    assert_eq!(Publishing::default(), parsed());
    assert_eq!(Batch::default(), parsed());
    // Its flags exclude one of the batch's.
    let OfFile { output, .. } = parsed();
    assert_eq!(Output::default(), output);
    assert_eq!(Rates::default(), parsed());
    assert_eq!(Lives::default(), parsed());
    assert_eq!(trickle::Options::default(), parsed());
}
