//! Variables from a file `.env` in the working directory: `KEY=VALUE` lines. What the environment has wins.

use crate::{Error, files};
use std::path::Path;

const FILE: &str = ".env";
const MOST_BYTES: u64 = 1 << 20;

/// Puts the file's variables into the environment, if there is one. Call it while the process has one thread: the
/// environment is shared by all of them.
pub fn apply() -> Result<(), Error> {
    // A folder of this name is a Python environment.
    let path = Path::new(FILE);
    if path.is_dir() || !path.exists() {
        return Ok(());
    }
    let refuse = |problem: String| Error::Config(format!("{FILE} {problem}"));
    let text =
        files::read_text(path, MOST_BYTES).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    check(&text).map_err(refuse)?;
    dotenvy::from_read(text.as_bytes()).map_err(|error| refuse(format!("cannot be read: {error}")))
}

/// Says which line is wrong before any variable is set, and not by quoting it as the library would: it may hold a
/// secret.
fn check(text: &str) -> Result<(), String> {
    let parses = |text: &str| dotenvy::from_read_iter(text.as_bytes()).all(|variable| variable.is_ok());
    let has_zero = |line: &str| line.contains('\0');
    let text = text.trim_start_matches('\u{feff}');
    if parses(text) && !has_zero(text) {
        return Ok(());
    }
    let number = text.lines().position(|line| has_zero(line) || !parses(line)).map_or(1, |at| at + 1);
    Err(format!("line {number}: is not of the form KEY=VALUE; quote a value that has spaces"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_quotes_and_comments_are_read() {
        let text = "\u{feff}# settings\nSEED=7\nexport A=b # why\n\nB='x # y' # z\nC=\"\"\r\nD=\nE=p=q#r\n";
        assert_eq!(check(text), Ok(()));
        let text = text.trim_start_matches('\u{feff}');
        let found: Result<Vec<_>, _> = dotenvy::from_read_iter(text.as_bytes()).collect();
        let expected = [("SEED", "7"), ("A", "b"), ("B", "x # y"), ("C", ""), ("D", ""), ("E", "p=q#r")];
        assert_eq!(found.unwrap(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn wrong_lines_are_refused_by_number() {
        for wrong in ["SEED", "=1", "1A=2", "A B=1", "A=b c", "A=\"x", "A=\0"] {
            let refused = check(&format!("OK=1\n{wrong}\n"));
            assert!(
                refused.clone().is_err_and(|problem| problem.starts_with("line 2: ")),
                "{wrong:?}: {refused:?}"
            );
        }
    }
}
