//! Tests that a struct of flags has the same defaults in code as on the command line.

use crate::names::Names;
use crate::{cleanup, dead_letter, emulators, quality, query, reading, replay, setup, snapshot};
use clap::Args;
use service::cli::flags;
use std::fmt::Debug;

fn assert_same<A: Args + Debug>(given: &[&str], expected: &A) {
    assert_eq!(format!("{:?}", flags::<A>(given).unwrap()), format!("{expected:?}"));
}

macro_rules! by_default {
    ($($name:ident: $flags:expr => $expected:expr;)*) => {
        $(#[test]
        fn $name() {
            assert_same(&$flags, &$expected);
        })*
    };
}

by_default! {
    names: [] => Names::default();
    reading: [] => reading::Flags::default();
    setup: [] => setup::Args::default();
    emulators: [] => emulators::Args::default();
    query: [] => query::Common::default();
    quality: [] => quality::Args::default();
    snapshot: [] => snapshot::Common::default();
    dead_letter: [] => dead_letter::Common::default();
    dead_letter_change: [] => dead_letter::Change::default();
    dead_letter_choice: [] => dead_letter::Choice::default();
    cleanup: [] => cleanup::Common::default();
    cleanup_all: [] => cleanup::All::default();
    cleanup_rows: ["--run-id", "r"] => {
        let which = cleanup::Chosen { run_id: Some("r".to_owned()), ..Default::default() };
        cleanup::Rows { which, ..Default::default() }
    };
    replay: ["--begin"] => {
        let target = replay::Target { begin: true, ..Default::default() };
        replay::Args { target, ..Default::default() }
    };
}
