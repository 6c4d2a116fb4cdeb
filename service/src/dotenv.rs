//! Variables from a file `.env` in the working directory: `KEY=VALUE` lines. What the environment has wins.
//!
//! The libraries below read variables by themselves (credentials, proxies), so these must really be in the environment,
//! and a running process cannot change its own safely: the program starts itself again, in the same process, with them.

use crate::Error;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

const FILE: &str = ".env";

/// Reads the file, if there is one, and starts the program again where it has a variable that the environment lacks.
pub fn apply() -> Result<(), Error> {
    let missing: BTreeMap<_, _> =
        read()?.into_iter().filter(|(name, _)| std::env::var_os(name).is_none()).collect();
    if missing.is_empty() { Ok(()) } else { start_again(missing) }
}

fn read() -> Result<BTreeMap<String, String>, Error> {
    // A folder of this name is a Python environment.
    if !Path::new(FILE).is_file() {
        return Ok(BTreeMap::new());
    }
    match std::fs::read_to_string(FILE) {
        Ok(text) => parse(&text).map_err(|problem| Error::Config(format!("{FILE} {problem}"))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(Error::Config(format!("{FILE} cannot be read: {error}"))),
    }
}

#[cfg(unix)]
fn start_again(variables: BTreeMap<String, String>) -> Result<(), Error> {
    use std::os::unix::process::CommandExt;
    let mut given = std::env::args_os();
    let name = given.next().unwrap_or_default();
    let failed = |error: std::io::Error| {
        Error::Config(format!(
            "cannot start again with the variables of {FILE}: {error}; export them instead"
        ))
    };
    let program = std::env::current_exe().map_err(failed)?;
    // Comes back only where it failed.
    Err(failed(Command::new(program).arg0(name).args(given).envs(variables).exec()))
}

#[cfg(not(unix))]
fn start_again(_: BTreeMap<String, String>) -> Result<(), Error> {
    Err(Error::Config(format!("{FILE} is read on Unix only: set its variables instead, or remove it")))
}

/// The variables of a file, or what is wrong with which line. The last of several lines of one name counts.
fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut variables = BTreeMap::new();
    // Editors on Windows begin a file with this mark.
    let text = text.trim_start_matches('\u{feff}');
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let refused = |problem: &str| format!("line {}: {problem}", at + 1);
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or_else(|| refused("is not of the form KEY=VALUE"))?;
        let name = name.trim();
        let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if name.is_empty() || !is_name(name) || name.as_bytes()[0].is_ascii_digit() {
            return Err(refused("has no name of a variable before '='"));
        }
        // These would make the program load foreign code when it starts again.
        if name.starts_with("LD_") || name.starts_with("DYLD_") {
            return Err(refused("sets a variable of the dynamic linker: export it instead"));
        }
        let value = value_of(value.trim()).map_err(refused)?;
        variables.insert(name.to_owned(), value);
    }
    Ok(variables)
}

/// Without its quotes, if it has some, and without a comment behind it.
fn value_of(text: &str) -> Result<String, &'static str> {
    if text.contains('\0') {
        return Err("has a zero byte");
    }
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            let (value, behind) = rest.split_once(quote).ok_or("has a quote that does not end")?;
            let behind = behind.trim();
            let is_comment = behind.is_empty() || behind.starts_with('#');
            return if is_comment { Ok(value.to_owned()) } else { Err("has text behind the closing quote") };
        }
    }
    let end = text.find(" #").unwrap_or(text.len());
    Ok(text[..end].trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_quotes_and_comments_are_read() {
        let text = "\u{feff}# settings\nSEED=7\nexport A = b c # why\n\nB='x # y' # z\nC=\"\"\r\nD=\nE=p=q#r\nSEED=8\n";
        let found = parse(text).unwrap();
        let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [("A", "b c"), ("B", "x # y"), ("C", ""), ("D", ""), ("E", "p=q#r"), ("SEED", "8")];
        assert_eq!(found, expected);
    }

    #[test]
    fn wrong_lines_are_refused_by_number() {
        for wrong in ["SEED", "=1", "1A=2", "A B=1", "A=\"x", "A='x'y", "LD_PRELOAD=x.so", "A=\0"] {
            let refused = parse(&format!("OK=1\n{wrong}\n")).unwrap_err();
            assert!(refused.starts_with("line 2: "), "{wrong:?}: {refused}");
        }
    }
}
