//! Options made in code are those of a command line without flags.

use clap::Args;
use producer::trickle::{self, Lives};
use producer::{Batch, Generation, Output, Publishing, Rates};
use service::cli::defaults as parsed;

#[derive(Debug, Args)]
struct OfFile {
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    _batch: Batch,
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
