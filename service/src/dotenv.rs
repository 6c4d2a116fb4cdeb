//! Variables from a file `.env` in the working directory: `KEY=VALUE` lines. What the environment has wins.

use crate::Error;
use dotenvy::Error as Problem;
use std::path::Path;

const FILE: &str = ".env";

/// Puts the file's variables into the environment, if there is one. Call it while the process has one thread: the
/// environment is shared by all of them.
pub fn apply() -> Result<(), Error> {
    // A folder of this name is a Python environment.
    if !Path::new(FILE).is_file() {
        return Ok(());
    }
    let refuse = |problem: String| Error::Config(format!("{FILE} {problem}"));
    let text = std::fs::read_to_string(FILE).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    check(&text).map_err(refuse)?;
    dotenvy::from_read(text.as_bytes()).map_err(|error| refuse(explain(&text, &error)))
}

/// Refuses lines that the library would accept, though the environment could not hold them.
fn check(text: &str) -> Result<(), String> {
    for (at, line) in text.lines().enumerate() {
        let name = line.split('=').next().unwrap_or_default().trim();
        if line.contains('\0') {
            return Err(format!("line {}: has a zero byte", at + 1));
        }
        if name.is_empty() && line.contains('=') {
            return Err(format!("line {}: has no name of a variable before '='", at + 1));
        }
    }
    // Without setting anything: a file with one wrong line changes nothing.
    for variable in dotenvy::from_read_iter(text.trim_start_matches('\u{feff}').as_bytes()) {
        variable.map_err(|error| explain(text, &error))?;
    }
    Ok(())
}

/// The library quotes the line; its number says as much, and a value may be a secret.
fn explain(text: &str, error: &Problem) -> String {
    let Problem::LineParse(wrong, _) = error else { return format!("cannot be read: {error}") };
    let wrong = wrong.lines().next().unwrap_or_default();
    let number = text.lines().position(|line| line.trim_end() == wrong.trim_end()).map_or(0, |at| at + 1);
    format!("line {number}: is not of the form KEY=VALUE; quote a value that has spaces")
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
        for wrong in ["SEED", "=1", "1A=2", "A B=1", "A=b c", "A=\"x", "A='x'y", "A=\0"] {
            let refused = check(&format!("OK=1\n{wrong}\n"));
            assert!(
                refused.clone().is_err_and(|problem| problem.starts_with("line 2: ")),
                "{wrong:?}: {refused:?}"
            );
        }
    }
}
