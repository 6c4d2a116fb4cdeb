//! Exit codes, the same for every binary.

use std::process::ExitCode;

/// Everything that was asked for is done and confirmed.
pub const OK: u8 = 0;
/// Work was left undone or unconfirmed, or a check found a difference. Running again is safe.
pub const INCOMPLETE: u8 = 1;
/// A flag, resource, permission or address is wrong; nothing will work until that is mended.
pub const CONFIGURATION: u8 = 2;

/// Prints an error with its causes on one line and says how the process ends.
///
/// Errors that are, or stem from, a [`crate::Error`] count as configuration errors.
pub fn report(error: &anyhow::Error) -> ExitCode {
    if error.chain().any(is_broken_pipe) {
        return ExitCode::from(OK);
    }
    eprintln!("error: {}", one_line(error));
    let configuration = error.chain().any(<dyn std::error::Error + 'static>::is::<crate::Error>);
    ExitCode::from(if configuration { CONFIGURATION } else { INCOMPLETE })
}

/// The reader of standard output has seen enough, as `head` does.
fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Causes that only repeat what wraps them are left out.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            line = text;
        } else if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Wrapper(#[source] crate::Error);

    #[test]
    fn a_cause_that_repeats_its_wrapper_is_told_once() {
        let error = anyhow::Error::new(Wrapper(crate::Error::NoProject));
        assert_eq!(one_line(&error), crate::Error::NoProject.to_string());
        assert_eq!(report(&error), ExitCode::from(CONFIGURATION));
    }

    #[test]
    fn line_breaks_and_causes_end_up_on_one_line() {
        let error = anyhow::anyhow!("inner\n  text").context("outer");
        assert_eq!(one_line(&error), "outer: inner text");
    }
}
