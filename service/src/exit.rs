//! Exit codes, the same for every binary.

use crate::terminal;
use std::process::ExitCode;

/// Everything that was asked for is done and confirmed.
pub const OK: u8 = 0;
/// Work was left undone or unconfirmed, a service was away, or a check found a difference. Running again is safe.
pub const INCOMPLETE: u8 = 1;
/// A flag, resource, permission or an address's form is wrong; nothing will work until that is mended.
pub const CONFIGURATION: u8 = 2;
/// The reader of standard output went away: what a shell says of a program that SIGPIPE ended. Not success, as what was
/// not written may have been a difference found.
pub const CLOSED_PIPE: u8 = 141;

/// Prints an error with its causes on one line and says how the process ends.
///
/// Errors that are, or stem from, a [`crate::Error`] count as configuration errors, but for those that pass by
/// themselves and for the operator's own stop, of which nothing is said; nor is of a closed pipe.
pub fn report(error: &anyhow::Error) -> ExitCode {
    let ours = error.chain().find_map(|cause| cause.downcast_ref::<crate::Error>());
    if matches!(ours, Some(crate::Error::Stopped)) {
        return ExitCode::from(OK);
    }
    if error.chain().any(terminal::is_closed) {
        return ExitCode::from(CLOSED_PIPE);
    }
    terminal::say(format_args!("error: {}", one_line(error)));
    let is_configuration = ours.is_some_and(|error| !error.may_pass());
    ExitCode::from(if is_configuration { CONFIGURATION } else { INCOMPLETE })
}

/// Whether the process says 0 of that.
pub fn is_clean<T>(ended: &anyhow::Result<T>) -> bool {
    let stopped = |error: &anyhow::Error| {
        error.chain().any(|cause| matches!(cause.downcast_ref(), Some(crate::Error::Stopped)))
    };
    ended.as_ref().map_or_else(stopped, |_| true)
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
    fn a_service_that_is_away_is_no_configuration_error_and_a_stop_is_none_at_all() {
        let (address, reason) = ("http://h:1".to_owned(), "refused".to_owned());
        let away = crate::Error::Unreachable { service: "Pub/Sub", address, reason, advice: String::new() };
        assert_eq!(report(&Wrapper(away).into()), ExitCode::from(INCOMPLETE));
        assert_eq!(report(&Wrapper(crate::Error::Stopped).into()), ExitCode::from(OK));
    }

    #[test]
    fn a_closed_pipe_is_no_success_and_a_broken_connection_is_a_failure() {
        let broken = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(report(&terminal::unwritten(broken()).into()), ExitCode::from(CLOSED_PIPE));
        assert_eq!(report(&broken().into()), ExitCode::from(INCOMPLETE));
    }

    #[test]
    fn line_breaks_and_causes_end_up_on_one_line() {
        let error = anyhow::anyhow!("inner\n  text").context("outer");
        assert_eq!(one_line(&error), "outer: inner text");
    }
}
